"""Split folders with other names than the usual ones: asked for, read as the user says, and counted."""

import csv
import io
from pathlib import Path

import cv2
import pytest

from ferbench.cli import main
from ferbench.datasets import SPLITS, Dataset, audit, load, make_faces
from ferbench.datasets.base import CODES, parse_split_names

OWN = {"Training": "tr", "PublicTest": "val", "PrivateTest": "te"}


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(140, random_state=6, difficulty=0.2)


def write(folder: Path, faces: Dataset, names: dict[str, str], labels: dict[str, str] | None = None) -> Path:
    for row, (image, label, split) in enumerate(
        zip(faces.images, faces.labels.tolist(), faces.split.tolist(), strict=True)
    ):
        place = folder / names[split] / (labels or {}).get(label, label)
        place.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / f"{row}.png"), image)
    return folder


@pytest.fixture(scope="module")
def own(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("own"), faces, OWN)


@pytest.fixture(scope="module")
def usual(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("usual"), faces, {split: split for split in SPLITS})


@pytest.mark.parametrize(
    "names",
    [
        "Training=tr,PublicTest=val,PrivateTest=te",
        "tr=train, te=test",
        {"Training": "tr", "PrivateTest": ["te"]},
    ],
)
def test_folders_are_the_splits_that_the_user_names(names: object, own: Path, usual: Path) -> None:
    for _ in range(2):  # decoded, and from the cache
        data = load(own, split_names=names)
        assert sorted(map(str, data.split)) == sorted(map(str, load(usual).split))
        assert [note for note in data.notes if note.startswith("Splits as named")]
    assert "tr is Training (" in " ".join(data.notes)


def test_unknown_names_beside_known_ones_are_asked_for(own: Path) -> None:
    with pytest.raises(ValueError, match=r"'te', 'tr': expected the names of splits .*--split-names \w+=te"):
        load(own)
    with pytest.raises(ValueError, match="--split-names"):
        audit(own, own / "out")


@pytest.mark.parametrize("labels", [None, {label: f"x{label}" for label in CODES}])
def test_two_or_three_folders_with_the_same_labels_are_asked_for(
    labels: dict[str, str] | None, faces: Dataset, tmp_path: Path
) -> None:
    folder = write(tmp_path, faces, {"Training": "a", "PublicTest": "a", "PrivateTest": "b"}, labels)
    with pytest.raises(ValueError, match=r"'a', 'b': .*--split-names Training=a,PrivateTest=b"):
        load(folder)
    assert set(load(folder, split_names="Training=a,test=b").split) == set(SPLITS)
    drawn = load(folder, split_names="none=a,none=b")
    assert len(drawn) == len(faces) and "The source has no split of its own" in " ".join(drawn.notes)
    assert len(drawn.label_names) == 7
    kept = load(folder, split_names="none=a,drop=b")
    assert "b is left out" in " ".join(kept.notes) and len(kept) < len(drawn)


def test_a_usage_is_read_as_named(faces: Dataset, tmp_path: Path) -> None:
    text = io.StringIO(newline="")
    rows = zip(faces.images, faces.labels.tolist(), faces.split.tolist(), strict=True)
    lines = [[CODES.index(label), " ".join(map(str, image.ravel())), OWN[split]] for image, label, split in rows]
    csv.writer(text).writerows([["emotion", "pixels", "Usage"], *lines])
    (tmp_path / "a.csv").write_text(text.getvalue())
    with pytest.raises(ValueError, match=r"row 1 .*Usage.*got '(tr|te)'.*--split-names"):
        load(tmp_path / "a.csv")
    data = load(tmp_path / "a.csv", split_names="Training=tr,PrivateTest=te")
    assert sorted(map(str, data.split)) == sorted(map(str, faces.split))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("a=b", "got a=b"),
        ("", "got ''"),
        ("Training", "got Training="),
        ("Training=a,test=A", "the folder 'a' twice"),
        (7, "got 7"),
    ],
)
def test_names_that_are_none_are_refused(names: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_split_names(names)


def test_a_name_that_the_source_lacks_is_refused(own: Path) -> None:
    with pytest.raises(ValueError, match=r"--split-names.* names 'xx', which the source does not have"):
        load(own, split_names="Training=tr,PrivateTest=te,drop=xx")
    with pytest.raises(ValueError, match="unknown option 'split_names'"):
        load("faces", split_names="Training=tr")


@pytest.mark.parametrize(
    "argv", [["run", "faces", "--dry-run", "--source", "IN"], ["data", "audit", "IN", "--output", "out"]]
)
def test_the_commands_ask_for_the_option(
    argv: list[str], own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([str(own) if word == "IN" else word for word in argv]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and "--split-names" in lines[0] and str(own) in lines[0]


def test_a_run_reads_the_splits_as_named(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "faces", "--dry-run", "--source", str(own), "--split-names", "Training=tr,PrivateTest=te"]) == 0
    assert "tr is Training" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [["tune", "hog+svm"], ["measure-speed"], ["measure-training"]])
def test_other_commands_that_read_data_hand_the_options_on(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(source: str, **options: object) -> None:
        given = {
            name: value for name, value in options.items() if name in ("labels", "split_names", "allow_unreadable")
        }
        raise ValueError(f"{source}: {given}")

    monkeypatch.setattr("ferbench.datasets.load", load)
    words = ["--source", "mine", "--labels", "a=b", "--split-names", "Training=tr", "--allow-unreadable"]
    assert main([*argv, *words, "--output", str(tmp_path)]) == 2
    expected = {"labels": "a=b", "split_names": "Training=tr", "allow_unreadable": True}
    assert f"mine: {expected}" in capsys.readouterr().err


def test_an_incomplete_official_split_is_allowed_by_name(
    faces: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "data", faces, {split: split for split in SPLITS})
    next(folder.glob("PrivateTest/happy/*.png")).write_bytes(b"no image")
    argv = ["run", "faces", "--dry-run", "--source", str(folder), "--output", str(tmp_path / "results")]
    assert main(argv) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and "PrivateTest/happy/" in lines[0] and "--allow-unreadable" in lines[0]
    assert main([*argv, "--allow-unreadable"]) == 0
    assert "1 images or rows could not be read and were left out" in capsys.readouterr().out
