"""Stale records are noticed: what a cell depends on is in its record, and compared with what it is now."""

import importlib.util
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cells_here import CellsHere
from sklearn.linear_model import LogisticRegression

from ferbench.benchmarks.identity import behavior_versions, changes, identify, library_versions
from ferbench.benchmarks.report import leaderboard_frame, leaderboard_text
from ferbench.benchmarks.run import Run, Step
from ferbench.benchmarks.store import Cell, Store, Suite
from ferbench.datasets import Dataset, make_faces
from ferbench.features import PixelExtractor
from ferbench.models import Recipe, get_recipe, recipes
from ferbench.models.base import parts_of
from ferbench.models.classifiers import registry

SUITE = Suite(
    "small",
    ("constant", "pixels+logreg", "pixels+tree", "pretrained@mean"),
    params={"pretrained@mean": {"bundles": ["pixels+logreg", "pixels+tree"]}},
    final=False,
)


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(105, random_state=0)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory, faces: Dataset) -> Path:
    folder = tmp_path_factory.mktemp("results")
    Run(SUITE, faces, folder).execute(CellsHere())
    return folder


def plan(faces: Dataset, output: Path, **options: bool) -> dict[str, Step]:
    return {step.cell.recipe: step for step in Run(SUITE, faces, output, **options).plan()}


def change_logreg(monkeypatch: pytest.MonkeyPatch, C: float) -> None:
    """Change the default of the classifier ``logreg``."""
    make = registry.BUILT_IN["logreg"]

    def changed() -> Any:
        (scale, (name, classifier)) = make()
        return [scale, (name, LogisticRegression(**{**classifier.get_params(), "C": C}))]

    monkeypatch.setitem(registry.BUILT_IN, "logreg", changed)


def test_a_record_holds_all_that_its_cell_depends_on(faces: Dataset, output: Path) -> None:
    store = Store(output / faces.name)
    identities = {record["recipe"]["name"]: record["identity"] for record in store.records()}
    own = identities["pixels+logreg"]
    assert own["data"] == {"fingerprint": faces.fingerprint, "protocol": "official"} and own["seed"] == 0
    # Defaults of the library are in it, and what only concerns speed is not.
    assert own["params"]["classifier__tol"] == "0.0001" and own["params"]["classifier"] == "sklearn.LogisticRegression"
    assert not any(name.endswith(("n_jobs", "verbose")) for name in own["params"])
    assert own["behavior"] == {"ferbench.PixelExtractor": "1", "scoring of expressions": "1"}
    assert set(own["libraries"]) == {"numpy", "scikit-learn"}
    assert all(len(digest) == 64 for digest in identities["pretrained@mean"]["members"].values())
    assert set(identities["pretrained@mean"]["members"]) == {"pixels+logreg", "pixels+tree"}
    assert {step.why for step in plan(faces, output).values()} == {"ok"}
    assert set(leaderboard_frame(store.root)["identity"]) == {"complete"}


def test_a_changed_default_makes_the_cell_stale_and_refresh_measures_it_and_what_is_made_of_it(
    faces: Dataset, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_logreg(monkeypatch, 0.5)
    why = "classifier__C is 0.5 now, was 0.001"
    steps = plan(faces, output)
    assert [name for name, step in steps.items() if step.why != "ok"] == ["pixels+logreg"]
    assert steps["pixels+logreg"].action == "keep" and steps["pixels+logreg"].why.endswith(why)
    frame = leaderboard_frame(output / faces.name).set_index("recipe")
    assert frame.loc["pixels+logreg", "identity"] == "stale" and frame.loc["pixels+logreg", "stale"] == why
    assert frame.loc["pixels+tree", "identity"] == "complete"
    assert f"stale: {why}" in leaderboard_text(frame.reset_index())

    refreshed = plan(faces, output, refresh=True)
    assert {name for name, step in refreshed.items() if step.action == "run"} == {"pixels+logreg", "pretrained@mean"}
    assert refreshed["pretrained@mean"].why == "stale: member pixels+logreg is measured again"


def test_a_changed_member_makes_the_cell_stale(
    faces: Dataset, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(output, tmp_path / "copy")
    change_logreg(monkeypatch, 0.5)
    Run(SUITE, faces, tmp_path / "copy", only=["pixels+logreg"], refresh=True).execute(CellsHere())
    steps = plan(faces, tmp_path / "copy")
    assert steps["pixels+logreg"].why == "ok"
    assert steps["pretrained@mean"].why.endswith("member pixels+logreg has other weights now")
    # The same holds where the bundles themselves are on another machine, as in a published folder.
    shutil.rmtree(tmp_path / "copy" / faces.name / "bundles")
    frame = leaderboard_frame(tmp_path / "copy" / faces.name).set_index("recipe")
    assert frame.loc["pretrained@mean", "identity"] == "stale"


def test_a_changed_declared_version_makes_the_cells_stale(
    faces: Dataset, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PixelExtractor, "behavior_version", 2)
    steps = plan(faces, output)
    assert steps["pixels+tree"].why.endswith("version of ferbench.PixelExtractor is 2.1 now, was 1")
    assert steps["constant"].why == "ok"


def test_a_changed_library_makes_the_cell_stale_but_not_a_repair_of_it() -> None:
    now = identify(Cell("x", "pixels+tree", {}, 0), {"fingerprint": "f" * 64}, "expressions")
    assert changes(now, now) == ()
    repaired = now | {
        "libraries": now["libraries"] | {"numpy": f"{'.'.join(now['libraries']['numpy'].split('.')[:2])}.99"}
    }
    assert changes(repaired, now) == ()
    older = now | {"libraries": now["libraries"] | {"numpy": "1.26.4"}}
    assert [text.partition(" is ")[0] for text in changes(older, now)] == ["numpy"]


def test_a_comment_makes_nothing_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "from ferbench.features import PixelExtractor\n\n\nclass Mine(PixelExtractor):\n    behavior_version = {n}\n"
    )

    def identity(text: str) -> dict[str, Any]:
        (tmp_path / "mine.py").write_text(text)
        spec = importlib.util.spec_from_file_location("mine", tmp_path / "mine.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        known = {**recipes(), "mine": Recipe("mine", "classical", module.Mine)}
        monkeypatch.setattr("ferbench.models.registry.recipes", lambda: known)
        return identify(Cell("x", "mine", {}, 0), {"fingerprint": "f"}, "expressions")

    first = identity(source.format(n=1))
    assert changes(first, identity("# A comment.\n" + source.format(n=1))) == ()
    assert changes(first, identity(source.format(n=2))) == ("version of mine.Mine is 2.1 now, was 1.1",)


def test_a_record_of_the_first_schema_is_kept_and_shown_as_incomplete(
    faces: Dataset, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(output, tmp_path / "copy")
    for path in (tmp_path / "copy" / faces.name / "records").glob("pixels+logreg*"):
        record = json.loads(path.read_text())
        del record["identity"]
        path.write_text(json.dumps(record))
    change_logreg(monkeypatch, 0.5)
    step = plan(faces, tmp_path / "copy", refresh=True)["pixels+logreg"]
    assert (step.action, step.why) == ("keep", "ok, identity incomplete")
    frame = leaderboard_frame(tmp_path / "copy" / faces.name).set_index("recipe")
    assert frame.loc["pixels+logreg", "identity"] == "incomplete" and frame.loc["pixels+logreg", "public_accuracy"] > 0


def test_other_parameters_in_the_suite_mark_the_old_record(faces: Dataset, output: Path, tmp_path: Path) -> None:
    shutil.copytree(output, tmp_path / "copy")
    path = tmp_path / "copy" / faces.name / "suite.json"
    suite = json.loads(path.read_text())
    suite["cells"] = [f"{cell}x" if cell.startswith("pixels+tree") else cell for cell in suite["cells"]]
    path.write_text(json.dumps(suite))
    frame = leaderboard_frame(path.parent).set_index("recipe")
    assert frame.loc["pixels+tree", "stale"] == "the suite has other parameters now"


@pytest.mark.parametrize(
    "name", ["hog+landmarks+svm", "sift+mirror-kernel-ridge", "ferbench-net", "vote:hog+svm,lbp+tree"]
)
def test_every_part_of_ours_declares_a_version(name: str) -> None:
    recognizer: Any = get_recipe(name).build()
    ours = {type(part).__name__ for part in parts_of(recognizer) if type(part).__module__.startswith("ferbench.")}
    declared: Sequence[str] = [text.partition(".")[2] for text in behavior_versions(recognizer)]
    assert ours <= set(declared) and "numpy" in library_versions(recognizer)
