"""The report: rebuilt from records alone, the same each time, and without an image of a data set."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cells_here import undrawn
from fake_results import digits_dataset, fake_results

from ferbench.benchmarks.rebuild import rebuild_report, write_report
from ferbench.benchmarks.report.errors import confused_pairs, wrong_everywhere
from ferbench.benchmarks.report.faces import Pictures
from ferbench.benchmarks.report.results import Measured, read_results
from ferbench.benchmarks.report.scores import score_results
from ferbench.benchmarks.scores import compare_with
from ferbench.benchmarks.store.store import Store
from ferbench.cli import main

PNGS = ("leaderboard.png", "per_class_f1.png", "accuracy_latency.png", "accuracy_fit_time.png")
PICTURE = "data:image/"
# One plot of each kind; the others of a kind are made, but left empty.
KINDS = (
    *("leaderboard", "per_class_f1", "accuracy_latency", "roc_mlp", "calibration_mlp", "confusion_mlp"),
    "training_mlp",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = fake_results(tmp_path_factory.mktemp("results"))
    with undrawn(*KINDS, page=True):
        write_report(folder)
    return folder


def test_every_table_and_drawing_is_written(folder: Path) -> None:
    tables = ("leaderboard", "comparisons", "per_class", "confusion", "calibration", "history", "wrong_everywhere")
    for name in tables:
        assert len(pd.read_csv(folder / f"{name}.csv")) > 0, name
    drawn = {path.name for path in folder.glob("*.png")}
    assert drawn.issuperset(PNGS)
    best, deep = "pixels+logreg", "mlp"
    for name in (best, deep):
        assert {f"roc_{name}.png", f"calibration_{name}.png", f"confusion_{name}.png"} <= drawn
    assert "training_mlp.png" in drawn
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in drawn)
    assert all((folder / f"{name}.png").stat().st_size > 1000 for name in KINDS)


def test_tables_agree_with_each_other_and_with_the_rows(folder: Path) -> None:
    board = pd.read_csv(folder / "leaderboard.csv").set_index("recipe")
    confusion = pd.read_csv(folder / "confusion.csv")
    columns = [name for name in confusion if name.startswith("predicted_")]
    for recipe, part in confusion.groupby("recipe"):
        matrix = part[columns].to_numpy()
        assert matrix.sum() == board.loc[recipe, "n_images"]
        assert np.trace(matrix) / matrix.sum() == pytest.approx(board.loc[recipe, "accuracy"], rel=1e-5)
    pairs = pd.read_csv(folder / "comparisons.csv")
    assert len(pairs) == 15 and set(pairs["verdict"]) <= {"A", "B", "not shown to differ"}
    assert ((pairs["difference_low"] <= pairs["difference"]) & (pairs["difference"] <= pairs["difference_high"])).all()


def test_markdown_names_the_winner_the_number_of_images_and_the_failure(folder: Path) -> None:
    text = (folder / "leaderboard.md").read_text()
    assert "Best on PublicTest: **pixels+logreg**" in text
    assert "372 images" in text and "timeout; ran past its 1 s" in text and "| constant |" in text
    assert "(31 of 372 here)" in text
    assert "Holm-corrected over these comparisons alone" in text
    assert "On 372 images a paired comparison detects" in text
    page = (folder / "index.html").read_text()
    assert "On 372 images a paired comparison detects" in page and "not shown to differ" in page
    assert "Only rows that can be taken as a recognizer can be the best" in page and not re.search(r"\bties?\b", page)


def test_pictures_of_other_data_are_refused(folder: Path) -> None:
    results = read_results(folder)
    other = digits_dataset(name="other")
    with pytest.raises(ValueError, match="its fingerprint is 000000000000"):
        Pictures(type(other)(**{**vars(other), "fingerprint": "0" * 64}), results)


def test_a_picture_is_the_image_of_its_row(folder: Path) -> None:
    import base64

    import cv2

    dataset = digits_dataset()
    uri = Pictures(dataset, read_results(folder)).uri(5)
    png = np.frombuffer(base64.b64decode(uri.partition(",")[2]), np.uint8)
    assert np.array_equal(cv2.imdecode(png, cv2.IMREAD_GRAYSCALE), dataset.part("PrivateTest")[0][5])


def test_wrong_everywhere_holds_exactly_the_images_nobody_gets_right(folder: Path) -> None:
    store = Store(folder)
    truth = store.rows()["PrivateTest_labels"]
    given = []
    for path in sorted((folder / "probabilities").iterdir()):
        if not path.name.startswith("constant"):
            stored = store.probabilities(path.stem)
            given.append(stored["classes"][stored["PrivateTest"].argmax(axis=1)])
    expected = {row for row in range(len(truth)) if all(answer[row] != truth[row] for answer in given)}
    wrong = wrong_everywhere(read_results(folder))
    assert expected and set(wrong.rows.tolist()) == expected
    assert wrong.n_recognizers == 5 and (np.diff(wrong.votes) <= 0).all()


def test_confused_pairs_count_the_mistakes_of_the_best(folder: Path) -> None:
    results = read_results(folder)
    best = score_results(results).best(results)
    assert best is not None
    pairs = confused_pairs(results, best)
    truth = results.labels["PrivateTest"]
    given = np.array(results.classes)[best.proba["PrivateTest"].argmax(axis=1)]
    counts = [pair.n_images for pair in pairs]
    assert counts == sorted(counts, reverse=True)
    for pair in pairs:
        expected = (truth == pair.label) & (given == pair.predicted)
        assert pair.n_images == expected.sum() == len(pair.rows)
        assert set(pair.rows.tolist()) == set(np.flatnonzero(expected).tolist())
        assert pair.share == pytest.approx(pair.n_images / (truth == pair.label).sum())


def test_a_folder_where_everything_failed_still_gets_its_rows(tmp_path: Path) -> None:
    folder = fake_results(tmp_path)
    for path in (folder / "records").glob("*-s0-*.json"):
        if json.loads(path.read_text())["status"] == "ok":
            path.unlink()
    with undrawn():
        page, frame = rebuild_report(folder)
    assert list(frame["status"]) == ["derived", "timeout"]
    assert "ran past its 1 s" in page.read_text()


def test_rebuilding_gives_the_same_bytes_and_photographs_stay_out_of_what_is_published(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with undrawn(*KINDS, page=True):
        page = write_report(folder, dataset=digits_dataset())
    own = (folder / "faces.html").read_text()
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != "faces.html"}
    assert [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)] == []
    assert PICTURE not in page.read_text() and "digit/" in page.read_text()
    assert own.count(f'src="{PICTURE}png;base64,') > 10
    assert "For your own machine only" in own


def test_drawn_faces_may_stand_in_the_page_and_it_says_that_they_are_drawn(tmp_path: Path) -> None:
    dataset = digits_dataset(name="drawn", drawn=True)
    with undrawn():
        page = write_report(only(fake_results(tmp_path, dataset), "pixels+tree"), dataset=dataset)
    text = page.read_text()
    assert f'src="{PICTURE}png;base64,' in text
    assert "Drawn faces, not real photographs." in text
    assert "drawn faces, not real photographs" in (page.parent / "leaderboard.md").read_text()
    assert not (page.parent / "faces.html").exists()


def test_the_command_shows_the_table_and_removes_drawings_of_cells_that_are_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = only(fake_results(tmp_path), "pixels+nb")
    (folder / "confusion_gone.png").write_bytes(b"old")
    (folder / "mine.png").write_bytes(b"not the report's")
    with undrawn():
        assert main(["report", str(folder)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"pixels\+nb +0\.\d{3} \[", out)
    assert f"report: {folder / 'index.html'}" in out
    assert (folder / "mine.png").exists() and not (folder / "confusion_gone.png").exists()
    assert not (folder / "history.csv").exists()


def test_the_command_compares_a_recipe_of_the_reader_s_choice_with_the_rest_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert main(["report", str(folder), "--reference", "pixels+tree"]) == 0
    out = capsys.readouterr().out
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    table = compare_with(score_results(read_results(folder)).pairs, "pixels+tree").set_index("recipe")
    assert len(table) == 5 and "over 5 comparisons with it" in out and "a paired comparison detects" in out
    for recipe, row in table.iterrows():
        (line,) = [line for line in out.splitlines() if line.startswith(f"{recipe} ")]
        assert f"{100 * row['difference']:+.1f} [" in line and f"{row['p_holm']:.2g}" in line
        assert line.rstrip().endswith(row["verdict"])
    assert main(["report", str(folder), "--reference", "pixels+tre"]) == 2
    assert "did you mean 'pixels+tree'" in capsys.readouterr().err
    assert main(["report", str(folder), "--reference", "pixels+tree", "--faces", "x.zip"]) == 2
    assert "--reference writes no page" in capsys.readouterr().err


def test_the_command_refuses_bad_input_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, expected in (
        ([str(folder / "bundles")], "no records in it"),
        ([str(folder), "--faces", str(folder / "nowhere.zip")], "no such file"),
    ):
        assert main(["report", *arguments]) == 2
        error = capsys.readouterr().err
        assert expected in error and error.count("\n") == 1


def only(folder: Path, recipe: str) -> Path:
    """Leave the records of one recipe."""
    for path in (folder / "records").glob("*.json"):
        if not path.name.startswith(recipe):
            path.unlink()
    return folder


@pytest.mark.parametrize(
    ("family", "parameters", "kind"),
    [
        ("classical", {"features__cell_size": 6, "classifier__C": 3.0}, "classical"),
        ("classical", {"features__bundle": "ferbench-net"}, "network features"),
        ("classical", {"features__keypoints__bundle": "ferbench-points"}, "network features"),
        ("pretrained", {"bundles": ["ferbench-net"]}, "pretrained"),
        ("deep", {}, "deep"),
    ],
)
def test_a_classical_head_on_a_network_is_no_classical_recognizer(family: str, parameters: dict, kind: str) -> None:
    recipe = {"name": "x", "family": family, "all_params": parameters}
    assert Measured("x", {"recipe": recipe}, {}).kind == kind
