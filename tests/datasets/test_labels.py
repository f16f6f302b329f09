"""Labels come from the data: any names, synonyms, and mappings given in Python, as text or as TOML."""

from pathlib import Path

import numpy as np
import pytest

from ferbench.cli.entry import main
from ferbench.datasets import audit, load
from ferbench.datasets.base import canonical_label


def write_images(root: Path, labels: list[str], pattern: str = "{label}/{n}.png", each: int = 12) -> Path:
    """Random pictures in folders."""
    import cv2

    generator = np.random.default_rng(0)
    for label in labels:
        for n in range(each):
            path = root / pattern.format(label=label, n=n)
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), generator.integers(0, 255, (20, 20), np.uint8))
    return root


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("anger", "angry"),
        ("Happiness", "happy"),
        ("sadness", "sad"),
        ("fearful", "fear"),
        ("neutrality", "neutral"),
        ("natural", "neutral"),
        ("suprise", "surprise"),
        ("0_Disgusted", "disgust"),
        ("Contempt", "contempt"),
        ("bored", None),
    ],
)
def test_synonyms_of_the_usual_data_sets_are_known(written: str, label: str | None) -> None:
    assert canonical_label(written) == label


def test_labels_of_ones_own_are_taken_from_the_folders(tmp_path: Path) -> None:
    faces = load(write_images(tmp_path / "mine", ["Bored", "alert", "happily surprised"]))
    assert faces.label_names == ("alert", "bored", "happily surprised")
    assert any("Labels beside FER2013's seven: alert (12), bored (12)" in note for note in faces.notes)


def test_labels_below_a_split_and_above_folders_of_people_are_found(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        write_images(tmp_path / "data" / part, ["bored", "happy"], "{label}/anna/{n}.png", each=2)
    faces = load(tmp_path / "data")
    assert faces.label_names == ("happy", "bored")
    assert len(faces.rows("Training")) == 4


def test_a_single_label_is_no_data_set(tmp_path: Path) -> None:
    write_images(tmp_path / "a", ["bored"], "all/{label}/{n}.png")
    with pytest.raises(ValueError, match=r"lies in no label folder"):
        load(tmp_path / "a")
    with pytest.raises(ValueError, match="expected images of at least two labels; got 'bored' alone"):
        load(write_images(tmp_path / "b", ["bored", "tired"]), labels={"tired": "bored"})


def test_what_a_mapping_renames_merges_and_drops_is_counted(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "mine", ["anger", "rage", "contempt", "happy"])
    faces = load(folder, labels={"rage": "angry", "contempt": "drop", "happy": "glad"})
    assert faces.label_names == ("angry", "glad")
    assert (faces.labels == "angry").sum() == 24
    notes = " ".join(faces.notes)
    assert "Labels renamed: anger to angry (12), happy to glad (12), rage to angry (12)." in notes
    assert "Labels merged: anger and rage into angry." in notes
    assert "Labels left out: contempt (12)." in notes


def test_numeric_folders_need_a_mapping(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "raf", ["1", "2"])
    with pytest.raises(ValueError, match=r"label '1' is a number that nothing explains; .*--labels 1=happy"):
        load(folder)
    assert load(folder, labels={"1": "bored", "2": "fear"}).label_names == ("fear", "bored")
    (tmp_path / "map.toml").write_text('[labels]\n1 = "bored"\n2 = "fear"\n')
    for mapping in ("1=bored,2=fear", str(tmp_path / "map.toml"), tmp_path / "map.toml"):
        assert load(folder, labels=mapping).label_names == ("fear", "bored")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({}, "got an empty mapping"),
        ({"anger": 3}, "got 'anger' = 3"),
        ({"anger": "drop", "happy": "drop"}, "expected images of at least two labels; got 'bored' alone"),
        ("anger=drop,happy=drop,bored=drop", "the mapping of labels leaves no image"),
        ({"angst": "angry"}, "labels maps 'angst', which the source does not have"),
        ("anger=", "pairs such as anger=angry"),
        ("none.toml", "no such file"),
    ],
)
def test_a_mapping_onto_nothing_is_one_clear_line(tmp_path: Path, labels: object, message: str) -> None:
    folder = write_images(tmp_path / "mine", ["anger", "happy", "bored"])
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        load(folder, labels=labels)
    assert "\n" not in str(caught.value)


def test_a_mapping_may_drop_labels_and_map_none(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "mine", ["anger", "happy", "contempt", "neutral"])
    faces = load(folder, labels="contempt=drop,neutral=drop", allow_missing=True)
    assert faces.label_names == ("angry", "happy")
    assert "Labels left out: contempt (12), neutral (12)." in faces.notes
    drawn = load("faces", n_samples=70, labels={"fear": "drop", "neutral": "drop"})
    assert drawn.label_names == ("angry", "disgust", "happy", "sad", "surprise") and len(drawn) == 50
    with pytest.raises(ValueError, match="faces: expected images of at least two labels; got 'surprise' alone"):
        load("faces", n_samples=70, labels="angry=drop,disgust=drop,fear=drop,happy=drop,neutral=drop,sad=drop")


def test_drawn_faces_take_a_mapping_too() -> None:
    faces = load("faces", n_samples=70, labels="fear=afraid,neutral=drop")
    assert faces.label_names == ("angry", "disgust", "happy", "sad", "surprise", "afraid")
    assert len(faces) == 60 and "Labels left out: neutral (10)." in faces.notes


def test_the_cache_keeps_readings_apart(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "mine", ["bored", "alert"])
    assert load(folder).label_names == ("alert", "bored")
    assert load(folder, labels={"alert": "awake"}).label_names == ("awake", "bored")
    assert load(folder).label_names == ("alert", "bored")


def test_the_audit_counts_the_labels_of_the_data(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "mine", ["bored", "alert", "tired"])
    found = audit(folder, tmp_path / "out", labels="tired=bored")
    assert list(found["counts"]["Training"]) == ["alert", "bored"]
    assert sum(row["bored"] for row in found["counts"].values()) == 24
    assert "3 splits and 2 classes" in (tmp_path / "out" / "audit.md").read_text()


def test_the_commands_take_a_mapping(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_images(tmp_path / "mine", ["1", "2"])
    audited = ["data", "audit", str(folder), "--output", str(tmp_path / "out"), "--labels", "1=bored,2=alert"]
    assert main(audited) == 0
    assert main(["run", "faces", "--source", str(folder), "--labels", "1=bored,2=alert", "--dry-run"]) == 0
    assert "Labels beside FER2013's seven: alert (12), bored (12)." in capsys.readouterr().out
    assert main(["run", "faces", "--source", str(folder), "--dry-run"]) == 2
    assert "is a number that nothing explains" in capsys.readouterr().err


def test_ck_48_loads_with_six_labels_and_its_people(shared_data: Path) -> None:
    six = ["angry", "disgust", "fear", "happy", "sad", "surprise"]
    faces = load(shared_data / "ck48.zip", labels=six, allow_missing=True)
    assert faces.label_names == tuple(six) and len(faces) == 927
    assert any("Left out: contempt (54)" in note for note in faces.notes)
    assert faces.groups is not None and faces.sequence is not None
    parts = [set(faces.groups[faces.rows(split)]) for split in ("Training", "PublicTest", "PrivateTest")]
    assert sum(map(len, parts)) == len(set(faces.groups)) and all(parts)
    assert load(shared_data / "ck48.zip").label_names == (*six, "contempt")
