"""``ferbench run --protocol``: folds from the command line, and what cannot be divided is one line."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.cli import main
from ferbench.datasets import Dataset, make_faces, make_folds

SUITE = 'recipes = ["constant", "pixels+tree"]\n[dataset]\nsize = 24\n'


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(84, size=24, random_state=0, n_people=6)


@pytest.fixture
def suite(tmp_path: Path) -> str:
    (tmp_path / "mine.toml").write_text(SUITE)
    return str(tmp_path / "mine.toml")


def write_people(
    folder: Path, faces: Dataset, *, constant: bool = False, rare: bool = False, parts: bool = False
) -> str:
    """A folder with CK+'s file names: one person, a label of one person alone, or parts that share people."""
    assert faces.groups is not None
    for number, (label, image, who) in enumerate(zip(faces.labels, faces.images, faces.groups, strict=True)):
        person = 1 if constant else int(who.removeprefix("person_")) + 1
        name = "bored" if rare and person == 1 else label
        part = ("train", "val", "test")[number // 7 % 4 % 3] if parts else "."
        path = folder / part / name / f"S{person:03d}_001_{number:08d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
    return str(folder)


@pytest.mark.usefixtures("cells_here", "blank_drawings")
def test_folds_run_and_a_dry_run_names_them(
    suite: str, tmp_path: Path, faces: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", suite, "--source", write_people(tmp_path / "ck", faces), "--output", str(tmp_path / "out")]
    assert main([*words, "--protocol", "kfold:2", "--seeds", "2", "--dry-run"]) == 0
    planned = capsys.readouterr().out
    assert "8 of 8 cells would be measured" in planned and "pixels+tree-kfold2-2-s1-" in planned
    assert main([*words, "--protocol", "kfold:2", "--only", "constant"]) == 0
    said = capsys.readouterr().out
    assert "the test part of each fold is opened for its own cells" in said and "2 of 2" in said
    assert (tmp_path / "out" / "ck-kfold2" / "leaderboard.md").is_file()
    assert main(["report", str(tmp_path / "out")]) == 0
    assert "constant" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--protocol", "bootstrap"], "protocol must be official, holdout"),
        (["--protocol", "kfold"], "must name a number of folds"),
        (["--protocol", "cross"], "name the data to test on in test_sources (--test-source)"),
        (["--protocol", "loso", "--test-source", "x"], "leave test_sources out"),
        (["--test-source", "x"], "leave test_sources out"),
        (["--seeds", "0"], "--seeds must be at least 1"),
        (["--protocol", "kfold:9"], "expected at least 9 people to split by person; got 6"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    options: list[str], message: str, suite: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(suite)
    path.write_text(SUITE + "source = 'faces'\noptions = { n_samples = 84, n_people = 6 }\n")
    assert main(["run", suite, "--output", str(path.parent / "out"), *options]) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("kind", "protocol", "message"),
    [
        ({"constant": True}, "kfold:3", "the person is constant"),
        ({"rare": True}, "loso", "Training has no image of bored; use fewer folds"),
        ({"parts": True}, "official", "a split that shares people flatters"),
        ({"parts": True}, None, "3 people are in both Training and PrivateTest"),
        ({"parts": True}, "curve:0.5,1", "or ask for this split by name (--protocol official:shared)"),
    ],
)
def test_data_that_cannot_be_divided_are_one_line(
    kind: dict[str, bool],
    protocol: str | None,
    message: str,
    suite: str,
    tmp_path: Path,
    faces: Dataset,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = write_people(tmp_path / "ck", faces, **kind)
    Path(suite).write_text(f"{SUITE}options = {{ allow_missing = true }}\nsource = '{source}'\n")
    words = ["--protocol", protocol] if protocol else []
    assert main(["run", suite, "--output", str(tmp_path / "out"), *words]) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.strip().splitlines()) == 1


@pytest.mark.usefixtures("cells_here", "blank_drawings")
def test_a_split_that_shares_people_is_measured_when_it_is_asked_for_by_name(
    suite: str, tmp_path: Path, faces: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_people(tmp_path / "ck", faces, parts=True)
    words = ["run", suite, "--source", source, "--output", str(tmp_path / "out"), "--only", "constant"]
    assert main(words) == 2 and not (tmp_path / "out").exists()
    capsys.readouterr()
    assert main([*words, "--protocol", "official:shared"]) == 0
    assert "The split was asked for by name: people are in two of its parts" in capsys.readouterr().out
    content = json.loads((tmp_path / "out" / "ck" / "suite.json").read_bytes())
    assert content["shared_people"] is True and "protocol" not in content
    # A suite file names it as well, and the command line takes it back.
    Path(suite).write_text('protocol = "official:shared"\n' + SUITE)
    assert main([*words, "--dry-run"]) == 0
    assert main([*words, "--protocol", "official", "--dry-run"]) == 2


def test_people_who_share_no_part_and_rows_without_a_person_are_no_reason(faces: Dataset) -> None:
    assert faces.groups is not None
    assert make_folds(faces, "official:shared")[0] is faces
    unknown = np.array(["" if place % 3 else name for place, name in enumerate(faces.groups.tolist())])
    assert len(make_folds(replace(faces, groups=unknown), "official")) == 1


def test_key_points_know_no_folds(capsys: pytest.CaptureFixture[str]) -> None:
    for protocol in ("kfold:3", "official:shared"):
        assert main(["run", "keypoints-faces", "--protocol", protocol]) == 2
        assert "divides faces with expressions" in capsys.readouterr().err
