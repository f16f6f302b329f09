"""Where people are known, calibrations draw their part by person; without people nothing changes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cells_here import CellsHere
from sklearn.naive_bayes import GaussianNB

from ferbench.benchmarks.fit import FitData, fit_recognizer
from ferbench.benchmarks.identity import changes, identify, standing_of
from ferbench.benchmarks.run import FoldedRun, Run
from ferbench.benchmarks.run.handoff import read_data, write_data
from ferbench.benchmarks.store import Cell, Store, Suite
from ferbench.benchmarks.tasks import get_task
from ferbench.datasets import Dataset, make_faces
from ferbench.models import SGD, SVM, Calibrated, Mirrored, Stack, Vote, get_recipe, make_recipe
from ferbench.models.base import group_options, hold_out


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(140, size=24, random_state=0, difficulty=0.1, n_people=10)


def split(faces: Dataset, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return hold_out(faces.labels, 0.2, seed, faces.groups)


@pytest.mark.parametrize("seed", range(4))
def test_nobody_is_in_both_parts_and_both_have_every_label(faces: Dataset, seed: int) -> None:
    assert faces.groups is not None
    rest, held_out = split(faces, seed)
    assert not set(faces.groups[rest]) & set(faces.groups[held_out])
    assert set(faces.labels[rest]) == set(faces.labels[held_out]) == set(faces.label_names)
    assert np.array_equal(np.sort(np.concatenate([rest, held_out])), np.arange(140))
    assert 0.1 <= len(held_out) / 140 <= 0.3
    again = split(faces, seed)
    assert np.array_equal(rest, again[0]) and np.array_equal(held_out, again[1])
    # At random, people are on both sides.
    rest, held_out = hold_out(faces.labels, 0.2, seed)
    assert set(faces.groups[rest]) & set(faces.groups[held_out])


def test_a_label_of_one_person_gives_one_row_and_a_single_row_is_in_both_parts() -> None:
    y = np.array(["sad", "happy"] * 12 + ["bored"] * 3 + ["alone"])
    people = np.array([f"p{place // 4}" for place in range(24)] + ["p0"] * 3 + ["p1"])
    rest, held_out = hold_out(y, 0.2, 0, people)
    assert set(y[rest]) == set(y[held_out]) == {"sad", "happy", "bored", "alone"}
    both = set(people[rest]) & set(people[held_out])
    assert both <= {"p0", "p1"}


def test_one_person_alone_is_split_as_before(faces: Dataset) -> None:
    plain = hold_out(faces.labels, 0.2, 0)
    alone = hold_out(faces.labels, 0.2, 0, np.full(140, "anna"))
    assert np.array_equal(plain[0], alone[0]) and np.array_equal(plain[1], alone[1])


ROWS: dict[str, Callable[[], Any]] = {
    "svm": SVM,
    "linear": lambda: SVM("linear"),
    "sgd": SGD,
    "calibrated": lambda: Calibrated(GaussianNB()),
}
IMAGES: dict[str, Callable[[], Any]] = {
    "pipeline": lambda: make_recipe("pixels+svm"),
    "mirrored": lambda: Mirrored(make_recipe("pixels+svm")),
    "vote": lambda: Vote([("a", make_recipe("pixels+svm")), ("b", make_recipe("pixels+tree"))]),
    "stack": lambda: Stack([("a", make_recipe("pixels+svm")), ("b", make_recipe("pixels+tree"))]),
}


def answers(make: Callable[[], Any], faces: Dataset, groups: Any, *, rows: bool) -> np.ndarray:
    X = faces.images.reshape(len(faces), -1)[:, ::7].astype("float32") / 255 if rows else faces.images
    recognizer = make()
    recognizer.fit(X, faces.labels, **group_options(recognizer, groups))
    return np.asarray(recognizer.predict_proba(X))


@pytest.mark.parametrize("name", [*ROWS, *IMAGES])
def test_people_change_the_calibration_and_their_absence_does_not(name: str, faces: Dataset) -> None:
    assert faces.groups is not None
    make, rows = {**ROWS, **IMAGES}[name], name in ROWS
    with_people = answers(make, faces, faces.groups, rows=rows)
    without = answers(make, faces, None, rows=rows)
    assert not np.allclose(with_people, without)
    np.testing.assert_array_equal(with_people, answers(make, faces, faces.groups, rows=rows))
    np.testing.assert_array_equal(without, answers(make, faces, None, rows=rows))


def test_people_of_another_number_than_rows_are_refused(faces: Dataset) -> None:
    assert faces.groups is not None
    with pytest.raises(ValueError, match=r"groups must name the person of each of 140 rows; got shape \(139,\)"):
        answers(SVM, faces, faces.groups[1:], rows=True)


def test_the_harness_passes_people_of_training_alone(faces: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert faces.groups is not None
    data = FitData.of(faces)
    assert data.groups is not None and list(data.groups) == list(faces.groups[faces.rows("Training")])
    seen: list[Any] = []
    fit = SVM.fit

    def noted(self: Any, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Any:
        seen.append(groups)
        return fit(self, X, y, sample_weight, groups)

    monkeypatch.setattr(SVM, "fit", noted)
    fit_recognizer(make_recipe("pixels+svm"), "classical", data)
    fit_recognizer(make_recipe("pixels+svm"), "classical", FitData.of(make_faces(105, size=24, random_state=0)))
    assert np.array_equal(seen[0], data.groups) and seen[1] is None


def test_the_process_that_fits_gets_the_people_also_where_older_files_lie(faces: Dataset, tmp_path: Path) -> None:
    task = get_task("expressions")
    folder = write_data(faces, task, tmp_path)
    # As a version wrote it that passed no people.
    (folder / "groups.npy").unlink()
    about = json.loads((folder / "data.json").read_text())
    del about["files"]["groups.npy"]
    (folder / "data.json").write_text(json.dumps(about))
    assert faces.groups is not None
    found = read_data(write_data(faces, task, tmp_path))
    assert found.groups is not None and set(found.groups) < set(faces.groups)
    assert read_data(write_data(make_faces(70, random_state=0), task, tmp_path / "plain")).groups is None


def test_the_identity_names_the_calibration_by_person_only_where_people_are_known(
    faces: Dataset, tmp_path: Path
) -> None:
    suite = Suite("small", ("pixels+svm", "pixels+tree"), protocol="kfold:2")
    FoldedRun(suite, faces, tmp_path).execute(CellsHere())
    store = Store(tmp_path / "faces-kfold2")
    records = store.records()
    name = "calibration by person of ferbench.SVM"
    for record in records:
        assert standing_of(record, store, records).kind == "complete"
        assert record["dataset"]["training_people"] == 4
        known = record["identity"]["behavior"].pop(name, None)
        assert known == ("1" if record["recipe"]["name"] == "pixels+svm" else None)
        # Measured by an earlier version, which said in its notes alone that people are known.
        del record["dataset"]["training_people"]
        record["dataset"]["notes"] = ["The missing parts were drawn by person, so that nobody is in two of them."]
        standing = standing_of(record, store, records)
        assert standing.kind == ("stale" if record["recipe"]["name"] == "pixels+svm" else "complete")
        assert not known or f"version of {name} is 1 now, was not there" in standing.text


def test_records_of_data_without_people_keep_their_identity(tmp_path: Path) -> None:
    plain = make_faces(105, size=24, random_state=0)
    (record,) = Run(Suite("small", ("pixels+svm",)), plain, tmp_path).execute(CellsHere()).measured
    assert "training_people" not in record["dataset"]
    assert set(record["identity"]["behavior"]) == {
        *("ferbench.PixelExtractor", "ferbench.SVM", "scoring of expressions")
    }
    cell = Cell("x", "pixels+svm", {}, 0)
    for block in ({"notes": ["Protocol cross: trained on fer2013"]}, {"training_people": 1}, {}):
        assert changes(record["identity"], identify(cell, {**record["dataset"], **block}, "expressions")) == ()
    assert get_recipe("pixels+svm").family == "classical"
