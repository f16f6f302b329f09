"""Adapter of the blendshapes of ``mediapipe``: 52 movements of the face, turned into expressions by a fixed rule.

MediaPipe does not recognize expressions. The rule is ours: the mean of the movements that the Facial Action Coding
System (Ekman and Friesen, 1978) gives for an expression, and what is left of one for ``neutral``.
"""

import os
from typing import Any

MOVEMENTS = {
    "angry": ("browDownLeft", "browDownRight", "mouthPressLeft", "mouthPressRight"),
    "disgust": ("noseSneerLeft", "noseSneerRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    "fear": ("browInnerUp", "eyeWideLeft", "eyeWideRight", "mouthStretchLeft", "mouthStretchRight"),
    "happy": ("mouthSmileLeft", "mouthSmileRight", "cheekSquintLeft", "cheekSquintRight"),
    "sad": ("browInnerUp", "mouthFrownLeft", "mouthFrownRight", "mouthShrugLower"),
    "surprise": ("browOuterUpLeft", "browOuterUpRight", "eyeWideLeft", "eyeWideRight", "jawOpen"),
}


class Blendshapes:
    """A face that the landmarker does not find has no answer; small faces are enlarged for it."""

    package = "mediapipe"
    project = "https://github.com/google/mediapipe"
    install = "pip install mediapipe, download face_landmarker.task and name it in MEDIAPIPE_FACE_LANDMARKER"
    trained_on = "none: a rule over blendshapes"
    labels = (*MOVEMENTS, "neutral")

    def __init__(self) -> None:
        import mediapipe
        from mediapipe.tasks import python
        from mediapipe.tasks.python import vision

        model = os.environ.get("MEDIAPIPE_FACE_LANDMARKER", "")
        if not os.path.isfile(model):  # noqa: PTH113 - runs in other interpreters, too
            raise FileNotFoundError(f"MEDIAPIPE_FACE_LANDMARKER must name face_landmarker.task; got {model!r}")
        options = vision.FaceLandmarkerOptions(
            base_options=python.BaseOptions(model_asset_path=model), output_face_blendshapes=True, num_faces=8
        )
        self.landmarker = vision.FaceLandmarker.create_from_options(options)
        self.mediapipe = mediapipe

    def faces(self, images: Any) -> "list[list[float] | None]":
        """Return one row of scores for each gray face, or None where no face is found."""
        import cv2

        found = []
        for image in images:
            large = cv2.resize(cv2.copyMakeBorder(image, 12, 12, 12, 12, cv2.BORDER_REPLICATE), (288, 288))
            faces = self._detect(cv2.cvtColor(large, cv2.COLOR_GRAY2RGB))
            found.append(scores(faces[0]) if faces else None)
        return found

    def frame(self, image: Any) -> int:
        """Find and recognize the faces of a frame; return their number."""
        return len([scores(face) for face in self._detect(image[:, :, ::-1].copy())])

    def _detect(self, image: Any) -> Any:
        picture = self.mediapipe.Image(image_format=self.mediapipe.ImageFormat.SRGB, data=image)
        return self.landmarker.detect(picture).face_blendshapes


def scores(face: Any) -> "list[float]":
    """Return the scores of the expressions by the rule, from the blendshapes of one face."""
    values = {each.category_name: each.score for each in face}
    found = [sum(values.get(name, 0.0) for name in names) / len(names) for names in MOVEMENTS.values()]
    return [*found, max(0.0, 1.0 - 2.0 * max(found))]


REGISTERED = {"mediapipe": Blendshapes}
