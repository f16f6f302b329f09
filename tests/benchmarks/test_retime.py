"""Latencies taken again are records of their own, and rows are ranked by time within one run alone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cells_here import CellsHere
from fake_results import fake_results

from ferbench.benchmarks import read_results
from ferbench.benchmarks.displays import TradeoffDisplay
from ferbench.benchmarks.identity import shipped_as
from ferbench.benchmarks.pages import leaderboard_rows
from ferbench.benchmarks.report import leaderboard_frame
from ferbench.benchmarks.report.page_columns import columns
from ferbench.benchmarks.retime import Retiming
from ferbench.benchmarks.run import Run
from ferbench.benchmarks.scores import score
from ferbench.benchmarks.store import Suite, read_timings
from ferbench.datasets import make_faces
from ferbench.models import pretrained


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three real cells, the bundle of one of which is gone, and two of a network that ships."""
    members = {
        "pretrained@one": {"bundles": ["ferbench-net-xs"]},
        "pretrained@views": {"bundles": ["ferbench-net-xs"], "test_time": "flip"},
    }
    suite = Suite("small", ("constant", "pixels+logreg", "pixels+tree", *members), final=False, params=members)
    root = Run(suite, make_faces(105, random_state=0), tmp_path_factory.mktemp("out")).execute(CellsHere()).root
    (bundle,) = (root / "bundles").glob("pixels+tree*")
    for file in bundle.iterdir():
        file.unlink()
    return root


@pytest.fixture(scope="module")
def retimed(measured: Path) -> tuple[Path, dict[str, Any], dict[str, bytes]]:
    before = {path.name: path.read_bytes() for path in (measured / "records").iterdir()}
    path, content = Retiming(measured, rounds=8).run()
    assert path.parent == measured / "timings"
    return measured, content, before


def test_all_bundles_are_measured_in_one_run_with_its_conditions(
    retimed: tuple[Path, dict[str, Any], dict[str, bytes]],
) -> None:
    root, content, before = retimed
    assert {path.name: path.read_bytes() for path in (root / "records").iterdir()} == before
    assert read_timings(root) == [content]
    cells = {cell["recipe"]: cell for cell in content["cells"].values()}
    assert cells["pixels+logreg"]["status"] == "ok"
    figures = cells["pixels+logreg"]["latency_ms"]
    assert figures["n"] == 80 and figures["warmup"] == 10 and 0 < figures["median"] <= figures["p90"]
    assert cells["pixels+tree"] | {"weights": ""} == {
        **{"recipe": "pixels+tree", "seed": 0, "weights": "", "status": "missing"},
        **{"reason": "no bundle here", "latency_ms": None},
    }
    assert content["cores"] == 1 and content["images"] == {"source": "drawn faces", "n": 64}
    assert len(content["load"]["before"]) == 3 and content["environment"]["threads"]["OMP_NUM_THREADS"] == "1"
    assert content["environment"]["cpu"] and content["environment"]["cores"] >= 1


def test_tables_take_the_retimed_latency_and_rank_within_the_run(
    retimed: tuple[Path, dict[str, Any], dict[str, bytes]],
) -> None:
    root, content, _ = retimed
    frame = leaderboard_frame(root).set_index("recipe")
    cells = {cell["recipe"]: cell for cell in content["cells"].values()}
    row = frame.loc["pixels+logreg"]
    assert row["latency_ms_median"] == cells["pixels+logreg"]["latency_ms"]["median"]
    assert row["latency_run"] == content["run"] and bool(row["latency_ranked"])
    # The tree keeps the latency of its record, of another run, and is not ranked.
    tree = frame.loc["pixels+tree"]
    assert tree["latency_ms_median"] > 0 and tree["latency_run"] != content["run"] and not tree["latency_ranked"]
    results = read_results(root)
    display = results.display("accuracy_latency")
    assert isinstance(display, TradeoffDisplay) and "pixels+tree" in display.others
    assert not display.frame().set_index("recipe").loc["pixels+tree", "on_front"]
    text = results.latencies.text()
    assert f"ranked within the run {content['run']}" in text and "one of" in text and "load" in text
    assert "2 rows had no bundle there" in text and "2 of 5 rows were measured in other runs" in text
    own = results.find("pixels+logreg").record["timings"]["latency_ms"]["p90"]
    new = cells["pixels+logreg"]["latency_ms"]["p90"]
    assert results.latency_of(results.find("pixels+logreg")).limited == (new, "p90") and new != own


def test_a_row_that_is_one_shipped_bundle_is_measured_as_that_bundle(
    retimed: tuple[Path, dict[str, Any], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, content, _ = retimed
    cells = {cell["recipe"]: cell for cell in content["cells"].values()}
    assert cells["pretrained@one"]["status"] == "ok" and cells["pretrained@one"]["latency_ms"]["n"] == 80
    row = leaderboard_frame(root).set_index("recipe").loc["pretrained@one"]
    assert row["latency_ms_median"] == cells["pretrained@one"]["latency_ms"]["median"] and bool(row["latency_ranked"])
    assert cells["pretrained@views"]["reason"] == "has no bundle of its own"
    named = {cell.recipe: shipped_as(cell.record) for cell in read_results(root).measured}
    assert {recipe: name for recipe, name in named.items() if name} == {"pretrained@one": "ferbench-net-xs"}
    # Other weights under the same name are another recognizer.
    changed = {"ferbench-net-xs": pretrained()["ferbench-net-l-int8"]}
    monkeypatch.setattr("ferbench.benchmarks.identity.members.pretrained", lambda: changed)
    missing = Retiming(root, rounds=8).missing
    assert {cell_id.partition("-s0-")[0] for cell_id in missing} == {"pixels+tree", *members_of(content)}


def members_of(content: dict[str, Any]) -> set[str]:
    """The recipes of the run that are made of finished bundles."""
    return {cell["recipe"] for cell in content["cells"].values() if cell["recipe"].startswith("pretrained")}


def test_a_timing_of_other_weights_does_not_apply(retimed: tuple[Path, dict[str, Any], dict[str, bytes]]) -> None:
    root, content, _ = retimed
    later = json.loads(json.dumps(content)) | {"run": "9999"}
    for cell in later["cells"].values():
        cell["weights"] = "0" * 64
    path = root / "timings" / "9999.json"
    path.write_text(json.dumps(later))
    try:
        row = leaderboard_frame(root).set_index("recipe").loc["pixels+logreg"]
        assert row["latency_run"] == content["run"] and not row["latency_ranked"]
    finally:
        path.unlink()


def test_records_that_do_not_name_their_run_are_shown_but_not_ranked(tmp_path: Path) -> None:
    root = fake_results(tmp_path)
    for path in (root / "records").glob("*.json"):
        record = json.loads(path.read_text())
        del record["run"]
        path.write_text(json.dumps(record))
    frame = leaderboard_frame(root)
    ok = frame[frame["status"] == "ok"]
    assert ok["latency_ms_median"].notna().all() and not ok["latency_ranked"].any()
    assert "'ferbench retime' measures all bundles in one run" in read_results(root).latencies.text()
    shown = columns(frame)
    place = [column.key for column in shown].index("latency_ms_median")
    cells = [row["cells"][place] for row in leaderboard_rows(ok, shown)]
    assert all(cell["text"] and cell["unranked"] and cell["sort"] == "" and not cell["top"] for cell in cells)
    # Whole fit times are ranked, since all rows were fitted on one machine; the fit alone is a part of a cost.
    keys, rows = [column.key for column in shown], leaderboard_rows(ok, shown)
    tops = {key: sum(row["cells"][keys.index(key)]["top"] for row in rows) for key in ("total_fit_s", "fit_s")}
    assert tops == {"total_fit_s": 1, "fit_s": 0}


def test_a_folder_without_bundles_and_a_damaged_timing_are_refused_in_one_line(tmp_path: Path) -> None:
    root = fake_results(tmp_path)
    for path in (root / "bundles").glob("*/*"):
        path.unlink()
    with pytest.raises(ValueError, match="none of the 6 bundles is on this machine"):
        Retiming(root)
    with pytest.raises(ValueError, match="no ok record matches nothing"):
        Retiming(root, only=["nothing"])
    with pytest.raises(ValueError, match="--rounds must be at least 1"):
        Retiming(root, rounds=0)
    (root / "timings").mkdir()
    (root / "timings" / "x.json").write_text('{"schema": 1}')
    with pytest.raises(ValueError, match=r"x\.json: damaged record of timings.*'ferbench retime' again"):
        leaderboard_frame(root)


def test_only_comparable_recognizers_are_on_the_front() -> None:
    results = np.array([0.5, 0.6, 0.7])
    truth = np.array(["a", "b"] * 50)
    scores = {}
    for name, right in zip("xyz", results, strict=True):
        proba = np.tile([0.4, 0.6], (100, 1))
        hits = np.arange(100) < 100 * right
        proba[np.where(hits, truth == "a", truth == "b")] = [0.6, 0.4]
        scores[name] = score(truth, proba, ["a", "b"], n_bootstrap=10, seed=0)
    costs = {"x": 1.0, "y": 2.0, "z": 0.5}
    every = TradeoffDisplay.from_scores(scores, costs)
    assert list(every.frame().set_index("recipe")["on_front"][["x", "y", "z"]]) == [False, False, True]
    some = TradeoffDisplay.from_scores(scores, costs, comparable=("x", "y")).frame().set_index("recipe")
    assert list(some["on_front"][["x", "y", "z"]]) == [True, True, False] and not some.loc["z", "ranked"]
    nothing = TradeoffDisplay.from_scores(scores, costs, comparable=())
    assert not nothing.on_front.any() and nothing.png()
