"""Measure the latency of several bundles in turns, on one core, and print one JSON line."""

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# The doors load their modules at the first use, after the variables below are set.
from ferbench import models
from ferbench.benchmarks import store, tasks

# Longest time that the turns of one bundle may take, in seconds; then it has fewer calls in a turn, or fewer turns.
BUDGET_S = 60.0
WARMUP = 10
CALLS = 10


def main(arguments: Sequence[str]) -> int:
    """Run the job described in the JSON file of the first argument."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    job = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    # Imported here, because numerical libraries read these variables once.
    import cv2

    cv2.setNumThreads(1)
    with store.one_core():
        cells = measure(job)
    print(json.dumps({"event": "done", "cells": cells, "environment": store.environment()}), flush=True)
    return 0


def measure(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return status and latency of each bundle, by cell id."""
    import numpy as np

    turns: list[Turn] = []
    cells: dict[str, dict[str, Any]] = {}
    for each in job["bundles"]:
        try:
            turns.append(Turn(each, job["task"], job["rounds"]))
        except Exception as error:
            # One bundle that cannot be loaded must not end the run of the others.
            text = " ".join(str(error).split())
            cells[each["cell_id"]] = {"status": "error", "reason": f"{type(error).__name__}: {text}"[:300]}
            cells[each["cell_id"]]["latency_ms"] = None
    order = np.random.default_rng(0)
    for _ in range(job["rounds"]):
        for place in order.permutation(len(turns)):
            turns[place].take()
    return cells | {turn.cell_id: turn.result() for turn in turns}


class Turn:
    """One bundle with the times of its calls."""

    def __init__(self, job: dict[str, Any], task: str, rounds: int) -> None:
        import numpy as np

        self.cell_id = str(job["cell_id"])
        self._images = np.load(job["images"], allow_pickle=False)
        bundle = models.load_bundle(job["bundle"], n_threads=1).without_calibration()
        self._predict = tasks.get_task(task).answer(bundle)
        self._times: list[float] = []
        warm: list[float] = []
        while len(warm) < WARMUP and sum(warm) < 100 * BUDGET_S:
            warm.append(self._call(len(warm)))
        self._warmup = len(warm)
        in_budget = 1000 * BUDGET_S / max(float(np.median(warm)), 1e-6)
        self._calls = int(np.clip(in_budget / rounds, 1, CALLS))

    def take(self) -> None:
        """Make the calls of one turn, unless the budget is spent."""
        if sum(self._times) < 1000 * BUDGET_S:
            self._times += [self._call(len(self._times) + call) for call in range(self._calls)]

    def result(self) -> dict[str, Any]:
        """Return number of calls, median and percentiles in milliseconds."""
        head = {"n": len(self._times), "warmup": self._warmup}
        return {"status": "ok", "reason": None, "latency_ms": head | store.latency_summary(self._times)}

    def _call(self, number: int) -> float:
        image = self._images[number % len(self._images)][None]
        start = time.perf_counter_ns()
        self._predict(image)
        return (time.perf_counter_ns() - start) / 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
