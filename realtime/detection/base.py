"""Define the interface of face detectors, and the framing that gives all detectors the same boxes."""

import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import cv2
import numpy as np

from ferbench.realtime.events import Box, Image


class Detection(NamedTuple):
    """Detected face: box (x, y, width, height) in pixels, and the score of the detector."""

    box: Box
    score: float


class Framing(NamedTuple):
    """Conversion of a detector's box to the square that FER2013 uses for its faces.

    The side of the square is `scale` times the square root of the box's area. The center moves down by `down` times
    that root.

    Notes
    -----
    The constants were measured on 1,500 PublicTest images of FER2013, enlarged to 200 pixels and padded by 100 pixels
    of repeated border. The true FER2013 crop is then the middle 200 pixels. The constants are medians of 200 / root and
    of the offset, over the detected faces (haar 71 %, dlib 76 %, yunet 90 %). On the resulting crops, the log loss of a
    network is 0.005 (haar), 0.024 (dlib) and 0.007 nats (yunet) higher than on the original images. Without the
    conversion it is up to 0.06 nats higher.
    """

    scale: float
    down: float

    def apply(self, x: float, y: float, width: float, height: float) -> Box:
        """Return the square box in whole pixels."""
        own = math.sqrt(width * height)
        side = self.scale * own
        left = x + width / 2 - side / 2
        top = y + height / 2 + self.down * own - side / 2
        return round(left), round(top), max(1, round(side)), max(1, round(side))


class Found(NamedTuple):
    """Raw output of a detector: box (x, y, width, height) in pixels, and a score."""

    box: tuple[float, float, float, float]
    score: float


class Detector(ABC):
    """Base class of face detectors for color images.

    All detectors return square boxes with the framing of FER2013's images. Threads may share a detector; calls are
    serialized.

    Attributes
    ----------
    name : str
        Name for :func:`make_detector` and ``--detector``.
    framing : Framing
        Conversion of the detector's boxes to those of FER2013.
    takes_model : bool
        Whether ``name:PATH`` selects a model file, which is passed to the class as `model`.

    Notes
    -----
    To add a detector, write a subclass with `name`, `framing` and `_find` in a new file of this folder. Other packages
    register theirs with an entry point of the group ``ferbench.detectors``.
    """

    name: ClassVar[str]
    framing: ClassVar[Framing]
    takes_model: ClassVar[bool] = False

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @classmethod
    def make(cls, **options: Any) -> "Detector":
        """Create the detector where none is named; a subclass may return a fallback."""
        return cls(**options)

    def detect(self, image: Image, *, thorough: bool = False) -> list[Detection]:
        """Find all faces, sorted by decreasing score.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8
            Image in BGR order.
        thorough : bool
            Use more time, as for photographs: also find smaller faces and faces that fill the image.

        Raises
        ------
        ValueError
            If `image` has another shape or type.
        """
        return self._framed(image, lambda: self._find(image, thorough))

    def detect_large(self, image: Image, least: float) -> list[Detection]:
        """Find the faces with a side of at least `least` pixels, in less time where the detector can.

        Between two searches for all faces this is enough to follow those that are known. By default it finds all.
        """
        return self.detect(image)

    def _framed(self, image: Image, find: Callable[[], list[Found]]) -> list[Detection]:
        """Check the image, find boxes, and return them with the framing of FER2013, sorted by score."""
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise ValueError(
                f"image must be uint8 of shape (height, width, 3), blue-green-red; got {image.dtype} of shape "
                f"{image.shape}; turn a gray one to color with cv2.cvtColor"
            )
        with self._lock:
            found = find()
        height, width = image.shape[:2]
        faces = [Detection(self.framing.apply(*box), score) for box, score in found if _is_sane(box, width, height)]
        return sorted(faces, key=lambda face: -face.score)

    @abstractmethod
    def _find(self, image: Image, thorough: bool) -> list[Found]:
        """Return the raw boxes in pixels of `image`, and their scores."""


def _is_sane(box: tuple[float, float, float, float], width: int, height: int) -> bool:
    """Whether a box is valid; on tiny images, networks return arbitrary values, including infinity."""
    x, y, w, h = box
    limit = 2 * max(width, height)
    return all(math.isfinite(value) for value in box) and 0 < w < limit and 0 < h < limit and max(-x, -y) < limit


def resized_for_search(image: Image, longest: int) -> tuple[Image, float]:
    """Shrink an image so that its longer side is at most `longest`; also return the factor back to the original."""
    height, width = image.shape[:2]
    factor = max(height, width) / longest
    if factor <= 1:
        return image, 1.0
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    # Area averaging, because other interpolations skip pixels and lose features of small faces.
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), factor


def with_border(image: Image, share: float) -> tuple[Image, int]:
    """Pad an image by repeating its border, so that faces that fill the image are found."""
    if share == 0:
        return image, 0
    width = round(share * max(image.shape[:2]))
    return np.asarray(cv2.copyMakeBorder(image, width, width, width, width, cv2.BORDER_REPLICATE), np.uint8), width
