"""dlib's frontal face detector."""

from ferbench.realtime._detectors import Detector, Framing, shrink
from ferbench.realtime._events import Image


class DlibDetector(Detector):
    """Histogram of oriented gradients with a sliding window (Dalal and Triggs 2005; King 2015): frontal faces only.

    Parameters
    ----------
    size : int
        Longer side of the grey copy that is searched, in pixels; the smallest face found in it is 80 pixels wide,
        halved for each step of `upsample`.
    upsample : int
        How often that copy is doubled first.
    threshold : float
        Least score of a face.
    """

    name = "dlib"
    framing = Framing(1.0, 0.0)

    def __init__(self, *, size: int = 480, upsample: int = 0, threshold: float = 0.0) -> None:
        super().__init__()
        import dlib

        self.size, self.upsample, self.threshold = size, upsample, threshold
        self._detector = dlib.get_frontal_face_detector()

    def _find(self, image: Image) -> list[tuple[tuple[float, float, float, float], float]]:
        import cv2

        small, factor = shrink(image, self.size)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        boxes, scores, _ = self._detector.run(grey, self.upsample, self.threshold)
        return [
            ((box.left() * factor, box.top() * factor, box.width() * factor, box.height() * factor), score)
            for box, score in zip(boxes, scores, strict=True)
        ]
