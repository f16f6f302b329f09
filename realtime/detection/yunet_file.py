"""Find the model file of YuNet: given by the user, cached, or downloaded once."""

import hashlib
import sys
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Literal

from ferbench.utils import cache_dir, write_atomically

# MIT license, (c) 2020 Shiqi Yu; from OpenCV's model zoo.
NAME = "face_detection_yunet_2023mar.onnx"
URL = f"https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/face_detection_yunet/{NAME}"
BYTES = 232_589
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
# Longest time without data, and longest total download, in seconds, so that a bad network does not block the start.
# Pooch, which downloads and checks hashes too, has no limit for a download in all, and needs requests: 6.6 MB more to
# install, and 0.22 s to import in place of 0.05.
SILENCE_S, DEADLINE_S = 5.0, 20.0


class ModelUnavailable(OSError):
    """Error: the model file of YuNet is not cached and cannot be downloaded."""


def find_model(path: str | Path | None = None) -> Path:
    """Return the path of the model: the given one, or the cached one, downloaded if necessary.

    Raises
    ------
    FileNotFoundError
        If the given file does not exist.
    ModelUnavailable
        If the model is not cached, and cannot be downloaded or written.
    """
    if path is not None:
        if not Path(path).is_file():
            raise FileNotFoundError(f"{path}: no such YuNet model; give the path of an ONNX file")
        return Path(path)
    file = cached_model()
    if state_of_cached_model() != "ok":
        data = _download()
        try:
            write_atomically(file, data)
        except OSError as error:
            reason = f"cannot write {file} ({error.strerror}); set FERBENCH_CACHE to a folder with room"
            raise ModelUnavailable(reason) from error
    return file


def cached_model() -> Path:
    """Return the path of the model in the cache, whether or not it exists."""
    return cache_dir() / "models" / NAME


def state_of_cached_model() -> Literal["ok", "missing", "damaged"]:
    """Whether the downloaded model is there and is the file it should be, by its size and SHA-256."""
    try:
        return "ok" if _is_right(cached_model().read_bytes()) else "damaged"
    except OSError:
        return "missing"


def _is_right(data: bytes) -> bool:
    return len(data) == BYTES and hashlib.sha256(data).hexdigest() == SHA256


def _download() -> bytes:
    print(f"ferbench: downloading the face detector YuNet ({BYTES:,} bytes, MIT license), once", file=sys.stderr)
    remedy = f"download {NAME} by hand and give --detector yunet:PATH"
    try:
        data = _fetch(time.monotonic() + DEADLINE_S)
    except (OSError, ValueError, HTTPException) as error:
        raise ModelUnavailable(f"cannot download {URL} ({getattr(error, 'reason', error)}); {remedy}") from error
    if not _is_right(data):
        raise ModelUnavailable(f"{URL} has changed ({len(data):,} bytes, unexpected SHA-256); {remedy}")
    return data


def _fetch(deadline: float) -> bytes:
    """Return the downloaded bytes, at most one more than expected."""
    data = b""
    with urllib.request.urlopen(URL, timeout=SILENCE_S) as answer:
        while len(data) <= BYTES and (part := answer.read(min(65536, BYTES + 1 - len(data)))):
            data += part
            if time.monotonic() > deadline:
                raise TimeoutError(f"took longer than {DEADLINE_S:.0f} s")
    return data
