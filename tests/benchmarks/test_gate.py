"""Labels of PrivateTest reach no process that fits; it is opened for final recipes only, and each time is noted."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cells_here import CellsHere, undrawn
from fake_results import fake_results

from ferbench.benchmarks import run_suite
from ferbench.benchmarks.choose import choose_best
from ferbench.benchmarks.rebuild import rebuild_report
from ferbench.benchmarks.report import ablation, leaderboard, read_results
from ferbench.benchmarks.run import FinalScoring, Run
from ferbench.benchmarks.run.handoff import read_data, write_data
from ferbench.benchmarks.store import (
    Ledger,
    Opening,
    Store,
    Suite,
    code_version,
    count_families,
    family_of,
    final_record,
    history,
    load_suite,
)
from ferbench.benchmarks.suite_results import SuiteResults
from ferbench.benchmarks.tasks import get_task
from ferbench.cli import main
from ferbench.datasets import LABELS, Dataset, make_faces
from ferbench.models import recipes

# Bytes; no shorter than any text that is searched for.
PAGE = 4096
MADE_OF = {"thief": {"bundle": "constant"}}


@pytest.fixture(scope="module")
def faces() -> Dataset:
    """Drawn faces in an order that tells the labels of one split from those of another."""
    drawn = make_faces(126, random_state=77)
    order = np.random.default_rng(0).permutation(len(drawn))
    return replace(
        drawn,
        images=drawn.images[order],
        labels=drawn.labels[order],
        split=drawn.split[order],
        ids=drawn.ids[order],
        fingerprint="77" * 32,
    )


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def label_forms(labels: np.ndarray) -> dict[str, bytes]:
    """The labels of a split, in order, in the forms that a process may hold them in."""
    texts = [str(label) for label in labels]
    forms = {f"text of {width}": np.array(texts, f"U{width}").tobytes() for width in range(8, 13)}
    for names, order in (("ours", LABELS), ("alphabetical", sorted(LABELS))):
        codes = np.array([list(order).index(label) for label in texts])
        forms |= {f"{names}, {kind}": codes.astype(kind).tobytes() for kind in ("u1", "i4", "i8", "f4", "f8")}
    forms |= {"JSON": json.dumps(texts)[1:-1].encode(), "list": repr(texts)[1:-1].encode()}
    assert max(map(len, forms.values())) <= PAGE
    return forms


def found_labels(loot: bytes, dataset: Dataset, split: str) -> Iterator[str]:
    """The forms of the labels that are found, one after another: each search takes a moment."""
    return (form for form, text in label_forms(dataset.labels[dataset.rows(split)]).items() if text in loot)


def found_images(loot: bytes, dataset: Dataset, split: str) -> int:
    # The middle rows lie in one piece in any copy of the image.
    return sum(image[12:36].tobytes() in loot for image in dataset.part(split)[0])


def steal(suite: Suite, dataset: Dataset, output: Path, loot: Path) -> tuple[bytes, Path]:
    """Run a suite with the thief; return what it took, and the folder of the results."""
    bundle = Run(suite, dataset, output, only=["constant"]).execute(CellsHere())
    # The thief has a process of its own, as every cell of a run.
    summary = Run(suite, dataset, output).execute()
    assert summary.kept == 1
    for record in (*bundle.measured, *summary.measured):
        assert record["status"] == "ok", record
    return without_empty_pages(loot.read_bytes()), summary.root


def without_empty_pages(loot: bytes) -> bytes:
    """Leave out zeros that no text of at most a page can span: most of the memory is empty and takes long to search."""
    pages = np.frombuffer(loot + bytes(-len(loot) % PAGE), np.uint8).reshape(-1, PAGE)
    empty = ~pages.any(axis=1)
    within = np.append(empty[1:], False) & empty & np.insert(empty[:-1], 0, False)
    return pages[~within].tobytes()


def test_a_suite_in_exploration_gives_a_thief_neither_labels_nor_images_of_the_test_split(
    spies: Path, own_cache: Path, tmp_path: Path, faces: Dataset
) -> None:
    suite = Suite("exploring", ("constant", "thief"), params=MADE_OF, final=False)
    loot, root = steal(suite, faces, tmp_path / "results", spies)
    # The search finds what was handed over, in memory and in files.
    assert found_images(loot, faces, "Training") == len(faces.rows("Training"))
    assert found_images(loot, faces, "PublicTest") == len(faces.rows("PublicTest"))
    assert "text of 8" in found_labels(loot, faces, "Training")
    assert any(found_labels(loot, faces, "PublicTest"))
    assert list(found_labels(loot, faces, "PrivateTest")) == []
    assert found_images(loot, faces, "PrivateTest") == 0
    # Not even how often each label stands there.
    counts = {label: int((faces.labels[faces.rows("PrivateTest")] == label).sum()) for label in LABELS}
    assert b'"PublicTest": {"' in loot and b'"PrivateTest": {"' not in loot
    for record in Store(root).records():
        assert "PrivateTest" not in Store(root).probabilities(record["cell_id"])
        assert record["dataset"]["class_counts"]["PrivateTest"] == counts
    assert Ledger(root).openings() == []
    assert_closed(root)
    score_the_constant_one(suite, faces, tmp_path / "results")


def assert_closed(root: Path) -> None:
    """The tables leave the figures of the closed split blank, rank on the other one and say so."""
    frame = leaderboard.leaderboard_frame(root)
    assert frame["accuracy"].isna().all() and frame["macro_f1"].isna().all()
    assert frame["public_accuracy"].is_monotonic_decreasing
    text = leaderboard.leaderboard_text(frame)
    assert "(PublicTest, " in text and "PrivateTest is closed" in text


def score_the_constant_one(suite: Suite, faces: Dataset, output: Path) -> None:
    """What was explored is scored by one explicit step, once the suite marks it as final."""
    with pytest.raises(ValueError, match=r"does not mark constant, thief as final.*key 'final'"):
        FinalScoring(suite, faces, output)
    marked = replace(suite, final=("constant",))
    with pytest.raises(ValueError, match="does not mark thief as final, so PrivateTest stays closed"):
        FinalScoring(marked, faces, output, only=["thief"])
    with pytest.raises(ValueError, match=r"thief-s0-.* has no bundle, so nothing can answer for it later"):
        FinalScoring(replace(suite, final=True), faces, output).plan()
    scoring = FinalScoring(marked, faces, output)
    (cell,) = scoring.chosen
    record = scoring.store.root / "records" / f"{cell.cell_id}.json"
    before = record.read_bytes()
    summary = scoring.execute(CellsHere())
    assert [found["status"] for found in summary.measured] == ["ok"], summary.failed
    assert record.read_bytes() == before
    (opening,) = Ledger(summary.root).openings()
    assert (opening.recipe, opening.how, opening.split) == ("constant", "score-final", "PrivateTest")
    assert opening.n_images == len(faces.rows("PrivateTest"))
    assert [step.action for step in FinalScoring(marked, faces, output).plan()] == ["keep"]
    frame = leaderboard.leaderboard_frame(summary.root).set_index("recipe")
    assert frame.loc["constant", "accuracy"] == pytest.approx(summary.measured[0]["scores"]["accuracy"])
    assert np.isnan(frame.loc["thief", "accuracy"]) and frame.loc["thief", "public_accuracy"] > 0
    FinalScoring(marked, faces, output, again=True).execute(CellsHere())
    assert [opening.note for opening in Ledger(summary.root).openings()] == ["", "again"]
    assert len(list((summary.root / "finals").glob("*.json"))) == 2


def test_a_final_suite_gives_a_thief_images_of_the_test_split_and_no_labels(
    spies: Path, own_cache: Path, tmp_path: Path, faces: Dataset
) -> None:
    suite = Suite("final", ("constant", "thief"), params=MADE_OF, final=True)
    loot, root = steal(suite, faces, tmp_path / "results", spies)
    assert found_images(loot, faces, "PrivateTest") == len(faces.rows("PrivateTest"))
    assert any(found_labels(loot, faces, "Training"))
    assert list(found_labels(loot, faces, "PrivateTest")) == []
    openings = Ledger(root).openings()
    assert [(opening.recipe, opening.how) for opening in openings] == [("constant", "run"), ("thief", "run")]
    frame = leaderboard.leaderboard_frame(root).set_index("recipe")
    assert frame["accuracy"].notna().all()
    with undrawn():
        page, _ = rebuild_report(root)
    assert "Ledger of the test split" in page.read_text()
    # Nothing of the test split stays behind for a later run to find.
    left = b"".join(file.read_bytes() for file in own_cache.rglob("*") if file.suffix == ".npy")
    assert found_images(left, faces, "PrivateTest") == 0


def test_answers_that_do_not_fit_are_an_error_and_an_opening(spies: Path, tmp_path: Path, faces: Dataset) -> None:
    (record,) = Run(Suite("final", ("misshapen",), final=True), faces, tmp_path).execute(CellsHere()).measured
    assert record["status"] == "error"
    assert "predict_proba gave an array of shape" in record["reason"]
    assert len(Ledger(tmp_path / faces.name).openings()) == 1


def test_the_handed_data_holds_no_row_of_the_test_split(own_cache: Path, faces: Dataset) -> None:
    old = own_cache / "handoff" / "0123"
    old.mkdir(parents=True)
    (old / "labels.npy").write_bytes(b"labels of an older version")
    handed = read_data(write_data(faces, get_task("expressions")))
    assert set(handed.split) == {"Training", "PublicTest"}
    assert not old.exists()
    np.testing.assert_array_equal(handed.part("Training")[0], faces.part("Training")[0])


def test_a_debugged_cell_leaves_the_test_split_closed(tmp_path: Path, faces: Dataset) -> None:
    found = run_suite(Suite("final", ("constant",), final=True), faces, tmp_path, debug=True)
    assert set(found.probabilities("constant")) == {"PublicTest"}


def close(root: Path, *, opened: tuple[str, ...] = ()) -> None:
    """Take the answers to PrivateTest from all cells but some."""
    for record in Store(root).records():
        path = root / "probabilities" / f"{record['cell_id']}.npz"
        if record["status"] == "ok" and record["recipe"]["name"] not in opened:
            arrays = Store(root).probabilities(record["cell_id"])
            np.savez(path, **{name: array for name, array in arrays.items() if name != "PrivateTest"})


def test_a_report_on_a_closed_split_is_whole_and_says_so(tmp_path: Path) -> None:
    root = fake_results(tmp_path)
    close(root)
    with undrawn():
        page, frame = rebuild_report(root)
    assert frame["accuracy"].isna().all()
    text = page.read_text()
    assert "PrivateTest is closed" in text and "Confusion matrix" in text
    for name in ("per_class", "confusion", "calibration", "comparisons", "wrong_everywhere"):
        assert set(pd.read_csv(root / f"{name}.csv")["split"]) <= {"PublicTest"}, name
    assert "**PrivateTest is closed:**" in (root / "leaderboard.md").read_text()
    results = SuiteResults.of(read_results(root))
    with pytest.raises(ValueError, match=r"PrivateTest was not opened for 'pixels\+tree'"):
        results.compare("pixels+tree", "pixels+nb")
    assert results.compare("pixels+tree", "pixels+nb", split="PublicTest").split == "PublicTest"
    choice = choose_best(root)
    assert choice.private is None and choice.as_dict()["private"] is None
    assert "not opened for it" in choice.text()


def test_cells_that_were_not_opened_stand_below_with_blank_figures(tmp_path: Path) -> None:
    root = fake_results(tmp_path)
    close(root, opened=("pixels+tree", "pixels+nb"))
    with undrawn():
        _, frame = rebuild_report(root)
    rows = frame.set_index("recipe")
    assert set(frame["recipe"][:2]) == {"pixels+tree", "pixels+nb"}
    assert rows.loc[["pixels+tree", "pixels+nb"], "accuracy"].notna().all()
    others = rows.drop(index=["pixels+tree", "pixels+nb", "pixels+svm"])
    assert others["accuracy"].isna().all() and others["public_accuracy"].is_monotonic_decreasing
    assert "split" not in pd.read_csv(root / "per_class.csv")


def test_the_choice_and_effects_do_not_look_at_the_test_split(tmp_path: Path) -> None:
    root = fake_results(tmp_path)
    chosen = choose_best(root).label
    results = read_results(root)
    reference = next(cell for cell in results.contestants if cell.recipe == "pixels+tree")
    effects = ablation.effects(results, reference)
    close(root)
    closed = read_results(root)
    reference = next(cell for cell in closed.contestants if cell.recipe == "pixels+tree")
    assert choose_best(root).label == chosen
    pd.testing.assert_frame_equal(ablation.effects(closed, reference), effects)
    assert set(effects["n_images"]) == {len(results.labels["PublicTest"])}


def opening(**changes: Any) -> Opening:
    values: Mapping[str, Any] = {
        **{"when": "2026-01-01T00:00:00+00:00", "suite": "mine", "recipe": "hog+svm", "cell_id": "hog+svm-s0-0"},
        **{"family": "hog+svm", "split": "PrivateTest", "n_images": 3, "commit": "0.1", "how": "run", "note": 'a, "b"'},
    }
    return Opening(**{**values, **changes})


def test_the_ledger_grows_and_survives_a_line_that_was_cut_off(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append(opening())
    whole = ledger.path.read_bytes()
    ledger.append(opening(recipe="cnn"))
    assert ledger.path.read_bytes().startswith(whole)
    assert ledger.openings() == [opening(), opening(recipe="cnn")]
    ledger.path.write_bytes(ledger.path.read_bytes() + b"2026-01-01T00")
    ledger.append(opening())
    assert ledger.path.read_text().splitlines()[-1].startswith("2026-01-01T00:00:00+00:00,mine")
    with pytest.raises(ValueError, match=r"ledger\.csv, line 4: expected the columns when, suite"):
        ledger.openings()


def test_variants_and_sizes_of_a_recipe_are_one_family() -> None:
    names = ("ferbench-net", "ferbench-net-l", "ferbench-net@taught-again", "ferbench-net-xs")
    assert {family_of(name) for name in names} == {"ferbench-net"}
    assert family_of("mirror:hog+svm") == "mirror:hog+svm"
    assert family_of("ferbench-net-l-int8") == family_of("ferbench-net-int8") == "ferbench-net"


def test_what_is_put_together_of_bundles_counts_for_the_first_of_them() -> None:
    assert family_of("weight-mean@net-l", {"bundles": ["ferbench-net-l", "ferbench-net-l@continued"]}) == "ferbench-net"
    assert family_of("joined@mirrored-net", {"bundles": ["ferbench-net-l-int8"]}) == "ferbench-net"
    assert family_of("ferbench-quality", {"bundles": ["joined@mirrored-net", "hog+svm"]}) == "ferbench-net"
    assert family_of("joined@mine", {"bundles": ["hog+svm", "ferbench-net-l"]}) == "hog+svm"
    # Every recipe of the registry that combines bundles is known to the ledger.
    combined = [name for name, recipe in recipes().items() if recipe.family == "pretrained"]
    assert {"pretrained", "joined", "weight-mean", "ferbench-quality"} <= set(combined)
    assert {family_of(name) for name in combined} == {"ferbench-net"}


def test_lines_of_an_earlier_rule_are_counted_by_the_rule_of_today_and_stay_as_they_are(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for recipe, family in (("joined@mirrored-net", "joined"), ("pretrained@int8", "ferbench-net-l-int8")):
        ledger.append(opening(recipe=recipe, family=family))
    before = ledger.path.read_bytes()
    assert [each.family for each in ledger.openings()] == ["ferbench-net"] * 2
    ((family, n_openings, n_recipes, *_),) = count_families(ledger.openings())
    assert (family, n_openings, n_recipes) == ("ferbench-net", 2, 2)
    assert ledger.path.read_bytes() == before


def test_the_version_in_the_ledger_is_the_commit_of_a_checkout() -> None:
    root = Path(__file__).parents[2]
    line = ["git", "-C", str(root), "rev-parse", "HEAD"]
    head = subprocess.run(line, capture_output=True, text=True, check=False)
    if head.returncode:
        pytest.skip("not a checkout")
    assert code_version().removesuffix("+changed") == head.stdout[:12]


@pytest.mark.parametrize(
    ("value", "drawn", "real"),
    [
        (None, True, False),
        ("true", True, True),
        ("false", False, False),
        ("[]", False, False),
        ('["hog+*"]', True, True),
    ],
)
def test_a_suite_says_what_is_final(value: str | None, drawn: bool, real: bool, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('recipes = ["hog+svm", "constant"]\n' + (f"final = {value}\n" if value else ""))
    suite = load_suite(path)
    (hog, constant) = suite.cells("0")
    assert (suite.is_final(hog, drawn=True), suite.is_final(hog, drawn=False)) == (drawn, real)
    assert suite.is_final(constant, drawn=True) == (drawn and value != '["hog+*"]')


def test_final_patterns_that_fit_no_recipe_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('recipes = ["hog+svm"]\nfinal = ["hog+swm"]\n')
    with pytest.raises(ValueError, match=r"mine\.toml: 'final' .* 'hog\+swm' fits none; did you mean 'hog\+svm'"):
        load_suite(path)
    path.write_text('recipes = ["hog+svm"]\nfinal = "hog+svm"\n')
    with pytest.raises(ValueError, match="'final' at the top level must be bool or list"):
        load_suite(path)


def test_shipped_suites_on_photographs_mark_nothing_as_final_and_those_on_drawn_faces_all() -> None:
    assert load_suite("faces").final is True and load_suite("keypoints-faces").final is True
    for name in ("fer2013", "fer2013-five", "fer2013-networks", "ablation", "keypoints"):
        assert load_suite(name).final is False, name


def test_the_command_refuses_what_is_not_final_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    options = "[dataset]\nsource = 'faces'\noptions = { n_samples = 105 }\n"
    path.write_text(f'recipes = ["constant"]\nfinal = false\n{options}')
    assert main(["score-final", str(path), "--output", str(tmp_path / "results")]) == 2
    error = capsys.readouterr().err
    assert "does not mark constant as final, so PrivateTest stays closed" in error and "\n" not in error.strip()
    assert main(["score-final", str(tmp_path), "--output", str(tmp_path)]) == 2
    assert "name a suite, or a results folder" in capsys.readouterr().err


def commit_record(folder: Path, finished: str, answers: str, params: Mapping[str, Any]) -> None:
    record = {
        **{"cell_id": "pretrained-s0-0", "status": "ok", "suite": "mine", "finished": finished},
        "recipe": {"name": "pretrained@both", "params": params},
        "dataset": {"counts": {"PrivateTest": 14}},
        "files": {
            "probabilities/pretrained-s0-0.npz": {"sha256": answers},
            "bundles/pretrained-s0-0/bundle.json": {"sha256": "0"},
        },
    }
    (folder / "records").mkdir(parents=True, exist_ok=True)
    (folder / "records" / "pretrained-s0-0.json").write_text(json.dumps(record))
    (folder / "leaderboard.csv").write_text(finished)
    who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    for words in (["add", "-A"], [*who, "commit", "-q", "-m", finished]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)


def test_openings_before_the_ledger_are_read_from_the_history(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    folder = tmp_path / "results" / "mine"
    made_of = {"bundles": ["ferbench-net-l", "ferbench-net-xs"]}
    commit_record(folder, "2026-01-01T00:00:00+00:00", "a", made_of)
    # Its times alone are taken again, and then it is scored again.
    commit_record(folder, "2026-01-02T00:00:00+00:00", "a", made_of)
    commit_record(folder, "2026-01-03T00:00:00+00:00", "b", made_of)
    found = history.reconstruct(folder)
    assert [(each.when[:10], each.family, each.how, each.n_images) for each in found] == [
        ("2026-01-01", "ferbench-net", "reconstructed", 14),
        ("2026-01-03", "ferbench-net", "reconstructed", 14),
    ]
    assert history.leaderboards(folder) == 3
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{tmp_path}", str(clone)], check=True)
    with pytest.raises(ValueError, match="the clone is shallow; fetch the whole history first"):
        history.reconstruct(clone / "results" / "mine")


def test_the_published_ledger_holds_what_was_reconstructed() -> None:
    results = Path(__file__).parents[2] / "results"
    openings = Ledger(results / "fer2013").openings()
    assert len([each for each in openings if each.how == "reconstructed"]) == 96
    store = Store(results / "fer2013")
    scored = {record["cell_id"] for record in store.records() if record["status"] == "ok"}
    opened = {
        cell_id
        for cell_id in scored
        if "PrivateTest" in store.probabilities(cell_id) or final_record(store, cell_id) is not None
    }
    assert opened <= {each.cell_id for each in openings}
    assert all("-s0-" in cell_id for cell_id in opened), "further seeds are for PublicTest"
    # These rows were not chosen, so PrivateTest is closed for them.
    closed = {cell_id.partition("-s0-")[0] for cell_id in scored - opened if "-s0-" in cell_id}
    assert closed == {
        *("compact_sift+kernel-ridge@small", "joined@mirrored-xs"),
        *("ferbench-net-l@continued", "ferbench-net-l@longer", "ferbench-net-l@varied"),
    }
