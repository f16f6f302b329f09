"""Adapter of the package ``emotiefflib``: EfficientNets trained on AffectNet; weights are downloaded."""

from typing import Any


class EmotiEffLib:
    """The package has no detector of its own: frames use the Haar cascade of OpenCV."""

    package = "emotiefflib"
    project = "https://github.com/sb-ai-lab/EmotiEffLib"
    install = "pip install emotiefflib (downloads weights to ~/.emotiefflib)"
    trained_on = "AffectNet"
    labels = ("angry", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise")

    def __init__(self) -> None:
        import cv2
        from emotiefflib.facial_analysis import EmotiEffLibRecognizer

        self.recognizer = EmotiEffLibRecognizer(engine="onnx", model_name="enet_b0_8_best_vgaf")
        data: Any = cv2.data  # type: ignore[attr-defined]  # OpenCV's stubs do not know it
        self.detector = cv2.CascadeClassifier(data.haarcascades + "haarcascade_frontalface_default.xml")

    def faces(self, images: Any) -> Any:
        """Return one row of probabilities for each gray face."""
        import numpy as np

        colored = [np.repeat(image[:, :, None], 3, axis=2) for image in images]
        return self.recognizer.predict_emotions(colored, logits=False)[1]

    def frame(self, image: Any) -> int:
        """Find and recognize the faces of a frame; return their number."""
        boxes = self.detector.detectMultiScale(image, 1.1, 5, minSize=(50, 50))
        for x, y, width, height in boxes:
            self.recognizer.predict_emotions(image[y : y + height, x : x + width, ::-1], logits=False)
        return len(boxes)


REGISTERED = {"emotiefflib": EmotiEffLib}
