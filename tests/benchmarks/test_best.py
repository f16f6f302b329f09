"""The winner: chosen on PublicTest within the limits, never on PrivateTest."""

import json
from pathlib import Path

import numpy as np
import pytest
from fake_results import fake_results

from ferbench.benchmarks.choose.best import choose_best
from ferbench.benchmarks.report.results import read_results
from ferbench.benchmarks.report.scores import score_results
from ferbench.benchmarks.store.store import Store
from ferbench.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fake_results(tmp_path / "results")


def edit_record(folder: Path, recipe: str, **timings: object) -> None:
    path = next((folder / "records").glob(f"{recipe}-s0*"))
    content = json.loads(path.read_text())
    content["timings"].update(timings)
    path.write_text(json.dumps(content))


def latency(median: float, p90: float | None) -> dict[str, object]:
    return {"n": 80, "warmup": 10, "median": median, "p90": p90, "p99": None}


def set_all_latencies(folder: Path, milliseconds: dict[str, float]) -> None:
    for recipe, value in milliseconds.items():
        edit_record(folder, recipe, latency_ms=latency(value, value))


LATENCIES = {"pixels+logreg": 20.0, "pixels+nb": 5.0, "pixels+bernoulli": 40.0, "mlp": 2.0, "pixels+tree": 1.0}


def test_the_best_on_public_test_wins_whatever_private_test_says(folder: Path) -> None:
    before = choose_best(folder)
    store = Store(folder)
    # The winner is made hopeless on PrivateTest and another one perfect: the choice must not move.
    truth = store.rows()["PrivateTest_labels"]
    for path in (folder / "probabilities").iterdir():
        stored = store.probabilities(path.stem)
        perfect = (truth[:, None] == stored["classes"]).astype(np.float32)
        worst = np.roll(perfect, 1, axis=1)
        changed = worst if path.stem == before.cell_id else perfect
        np.savez_compressed(path, **{**stored, "PrivateTest": changed})
    after = choose_best(folder)
    assert after.cell_id == before.cell_id
    assert after.public == before.public
    assert after.private.value == 0.0


def test_public_and_private_figures_come_with_interval_and_number(folder: Path) -> None:
    choice = choose_best(folder)
    store = Store(folder)
    stored, rows = store.probabilities(choice.cell_id), store.rows()
    for split, accuracy in (("PublicTest", choice.public), ("PrivateTest", choice.private)):
        right = stored["classes"][stored[split].argmax(axis=1)] == rows[f"{split}_labels"]
        assert accuracy.value == pytest.approx(right.mean())
        assert accuracy.low < accuracy.value < accuracy.high
        assert accuracy.n_images == len(right)


def test_the_latency_limit_holds_for_p90_and_falls_back_on_the_median(folder: Path) -> None:
    set_all_latencies(folder, LATENCIES)
    assert choose_best(folder, max_latency_ms=30).recipe == "pixels+logreg"
    edit_record(folder, "pixels[+]logreg", latency_ms=latency(20.0, 31.0))
    choice = choose_best(folder, max_latency_ms=30)
    assert choice.recipe == "pixels+nb" and choice.latency_kind == "p90"
    edit_record(folder, "pixels[+]logreg", latency_ms=latency(20.0, None))
    choice = choose_best(folder, max_latency_ms=30)
    assert (choice.recipe, choice.latency_kind, choice.latency_ms) == ("pixels+logreg", "median", 20.0)
    assert "median, too few samples for a p90" in choice.text()


def test_limits_hold_together_and_the_decision_is_said_with_differences(folder: Path) -> None:
    set_all_latencies(folder, LATENCIES)
    free = choose_best(folder)
    assert free.decision[0] == f"{free.label} has the best accuracy on PublicTest of 5 recognizers."
    choice = choose_best(folder, max_latency_ms=10.0, max_size_mb=1.0, max_fit_s=1e5, max_memory_mb=1e5)
    first, following, cost = choice.decision
    assert first.endswith(
        "of the 3 (of 5) with at most 10 ms of latency, at most 1 MB of size, at most 100000 s of fit time "
        "and at most 100000 MB of memory."
    )
    results = read_results(folder)
    truth, classes = results.labels["PublicTest"], np.array(results.classes)
    accuracy = {
        cell.label: (classes[cell.proba["PublicTest"].argmax(axis=1)] == truth).mean() for cell in results.measured
    }
    gap = 100 * (accuracy[free.label] - accuracy[choice.label])
    assert cost.startswith(f"The best without limits, {free.label}, is {gap:+.1f} points [") and gap > 0
    assert (
        "The next, " in following and " is -" in following and "Holm-corrected over 3 comparisons with it" in following
    )
    assert choice.total_fit_s is not None and "whole fit" in choice.text() and first in choice.text()
    with pytest.raises(ValueError, match=r"no recognizer keeps 0.001 MB of memory .*the closest is .* MB"):
        choose_best(folder, max_memory_mb=0.001)
    with pytest.raises(ValueError, match="max_fit_s must be a number above 0; got -1"):
        choose_best(folder, max_fit_s=-1)


def test_a_latency_that_was_not_measured_keeps_no_limit(folder: Path) -> None:
    set_all_latencies(folder, LATENCIES)
    edit_record(folder, "pixels[+]logreg", latency_ms=None)
    assert choose_best(folder, max_latency_ms=30).recipe == "pixels+nb"
    assert choose_best(folder).recipe == "pixels+logreg"


def test_recognizers_not_shown_to_differ_are_listed_and_cheaper_ones_are_pointed_out(folder: Path) -> None:
    set_all_latencies(folder, LATENCIES)
    choice = choose_best(folder)
    ties = {tie.label: tie for tie in choice.ties}
    assert ties["pixels+nb"].cheaper and not ties["pixels+bernoulli"].cheaper
    assert "pixels+tree" not in ties and "constant" not in ties
    assert [tie.label for tie in choice.ties] == ["pixels+nb", "pixels+bernoulli"]
    assert "faster or smaller: consider it" in choice.text()
    near = ties["pixels+nb"]
    assert near.difference == pytest.approx(near.public_accuracy - choice.public.value)
    assert near.difference_low <= near.difference <= near.difference_high and near.p_holm >= 0.05
    gap = f"{100 * near.difference:+.1f} [{100 * near.difference_low:+.1f}, {100 * near.difference_high:+.1f}]"
    assert f"{gap}, p = {near.p_holm:.2g}" in choice.text()


def test_the_decision_and_the_list_of_equals_agree() -> None:
    # Alone, this pair has p = 0.047; among the comparisons with the winner it is not shown to differ.
    choice = choose_best(Path(__file__).parents[2] / "results" / "fer2013", max_latency_ms=2.0)
    _, following, _ = choice.decision
    label = following.split(", ")[1]
    (tie,) = (tie for tie in choice.ties if tie.label == label)
    assert "(not shown to differ; McNemar p = " in following and f"p = {tie.p_holm:.2g}, Holm" in following


def test_impossible_limits_name_the_closest(folder: Path) -> None:
    set_all_latencies(folder, LATENCIES)
    with pytest.raises(ValueError, match=r"keeps 0.5 ms.*closest is pixels\+tree with 1 ms"):
        choose_best(folder, max_latency_ms=0.5)
    with pytest.raises(ValueError, match=r"reaches 0.99 on PublicTest.*pixels\+logreg"):
        choose_best(folder, min_accuracy=0.99)
    for limits in ({"max_latency_ms": 0}, {"max_size_mb": float("nan")}, {"min_accuracy": 70}):
        with pytest.raises(ValueError, match=f"{next(iter(limits))} must be"):
            choose_best(folder, **limits)


def test_a_constant_predictor_never_wins(folder: Path) -> None:
    for path in (folder / "records").glob("*.json"):
        if not path.name.startswith("constant"):
            path.unlink()
    with pytest.raises(ValueError, match="no recognizer but constant ones"):
        choose_best(folder)


def test_the_command_prints_the_winner_and_its_bundle(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder.parents[1])
    assert main(["best", "--max-latency-ms", "1000", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["recipe"] == "pixels+logreg"
    assert content["bundle_exists"] and Path(content["bundle"]).is_dir()
    assert content["public"]["low"] < content["public"]["value"]
    assert main(["best", str(folder)]) == 0
    assert "pixels+logreg" in capsys.readouterr().out


def test_the_command_refuses_bad_input_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["best", str(tmp_path / "missing")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_missing_bundle_is_said_so(folder: Path) -> None:
    choice = choose_best(folder)
    Path(str(choice.bundle)).rename(folder / "elsewhere")
    assert "not on this machine" in choose_best(folder).text()


def test_bundles_that_were_scored_once_more_win_neither_here_nor_on_the_page(folder: Path) -> None:
    winner = choose_best(folder)
    path = folder / "records" / f"{winner.cell_id}.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"recipe": record["recipe"] | {"family": "pretrained"}, "bundle": None}))
    second = choose_best(folder)
    assert second.cell_id != winner.cell_id
    results = read_results(folder)
    best = score_results(results).best(results)
    assert best is not None and best.record["cell_id"] == second.cell_id


def test_what_ships_needs_no_run_of_the_suite() -> None:
    choice = choose_best(Path(__file__).parents[2] / "results" / "fer2013", max_latency_ms=1.5)
    assert choice.recipe == "weight-mean@net-l" and choice.ships and choice.ships_as == "ferbench-net-l"
    if not choice.bundle_exists:
        assert "comes with ferbench: ferbench live --model ferbench-net-l" in choice.text()
