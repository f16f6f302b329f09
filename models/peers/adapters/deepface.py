"""Adapter of the package ``deepface``: its emotion model; the weights are downloaded at the first use."""

from typing import Any


class DeepFaceEmotion:
    """Faces are given as they are, with the detector skipped; frames use the default detector of the package."""

    package = "deepface"
    project = "https://github.com/serengil/deepface"
    install = "pip install 'deepface[tensorflow]' (downloads facial_expression_model weights at the first use)"
    trained_on = "FER2013"
    labels = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

    def __init__(self) -> None:
        from deepface import DeepFace

        self.analyze = DeepFace.analyze

    def faces(self, images: Any) -> "list[list[float]]":
        """Return one row of scores for each gray face."""
        import numpy as np

        found = []
        for image in images:
            (face,) = self._analyze(np.repeat(image[:, :, None], 3, axis=2), detector_backend="skip")
            found.append([face["emotion"][label] for label in self.labels])
        return found

    def frame(self, image: Any) -> int:
        """Find and recognize the faces of a frame; return their number."""
        faces = self._analyze(image, detector_backend="opencv")
        # Without a face the package answers for the whole frame, with confidence 0.
        return sum(face.get("face_confidence", 1) > 0 for face in faces)

    def _analyze(self, image: Any, detector_backend: str) -> Any:
        return self.analyze(
            image, actions=["emotion"], enforce_detection=False, detector_backend=detector_backend, silent=True
        )


REGISTERED = {"deepface": DeepFaceEmotion}
