"""The cost of a fit is whole: extraction, teachers, members and networks are in it, or it is blank."""

import json
from pathlib import Path
from typing import Any

import pytest
from fake_results import fake_results

from ferbench.benchmarks import read_results
from ferbench.benchmarks.choose import choose_best
from ferbench.benchmarks.displays import TradeoffDisplay
from ferbench.benchmarks.pages import total_fit_seconds
from ferbench.benchmarks.report import leaderboard_frame
from ferbench.benchmarks.store import Store

FER2013 = Path(__file__).parents[2] / "results" / "fer2013"


def record(name: str, fit: float | None, extract: float | None = None, seed: int = 0, **params: Any) -> dict[str, Any]:
    listed = {key: value if isinstance(value, str) else repr(value) for key, value in params.items()}
    return {
        "cell_id": f"{name}-s{seed}",
        "status": "ok",
        "seed": seed,
        "recipe": {"name": name, "params": params, "all_params": listed},
        "timings": {"fit_s": fit, "extract_s": extract},
    }


def test_a_cell_alone_costs_its_fit_and_its_extraction() -> None:
    totals = total_fit_seconds([record("cnn", 10.0, teachers=()), record("hog+svm", 2.0, 3.0)])
    assert totals == {"cnn-s0": 10.0, "hog+svm-s0": 5.0}


def test_teachers_of_teachers_count_each_once() -> None:
    records = [
        record("first", 1.0),
        record("second", 10.0, teachers=["first"]),
        record("third", 100.0, 1000.0, teachers=["first", "second"]),
        record("mean", 0.1, bundles=["third", "second", "first"]),
    ]
    assert total_fit_seconds(records)["mean-s0"] == pytest.approx(1111.1)


def test_members_are_those_of_the_same_seed() -> None:
    records = [record("net", 1.0, seed=0), record("net", 5.0, seed=1), record("mean", 0.5, seed=1, bundles=["net"])]
    assert total_fit_seconds(records)["mean-s1"] == 5.5


def test_what_was_not_measured_here_leaves_a_blank_and_no_part_of_a_sum() -> None:
    records = [
        record("keypoints+svm", 2.0, 3.0, features__bundle="ferbench-points"),
        record("self", 2.0, teachers=["self"]),
        record("untimed", None),
        record("pupil", 4.0, teachers=["untimed"]),
    ]
    assert set(total_fit_seconds(records).values()) == {None}
    failed = record("net", None) | {"status": "timeout"}
    assert total_fit_seconds([failed, record("mean", 0.1, bundles=["net"])]) == {"mean-s0": None}


def test_a_default_names_the_bundle_that_ships_and_a_suite_names_a_recipe() -> None:
    # `ferbench-net` was the name of the medium recipe, and of the large network that ships.
    deep = record("deep+svm", 1.0, features__bundle="ferbench-net")
    deep["recipe"]["params"] = {}
    records = [
        *(record("ferbench-net-m", 10.0), record("ferbench-net-l", 100.0), deep),
        record("pupil", 1.0, teachers=["ferbench-net"]),
    ]
    totals = total_fit_seconds(records)
    assert totals["deep+svm-s0"] == 101.0 and totals["pupil-s0"] == 11.0


def test_the_published_records_stand_on_hours_where_the_fit_took_seconds() -> None:
    records = Store(FER2013).records()
    totals, own = total_fit_seconds(records), {each["cell_id"]: each["timings"]["fit_s"] for each in records}
    assert own["deep+svm-s0-d725f0d9"] < 60 and totals["deep+svm-s0-d725f0d9"] > 5 * 3600
    assert own["pretrained@both-nets-s0-f79a48a0"] < 1 and totals["pretrained@both-nets-s0-f79a48a0"] > 5 * 3600
    assert totals["keypoints+svm-s0-d725f0d9"] is None
    assert totals["hog+svm-s0-67f1fc63"] == pytest.approx(109.494 + 1.393, abs=0.01)


def test_an_8_bit_network_costs_what_the_network_that_it_was_made_from_cost() -> None:
    records = [record("net", 100.0), record("joined@mine", 0.5, bundles=["net-int8"]), record("other", 1.0)]
    assert total_fit_seconds(records)["joined@mine-s0"] == 100.5
    # The one that ships now was made from the mean of two networks, and the one that taught the second from the first.
    records = Store(FER2013).records()
    seconds = total_fit_seconds(records)
    totals = {each["recipe"]["name"]: seconds[each["cell_id"]] for each in records if each["status"] == "ok"}
    net, mean = totals["ferbench-net-l"], totals["weight-mean@net-l"]
    assert mean > net + 1016 > 5 * 3600
    for name in ("pretrained@int8", "joined@mirrored-net", "ferbench-quality"):
        assert mean < totals[name] < mean + 300
    assert totals["ferbench-net-xs@taught-again"] > mean + 2845
    # Under the name of the network that ships, a row holds the mean of the two, not the first of them.
    assert totals["pretrained@both-nets"] > mean and totals["ferbench-net-l@varied"] < mean


def test_what_needs_an_8_bit_network_keeps_or_breaks_a_limit_of_fit_time() -> None:
    within = choose_best(FER2013, max_fit_s=20_000)
    assert within.recipe == "ferbench-quality" and within.total_fit_s is not None
    assert choose_best(FER2013, max_fit_s=19_000).recipe != "ferbench-quality"


def test_weights_from_elsewhere_have_a_cost_that_is_not_known() -> None:
    records = [record("transfer", 5.0, initial_weights="imagenet"), record("cnn", 5.0)]
    records[1]["recipe"]["all_params"]["initial_weights"] = None
    assert total_fit_seconds(records) == {"transfer-s0": None, "cnn-s0": 5.0}


def test_a_row_with_an_unknown_part_is_blank_and_on_no_front(tmp_path: Path) -> None:
    root = fake_results(tmp_path)
    (path,) = (root / "records").glob("mlp*")
    content = json.loads(path.read_text())
    content["recipe"]["params"] = {"teachers": ["fitted-elsewhere"]}
    path.write_text(json.dumps(content))
    results = read_results(root)
    display = results.display("accuracy_fit_time")
    assert isinstance(display, TradeoffDisplay) and display.unmeasured == ("mlp",) and "mlp" not in display.names
    frame = results.frame().set_index("recipe")
    assert frame.loc["mlp", "fit_s"] > 0 and frame["total_fit_s"].isna()["mlp"]
    with pytest.raises(ValueError, match="no recognizer keeps 1e-09 s of fit time"):
        choose_best(root, max_fit_s=1e-9)
    assert choose_best(root, max_fit_s=1e6).recipe != "mlp"


def test_the_leaderboard_has_the_whole_fit_beside_the_fit(tmp_path: Path) -> None:
    frame = leaderboard_frame(fake_results(tmp_path))
    ok = frame[frame["status"] == "ok"]
    assert ok["total_fit_s"].to_numpy() == pytest.approx(ok["fit_s"].to_numpy())
    assert frame.iloc[-1]["status"] == "timeout" and frame["total_fit_s"].isna().iloc[-1]
