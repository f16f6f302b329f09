"""Recognizers made of other recognizers: a suite names them, and finds what was measured of them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cells_here import CellsHere

from ferbench.benchmarks.fit.named_bundles import bundle_names, find_named, in_order, with_folders
from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store.store import Store
from ferbench.benchmarks.store.suite import Cell, Suite
from ferbench.datasets import Dataset, make_faces
from ferbench.models import load_bundle
from ferbench.models.bundles import digest, recognizer_sha256

BASE = Suite(
    "small",
    ("pretrained@both", "cnn@pupil", "pixels+logreg@alone", "pixels+tree"),
    params={
        "cnn@pupil": {"architecture": "tiny", "epochs": 1, "teachers": ["pixels+logreg@alone", "pixels+tree"]},
        "pixels+logreg@alone": {"classifier__C": 0.01},
        "pretrained@both": {"bundles": ["cnn@pupil", "pixels+tree"]},
    },
)


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(105, size=24, random_state=0)


@pytest.fixture(scope="module")
def measured(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    summary = Run(BASE, faces, tmp_path_factory.mktemp("results")).execute(CellsHere())
    for record in summary.measured:
        assert record["status"] == "ok", record["traceback"]
    return summary.root, {record["recipe"]["name"]: record for record in summary.measured}


def test_teachers_come_before_pupils_and_pupils_before_what_is_put_together(
    measured: tuple[Path, dict[str, Any]],
) -> None:
    order = list(measured[1])
    assert set(order[:2]) == {"pixels+logreg@alone", "pixels+tree"}
    assert order[2:] == ["cnn@pupil", "pretrained@both"]


def test_a_record_keeps_the_names_and_the_checksums_of_what_taught(measured: tuple[Path, dict[str, Any]]) -> None:
    root, records = measured
    recipe = records["cnn@pupil"]["recipe"]
    assert recipe["params"]["teachers"] == ["pixels+logreg@alone", "pixels+tree"]
    assert recipe["all_params"]["teachers"] == "['pixels+logreg@alone', 'pixels+tree']"
    assert list(recipe["made_of"]) == ["pixels+logreg@alone", "pixels+tree"]
    for name, checksum in recipe["made_of"].items():
        assert recognizer_sha256(load_bundle(root / records[name]["bundle"]).info) == checksum
    texts = (path.read_text() for path in [*root.glob("records/*.json"), *root.glob("bundles/*/bundle.json")])
    assert not [text for text in texts if str(root) in text], "no path of this machine"


def test_a_mean_of_measured_recognizers_is_a_row(measured: tuple[Path, dict[str, Any]]) -> None:
    root, records = measured
    both = records["pretrained@both"]
    stored = {
        name: np.load(root / "probabilities" / f"{records[name]['cell_id']}.npz")["PrivateTest"]
        for name in ("pretrained@both", "cnn@pupil", "pixels+tree")
    }
    mean = (stored["cnn@pupil"] + stored["pixels+tree"]) / 2
    np.testing.assert_allclose(stored["pretrained@both"], mean, atol=1e-4)
    assert both["bundle"] is None and "combines existing bundles" in both["reason"]
    assert both["size_bytes"] == sum(
        path.stat().st_size
        for name in ("cnn@pupil", "pixels+tree")
        for path in (root / records[name]["bundle"]).iterdir()
    )


def test_a_missing_teacher_is_named_with_the_command_that_measures_it(faces: Dataset, tmp_path: Path) -> None:
    (record,) = Run(BASE, faces, tmp_path, only=["cnn@pupil"]).execute(CellsHere()).measured
    assert record["status"] == "skipped"
    assert "cnn@pupil needs the bundle of 'pixels+logreg@alone', which is not measured with seed 0" in record["reason"]
    assert record["reason"].endswith("measure it first: ferbench run small --only 'pixels+logreg@alone'")
    params = {"pretrained": {"bundles": ["nobody"]}}
    run = Run(Suite("small", ("pretrained",), params=params), faces, tmp_path)
    assert "not a recipe of suite small, not measured" in run.execute(CellsHere()).measured[0]["reason"]
    assert [step.action for step in run.plan()] == ["run"], "tried again unasked once it is there"


def test_published_figures_without_their_bundles_are_not_lost(
    measured: tuple[Path, dict[str, Any]], faces: Dataset, tmp_path: Path
) -> None:
    import shutil

    root, records = measured
    shutil.copytree(root, tmp_path / root.name)
    shutil.rmtree(tmp_path / root.name / "bundles")
    run = Run(BASE, faces, tmp_path, only=["cnn@pupil"])
    assert run.execute(CellsHere()).measured[0]["status"] == "skipped"
    assert run.store.record(records["cnn@pupil"]["cell_id"]) == records["cnn@pupil"]


def test_a_shipped_bundle_is_taken_where_none_was_measured_and_foreign_data_is_warned_of(tmp_path: Path) -> None:
    faces = make_faces(105, random_state=0)
    params = {"pretrained@flip": {"bundles": "ferbench-net-xs", "test_time": "flip"}}
    (record,) = Run(Suite("small", ("pretrained@flip",), params=params), faces, tmp_path).execute(CellsHere()).measured
    assert record["status"] == "ok", record["traceback"]
    assert list(record["recipe"]["made_of"]) == ["ferbench-net-xs"]
    assert "trained on other rows, ferbench-net-xs (" in record["reason"]


def test_what_was_measured_with_another_seed_or_other_parameters_is_no_teacher(
    measured: tuple[Path, dict[str, Any]], faces: Dataset, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(measured[0], tmp_path / measured[0].name)
    other = replace(BASE, seeds=(1,))
    assert Run(other, faces, tmp_path, only=["cnn@pupil"]).execute(CellsHere()).measured[0]["status"] == "skipped"
    changed = replace(BASE, params={**BASE.params, "pixels+logreg@alone": {"classifier__C": 0.02}})
    summary = Run(changed, faces, tmp_path, only=["cnn@pupil"], force=True).execute(CellsHere())
    assert summary.measured[0]["status"] == "skipped"


def test_circles_are_refused_and_a_recipe_may_be_taught_by_what_ships_under_its_name(
    faces: Dataset, tmp_path: Path
) -> None:
    params = {"cnn@a": {"teachers": ["cnn@b"]}, "cnn@b": {"teachers": ["cnn@a"]}}
    with pytest.raises(ValueError, match="circular dependencies: cnn@a, cnn@b"):
        Run(Suite("small", ("cnn@a", "cnn@b"), params=params), faces, tmp_path)
    own = Cell("id", "ferbench-net", {"teachers": ["ferbench-net"]}, 0)
    assert in_order([own]) == [[own]]


def test_a_teacher_that_is_the_recipes_own_pupil_is_refused(
    measured: tuple[Path, dict[str, Any]], faces: Dataset, tmp_path: Path
) -> None:
    root, records = measured
    # In another folder, as a path: no circle of the suite, and the pupil's description alone says who taught it.
    pupil = str(root / records["cnn@pupil"]["bundle"])
    params = {"architecture": "tiny", "epochs": 1, "teachers": [pupil]}
    suite = Suite("again", ("cnn@next",), params={"cnn@next": params})
    run = Run(suite, faces, tmp_path)
    assert find_named(run.cells[0], suite, run.cells, run.store) == {pupil: str(Path(pupil).resolve())}
    own = replace(run.cells[0], recipe="pixels+tree")
    with pytest.raises(ValueError, match=r"pixels\+tree cannot learn from .*itself taught by pixels\+tree"):
        find_named(own, suite, run.cells, run.store)
    # A pupil of a pupil: the records say who taught its teacher.
    record = json.loads((root / "records" / f"{records['cnn@pupil']['cell_id']}.json").read_text())
    grandchild = tmp_path / "grandchild"
    shutil.copytree(pupil, grandchild)
    description = json.loads((grandchild / "bundle.json").read_text())
    description["recipe"] = {"name": "cnn@grandchild", "params": {"teachers": [record["recipe"]["name"]]}}
    description["sha256"] = digest(description)
    (grandchild / "bundle.json").write_text(json.dumps(description))
    first = replace(own, params={"teachers": [str(grandchild)]})
    with pytest.raises(ValueError, match="name a bundle that was fitted without it"):
        find_named(first, suite, run.cells, Store(root))


def test_names_are_found_in_each_parameter_that_holds_bundles() -> None:
    params = {"features__bundle": "deep", "teachers": ["a", "b"], "bundles": "a", "epochs": 3, "classes": ["x"]}
    assert bundle_names(params) == ["deep", "a", "b"]
    assert with_folders(params, {"a": "/a", "deep": "/d"}) == {
        "features__bundle": "/d",
        "teachers": ["/a", "b"],
        "bundles": "/a",
        "epochs": 3,
        "classes": ["x"],
    }


def test_the_bundle_that_a_training_starts_from_is_named_but_no_other_weights() -> None:
    for weights in ("imagenet", "weights.h5", None, ()):
        assert bundle_names({"initial_weights": weights}) == []
        assert with_folders({"initial_weights": weights}, {}) == {"initial_weights": weights}
    assert bundle_names({"initial_weights": "small", "teachers": ["large"]}) == ["small", "large"]
    assert with_folders({"initial_weights": "small"}, {"small": "/bundles/7"}) == {"initial_weights": "/bundles/7"}


def test_measured_bundles_state_the_shares_of_their_classes(
    measured: tuple[Path, dict[str, Any]], faces: Dataset
) -> None:
    root, records = measured
    labels = faces.part("Training")[1]
    shares = {label: np.mean(labels == label) for label in np.unique(labels).tolist()}
    for name in ("pixels+tree", "pixels+logreg@alone"):
        assert load_bundle(root / records[name]["bundle"]).info["class_shares"] == pytest.approx(shares, rel=1e-12)
