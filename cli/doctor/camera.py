"""Whether a camera opens; in a process of its own, since a driver may never answer."""

import subprocess
import sys

from ferbench.cli.doctor.check import Check

PATIENCE_S = 10.0

# Nothing of ferbench is loaded: that would take most of the time.
_CODE = """
import os, sys
os.environ["OPENCV_LOG_LEVEL"] = "OFF"
import cv2
capture = cv2.VideoCapture(int(sys.argv[1]))
ok, frame = capture.read() if capture.isOpened() else (False, None)
print(f"{frame.shape[1]} x {frame.shape[0]} pixels" if ok else "no frame" if capture.isOpened() else "")
"""


def check_camera(number: int, *, patience_s: float = PATIENCE_S, code: str = _CODE) -> Check:
    """Open a camera and read one frame.

    Parameters
    ----------
    number : int
        The camera's number, as ``ferbench live`` takes it.
    patience_s : float
        After so many seconds the process that opens it is killed.
    code : str
        What that process runs.
    """
    name, busy = f"camera {number}", "is it free, and may you use it? On Linux: are you in the group video?"
    command = [sys.executable, "-c", code, str(number)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience_s, check=False)
    except subprocess.TimeoutExpired:
        return Check(name, "problem", f"no answer within {patience_s:g} s", busy)
    answer = done.stdout.strip()
    if answer == "no frame":
        return Check(name, "problem", "opens, but gives no picture", busy)
    if not answer:
        return Check(name, "missing", "cannot be opened", "plug one in; files and streams work without it")
    return Check(name, "ok", answer)
