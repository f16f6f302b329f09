"""What a user writes with the public API; `test_typing.py` type-checks it strictly, and nobody runs it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks import Choice, Comparison, PointSuiteResults, best, load_suite, read_results, run_suite
from ferbench.datasets import LABELS, Dataset, cache_dir, load, make_faces
from ferbench.features import check_images, make_extractor
from ferbench.models import (
    CNN,
    Distillation,
    LoadedBundle,
    Optimizer,
    load_bundle,
    make_recipe,
    pretrained,
    recipes,
    save_bundle,
)
from ferbench.realtime import FaceEvent, Recognizer, make_detector, stream


def rows_of(name: str, faces: Dataset) -> NDArray[np.float32]:
    """Rows of an extractor."""
    extractor = make_extractor(name, n_jobs=2)
    rows = extractor.fit_transform(check_images(faces.images))
    assert rows.shape[1] == len(extractor.get_feature_names_out())
    return rows


def trained(faces: Dataset, folder: Path) -> LoadedBundle:
    """A recognizer that was fitted, saved and opened again."""
    X, y = faces.part("Training")
    recognizer = make_recipe("hog+svm", classifier__C=3.0).fit(X, y)
    shares: NDArray[np.float64] = recognizer.predict_proba(X[:2])
    assert shares.shape == (2, len(LABELS)) and "hog+svm" in recipes()
    path: Path = save_bundle(folder, recognizer, image_shape=(48, 48))
    return load_bundle(path).with_priors("uniform")


def network() -> CNN:
    """A network whose parameters are given in groups."""
    taught = Distillation(("ferbench-net-l",), weight=0.5)
    return CNN.from_groups("ferbench-net-xs", optimizer=Optimizer("sgd", learning_rate=0.1), distillation=taught)


def measured(output: Path) -> tuple[Comparison, Choice, str]:
    """Two recipes, compared, and the better one within limits."""
    suite = load_suite("faces")
    results = run_suite(suite, make_faces(210, random_state=0), output, only=["pixels+*"], n_jobs=2)
    again = read_results(output / "faces")
    assert list(again.frame()["recipe"]) == list(results.frame()["recipe"])
    stored = results.probabilities("pixels+svm")["PublicTest"]
    assert stored.shape == (len(results.labels["PublicTest"]), len(results.classes))
    axes = results.plot("leaderboard")
    return results.compare("pixels+svm", "pixels+tree"), best(results, max_latency_ms=5), axes.get_title()


def errors_of(folder: Path) -> float:
    """Mean error of key points, in pixels."""
    results = read_results(folder)
    assert isinstance(results, PointSuiteResults)
    return float(np.nanmean(results.errors("mean-shape")["Validation"]))


def happy(video: str) -> Iterator[tuple[float, str | None]]:
    """Times and labels of the happy faces of a video."""
    recognizer = Recognizer.load(pretrained()["ferbench-net-xs"], detector=make_detector("haar"))
    seen: list[FaceEvent] = recognizer.predict("party.jpg")
    for event in [*seen, *stream(video)]:
        if event.label == "happy":
            yield event.timestamp_s, event.label


def cached() -> list[Path]:
    """Files of decoded images, and a data set that is read from one."""
    load("faces", n_samples=21)
    return sorted(cache_dir().iterdir())
