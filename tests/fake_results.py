"""A results folder in the layout of the store, from scikit-learn classifiers fitted on scikit-learn's own digits.

Seven digits stand for the seven labels. Every figure is really measured; only the subject is not faces, so that
the tests of the report need neither the runner nor a data set.
"""

import atexit
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from ferbench.benchmarks.store.store import Store, file_digest, save_arrays
from ferbench.benchmarks.store.timing import environment, measure_latency, measure_throughput, peak_memory_bytes
from ferbench.datasets.base.dataset import LABELS, SPLITS, Dataset

FITTED = "2026-01-01T00:00:00+00:00"


def digits_dataset(*, name: str = "digits", drawn: bool = False) -> Dataset:
    """Digits 0 to 6 as 8 x 8 images under the seven labels, noisy enough for methods to differ."""
    images, numbers = load_digits(return_X_y=True)
    images, numbers = images[numbers < 7], numbers[numbers < 7]
    random = np.random.default_rng(0)
    noisy = images * 15 + random.normal(0, 60, images.shape)
    pixels = np.clip(noisy, 0, 255).astype(np.uint8).reshape(-1, 8, 8)
    split = random.choice(SPLITS, len(pixels), p=(0.5, 0.2, 0.3))
    return Dataset(
        name=name,
        images=pixels,
        labels=np.array(LABELS)[numbers],
        split=split,
        ids=np.array([f"digit/{row:04d}.png" for row in range(len(pixels))]),
        fingerprint=sha256(pixels.tobytes() + split.tobytes()).hexdigest(),
        drawn=drawn,
        notes=("a note about <the> data",),
    )


def recognizers(seed: int) -> dict[str, tuple[str, Any]]:
    """Recipes by name: family and an unfitted classifier over flat pixels."""
    return {
        "constant": ("constant", DummyClassifier(strategy="prior")),
        "pixels+logreg": ("classical", LogisticRegression(max_iter=2000)),
        "pixels+tree": ("classical", DecisionTreeClassifier(max_depth=6, random_state=seed)),
        "pixels+nb": ("classical", GaussianNB()),
        "pixels+bernoulli": ("classical", BernoulliNB(binarize=100)),
        "mlp": ("deep", MLPClassifier((32,), max_iter=300, random_state=seed, early_stopping=True)),
    }


_MADE: dict[tuple[object, ...], Path] = {}


def fake_results(output: Path, dataset: Dataset | None = None, *, seeds: tuple[int, ...] = (0,)) -> Path:
    """Fit the recognizers and store them under ``output/<name>``, with one failed cell beside them.

    Each process fits them once for the same data and seeds; every caller gets a copy of its own.
    """
    dataset = dataset or digits_dataset()
    arrays = (dataset.images, dataset.labels, dataset.split, dataset.ids)
    content = sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()
    key = (dataset.name, dataset.fingerprint, dataset.drawn, tuple(dataset.notes), content, seeds)
    if key not in _MADE:
        _MADE[key] = _fit_results(_kept_folder() / str(len(_MADE)), dataset, seeds)
    root = output / dataset.name
    shutil.copytree(_MADE[key], root, dirs_exist_ok=True)
    return root


@cache
def _kept_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="ferbench-fake-results-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _fit_results(output: Path, dataset: Dataset, seeds: tuple[int, ...]) -> Path:
    store = Store(output / dataset.name)
    store.write_rows(_rows(dataset))
    cells = []
    for seed in seeds:
        for name, (family, model) in recognizers(seed).items():
            recipe = {"name": name, "family": family, "params": {}}
            cells.append(add_cell(store, dataset, recipe, seed, model))
    cells.append(add_failure(store, dataset, "pixels+svm", "timeout", "ran past its 1 s"))
    store.write_suite({"name": "digits", "source": "digits", "size": 8, "cells": cells, "seeds": list(seeds)})
    return store.root


def _rows(dataset: Dataset) -> dict[str, Any]:
    rows: dict[str, Any] = {"fingerprint": np.array(dataset.fingerprint)}
    for split in SPLITS[1:]:
        places = dataset.rows(split)
        rows[f"{split}_ids"], rows[f"{split}_labels"] = dataset.ids[places], dataset.labels[places]
        rows[f"{split}_leaked"] = np.arange(len(places)) % 12 == 0
    return rows


def add_cell(store: Store, dataset: Dataset, recipe: Mapping[str, Any], seed: int, model: Any) -> str:
    """Fit one classifier and publish it as the runner would; returns its cell id."""
    safe = re.sub(r"[^A-Za-z0-9+._-]", "_", recipe["name"])
    cell_id = f"{safe}-s{seed}-{sha256(json.dumps(dict(recipe)).encode()).hexdigest()[:8]}"
    X, y = dataset.part("Training")
    start = perf_counter()
    model.fit(_flat(X), y)
    fit_s = perf_counter() - start
    outbox = store.outbox()
    tests = {split: dataset.part(split)[0] for split in SPLITS[1:]}
    probabilities = {name: model.predict_proba(_flat(X)).astype(np.float32) for name, X in tests.items()}
    path = outbox / "probabilities" / f"{cell_id}.npz"
    save_arrays(path, {"classes": np.asarray(model.classes_, dtype=str), **probabilities})
    bundle = outbox / "bundles" / cell_id
    bundle.mkdir(parents=True)
    (bundle / "bundle.json").write_text(json.dumps({"recipe": recipe["name"]}))
    X_test = tests["PrivateTest"]
    start = perf_counter()
    model.predict_proba(_flat(X_test))
    timings = {
        "extract_s": None,
        "fit_s": fit_s,
        "predict_s": perf_counter() - start,
        "throughput_images_per_s": measure_throughput(lambda X: model.predict(_flat(X)), X_test, repeats=1),
        "latency_ms": measure_latency(lambda X: model.predict(_flat(X)), X_test, n=80),
    }
    record = {
        **_head(dataset, recipe, cell_id, seed),
        "status": "ok",
        "reason": None,
        "classes": [str(label) for label in model.classes_],
        "timings": timings,
        "size_bytes": 1000 + sum(item.stat().st_size for item in bundle.iterdir()),
        "peak_memory_bytes": peak_memory_bytes(),
        "history": _history(model),
        "bundle": f"bundles/{cell_id}",
        "files": {f"probabilities/{cell_id}.npz": {"bytes": path.stat().st_size, "sha256": file_digest(path)}},
    }
    store.publish(record, outbox)
    return cell_id


def add_failure(store: Store, dataset: Dataset, recipe: str, status: str, reason: str) -> str:
    """Write the record of a cell that failed; returns its cell id."""
    cell_id = f"{sha256(recipe.encode()).hexdigest()[:12]}-s0-00000000"
    head = _head(dataset, {"name": recipe, "family": "classical", "params": {}}, cell_id, 0)
    store.write_record({**head, "status": status, "reason": reason, "files": {}, **_BLANK})
    return cell_id


_BLANK: dict[str, Any] = {
    **{"classes": list(LABELS), "timings": None, "size_bytes": None, "peak_memory_bytes": None},
    **{"history": None, "bundle": None},
}


def _head(dataset: Dataset, recipe: Mapping[str, Any], cell_id: str, seed: int) -> dict[str, Any]:
    counts = {split: len(dataset.rows(split)) for split in SPLITS}
    class_counts = {
        split: {label: int((dataset.part(split)[1] == label).sum()) for label in LABELS} for split in SPLITS
    }
    return {
        "schema": 1,
        "run": FITTED,
        "cell_id": cell_id,
        "suite": "digits",
        "dataset": {
            **{"name": dataset.name, "fingerprint": dataset.fingerprint, "drawn": dataset.drawn},
            **{"notes": list(dataset.notes), "counts": counts, "class_counts": class_counts},
        },
        "recipe": {"implementation": "scikit-learn", "probabilities": "its own", **recipe},
        "seed": seed,
        "environment": environment() | {"cores": os.cpu_count()},
        "started": FITTED,
        "finished": FITTED,
    }


def _flat(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), -1).astype(float)


def _history(model: Any) -> dict[str, list[float]] | None:
    if not hasattr(model, "loss_curve_"):
        return None
    epochs = len(model.loss_curve_)
    return {
        "loss": list(map(float, model.loss_curve_)),
        "val_accuracy": list(map(float, model.validation_scores_))[:epochs],
    }
