"""Adapter of the package ``hsemotion-onnx``: EfficientNets trained on AffectNet; weights are downloaded."""

from typing import Any


class HSEmotion:
    """The package has no detector of its own: frames use the Haar cascade of OpenCV."""

    package = "hsemotion-onnx"
    project = "https://github.com/HSE-asavchenko/face-emotion-recognition"
    install = "pip install hsemotion-onnx onnx onnxruntime opencv-python-headless (downloads weights to ~/.hsemotion)"
    trained_on = "AffectNet"
    labels = ("angry", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise")

    def __init__(self) -> None:
        import cv2
        from hsemotion_onnx.facial_emotions import HSEmotionRecognizer

        self.recognizer = HSEmotionRecognizer(model_name="enet_b0_8_best_vgaf")
        data: Any = cv2.data  # type: ignore[attr-defined]  # OpenCV's stubs do not know it
        self.detector = cv2.CascadeClassifier(data.haarcascades + "haarcascade_frontalface_default.xml")

    def faces(self, images: Any) -> Any:
        """Return one row of probabilities for each gray face."""
        import numpy as np

        colored = [np.repeat(image[:, :, None], 3, axis=2) for image in images]
        return self.recognizer.predict_multi_emotions(colored, logits=False)[1]

    def frame(self, image: Any) -> int:
        """Find and recognize the faces of a frame; return their number."""
        boxes = self.detector.detectMultiScale(image, 1.1, 5, minSize=(50, 50))
        for x, y, width, height in boxes:
            self.recognizer.predict_emotions(image[y : y + height, x : x + width, ::-1], logits=False)
        return len(boxes)


REGISTERED = {"hsemotion-onnx": HSEmotion}
