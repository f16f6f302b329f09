"""YuNet: OpenCV's small face detection network."""

import sys
from pathlib import Path

import cv2

from ferbench.realtime.detection.detector import Detector, Found, Framing, resized_for_search
from ferbench.realtime.detection.haar import HaarDetector
from ferbench.realtime.detection.yunet_file import NAME, ModelUnavailable, find_model
from ferbench.realtime.events import Image

THOROUGH_SIZE = 960
# Share of overlap above which two boxes are one face, and how many are looked at before that.
OVERLAP, CANDIDATES = 0.3, 5000
# Four numbers of the box, five points, and the score.
SCORE = 14


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
        If the model is not in the cache and cannot be downloaded.
    ValueError
        If the file is no YuNet.
    """

    name = "yunet"
    framing = Framing(1.15, 0.01)

    def __init__(self, *, model: str | Path | None = None, size: int = 320, threshold: float = 0.7) -> None:
        super().__init__()
        self.size, self.threshold = size, threshold
        file = find_model(model)
        try:
            self._network = cv2.FaceDetectorYN.create(str(file), "", (size, size), threshold, OVERLAP, CANDIDATES)
        except cv2.error:
            raise ValueError(f"{file}: OpenCV cannot read it; expected a YuNet model such as {NAME}") from None

    def _find(self, image: Image, thorough: bool) -> list[Found]:
        small, factor = resized_for_search(image, max(self.size, THOROUGH_SIZE) if thorough else self.size)
        self._network.setInputSize((small.shape[1], small.shape[0]))
        _, faces = self._network.detect(small)
        rows = [] if faces is None else (faces * factor).tolist()
        return [Found((row[0], row[1], row[2], row[3]), row[SCORE] / factor) for row in rows]


def make_yunet(*, model: str | Path | None = None, size: int = 320, threshold: float = 0.7) -> Detector:
    """Make a YuNet, or the Haar cascade where its file is not at hand and cannot be fetched; that is said on stderr."""
    try:
        return YunetDetector(model=model, size=size, threshold=threshold)
    except ModelUnavailable as error:
        print(f"ferbench: {error}; using the detector haar instead, which finds fewer faces", file=sys.stderr)
        return HaarDetector()
