"""Measure the PyPI package ``fer`` on a video.

The interpreter of another environment runs this file as a script. That environment needs ``fer`` but not ferbench, and
ferbench does not need ``fer``. The script prints one JSON line like :mod:`ferbench.realtime.measure.measure`.
"""

import json
import os
import sys
import time
from typing import Any


def main(video: str, n_frames: int, seconds: float, warmup: int) -> dict[str, Any]:
    """Process a video with the Haar cascade and the default settings of the package."""
    import cv2

    detector = _detector()
    first = cv2.VideoCapture(video).read()[1]
    for _ in range(warmup):
        detector.detect_emotions(first)
    capture = cv2.VideoCapture(video)
    faces: list[int] = []
    times: list[float] = []
    begin, cpu = time.perf_counter(), time.process_time()
    while len(times) < n_frames and time.perf_counter() - begin < seconds:
        ok, image = capture.read()
        if not ok:
            capture = cv2.VideoCapture(video)
            continue
        start = time.perf_counter()
        faces.append(len(detector.detect_emotions(image)))
        times.append(round(1000 * (time.perf_counter() - start), 4))
    return {
        "event": "done",
        "frames": len(times),
        "faces": sum(faces),
        "frames_with_face": sum(map(bool, faces)),
        "seconds": time.perf_counter() - begin,
        "cpu_s": time.process_time() - cpu,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "latencies_ms": times,
        "versions": _versions(),
        "peak_rss_bytes": _peak(),
    }


def _detector() -> Any:
    # The class is in another module since a later release.
    try:
        from fer.fer import FER
    except ImportError:
        from fer import FER
    return FER(mtcnn=False)


def _versions() -> dict[str, str]:
    from importlib.metadata import distributions

    wanted = ("fer", "tensorflow", "opencv")
    names = {str(found.metadata["Name"]).lower(): found.version for found in distributions() if found.metadata["Name"]}
    return {name: version for name, version in sorted(names.items()) if name.startswith(wanted)}


def _peak() -> int | None:
    try:
        with open("/proc/self/status") as status:  # noqa: PTH123 - a plain script
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except OSError:
        return None


if __name__ == "__main__":
    output = os.fdopen(os.dup(1), "w")
    # TensorFlow writes messages to standard output.
    os.dup2(2, 1)
    try:
        done = main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
    except ImportError as error:
        done = {"event": "failed", "reason": f"the package fer cannot be imported: {error}"}
    output.write(json.dumps(done) + "\n")
    output.close()
    sys.exit(2 if done["event"] == "failed" else 0)
