"""Count the faces that each detector finds on the same photographs at different sizes."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ferbench.realtime.detection import Detection, Detector
from ferbench.realtime.events import Image
from ferbench.utils.pictures import read_image, walk_images

SIZES = (200, 320, 480, 640, 800, 960, 1280, 2000, 4000)
# Boxes are compared with those at this size, in pixels.
REFERENCE_SIZE = 320
Box = tuple[float, float, float, float]


def count_faces(
    photos: str | Path, detectors: Mapping[str, Detector], sizes: Sequence[int] = SIZES
) -> list[dict[str, Any]]:
    """Search photographs with one face each, resized so that the longer side has a number of pixels.

    Parameters
    ----------
    photos : str or Path
        Folder of photographs.
    detectors : mapping of str to Detector
        Detectors by their displayed names.
    sizes : sequence of int
        Longer sides in pixels.

    Returns
    -------
    list of dict
        One row for each detector and size: `photos`, `found` (photographs with at least one face), `more` (further
        boxes), and the median and largest `shift` of a box from that at 320 pixels, as a share of the face.

    Raises
    ------
    ValueError
        If the folder has no image, or a photograph cannot be read.
    """
    images = [read_image(file) for file in walk_images(photos).files]
    rows = []
    for name, detector in detectors.items():
        reference = [_largest(detector, image, REFERENCE_SIZE)[0] for image in images]
        rows += [_row(name, detector, images, size, reference) for size in sizes]
    return rows


def _row(
    name: str, detector: Detector, images: Sequence[Image], size: int, reference: Sequence[Box | None]
) -> dict[str, Any]:
    boxes, counts = zip(*(_largest(detector, image, size) for image in images), strict=True)
    pairs = zip(boxes, reference, strict=True)
    shifts = [_shift(box, other) for box, other in pairs if box is not None and other is not None]
    return {
        "detector": name,
        "size": size,
        "photos": len(images),
        "found": sum(box is not None for box in boxes),
        "more": sum(max(0, count - 1) for count in counts),
        "median_shift": round(statistics.median(shifts), 4) if shifts else None,
        "largest_shift": round(max(shifts), 4) if shifts else None,
    }


def _largest(detector: Detector, image: Image, size: int) -> tuple[Box | None, int]:
    """Box of the largest face in pixels of the original photograph, and the number of boxes."""
    scale = size / max(image.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    faces = detector.detect(np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=how)), thorough=True)
    if not faces:
        return None, 0
    face: Detection = max(faces, key=lambda found: found.box[2] * found.box[3])
    x, y, width, height = (value / scale for value in face.box)
    return (x, y, width, height), len(faces)


def _shift(box: Box, other: Box) -> float:
    """Largest distance between two boxes in position or size, as a share of the side of the second."""
    side = max(other[2], other[3])
    return max(abs(one - two) for one, two in zip(box, other, strict=True)) / side
