"""Measure float32 and int8 networks side by side: accuracy, agreement, size, and latency on one core."""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks import store
from ferbench.benchmarks.int8.checked import VALIDATION, Checked, calibration, check_int8
from ferbench.datasets import Dataset
from ferbench.models import load_bundle
from ferbench.models.bundles import precision_of, quantize_bundle, read_description, recognizer_sha256
from ferbench.utils import load_average, read_json

ROUNDS, CALLS = 5, 200
_WARMUP = 10


def measure_int8(
    bundles: Mapping[str, Path],
    dataset: Dataset,
    output: Path,
    *,
    rounds: int = ROUNDS,
    calls: int = CALLS,
    latency_only: bool = False,
    on_part: Callable[[str], None] = lambda name: None,
) -> Path:
    """Measure each float32 bundle beside its int8 version, and write ``int8.json``.

    Parameters
    ----------
    bundles : mapping of str to Path
        Float32 bundles by name. Where a bundle ``NAME-int8`` lies beside one and was made from it, that is measured;
        otherwise one is made for the measurement.
    dataset : Dataset
        PublicTest is measured on; PrivateTest is not used.
    output : Path
        Folder of the results.
    rounds : int, default=5
        Rounds of the latency, in which the networks take turns.
    calls : int, default=200
        Predictions of one image in each round.
    latency_only : bool, default=False
        Measure only the latency again, and keep the comparison in ``int8.json``.
    on_part : callable
        Called with the name of each finished part.
    """
    if rounds < 1 or calls < 1:
        raise ValueError(f"rounds and calls must be at least 1; got {rounds} and {calls}")
    kept = _kept(output / "int8.json", bundles, dataset) if latency_only else None
    load_before = load_average()
    images, _ = dataset.part(VALIDATION)
    with tempfile.TemporaryDirectory() as scratch:
        rows: list[Checked] = []
        folders: dict[str, Path] = {}
        for name, folder in bundles.items():
            small = _made(folder) or quantize_bundle(folder, Path(scratch) / str(len(folders)), calibration(dataset))
            if kept is None:
                # By the caller's name, as the latencies are: the folder of a measured bundle is the number of its cell.
                rows.append(replace(check_int8(folder, small, dataset), name=name))
            folders |= {f"{name} float32": folder, f"{name} int8": small}
            on_part(name)
        latency, processor = _latencies(folders, images, rounds, calls, on_part)
    measured = {
        **{"networks": kept or [row.as_dict() for row in rows], "rounds": rounds, "calls": calls},
        **{"latency_ms": latency, "processor_ms": processor},
        **{"load_before": load_before, "load_after": load_average(), "flags": _flags()},
        **{"environment": store.environment(), "dataset": dataset.name, "fingerprint": dataset.fingerprint},
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    store.write_record_file(output / "int8.json", measured)
    return output / "int8.json"


def _made(folder: Path) -> Path | None:
    """Return the int8 bundle beside a float32 bundle if it was made from it."""
    small = folder.with_name(f"{folder.name}-int8")
    if not (small / "bundle.json").is_file():
        return None
    info = read_description(small)
    same = precision_of(info) == "int8" and info["precision"]["sha256"] == recognizer_sha256(read_description(folder))
    return small if same else None


def _latencies(
    folders: Mapping[str, Path], images: NDArray[np.uint8], rounds: int, calls: int, on_part: Callable[[str], None]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return milliseconds of one image on one core, by network and round: median latency, median processor time.

    Processor time leaves out the time in which other processes had the core.
    """
    found: dict[str, list[float]] = {name: [] for name in folders}
    processor: dict[str, list[float]] = {name: [] for name in folders}
    with store.one_core():
        opened = {name: load_bundle(folder, n_threads=1).without_calibration() for name, folder in folders.items()}
        for number in range(rounds):
            for name, bundle in opened.items():
                walls, busy = _times(bundle.predict_proba, images, calls)
                found[name].append(float(np.median(walls)))
                processor[name].append(float(np.median(busy)))
            on_part(f"round {number + 1}")
    return found, processor


def _times(predict: Callable[..., Any], images: NDArray[np.uint8], calls: int) -> tuple[list[float], list[float]]:
    """Return milliseconds of each call after a warm-up: by the clock, and of this thread on the processor."""
    walls, busy = [], []
    for call in range(-_WARMUP, calls):
        image = images[call % len(images)][np.newaxis]
        wall, own = time.perf_counter_ns(), time.thread_time_ns()
        predict(image)
        if call >= 0:
            busy.append((time.thread_time_ns() - own) / 1e6)
            walls.append((time.perf_counter_ns() - wall) / 1e6)
    return walls, busy


def _kept(file: Path, bundles: Mapping[str, Path], dataset: Dataset) -> list[dict[str, Any]]:
    """Return the comparisons of an earlier measurement of the same networks on the same data."""
    measured = read_json(file)
    rows = [row for row in measured["networks"] if row["name"] in bundles]
    if measured["fingerprint"] != dataset.fingerprint or len(rows) != len(bundles):
        raise ValueError(f"{file} has other data or networks; measure without --latency")
    return rows


def _flags() -> list[str]:
    """Return the instructions of the processor that matter for 8-bit products."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return []
    words = set(text.split())
    return [name for name in ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp") if name in words]
