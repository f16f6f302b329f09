"""Measure latency, throughput and memory of recognizers, and describe the machine."""

import contextlib
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.utils import usable_cores

Predict = Callable[[NDArray[np.uint8]], Any]

# Minimum number of samples for a percentile at 99 % confidence, from early stopping in the MLPerf inference rules.
SAMPLES_FOR_P90 = 64
SAMPLES_FOR_P99 = 662
# Limits the warm-up, so that a slow recognizer does not spend its whole budget on it.
_WARMUP_SHARE = 0.2

_PACKAGES = (
    "ferbench",
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-learn-intelex",
    "opencv-python-headless",
    "dlib-bin",
    "tensorflow",
    "keras",
    "onnxruntime",
    "skops",
)


def measure_latency(
    predict: Predict,
    X: NDArray[np.uint8],
    *,
    warmup: int = 10,
    n: int = 1000,
    budget_s: float = 20.0,
) -> dict[str, int | float | None]:
    """Measure the time of one prediction on one image, in milliseconds.

    Parameters
    ----------
    predict : callable
        Function called with one image as an array of shape (1, height, width); includes feature extraction.
    X : ndarray of shape (n_images, height, width), uint8
        The images, used in turn and repeated if necessary.
    warmup : int, default=10
        Calls before the measurement. The warm-up ends earlier, after at least one call, when it has used a fifth of
        the budget.
    n : int, default=1000
        Maximum number of measured calls.
    budget_s : float, default=20.0
        Seconds, including the warm-up, after which no further call starts; at least one call is measured.

    Returns
    -------
    dict
        ``n`` and ``warmup``, the numbers of calls; ``median``, ``p90`` and ``p99`` in milliseconds. A percentile
        without enough samples (64 for p90, 662 for p99) is None.

    Raises
    ------
    ValueError
        If there is no image, or a number is out of range.
    """
    _check_images(X)
    if warmup < 0 or n < 1 or budget_s <= 0:
        raise ValueError(
            f"expected warmup >= 0, n >= 1 and budget_s > 0; got warmup={warmup}, n={n}, budget_s={budget_s}"
        )
    warm = _call_times(predict, X, warmup, budget_s * _WARMUP_SHARE) if warmup else []
    times = _call_times(predict, X, n, budget_s - sum(warm) / 1000)
    return {"n": len(times), "warmup": len(warm), **latency_summary(times)}


def latency_summary(milliseconds: list[float]) -> dict[str, float | None]:
    """Return median, p90 and p99; None for a percentile with too few samples."""
    enough = {"median": 1, "p90": SAMPLES_FOR_P90, "p99": SAMPLES_FOR_P99}
    percents = {"median": 50, "p90": 90, "p99": 99}
    return {
        name: float(np.percentile(milliseconds, percents[name])) if len(milliseconds) >= least else None
        for name, least in enough.items()
    }


def measure_throughput(predict: Predict, X: NDArray[np.uint8], *, repeats: int = 3, budget_s: float = 20.0) -> float:
    """Measure images per second with all images in one call: the median of up to `repeats` calls.

    No further call starts after `budget_s` seconds, so a slow recognizer is measured once.
    """
    _check_images(X)
    if repeats < 1 or budget_s <= 0:
        raise ValueError(f"expected repeats >= 1 and budget_s > 0; got repeats={repeats}, budget_s={budget_s}")
    times, begin = [], time.perf_counter()
    for _ in range(repeats):
        start = time.perf_counter()
        predict(X)
        end = time.perf_counter()
        times.append(end - start)
        if end - begin >= budget_s:
            break
    return len(X) / float(np.median(times))


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Limit this process to one core and its thread pools to one thread.

    Load a network inside this context, because onnxruntime creates its threads on loading. If the system cannot bind a
    process to a core, only the threads are limited.
    """
    from threadpoolctl import threadpool_limits

    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    with threadpool_limits(1):
        _bind({min(allowed)} if allowed else allowed)
        try:
            yield
        finally:
            _bind(allowed)


def _bind(cores: set[int]) -> None:
    """Bind every thread of this process, because each thread has its own mask and thread pools already exist."""
    threads = [int(path.name) for path in Path("/proc/self/task").iterdir()] if cores else []
    for thread in threads:
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(thread, cores)


def peak_memory_bytes() -> int:
    """Return the peak resident memory of this process in bytes.

    On Linux it is the high-water mark of the kernel. ``ru_maxrss`` is not used there, because a child process inherits
    it from its parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    # Kilobytes everywhere but on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def environment() -> dict[str, Any]:
    """Describe the environment of a timing: Python, platform, processor, cores, threads and package versions.

    ``cores`` is the number that this process may use. ``threads`` has the size of each loaded thread pool, and
    ``OMP_NUM_THREADS`` if it is set. Call it after the recognizer has run, when its libraries are loaded.
    """
    return {
        "python": platform.python_version(),
        "platform": _platform(),
        "cpu": _cpu_model(),
        "cores": usable_cores(),
        "threads": _threads(),
        "packages": _package_versions(),
    }


def _call_times(predict: Predict, X: NDArray[np.uint8], n: int, budget_s: float) -> list[float]:
    """Return the milliseconds of up to `n` calls on one image each; at least one call, none after the budget."""
    times: list[float] = []
    end = time.perf_counter() + budget_s
    for call in range(n):
        image = X[call % len(X)][np.newaxis]
        start = time.perf_counter_ns()
        predict(image)
        times.append((time.perf_counter_ns() - start) / 1e6)
        if time.perf_counter() >= end:
            break
    return times


def _check_images(X: NDArray[np.uint8]) -> None:
    if X.ndim != 3 or len(X) == 0:
        raise ValueError(f"X must hold images, an array of shape (n_images, height, width); got shape {X.shape}")


def _platform() -> str:
    """Return the system, its version without the suffix of the builder, and the processor architecture."""
    release = ".".join(platform.release().split("-")[0].split(".")[:2])
    return " ".join(part for part in (platform.system(), release, platform.machine(), *platform.libc_ver()) if part)


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _threads() -> dict[str, int | str]:
    from threadpoolctl import threadpool_info

    threads: dict[str, int | str] = {}
    for pool in threadpool_info():
        threads[pool["internal_api"]] = max(pool["num_threads"], int(threads.get(pool["internal_api"], 0)))
    if "cv2" in sys.modules:
        threads["opencv"] = sys.modules["cv2"].getNumThreads()
    if limit := os.environ.get("OMP_NUM_THREADS"):
        threads["OMP_NUM_THREADS"] = limit
    return threads


def _package_versions() -> dict[str, str]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
