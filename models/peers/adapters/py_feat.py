"""Adapter of the package ``py-feat``: its residual masking network; weights are downloaded."""

from typing import Any


class PyFeat:
    """The package finds the face itself: faces are enlarged for it, and one that it does not find has no answer."""

    package = "py-feat"
    project = "https://github.com/cosanlab/py-feat"
    install = "pip install py-feat (downloads weights from the Hugging Face hub)"
    trained_on = "FER2013 and others"
    labels = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    columns = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")

    def __init__(self) -> None:
        from feat import Detectorv1

        self.detector = Detectorv1(emotion_model="resmasknet", device="cpu")

    def faces(self, images: Any) -> "list[list[float] | None]":
        """Return one row of probabilities for each gray face, or None where no face is found."""
        import cv2

        found: list[list[float] | None] = []
        for image in images:
            large = cv2.resize(cv2.copyMakeBorder(image, 12, 12, 12, 12, cv2.BORDER_REPLICATE), (288, 288))
            rows = self._detect(cv2.cvtColor(large, cv2.COLOR_GRAY2RGB))
            found.append(rows[0] if rows else None)
        return found

    def frame(self, image: Any) -> int:
        """Find and recognize the faces of a frame; return their number."""
        return len(self._detect(image[:, :, ::-1].copy()))

    def _detect(self, image: Any) -> "list[list[float]]":
        import torch

        pixels = torch.from_numpy(image).permute(2, 0, 1)[None]
        table = self.detector.detect(pixels, data_type="tensor", progress_bar=False)
        return table[list(self.columns)].dropna().to_numpy().tolist()


REGISTERED = {"py-feat": PyFeat}
