"""The landing page over all suites of a folder, from their leaderboards."""

from pathlib import Path

import pytest

from ferbench.benchmarks.pages import suite_folders, write_landing
from ferbench.cli import main

HEAD = "recipe,accuracy,accuracy_low,accuracy_high,status,chosen,dataset,drawn,latency_ms_p90,size_bytes"


def suite(folder: Path, *rows: str, head: str = HEAD) -> Path:
    folder.mkdir(parents=True)
    (folder / "leaderboard.csv").write_text("\n".join([head, *rows]) + "\n")
    (folder / "index.html").write_text("the page")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    suite(
        tmp_path / "faces",
        "hog+svm,0.71,0.70,0.72,ok,False,faces,True,3.5,2000000",
        "net<b>,0.75,0.74,0.76,ok,True,faces,True,1.25,5000000",
        "slow,,,,timeout,False,faces,True,,",
        "next,,,,not measured,False,faces,True,,",
    )
    suite(tmp_path / "points" / "mine", "points-net,0.0374,ok,True,mine", head="recipe,nme,status,chosen,dataset")
    (tmp_path / "speed").mkdir()
    (tmp_path / "speed" / "speed.md").write_text("# Speed")
    (tmp_path / "speed" / "times.png").write_bytes(b"a picture")
    return tmp_path


def test_each_suite_is_shown_with_its_best_recognizer_and_linked(root: Path) -> None:
    page = write_landing(root)
    text = page.read_text()
    assert page == root / "index.html"
    assert 'href="faces/index.html"' in text and 'href="points/mine/leaderboard.csv"' in text
    assert "net&lt;b&gt;" in text and "<b>" not in text
    assert "<strong>0.750</strong> accuracy" in text and "0.740–0.760" in text
    assert (
        "1.25 ms" in text
        and "5.00 MB" in text
        and "1 failed" in text
        and "1 not measured" in text
        and "drawn faces" in text
    )
    assert "<strong>0.0374</strong> normalized error" in text
    assert "the smallest one that a comparison on them detects" in text and 'href="faces/index.html#reading"' in text
    assert text.index('href="speed/speed.md"') < text.index('href="speed/times.png"')


def test_a_suite_without_a_page_is_linked_to_its_table(tmp_path: Path) -> None:
    folder = suite(tmp_path / "peers" / "mine", "net,0.7,0.69,0.71,ok,True,mine,False,,")
    (folder / "index.html").unlink()
    (folder / "leaderboard.md").write_text("# Leaderboard")
    assert '<a href="peers/mine/leaderboard.md">peers/mine</a>' in write_landing(tmp_path).read_text()


def test_a_suite_whose_test_split_is_closed_shows_the_split_of_the_choice(tmp_path: Path) -> None:
    suite(tmp_path / "peers", "net,,0.69,ok,True,mine", head="recipe,accuracy,public_accuracy,status,chosen,dataset")
    assert "<strong>0.690</strong> accuracy on PublicTest" in write_landing(tmp_path).read_text()


def test_the_command_writes_it_for_a_folder_of_several_suites(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(root)]) == 0
    out = capsys.readouterr().out
    assert f"landing page: {root / 'index.html'}" in out
    assert all(f"ferbench report {folder}" in out for folder in suite_folders(root))


def test_the_folds_of_a_protocol_stand_among_the_other_tables(root: Path) -> None:
    folds = suite(root / "ck48" / "ck48-kfold10", "hog+svm,ok,10,0.8", head="recipe,status,folds,accuracy")
    (folds / "suite.json").write_text('{"protocol": "kfold:10"}')
    (root / "ck48" / "protocols.md").write_text("# Protocols")
    assert root / "ck48" / "ck48-kfold10" not in suite_folders(root)
    assert 'href="ck48/protocols.md"' in write_landing(root).read_text()


def test_a_folder_without_leaderboards_and_a_broken_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no leaderboard\.csv below it"):
        write_landing(tmp_path)
    suite(tmp_path / "odd", "1,2", head="a,b")
    with pytest.raises(ValueError, match="expected rows with recipe, status, chosen and dataset"):
        write_landing(tmp_path)
