"""What a face detector is, and the framing that makes the boxes of all detectors alike."""

import math
import threading
from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import cv2
import numpy as np

from ferbench.realtime.events import Box, Image


class Detection(NamedTuple):
    """A face: x, y, width, height in pixels, and how sure the detector is."""

    box: Box
    score: float


class Framing(NamedTuple):
    """How a detector's own box becomes the square that FER2013's faces were cut from.

    The side is `scale` times the root of the box's area; the center moves down by `down` times that root.

    Notes
    -----
    How the constants of the detectors were found: 1,500 PublicTest images of FER2013 were enlarged to 200 pixels,
    their border repeated 100 pixels outwards, and searched by each detector. What was cut out for FER2013 is then
    known to be the middle 200 pixels, and the constants are the medians, over the found faces (haar 71 %, dlib 76 %,
    yunet 90 %), of 200 / root and of the offset. Log loss of a network on what they cut out: 0.005 (haar), 0.024
    (dlib) and 0.007 nats (yunet) above that on the original images; on boxes as they come up to 0.06 above.
    """

    scale: float
    down: float

    def apply(self, x: float, y: float, width: float, height: float) -> Box:
        """Square box in whole pixels."""
        own = math.sqrt(width * height)
        side = self.scale * own
        left = x + width / 2 - side / 2
        top = y + height / 2 + self.down * own - side / 2
        return round(left), round(top), max(1, round(side)), max(1, round(side))


class Found(NamedTuple):
    """What a detector itself says: x, y, width, height in pixels, and a score."""

    box: tuple[float, float, float, float]
    score: float


class Detector(ABC):
    """Finds faces in color images; may be shared by threads, which then take turns.

    All detectors give square boxes of the same framing: that of FER2013's images.

    Attributes
    ----------
    name : str
        The name to ask for.
    framing : Framing
        How the detector's own boxes become those of FER2013.
    takes_model : bool
        Whether ``name:PATH`` names a model file, which is given to the class as `model`.

    Notes
    -----
    A new detector is a subclass with `name`, `framing` and `_find`, in a file of its own in this folder, or in another
    package with an entry point of the group ``ferbench.detectors``.
    """

    name: ClassVar[str]
    framing: ClassVar[Framing]
    takes_model: ClassVar[bool] = False

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @classmethod
    def make(cls, **options: Any) -> "Detector":
        """Make a detector with the parameters of the class; a subclass may give a stand-in where it cannot work."""
        return cls(**options)

    def detect(self, image: Image, *, thorough: bool = False) -> list[Detection]:
        """Find all faces, the surest first.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8
            Colors in the order blue, green, red.
        thorough : bool
            Take the time that a photograph deserves: look for smaller faces, and for those that fill the picture.

        Raises
        ------
        ValueError
            If `image` is something else.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise ValueError(
                f"image must be uint8 of shape (height, width, 3), blue-green-red; got {image.dtype} of shape "
                f"{image.shape}; turn a gray one to color with cv2.cvtColor"
            )
        with self._lock:
            found = self._find(image, thorough)
        height, width = image.shape[:2]
        faces = [Detection(self.framing.apply(*box), score) for box, score in found if _is_sane(box, width, height)]
        return sorted(faces, key=lambda face: -face.score)

    @abstractmethod
    def _find(self, image: Image, thorough: bool) -> list[Found]:
        """Boxes in pixels of `image` and scores, as the detector has them."""


def _is_sane(box: tuple[float, float, float, float], width: int, height: int) -> bool:
    """Whether a box is one: on pictures of a few pixels, networks answer with anything, infinity included."""
    x, y, w, h = box
    limit = 2 * max(width, height)
    return all(math.isfinite(value) for value in box) and 0 < w < limit and 0 < h < limit and max(-x, -y) < limit


def resized_for_search(image: Image, longest: int) -> tuple[Image, float]:
    """Shrink so that the longer side has at most `longest` pixels; also the factor back to the original."""
    height, width = image.shape[:2]
    factor = max(height, width) / longest
    if factor <= 1:
        return image, 1.0
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    # Averages over areas: interpolation would skip pixels, and with them the features of small faces.
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), factor


def with_border(image: Image, share: float) -> tuple[Image, int]:
    """Repeat the border outwards by a share of the longer side, so that faces which fill the picture are found."""
    if share == 0:
        return image, 0
    width = round(share * max(image.shape[:2]))
    return np.asarray(cv2.copyMakeBorder(image, width, width, width, width, cv2.BORDER_REPLICATE), np.uint8), width
