"""Viola-Jones cascade of OpenCV."""

from pathlib import Path

import cv2

from ferbench.realtime._detectors import Detector, Framing, shrink
from ferbench.realtime._events import Image

CASCADE = "haarcascade_frontalface_default.xml"


class HaarDetector(Detector):
    """OpenCV's frontal Haar cascade (Viola and Jones 2001): bundled, fast on small pictures, frontal faces only.

    Parameters
    ----------
    size : int
        Longer side of the grey copy that is searched, in pixels.
    smallest : float
        Smallest face as a fraction of the picture's shorter side.
    neighbours : int
        Overlapping hits that make a face; more is stricter.
    """

    name = "haar"
    framing = Framing(1.0, 0.0)

    def __init__(self, *, size: int = 400, smallest: float = 0.1, neighbours: int = 5) -> None:
        super().__init__()
        self.size, self.smallest, self.neighbours = size, smallest, neighbours
        file = Path(cv2.data.haarcascades) / CASCADE
        self._cascade = cv2.CascadeClassifier(str(file))
        if self._cascade.empty():
            raise OSError(f"{file}: OpenCV cannot read its own cascade; install opencv-python-headless again")

    def _find(self, image: Image) -> list[tuple[tuple[float, float, float, float], float]]:
        small, factor = shrink(image, self.size)
        grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
        side = max(24, round(self.smallest * min(grey.shape)))
        boxes, _, weights = self._cascade.detectMultiScale3(
            grey, scaleFactor=1.15, minNeighbors=self.neighbours, minSize=(side, side), outputRejectLevels=True
        )
        return [
            (tuple(float(value) * factor for value in box), float(weight))  # type: ignore[misc]
            for box, weight in zip(boxes, weights, strict=True)
        ]
