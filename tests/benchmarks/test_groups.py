"""Accuracy by group: the figures and their intervals, and the report that is rebuilt from the folder alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ferbench.benchmarks import read_results, run_suite
from ferbench.benchmarks.report import read_results as read_plain
from ferbench.benchmarks.run import InProcessExecutor
from ferbench.benchmarks.scores import accuracy_by_group, wilson_interval
from ferbench.benchmarks.store import Suite
from ferbench.cli import main
from ferbench.datasets import Dataset, make_faces

RECIPES = ("constant", "pixels+tree")


# --- Figures ----------------------------------------------------------------------------------------------------------


def test_each_group_has_its_images_people_and_accuracy() -> None:
    right = np.array([True, True, False, True, False, False])
    groups = np.array(["b", "b", "b", "a", "a", ""])
    found = accuracy_by_group(right, groups, people=np.array([1, 1, 2, 3, 3, 4]))
    assert found.groups == ("a", "b") and found.n_images.tolist() == [2, 3]
    assert found.n_people is not None and found.n_people.tolist() == [1, 2]
    assert found.accuracy.tolist() == [0.5, 2 / 3]
    # A single person says nothing of others, and two images are too few to compare.
    assert np.isnan(found.low[0]) and np.isnan(found.high[0]) and found.low[1] < 2 / 3 < found.high[1]
    assert found.gap is None


def test_an_image_with_several_answers_counts_once() -> None:
    found = accuracy_by_group(np.array([True, False, True]), np.array(["a"] * 3), images=np.array([0, 0, 1]))
    assert found.n_images.tolist() == [2] and found.accuracy.tolist() == [2 / 3]


def test_people_are_resampled_where_they_are_known() -> None:
    """Ten people of whom each is always or never right: the images of one person are no independent images."""
    right = np.repeat(np.arange(10) % 2 == 0, 40)
    groups, people = np.full(400, "a"), np.repeat(np.arange(10), 40)
    images, persons = accuracy_by_group(right, groups), accuracy_by_group(right, groups, people=people)
    assert images.high[0] - images.low[0] < 0.12
    assert persons.high[0] - persons.low[0] > 0.5


def test_an_interval_is_never_empty_where_every_answer_is_right() -> None:
    found = accuracy_by_group(np.ones(20, bool), np.full(20, "a"))
    assert found.low[0] == pytest.approx(wilson_interval(1.0, 20)[0]) and found.high[0] == 1


def test_small_groups_get_no_part_in_the_largest_difference() -> None:
    right = np.array([*[True] * 60, *[False] * 40, *[True] * 40, *[False] * 60, *[False] * 9])
    groups = np.array([*["high"] * 100, *["low"] * 100, *["few"] * 9])
    gap = accuracy_by_group(right, groups).gap
    assert gap is not None and (gap.highest, gap.lowest, gap.n_groups) == ("high", "low", 2)
    assert gap.value == pytest.approx(0.2)
    # Two shares of 100: 1.96 standard errors of their difference.
    assert gap.high - gap.value == pytest.approx(1.96 * np.sqrt(0.24 / 50), rel=0.1)
    assert gap.low < gap.value < gap.high


def test_the_interval_of_the_largest_difference_allows_for_the_choice_of_the_pair() -> None:
    """Eight groups of equal accuracy: without the allowance, every other data set would show a difference."""
    random, shown, alone = np.random.default_rng(0), 0, 0
    groups = np.repeat(list("abcdefgh"), 60)
    for seed in range(200):
        right = random.random(480) < 0.7
        gap = accuracy_by_group(right, groups, n_bootstrap=300, seed=seed).gap
        assert gap is not None
        pair = np.isin(groups, [gap.highest, gap.lowest])
        single = accuracy_by_group(right[pair], groups[pair], n_bootstrap=300, seed=seed).gap
        assert single is not None
        shown, alone = shown + (gap.low > 0), alone + (single.low > 0)
    assert shown <= 0.1 * 200 and alone > 0.3 * 200


def test_answers_without_any_group_are_refused() -> None:
    with pytest.raises(ValueError, match="got only empty names"):
        accuracy_by_group(np.ones(2, bool), np.array(["", ""]))


# --- Reports ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def faces() -> Dataset:
    """Drawn faces with two made-up group columns, one of them with silent rows."""
    drawn = make_faces(210, size=24, random_state=0, difficulty=0.1)
    places = np.arange(210)
    columns = {
        "side": np.where(places % 2, "left", "right <b>"),
        "age": np.array(["young", "old", ""])[places % 3],
    }
    return replace(drawn, name="grouped", attributes=columns)


@pytest.fixture(scope="module")
def opened(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A measured suite whose test part is open, with its report."""
    folder = tmp_path_factory.mktemp("opened")
    run_suite(
        Suite("mine", RECIPES, final=("*",)), faces, folder, report=True, progress=False, executor=InProcessExecutor()
    )
    return folder / "grouped"


def test_the_tables_are_those_of_the_stored_predictions(opened: Path, faces: Dataset) -> None:
    table = pd.read_csv(opened / "by_group.csv").set_index(["recipe", "column", "group"])
    results = read_results(opened)
    rows = faces.rows("PrivateTest")
    proba = results.probabilities("pixels+tree")["PrivateTest"]
    right = np.array(results.classes)[proba.argmax(axis=1)] == faces.labels[rows]
    for column, groups in (("side", ("left", "right <b>")), ("age", ("old", "young"))):
        for group in groups:
            mine = faces.attributes[column][rows] == group
            row = table.loc[("pixels+tree", column, group)]
            assert row["n_images"] == mine.sum() and row["accuracy"] == pytest.approx(right[mine].mean(), abs=1e-5)
            assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]
    assert len(table) == 2 * 4 and table["n_people"].isna().all()
    gaps = pd.read_csv(opened / "group_gaps.csv").set_index(["recipe", "column"])
    left, other = (table.loc[("pixels+tree", "side", group), "accuracy"] for group in ("left", "right <b>"))
    assert gaps.loc[("pixels+tree", "side"), "difference"] == pytest.approx(abs(left - other), abs=1e-5)


def test_the_report_is_rebuilt_from_the_folder_alone(opened: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("by_group.csv", "group_gaps.csv", "leaderboard.md")
    before = {name: (opened / name).read_text() for name in names}
    section = (opened / "index.html").read_text().partition('<section id="groups">')[2].partition("</section>")[0]
    for name in (*names, "index.html"):
        (opened / name).unlink()
    assert main(["report", str(opened)]) == 0
    capsys.readouterr()
    assert {name: (opened / name).read_text() for name in names} == before
    assert section and section in (opened / "index.html").read_text()


def test_markdown_and_page_show_the_groups(opened: Path) -> None:
    text, page = (opened / "leaderboard.md").read_text(), (opened / "index.html").read_text()
    assert "## Accuracy by group" in text and "| right &lt;b&gt; |" in text
    assert "largest difference, points [95 %]" in text
    assert '<a href="#groups">' in page and "right &lt;b&gt;" in page and "right <b>" not in page
    assert "over resampled images" in page and 'href="by_group.csv"' in page


def test_a_closed_test_part_gives_the_groups_of_the_validation_part(faces: Dataset, tmp_path: Path) -> None:
    run_suite(
        Suite("mine", RECIPES, final=False), faces, tmp_path, report=True, progress=False, executor=InProcessExecutor()
    )
    table = pd.read_csv(tmp_path / "grouped" / "by_group.csv")
    assert set(table["split"]) == {"PublicTest"}
    assert table["n_images"].max() <= len(faces.rows("PublicTest"))


def test_folds_pool_their_test_parts_and_resample_people(tmp_path: Path) -> None:
    people = make_faces(84, size=24, random_state=0, difficulty=0.1, n_people=6)
    assert people.groups is not None
    number = np.unique(people.groups, return_inverse=True)[1]
    people = replace(people, attributes={"side": np.where(number % 2, "left", "right")})
    suite = Suite("mine", RECIPES, protocol="kfold:2", seeds=(0, 1))
    run_suite(suite, people, tmp_path, report=True, progress=False, executor=InProcessExecutor())
    folder = tmp_path / "faces-kfold2"
    table = pd.read_csv(folder / "by_group.csv")
    assert set(table["recipe"]) == set(RECIPES) and set(table["n_people"]) == {3} and set(table["n_images"]) == {42}
    text, page = (folder / "leaderboard.md").read_text(), (folder / "index.html").read_text()
    assert "## Accuracy by group" in text and "over resampled people" in text and 'id="groups"' in page
    before = (folder / "group_gaps.csv").read_text()
    (folder / "group_gaps.csv").unlink()
    assert main(["report", str(folder)]) == 0
    assert (folder / "group_gaps.csv").read_text() == before


def test_data_without_group_columns_has_no_such_table(faces: Dataset, tmp_path: Path) -> None:
    suite = Suite("mine", RECIPES, final=False)
    run_suite(suite, replace(faces, attributes={}), tmp_path, report=True, progress=False, executor=InProcessExecutor())
    folder = tmp_path / "grouped"
    assert not (folder / "by_group.csv").exists() and "Accuracy by group" not in (folder / "index.html").read_text()
    with np.load(folder / "rows.npz") as rows:
        assert not [name for name in rows if "group" in name or "people" in name]


def test_values_that_do_not_fit_the_rows_are_refused_in_one_line(opened: Path) -> None:
    path = opened / "rows.npz"
    content = path.read_bytes()
    with np.load(path) as archive:
        arrays = dict(archive)
    try:
        for wrong in (arrays["PrivateTest_groups"][:-1], np.zeros((len(arrays["PrivateTest_labels"]), 2))):
            np.savez(path, **{**arrays, "PrivateTest_groups": wrong})
            with pytest.raises(
                ValueError, match=r"rows\.npz: PrivateTest_groups must have one text for each"
            ) as caught:
                read_plain(opened)
            assert "\n" not in str(caught.value)
    finally:
        path.write_bytes(content)
