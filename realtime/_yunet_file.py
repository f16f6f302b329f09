"""The file of YuNet: given, cached, or downloaded once."""

import hashlib
import os
import sys
import tempfile
import urllib.request
from pathlib import Path

# MIT licence, © Shiqi Yu; from OpenCV's model zoo.
NAME = "face_detection_yunet_2023mar.onnx"
URL = f"https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/face_detection_yunet/{NAME}"
BYTES = 232_589
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
TIMEOUT_S = 10.0


def find_model(path: str | Path | None = None) -> Path:
    """Path of the model: the given one, else the cached one, else after a download.

    Raises
    ------
    FileNotFoundError
        If the given path is no file.
    ConnectionError
        If the model is not cached and cannot be downloaded.
    """
    if path is not None:
        if not Path(path).is_file():
            raise FileNotFoundError(f"{path}: no such YuNet model; give the path of an ONNX file")
        return Path(path)
    file = cached_model()
    if not _is_good(file):
        _download(file)
    return file


def cached_model() -> Path:
    """Where the downloaded model lies, or would."""
    chosen = os.environ.get("FERBENCH_CACHE")
    base = Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ferbench"
    return base / "models" / NAME


def _is_good(file: Path) -> bool:
    try:
        data = file.read_bytes()
    except OSError:
        return False
    return len(data) == BYTES and hashlib.sha256(data).hexdigest() == SHA256


def _download(file: Path) -> None:
    print(f"ferbench: downloading the face detector YuNet ({BYTES:,} bytes, MIT licence)", file=sys.stderr)
    try:
        with urllib.request.urlopen(URL, timeout=TIMEOUT_S) as answer:
            data = answer.read(BYTES + 1)
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise ConnectionError(f"cannot download YuNet from {URL} ({reason})") from error
    if len(data) != BYTES or hashlib.sha256(data).hexdigest() != SHA256:
        raise ConnectionError(f"what {URL} sent is not the YuNet of {BYTES:,} bytes and SHA-256 {SHA256[:12]}…")
    _write(file, data)


def _write(file: Path, data: bytes) -> None:
    """Write whole or not at all: several processes may do it at once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=file.name, dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
