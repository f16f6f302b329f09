"""YuNet: OpenCV's small face detection network."""

import sys
from pathlib import Path

import cv2

from ferbench.realtime._detectors import Detector, Framing, shrink
from ferbench.realtime._events import Image
from ferbench.realtime._yunet_file import find_model


class YunetDetector(Detector):
    """YuNet (Wu, Peng and Yu 2023) through OpenCV's ``FaceDetectorYN``: small, finds turned and small faces.

    Parameters
    ----------
    model : path-like, optional
        The network's ONNX file; None is the one from OpenCV's model zoo, downloaded once into the cache.
    size : int
        Longer side of the copy that is searched, in pixels; faces down to about 10 pixels in it are found.
    threshold : float
        Least score of a face, from 0 to 1.

    Raises
    ------
    FileNotFoundError
        If `model` names no file.
    OSError
        If the model cannot be downloaded.
    ValueError
        If the file is no YuNet.
    """

    name = "yunet"
    framing = Framing(1.0, 0.0)

    def __init__(self, *, model: str | Path | None = None, size: int = 320, threshold: float = 0.7) -> None:
        super().__init__()
        self.size, self.threshold = size, threshold
        file = find_model(model)
        try:
            self._network = cv2.FaceDetectorYN.create(str(file), "", (size, size), threshold, 0.3, 5000)
        except cv2.error as error:
            raise ValueError(f"{file}: no YuNet model that OpenCV can read ({str(error).splitlines()[0]})") from None

    def _find(self, image: Image) -> list[tuple[tuple[float, float, float, float], float]]:
        small, factor = shrink(image, self.size)
        self._network.setInputSize((small.shape[1], small.shape[0]))
        _, faces = self._network.detect(small)
        if faces is None:
            return []
        return [(tuple((face[:4] * factor).tolist()), float(face[14])) for face in faces]


def make_yunet(*, model: str | Path | None = None, size: int = 320, threshold: float = 0.7) -> Detector:
    """YuNet, or Haar where its model is neither cached nor can be downloaded; says so on stderr."""
    try:
        return YunetDetector(model=model, size=size, threshold=threshold)
    except ConnectionError as error:
        from ferbench.realtime._haar import HaarDetector

        print(f"ferbench: {error}; using the detector haar instead", file=sys.stderr)
        return HaarDetector()
