"""Detect faces with YuNet, the small face detection network of OpenCV."""

import math
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ferbench.realtime.detection.base import Detection, Detector, Found, Framing, resized_for_search
from ferbench.realtime.detection.haar import HaarDetector
from ferbench.realtime.detection.yunet_file import NAME, ModelUnavailable, find_model
from ferbench.realtime.events import Image
from ferbench.utils import fit_text

THOROUGH_SIZE = 960
# YuNet was trained on faces of 10 to 300 pixels and misses larger ones. So a search in more than COARSE_SIZE pixels is
# combined with one in COARSE_SIZE pixels, which decides about faces of at least COARSE_FACE pixels.
COARSE_SIZE, COARSE_FACE = 320, 48
# In smaller images, rounding makes the boxes of the network differ between calls.
LEAST_SIZE = 64
# A search for known faces needs this many pixels for the side of the smallest one. On a clip of a talking head, boxes
# at 32 pixels are 3 % smaller than those at 104 pixels, with deviations of 4 % in size and 2 % in place, and take a
# third of the time. Sizes are whole steps, because the network is prepared anew for each size.
QUICK_FACE, QUICK_STEP, QUICK_LEAST = 32, 32, 96
# Overlap above which two boxes are the same face, and number of boxes considered before merging.
OVERLAP, CANDIDATES = 0.3, 5000
# Four numbers for the box, ten for five points, and the score.
SCORE = 14


class YunetDetector(Detector):
    """YuNet (Wu, Peng and Yu 2023) in OpenCV's ``FaceDetectorYN``: a small network for frontal, turned and small faces.

    Parameters
    ----------
    model : path-like, optional
        ONNX file of the network. None uses the file of OpenCV's model zoo, which is downloaded once into the cache.
    size : int
        Longer side, in pixels, of the copy that is searched. Faces of at least about 10 pixels in it are found.
    threshold : float
        Minimum score of a face, from 0 to 1.

    Raises
    ------
    FileNotFoundError
        If the file `model` does not exist.
    OSError
        If the model is not in the cache and cannot be downloaded.
    ValueError
        If the file is not a YuNet model.

    Notes
    -----
    A copy of more than 320 pixels is searched again at 320 pixels, to find faces that fill the image. This takes a
    ninth of the time of a search in 960 pixels.
    """

    name = "yunet"
    framing = Framing(1.15, 0.01)
    takes_model = True

    def __init__(self, *, model: str | Path | None = None, size: int = 320, threshold: float = 0.7) -> None:
        super().__init__()
        self.size, self.threshold = size, threshold
        self._file = find_model(model)
        self._network = self._load()

    def _load(self) -> Any:
        size = (self.size, self.size)
        try:
            return cv2.FaceDetectorYN.create(str(self._file), "", size, self.threshold, OVERLAP, CANDIDATES)
        except cv2.error:
            raise ValueError(f"{self._file}: OpenCV cannot read it; expected a YuNet model such as {NAME}") from None

    @cached_property
    def _quick(self) -> Any:
        """A second copy of the small network, so that searches in turns do not prepare it anew for their size."""
        return self._load()

    @classmethod
    def make(cls, **options: Any) -> Detector:
        """Create a YuNet, or with a message on standard error the Haar cascade if the model is unavailable."""
        try:
            return cls(**options)
        except ModelUnavailable as error:
            message = f"ferbench: {error}; using the detector haar instead, which finds fewer faces"
            print(fit_text(message, sys.stderr), file=sys.stderr)
            return HaarDetector()

    def _find(self, image: Image, thorough: bool) -> list[Found]:
        size = max(self.size, THOROUGH_SIZE) if thorough else self.size
        fine = self._search(image, size)
        if min(size, max(image.shape[:2])) <= COARSE_SIZE:
            return fine
        least = COARSE_FACE * max(image.shape[:2]) / COARSE_SIZE
        large = [face for face in self._search(image, COARSE_SIZE) if max(face.box[2:]) >= least]
        return large + [face for face in fine if not any(same_face(face.box, other.box) for other in large)]

    def detect_large(self, image: Image, least: float) -> list[Detection]:
        """Find the faces with a side of at least `least` pixels in a copy just large enough for them."""
        wanted = max(image.shape[:2]) * QUICK_FACE * self.framing.scale / max(1.0, least)
        longest = max(QUICK_LEAST, QUICK_STEP * math.ceil(wanted / QUICK_STEP))
        if longest >= min(self.size, COARSE_SIZE):
            return self.detect(image)
        return self._framed(image, lambda: self._search(image, longest, self._quick))

    def _search(self, image: Image, longest: int, network: Any = None) -> list[Found]:
        """Search a copy of at most `longest` pixels; return boxes in pixels of the image."""
        network = self._network if network is None else network
        small, factor = resized_for_search(image, longest)
        small = _at_least(small, LEAST_SIZE)
        network.setInputSize((small.shape[1], small.shape[0]))
        _, faces = network.detect(small)
        rows = [] if faces is None else (faces * factor).tolist()
        return [Found((row[0], row[1], row[2], row[3]), row[SCORE] / factor) for row in rows]


def same_face(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two boxes overlap by :data:`OVERLAP` of their union, or one lies mostly inside the other."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    common = max(0.0, width) * max(0.0, height)
    areas = one[2] * one[3], other[2] * other[3]
    return common > OVERLAP * (sum(areas) - common) or common > 0.7 * min(areas)


def _at_least(image: Image, side: int) -> Image:
    """Pad with black on the right and at the bottom, as OpenCV does for sides that are not divisible."""
    height, width = image.shape[:2]
    down, right = max(0, side - height), max(0, side - width)
    if not down and not right:
        return image
    return np.asarray(cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_CONSTANT, value=(0, 0, 0)), np.uint8)
