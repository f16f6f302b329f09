"""Detect faces with MTCNN from the package ``mtcnn``."""

from importlib import import_module
from typing import Any

import cv2

from ferbench.realtime.detection.base import Detector, Found, Framing, resized_for_search
from ferbench.realtime.events import Image

THOROUGH_SIZE = 1200


class MtcnnDetector(Detector):
    """MTCNN: three cascaded networks (Zhang et al. 2016) from the package ``mtcnn``; slow, also finds turned faces.

    Parameters
    ----------
    size : int
        Longer side, in pixels, of the copy that is searched.
    threshold : float
        Minimum confidence of a face, from 0 to 1.

    Raises
    ------
    ImportError
        If the package or TensorFlow is not installed.
    """

    name = "mtcnn"
    framing = Framing(1.11, 0.0)  # measured on the first 150 of the images described in `Framing`

    def __init__(self, *, size: int = 480, threshold: float = 0.9) -> None:
        super().__init__()
        try:
            package: Any = import_module("mtcnn")
        except ImportError as error:
            raise ImportError(
                f'the detector mtcnn needs a package that is missing ({error}): pip install "ferbench[mtcnn,deep]"'
            ) from None
        self.size, self.threshold = size, threshold
        self._detector = package.MTCNN()

    def _find(self, image: Image, thorough: bool) -> list[Found]:
        small, factor = resized_for_search(image, max(self.size, THOROUGH_SIZE) if thorough else self.size)
        faces = self._detector.detect_faces(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))
        sure = [face for face in faces if face["confidence"] >= self.threshold]
        boxes = [[float(value) * factor for value in face["box"]] for face in sure]
        return [
            Found((x, y, width, height), float(face["confidence"]))
            for (x, y, width, height), face in zip(boxes, sure, strict=True)
        ]
