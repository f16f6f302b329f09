"""Measure one extractor, or one classifier at one size, in a child process and print the times."""

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ferbench import features, models
from ferbench.benchmarks import store
from ferbench.utils import require

# Rounds per extractor; the median is reported.
ROUNDS = 3


def main(arguments: Sequence[str]) -> int:
    """Run the measurement described in the JSON file of the first argument, and print one JSON line."""
    job = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    if job["threads"]:
        # Set before numpy is imported, because its libraries read these variables once.
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = str(job["threads"])
    measure = {"extract": measure_extractor, "fit": measure_classifier, "plain": measure_plain}[job["kind"]]
    figures = measure(job, Path(job["data"]))
    said = {
        "event": "done",
        **figures,
        "environment": store.environment(),
        "peak_memory_bytes": store.peak_memory_bytes(),
    }
    print(json.dumps(said), flush=True)
    return 0


def measure_extractor(job: dict[str, Any], data: Path) -> dict[str, Any]:
    """Return the images per second of an extractor with one worker, and its fit time."""
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    images, labels = (
        np.load(data / "images.npy", mmap_mode="r", allow_pickle=False),
        np.load(data / "labels.npy", allow_pickle=False),
    )
    extractor = features.make_extractor(job["name"])
    part = np.ascontiguousarray(images[: job["n_images"]])
    _, fit_s = timed(lambda: extractor.fit(part, labels[: len(part)]))
    extractor.transform(part[:64])
    rounds = [timed(lambda: extractor.transform(part)) for _ in range(ROUNDS)]
    seconds = float(np.median([took for _, took in rounds]))
    return {
        "seconds": {"fit": fit_s, "transform": seconds},
        "images_per_s": len(part) / seconds,
        "n_features": int(rounds[0][0].shape[1]),
        "implementation": type(extractor).__name__,
    }


def measure_classifier(job: dict[str, Any], data: Path) -> dict[str, Any]:
    """Return fit and predict times of a ferbench classifier on ferbench features."""
    import numpy as np
    from sklearn.pipeline import Pipeline

    rows, labels = (
        np.load(data / "rows.npy", allow_pickle=False)[: job["n_images"]],
        np.load(data / "labels.npy", allow_pickle=False)[: job["n_images"]],
    )
    new = np.load(data / "new_rows.npy", allow_pickle=False)
    machine = Pipeline(models.classifier_steps()[job["name"]]())
    _, fit_s = timed(lambda: machine.fit(rows, labels))
    _, predict_s = timed(lambda: machine.predict_proba(new))
    return {"seconds": {"fit": fit_s, "predict": predict_s}, "n_predicted": len(new), **models.describe(machine)}


def measure_plain(job: dict[str, Any], data: Path) -> dict[str, Any]:
    """Measure the usual implementation: scikit-image's HOG for each image, and scikit-learn's plain classifiers."""
    import numpy as np

    require("skimage", "a plain cell", extra="dev")
    from skimage.feature import hog

    images, labels = (
        np.load(data / "images.npy", mmap_mode="r", allow_pickle=False)[: job["n_images"]],
        np.load(data / "labels.npy", allow_pickle=False),
    )
    new = np.load(data / "new_images.npy", mmap_mode="r", allow_pickle=False)

    def extract(batch: Any) -> Any:
        return np.array([hog(image, orientations=9, pixels_per_cell=(6, 6), cells_per_block=(2, 2)) for image in batch])

    # A thousand images are enough to measure the rate.
    known, extract_s = timed(lambda: extract(images[:1000]))
    rest = extract(images[1000:])
    rows = np.concatenate([known, rest]) if len(rest) else known
    new_rows = extract(new)
    machine = _plain_classifier(job["name"])
    with warnings.catch_warnings():
        # `SVC(probability=True)` is deprecated in scikit-learn but still common in tutorials.
        warnings.simplefilter("ignore")
        _, fit_s = timed(lambda: machine.fit(rows, labels[: len(rows)]))
        ask = machine.predict_proba if hasattr(machine, "predict_proba") else machine.predict
        _, predict_s = timed(lambda: ask(new_rows))
    return {
        "seconds": {"fit": fit_s, "predict": predict_s, "extract": extract_s},
        "n_predicted": len(new_rows),
        "images_per_s": len(known) / extract_s,
        "implementation": f"skimage.feature.hog, {machine[-1]!r}".replace("\n", " "),
    }


def _plain_classifier(name: str) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, LinearSVC
    from sklearn.tree import DecisionTreeClassifier

    machine = {
        "svm": lambda: SVC(C=3.0, probability=True, random_state=0),
        "linear-svm": lambda: LinearSVC(C=1e-4, random_state=0),
        "logreg": lambda: LogisticRegression(C=0.001, max_iter=300),
        "tree": lambda: DecisionTreeClassifier(max_depth=12, min_samples_leaf=5, random_state=0),
    }[name]()
    return make_pipeline(StandardScaler(), machine)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return the result of a call and its seconds."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
