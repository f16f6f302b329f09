"""Adapter of the package ``fer``: a small Xception trained on FER2013, with a Haar cascade."""

from typing import Any


class Fer:
    """Faces are given whole, without the margin that the package adds to the boxes of its own detector."""

    package = "fer"
    project = "https://github.com/justinshenk/fer"
    install = "pip install 'setuptools<81' 'opencv-contrib-python<5' fer"
    trained_on = "FER2013"
    labels = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

    def __init__(self) -> None:
        # The class is in another module since a later release.
        try:
            from fer.fer import FER
        except ImportError:
            from fer import FER
        self.whole = FER(mtcnn=False, offsets=(0, 0))
        self.detector = FER(mtcnn=False)

    def faces(self, images: Any) -> "list[list[float]]":
        """Return one row of scores for each gray face."""
        import cv2

        height, width = images.shape[1:]
        found = []
        for image in images:
            colored = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
            (face,) = self.whole.detect_emotions(colored, face_rectangles=[(0, 0, width, height)])
            found.append([face["emotions"][label] for label in self.labels])
        return found

    def frame(self, image: Any) -> int:
        """Find and recognize the faces of a frame; return their number."""
        return len(self.detector.detect_emotions(image))


REGISTERED = {"fer": Fer}
