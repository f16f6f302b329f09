"""Count how often a label stays the same on changed versions of the same photographs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ferbench.realtime.events import FaceEvent, Image
from ferbench.realtime.recognition import Recognizer
from ferbench.utils.pictures import read_image, walk_images


def _tilted(image: Image, degrees: float) -> Image:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)


def _scaled(image: Image, factor: float) -> Image:
    return np.asarray(np.clip(np.rint(image * factor), 0, 255), np.uint8)


def _gray(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)


CHANGES: dict[str, Callable[[Image], Image]] = {
    "tilt of 10 degrees": lambda image: _tilted(image, 10),
    "tilt of 20 degrees": lambda image: _tilted(image, 20),
    "tilt of 30 degrees": lambda image: _tilted(image, 30),
    "brightness x 0.5": lambda image: _scaled(image, 0.5),
    "brightness x 0.25": lambda image: _scaled(image, 0.25),
    "brightness x 1.5": lambda image: _scaled(image, 1.5),
    "its own gray version": _gray,
}


def count_kept_labels(photos: str | Path, recognizer: Recognizer) -> list[dict[str, Any]]:
    """Recognize photographs as they are and changed, and count equal labels of the largest face.

    Parameters
    ----------
    photos : str or Path
        Folder of photographs with one face each.
    recognizer : Recognizer
        With its detector.

    Returns
    -------
    list of dict
        One row for each change: `photos` with a face before the change, `found` with a face after it, and `kept` with
        the same label. Accuracy is not measured.

    Raises
    ------
    ValueError
        If the folder has no image, a photograph cannot be read, or no face is found in any.
    """
    images = [read_image(file) for file in walk_images(photos).files]
    before = [(image, label) for image in images if (label := _label(recognizer, image)) is not None]
    if not before:
        raise ValueError(f"{photos}: no face found in its {len(images)} photographs; give close-up photographs")
    rows = []
    for name, change in CHANGES.items():
        after = [_label(recognizer, change(image)) for image, _ in before]
        rows.append(
            {
                "change": name,
                "photos": len(before),
                "found": sum(label is not None for label in after),
                "kept": sum(label == old for label, (_, old) in zip(after, before, strict=True)),
            }
        )
    return rows


def _label(recognizer: Recognizer, image: Image) -> str | None:
    faces = [event for event in recognizer.predict(image) if event.box is not None]
    return max(faces, key=_area).label if faces else None


def _area(event: FaceEvent) -> int:
    return event.box[2] * event.box[3] if event.box else 0
