"""Measure float32 and int8 networks side by side: accuracy, agreement, size, and latency on one core."""

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks import store
from ferbench.benchmarks.int8.checked import VALIDATION, check_int8, export_int8
from ferbench.datasets import Dataset
from ferbench.models import load_bundle
from ferbench.models.bundles import precision_of, read_description
from ferbench.utils import write_atomically

ROUNDS, CALLS = 5, 200


def measure_int8(
    bundles: Mapping[str, Path],
    dataset: Dataset,
    output: Path,
    *,
    rounds: int = ROUNDS,
    calls: int = CALLS,
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
    on_part : callable
        Called with the name of each finished part.
    """
    if rounds < 1 or calls < 1:
        raise ValueError(f"rounds and calls must be at least 1; got {rounds} and {calls}")
    load_before = os.getloadavg()[0]
    images, _ = dataset.part(VALIDATION)
    with tempfile.TemporaryDirectory() as scratch:
        rows, folders = [], {}
        for name, folder in bundles.items():
            small = _made(folder)
            if small is None:
                small = Path(scratch) / f"{name}-int8"
                rows.append(export_int8(folder, small, dataset))
            else:
                rows.append(check_int8(folder, small, dataset))
            folders |= {f"{name} float32": folder, f"{name} int8": small}
            on_part(name)
        latency = _latencies(folders, images, rounds, calls, on_part)
    measured = {
        **{"networks": [row.as_dict() for row in rows], "latency_ms": latency, "rounds": rounds, "calls": calls},
        **{"load_before": load_before, "load_after": os.getloadavg()[0], "flags": _flags()},
        **{"environment": store.environment(), "dataset": dataset.name, "fingerprint": dataset.fingerprint},
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_atomically(output / "int8.json", json.dumps(measured, indent=1).encode() + b"\n")
    return output / "int8.json"


def _made(folder: Path) -> Path | None:
    """Return the int8 bundle beside a float32 bundle if it was made from it."""
    small = folder.with_name(f"{folder.name}-int8")
    if not (small / "bundle.json").is_file():
        return None
    info = read_description(small)
    same = precision_of(info) == "int8" and info["precision"]["sha256"] == read_description(folder)["sha256"]
    return small if same else None


def _latencies(
    folders: Mapping[str, Path], images: NDArray[np.uint8], rounds: int, calls: int, on_part: Callable[[str], None]
) -> dict[str, list[float]]:
    """Return the median latency of one image on one core in each round, by network, in milliseconds."""
    found: dict[str, list[float]] = {name: [] for name in folders}
    with store.one_core():
        opened = {name: load_bundle(folder, n_threads=1) for name, folder in folders.items()}
        for number in range(rounds):
            for name, bundle in opened.items():
                found[name].append(float(store.measure_latency(bundle.predict_proba, images, n=calls)["median"] or 0))
            on_part(f"round {number + 1}")
    return found


def _flags() -> list[str]:
    """Return the instructions of the processor that matter for 8-bit products."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return []
    words = set(text.split())
    return [name for name in ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp") if name in words]
