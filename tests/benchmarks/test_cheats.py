"""Routes by which a recipe could get labels of the test split, each with what it does find as a control.

Memory, environment, arguments, standard input, outbox, cache and member bundles of a cell's process are searched in
`test_gate.py`. Here are the routes that need no process: what is handed to ``fit``, to a pupil, to another machine, to
measurements and to the evidence of this package.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cells_here import CellsHere

from ferbench.benchmarks.fit import FitData, fit_recognizer
from ferbench.benchmarks.label_noise import flip_labels, open_rows, out_of_fold
from ferbench.benchmarks.run import Run
from ferbench.benchmarks.run.handoff import read_blocks, write_data
from ferbench.benchmarks.speed import SpeedBench
from ferbench.benchmarks.store import Suite
from ferbench.benchmarks.stress import StressData
from ferbench.benchmarks.tasks import get_task
from ferbench.datasets import POINT_SPLITS, SPLITS, Dataset, load_points, make_faces
from ferbench.models import get_recipe, load_bundle, make_recipe, save_bundle

# Bytes that stand nowhere but in the test split.
SECRET = 173.25


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(140, random_state=5)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def holds(loot: bytes, images: np.ndarray) -> int:
    """How many of the images are in the loot; their middle rows lie in one piece in any copy."""
    return sum(image[12:36].tobytes() in loot for image in images)


def holds_labels(loot: bytes, labels: np.ndarray) -> bool:
    """Whether the labels stand in the loot in order, as text arrays of some width or as JSON."""
    texts = [str(label) for label in labels]
    forms = [np.array(texts, f"U{width}").tobytes() for width in range(8, 13)]
    return any(form in loot for form in [*forms, json.dumps(texts)[1:-1].encode()])


def content(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def bases(array: np.ndarray) -> Iterator[Any]:
    """The arrays that an array is a view of, which a recipe can follow."""
    base: Any = array
    while base is not None:
        yield base
        base = getattr(base, "base", None)


def test_the_arrays_handed_to_fit_lead_to_no_other_rows(faces: Dataset) -> None:
    data = FitData.of(faces)
    handed = len(faces.rows("Training"))
    assert max(len(each) for each in bases(faces.images[:3]) if isinstance(each, np.ndarray)) == len(faces)
    for array in (data.X, data.y, data.X_val, data.y_val):
        assert all(len(each) <= handed for each in bases(array) if isinstance(each, np.ndarray))
        assert not np.shares_memory(array, faces.images) and not np.shares_memory(array, faces.labels)
    assert not any(name for name in vars(data) if "test" in name.lower())


@pytest.mark.parametrize("name", ["expressions", "keypoints"])
def test_what_is_sent_to_other_processes_and_machines_holds_no_test_row(name: str, own_cache: Path) -> None:
    dataset: Any = make_faces(140, random_state=5)
    if name == "keypoints":
        dataset = load_points("faces", size=48, seed=1, n_samples=140)
    known, test = (SPLITS if name == "expressions" else POINT_SPLITS)[0], get_task(name).test
    if name == "keypoints":
        points = dataset.points.copy()
        points[dataset.rows(test)] = SECRET
        dataset = replace(dataset, points=points)
    loot = b"".join(block for _, block in read_blocks(write_data(dataset, get_task(name))))
    assert loot == content(own_cache / "handed")
    assert holds(loot, dataset.part(known)[0]) == len(dataset.rows(known))
    assert holds(loot, dataset.part(test)[0]) == 0
    assert np.float32(SECRET).tobytes() * 2 not in loot
    if name == "expressions":
        assert not holds_labels(loot, dataset.part(test)[1])


def test_a_teacher_or_member_that_was_scored_holds_figures_and_no_answers(
    faces: Dataset, own_cache: Path, tmp_path: Path
) -> None:
    summary = Run(Suite("final", ("hog+logreg",), final=True), faces, tmp_path).execute(CellsHere())
    (record,) = summary.measured
    assert record["status"] == "ok", record["reason"]
    folder = summary.root / record["bundle"]
    scores = load_bundle(folder).info["scores"]
    assert isinstance(scores["PrivateTest"]["accuracy"], float)
    assert all(not isinstance(value, list | dict) for value in scores["PrivateTest"].values())
    assert not holds_labels(content(folder), faces.part("PrivateTest")[1])
    # Features of the test images may be kept; labels are in no file of the cache.
    assert not holds_labels(content(own_cache), faces.part("PrivateTest")[1])


def test_a_teacher_answers_out_of_sample_for_training_images_alone(faces: Dataset, tmp_path: Path) -> None:
    X, y = faces.part("Training")
    recipe = make_recipe("pixels+kernel-ridge", classifier__loo_rows=len(X)).fit(X, y)
    teacher = load_bundle(save_bundle(tmp_path / "teacher", recipe, image_shape=(48, 48), images=X))
    answers = teacher.out_of_sample(X)
    assert answers is not None and answers.shape == (len(X), 7)
    assert teacher.out_of_sample(faces.part("PrivateTest")[0]) is None
    assert teacher.out_of_sample(faces.part("PublicTest")[0]) is None


def test_a_fit_is_the_same_whatever_the_labels_of_the_test_split_are(faces: Dataset, own_cache: Path) -> None:
    other = with_other_test_labels(faces)
    answers = [
        fit_recognizer(get_recipe("hog+logreg").build(), "classical", FitData.of(each)).predict_proba(
            "PublicTest", each.part("PublicTest")[0]
        )[0]
        for each in (faces, other)
    ]
    np.testing.assert_array_equal(*answers)


def test_out_of_fold_answers_and_flips_do_not_depend_on_the_test_split(faces: Dataset) -> None:
    other = with_other_test_labels(faces)
    rows = open_rows(faces)
    assert "PrivateTest" not in set(faces.split[rows])
    first, second = (out_of_fold(each, rows, "pixels+logreg", n_folds=2) for each in (faces, other))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(flip_labels(faces, 0.1)[1], flip_labels(other, 0.1)[1])


def test_speed_measurements_are_given_no_test_image(faces: Dataset, tmp_path: Path) -> None:
    bench = SpeedBench(faces, tmp_path, extractors=["pixels"], classifiers=["tree"], sizes=[100])
    (tmp_path / "data").mkdir()
    bench._prepare(tmp_path / "data")
    loot = content(tmp_path / "data")
    assert holds(loot, faces.part("PublicTest")[0]) == len(faces.rows("PublicTest"))
    assert holds(loot, faces.part("PrivateTest")[0]) == 0


def test_stress_and_explanations_of_photographs_hold_no_row_of_private_test(faces: Dataset) -> None:
    photographs = replace(faces, drawn=False)
    data = StressData.of(photographs)
    assert holds(data.images.tobytes(), photographs.part("PublicTest")[0]) == len(data.images)
    assert holds(data.images.tobytes(), photographs.part("PrivateTest")[0]) == 0


def with_other_test_labels(faces: Dataset) -> Dataset:
    """The same data set with every label of PrivateTest moved to the next row."""
    labels, rows = faces.labels.copy(), faces.rows("PrivateTest")
    labels[rows] = np.roll(labels[rows], 1)
    assert (labels != faces.labels).any()
    return replace(faces, labels=labels)
