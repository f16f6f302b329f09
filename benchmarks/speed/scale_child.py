"""Fit one recipe on the first images of a memory map, in a child process, and print time and memory."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ferbench import models
from ferbench.benchmarks import store


def main(arguments: Sequence[str]) -> int:
    """Run the measurement described in the JSON file of the first argument, and print one JSON line."""
    job = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    figures = measure(job, Path(job["data"]))
    print(json.dumps({"event": "done", **figures, "environment": store.environment()}), flush=True)
    return 0


def measure(job: dict[str, Any], data: Path) -> dict[str, Any]:
    """Fit and predict; return seconds, peak memory and accuracy."""
    n, n_new = job["n_images"], job["n_new"]
    images = np.load(data / "images.npy", mmap_mode="r", allow_pickle=False)
    labels = np.load(data / "labels.npy", allow_pickle=False)
    new, answers = images[-n_new:], labels[-n_new:]
    recipe = models.get_recipe(job["name"])
    start = time.perf_counter()
    if recipe.family == "deep":
        network = recipe.build(**job["params"])
        n_held = job["n_validation"]
        recognizer: Any = network.fit(images[:n], labels[:n], X_val=new[:n_held], y_val=answers[:n_held])
        new, answers = new[n_held:], answers[n_held:]
    else:
        recognizer = models.fit_in_stream(recipe.build(**job["params"]), images[:n], labels[:n])
    fit_s = time.perf_counter() - start
    start = time.perf_counter()
    found = models.predict_in_stream(recognizer, new, "predict")
    return {
        "seconds": {"fit": fit_s, "predict": time.perf_counter() - start},
        "peak_memory_bytes": store.peak_memory_bytes(),
        "accuracy": float((found == answers).mean()),
        "n_predicted": len(new),
        **models.describe(recognizer),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
