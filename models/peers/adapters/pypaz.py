"""Adapter of the package ``pypaz``: its small Xception, trained on FER2013; weights are downloaded."""

from typing import Any


class Paz:
    """Faces are given as they are; frames use the Haar cascade of the package."""

    package = "pypaz"
    project = "https://github.com/oarriaga/paz"
    install = "pip install pypaz (downloads weights to ~/.keras at the first use)"
    trained_on = "FER2013"
    labels = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

    def __init__(self) -> None:
        from paz.applications import DetectMiniXceptionFER, MiniXceptionFER

        self.classify = MiniXceptionFER()
        self.detect = DetectMiniXceptionFER()
        if tuple(self.classify.class_names) != self.labels:
            raise ValueError(f"expected the labels {self.labels}; got {self.classify.class_names}")

    def faces(self, images: Any) -> "list[list[float]]":
        """Return one row of probabilities for each gray face."""
        import numpy as np

        colored = (np.repeat(image[:, :, None], 3, axis=2) for image in images)
        return [np.ravel(self.classify(image)["scores"]).tolist() for image in colored]

    def frame(self, image: Any) -> int:
        """Find and recognize the faces of a frame; return their number."""
        return len(self.detect(image[:, :, ::-1].copy())["boxes2D"])


REGISTERED = {"pypaz": Paz}
