"""MTCNN, from the package of that name."""

from typing import Any

from ferbench.realtime._detectors import Detector, Framing, shrink
from ferbench.realtime._events import Image


class MtcnnDetector(Detector):
    """Three cascaded networks (Zhang et al. 2016) from the package ``mtcnn``; slow, finds turned faces.

    Parameters
    ----------
    size : int
        Longer side of the copy that is searched, in pixels.
    threshold : float
        Least confidence of a face.

    Raises
    ------
    ImportError
        If the package, or TensorFlow, which it runs on, is not installed.
    """

    name = "mtcnn"
    framing = Framing(1.0, 0.0)

    def __init__(self, *, size: int = 480, threshold: float = 0.9) -> None:
        super().__init__()
        try:
            from mtcnn import MTCNN
        except ImportError as error:
            raise ImportError(
                f'the detector mtcnn needs a package that is missing ({error}): pip install "ferbench[mtcnn,deep]"'
            ) from None
        self.size, self.threshold = size, threshold
        self._detector: Any = MTCNN()

    def _find(self, image: Image) -> list[tuple[tuple[float, float, float, float], float]]:
        import cv2

        small, factor = shrink(image, self.size)
        found = self._detector.detect_faces(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))
        return [
            (tuple(float(value) * factor for value in face["box"]), float(face["confidence"]))  # type: ignore[misc]
            for face in found
            if face["confidence"] >= self.threshold
        ]
