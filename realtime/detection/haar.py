"""Detect frontal faces with OpenCV's Haar cascade."""

from pathlib import Path

import cv2

from ferbench.realtime.detection.base import Detector, Found, Framing, resized_for_search, with_border
from ferbench.realtime.events import Image
from ferbench.utils import renamed_keywords

CASCADE = "haarcascade_frontalface_default.xml"
SCALE_STEP = 1.15
THOROUGH_SIZE, THOROUGH_SMALLEST, THOROUGH_BORDER = 1200, 0.04, 0.2


class HaarDetector(Detector):
    """OpenCV's Haar cascade for frontal faces (Viola and Jones 2001); needs no download.

    Parameters
    ----------
    size : int
        Longer side, in pixels, of the gray copy that is searched.
    smallest : float
        Smallest face, as a fraction of the image's shorter side.
    neighbors : int
        Required number of overlapping hits for a face; larger is stricter.

    Raises
    ------
    OSError
        If OpenCV is installed without its cascades.
    """

    name = "haar"
    framing = Framing(1.03, 0.0)

    @renamed_keywords(neighbours="neighbors")
    def __init__(self, *, size: int = 320, smallest: float = 0.12, neighbors: int = 5) -> None:
        super().__init__()
        self.size, self.smallest, self.neighbors = size, smallest, neighbors
        file = Path(cv2.__file__).parent / "data" / CASCADE
        self._cascade = cv2.CascadeClassifier(str(file))
        if self._cascade.empty():
            raise OSError(f"{file}: OpenCV cannot read its own cascade; install opencv-python-headless again")

    def _find(self, image: Image, thorough: bool) -> list[Found]:
        small, factor = resized_for_search(image, max(self.size, THOROUGH_SIZE) if thorough else self.size)
        small, border = with_border(small, THOROUGH_BORDER if thorough else 0.0)
        # The image is not equalized: the cascade normalizes each window itself, and equalization loses faces on plain
        # backgrounds.
        gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        smallest = min(self.smallest, THOROUGH_SMALLEST) if thorough else self.smallest
        side = max(24, round(smallest * min(gray.shape)))
        # The score is the number of overlapping hits. The cascade's own levels would include rejected windows.
        boxes, hits = self._cascade.detectMultiScale2(
            gray, scaleFactor=SCALE_STEP, minNeighbors=self.neighbors, minSize=(side, side)
        )
        return [
            Found(((x - border) * factor, (y - border) * factor, width * factor, height * factor), float(n_hits))
            for (x, y, width, height), n_hits in zip(boxes, hits, strict=True)
        ]
