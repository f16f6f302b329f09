"""Detect frontal faces with dlib."""

import cv2

from ferbench.realtime.detection.base import Detector, Found, Framing, resized_for_search, with_border
from ferbench.realtime.events import Image

THOROUGH_SIZE, THOROUGH_BORDER = 1200, 0.2


class DlibDetector(Detector):
    """dlib's detector for frontal faces: HOG with a sliding window (Dalal and Triggs 2005; King 2015).

    Parameters
    ----------
    size : int
        Longer side, in pixels, of the gray copy that is searched. The smallest detectable face in it is 80 pixels wide.
    threshold : float
        Minimum score of a face.
    """

    name = "dlib"
    # dlib's boxes have coarse sizes and lie too low; 1.18 is between the two most frequent ratios.
    framing = Framing(1.18, -0.06)

    def __init__(self, *, size: int = 480, threshold: float = 0.0) -> None:
        super().__init__()
        import dlib

        self.size, self.threshold = size, threshold
        self._detector = dlib.get_frontal_face_detector()

    def _find(self, image: Image, thorough: bool) -> list[Found]:
        small, factor = resized_for_search(image, max(self.size, THOROUGH_SIZE) if thorough else self.size)
        small, border = with_border(small, THOROUGH_BORDER if thorough else 0.0)
        # In a doubled photograph, dlib finds faces from 40 pixels.
        gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        boxes, scores, _ = self._detector.run(gray, int(thorough), self.threshold)
        return [
            Found(
                (
                    (box.left() - border) * factor,
                    (box.top() - border) * factor,
                    box.width() * factor,
                    box.height() * factor,
                ),
                float(score),
            )
            for box, score in zip(boxes, scores, strict=True)
        ]
