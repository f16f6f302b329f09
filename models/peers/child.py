"""Answer for a package in its own interpreter: faces from standard input, or the frames of a video.

The interpreter of another environment runs this file as a script. That environment needs the package, and not ferbench;
this file and the adapters import nothing of ferbench. Messages are a line of JSON with shape and type of an array, and
then its bytes; nothing is unpickled.
"""

import contextlib
import importlib.util
import json
import math
import os
import sys
import time
from importlib.metadata import PackageNotFoundError, distribution, distributions
from typing import IO, Any

MAX_HEADER = 65536
MAX_BYTES = 2**28
# Types of the images that come in, with the bytes of a number.
TYPES = {"uint8": 1, "float32": 4}


def load_adapter(file: str, name: str) -> Any:
    """Return the class of an adapter file; the file is not imported by its name, which is that of the package."""
    spec = importlib.util.spec_from_file_location("ferbench_peer_adapter", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot read the adapter {file}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


def about(adapter: Any) -> dict[str, Any]:
    """Return version and size of the package, without importing it."""
    try:
        found = distribution(adapter.package)
    except PackageNotFoundError:
        return {"missing": f"the package {adapter.package} is not installed for {sys.executable}: {adapter.install}"}
    sizes = []
    for file in found.files or []:
        with contextlib.suppress(OSError):
            sizes.append(os.path.getsize(file.locate()))  # noqa: PTH202 - a plain script
    return {"version": found.version, "bytes": sum(sizes)}


def serve(adapter: Any, options: dict[str, Any], requests: IO[bytes], replies: IO[bytes]) -> None:
    """Answer requests until the input ends."""
    peer = None
    while line := requests.readline(MAX_HEADER):
        request = json.loads(line)
        if request["do"] == "about":
            _reply(replies, about(adapter))
            continue
        images = _read_images(requests, request["shape"], request["type"])
        try:
            peer = peer or adapter(**options)
            rows = _rows(peer.faces(images), len(images), len(peer.labels))
        except Exception as error:
            _reply(replies, {"failed": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"})
            continue
        _reply(replies, {"shape": list(rows.shape)}, rows.tobytes())


def clip(adapter: Any, video: str, n_frames: int, seconds: float, warmup: int) -> dict[str, Any]:
    """Find and recognize the faces of a video, frame by frame; return counts, times and memory."""
    import cv2

    peer = adapter()
    first = cv2.VideoCapture(video).read()[1]
    for _ in range(warmup):
        peer.frame(first)
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
        faces.append(int(peer.frame(image)))
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
        "versions": _versions(adapter.package),
        "peak_rss_bytes": _peak(),
    }


def _read_images(stream: IO[bytes], shape: list[int], kind: str) -> Any:
    import numpy as np

    size = math.prod(shape) * TYPES[kind]
    if len(shape) not in (3, 4) or min(shape) < 1 or size > MAX_BYTES:
        raise ValueError(f"expected images of a shape (n, height, width), or with channels; got {shape}")
    content = stream.read(size)
    if len(content) != size:
        raise ValueError(f"expected {size} bytes of images; got {len(content)}")
    return np.frombuffer(content, kind).reshape(shape)


def _rows(answers: Any, n_images: int, n_labels: int) -> Any:
    """Return the answers as an array; an image without an answer becomes a row of NaN."""
    import numpy as np

    empty = [float("nan")] * n_labels
    rows = np.asarray([empty if answer is None else list(answer) for answer in answers], np.float32)
    if rows.shape != (n_images, n_labels):
        raise ValueError(f"the adapter gave {rows.shape} for {n_images} images and {n_labels} labels")
    return rows


def _reply(stream: IO[bytes], header: dict[str, Any], content: bytes = b"") -> None:
    stream.write(json.dumps(header).encode() + b"\n" + content)
    stream.flush()


def _versions(package: str) -> dict[str, str]:
    wanted = (package.lower(), "tensorflow", "torch", "onnxruntime", "opencv")
    names = {str(found.metadata["Name"]).lower(): found.version for found in distributions() if found.metadata["Name"]}
    return {name: version for name, version in sorted(names.items()) if name.startswith(wanted)}


def _peak() -> "int | None":
    try:
        with open("/proc/self/status") as status:  # noqa: PTH123 - a plain script
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except OSError:
        return None


def main(arguments: "list[str]") -> int:
    """Run the adapter of a file: serve standard input, or measure a clip."""
    output = os.fdopen(os.dup(1), "wb")
    # Nothing leaves the machine: onnxruntime sends events to its maker unless it is told not to.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    # Libraries write messages to standard output, which belongs to the answers.
    os.dup2(2, 1)
    # The folder of this file is no place to import from.
    sys.path[:] = [path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))]  # noqa: PTH100, PTH120
    adapter = load_adapter(arguments[0], arguments[1])
    if arguments[2] == "serve":
        serve(adapter, json.loads(arguments[3]), sys.stdin.buffer, output)
        return 0
    try:
        video, n_frames, seconds, warmup = arguments[3:7]
        done = clip(adapter, video, int(n_frames), float(seconds), int(warmup))
    except ImportError as error:
        reason = f"the package {adapter.package} cannot be imported: {error}; {adapter.install}"
        done = {"event": "failed", "reason": reason}
    _reply(output, done)
    return 2 if done["event"] == "failed" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
