"""Adapter of the package ``rmn``: the residual masking network, trained on FER2013; weights are downloaded."""

from typing import Any


class ResidualMasking:
    """Faces are given as they are; frames use the detector of the package."""

    package = "rmn"
    project = "https://github.com/phamquiluan/ResidualMaskingNetwork"
    install = "pip install rmn (downloads weights from the Hugging Face hub at the first import)"
    trained_on = "FER2013"
    labels = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

    def __init__(self) -> None:
        from rmn import RMN

        self.recognizer = RMN()

    def faces(self, images: Any) -> "list[list[float]]":
        """Return one row of probabilities for each gray face."""
        found = []
        for image in images:
            parts = self.recognizer.detect_emotion_for_single_face_image(image)[2]
            scores = {label: value for part in parts for label, value in part.items()}
            found.append([scores[label] for label in self.labels])
        return found

    def frame(self, image: Any) -> int:
        """Find and recognize the faces of a frame; return their number."""
        return len(self.recognizer.detect_emotion_for_single_frame(image))


REGISTERED = {"rmn": ResidualMasking}
