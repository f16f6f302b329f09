"""What a model's name means: a folder, a recipe's newest bundle, or the winner of what is here."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cells_here import CellsHere

from ferbench.benchmarks.choose.bundles import REAL_TIME_MS, find_bundle
from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store.suite import Suite
from ferbench.datasets import make_faces
from ferbench.models import pretrained


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    faces = make_faces(210, size=24, random_state=0, difficulty=0.2)
    for name in ("one", "two"):
        suite = Suite("small", ("constant", "pixels+logreg", "pixels+tree"))
        Run(suite, replace(faces, name=name, drawn=False), folder).execute(CellsHere())
    return folder


def test_a_folder_a_recipe_and_the_winner(results: Path) -> None:
    bundle = find_bundle("pixels+tree", results / "one")
    assert bundle.parent == results / "one" / "bundles" and bundle.name.startswith("pixels+tree-s0-")
    assert find_bundle(str(bundle), results) == bundle
    assert find_bundle("winner", results / "one").name.startswith("pixels+")
    assert find_bundle("pixels+tree", results).parent == results / "two" / "bundles", "the newest"


def test_the_winner_of_several_data_sets_has_to_be_chosen(results: Path) -> None:
    with pytest.raises(ValueError, match=r"several data sets; choose one with --results: .*one, .*two"):
        find_bundle("winner", results)


def test_published_results_without_bundles_do_not_stand_in_the_way(results: Path, tmp_path: Path) -> None:
    shutil.copytree(results, tmp_path / "results")
    shutil.rmtree(tmp_path / "results" / "two" / "bundles")
    assert find_bundle("winner", tmp_path / "results").parents[1].name == "one"
    shutil.rmtree(tmp_path / "results" / "one" / "bundles")
    assert find_bundle("winner", tmp_path / "results") == pretrained()["ferbench-net-l-int8"], (
        "nothing measured here: what ships"
    )
    assert find_bundle("ferbench-net-xs", tmp_path / "results") == pretrained()["ferbench-net-xs"]


def test_an_unknown_name_lists_those_there_are(results: Path, tmp_path: Path) -> None:
    shipped = "ferbench-net-l, ferbench-net-l-int8, ferbench-net-xs, ferbench-quality"
    known = rf"known: constant, {shipped}, pixels\+logreg, pixels\+tree"
    with pytest.raises(FileNotFoundError, match=rf"none of that name \({known}\)"):
        find_bundle("hog+svm", results)


def test_what_drawn_faces_taught_wins_only_in_their_own_folder(tmp_path: Path) -> None:
    Run(Suite("small", ("pixels+tree",)), make_faces(210, size=24, random_state=0), tmp_path).execute(CellsHere())
    assert find_bundle("winner", tmp_path) == pretrained()["ferbench-net-l-int8"]
    assert find_bundle("winner", tmp_path / "faces").name.startswith("pixels+tree")
    assert find_bundle("pixels+tree", tmp_path).name.startswith("pixels+tree"), "by name it is found everywhere"


def test_a_winner_for_live_use_keeps_the_pace(results: Path, tmp_path: Path) -> None:
    shutil.copytree(results / "one", tmp_path / "one")
    best = find_bundle("winner", tmp_path / "one")
    record = next(file for file in (tmp_path / "one" / "records").glob("*.json") if file.stem == best.name)
    content = json.loads(record.read_text())
    content["timings"]["latency_ms"] |= {"median": 2 * REAL_TIME_MS, "p90": 2 * REAL_TIME_MS}
    record.write_text(json.dumps(content))
    assert find_bundle("winner", tmp_path / "one") == best
    fast = find_bundle("winner", tmp_path / "one", max_latency_ms=REAL_TIME_MS)
    assert fast != best and fast.is_dir()


@pytest.mark.parametrize("content", ["[]", "{", '{"status": "ok"}', '{"bundle": 3}', "[" * 100_000])
def test_a_damaged_record_hides_no_other_bundle(content: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bundle = tmp_path / "one" / "bundles" / "damaged"
    bundle.mkdir(parents=True)
    (bundle / "bundle.json").write_text(content)
    record = tmp_path / "one" / "records" / "damaged.json"
    record.parent.mkdir()
    record.write_text(content)
    assert find_bundle("ferbench-net-xs", tmp_path) == pretrained()["ferbench-net-xs"]
    assert len(caplog.messages) == 1 and str(record) in caplog.messages[0]
