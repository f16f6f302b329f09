"""The test split of FER2013 stays closed for one's own trainings, whatever labels are left out or renamed."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.benchmarks.own import train_bundle
from ferbench.cli import main
from ferbench.datasets import load, make_faces, make_folds
from ferbench.datasets.base import CODES, LABELS, LabelReader, Problems, SplitReader
from ferbench.datasets.protocols import keep_labels, map_labels
from ferbench.datasets.readers.entries import place_by_folder

COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
OF_COLUMN = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear")
CLOSED = "does not open the PrivateTest of FER2013"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn faces as FER2013 is passed on: two tables, votes of FER+, files with its names, and a table of them."""
    folder = tmp_path_factory.mktemp("fer2013-like")
    faces = make_faces(105, size=24, random_state=3)
    rows, votes, listed = ["emotion,pixels,Usage"], [f"Usage,Image name,{','.join(COLUMNS)}"], ["path,label,split"]
    for place, (image, label, split) in enumerate(
        zip(faces.images, faces.labels.tolist(), faces.split.tolist(), strict=True)
    ):
        rows.append(f"{CODES.index(label)},{' '.join(map(str, image.ravel()))},{split}")
        votes.append(f"{split},,{','.join('9' if name == label else '0' for name in (*OF_COLUMN, '', '', ''))}")
        name = f"{'test' if split == 'PrivateTest' else 'train'}/{label}/{split}_{place}.png"
        (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / "images" / name), image)
        part = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}[split]
        own = folder / "own" / part / label / f"{place}.png"
        own.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(own), image)
        listed.append(f"images/{name},{label},{part}")
    for table in ("fer2013.csv", "icml_face_data.csv"):
        (folder / table).write_text("\n".join(rows))
    (folder / "own.csv").write_text("\n".join(rows).replace("PrivateTest", "test").replace("PublicTest", "val"))
    (folder / "fer2013new.csv").write_text("\n".join(votes))
    (folder / "files.csv").write_text("\n".join(listed))
    return folder


@pytest.mark.parametrize(
    ("source", "labels"),
    [
        ("fer2013.csv", "happy,sad"),
        ("icml_face_data.csv", None),
        ("icml_face_data.csv", "disgust=drop,happy=keen"),
        ("icml_face_data.csv", "happy,sad"),
        ("icml_face_data.csv", "happy=keen,sad=bored"),
        ("ferplus:.", None),
        ("ferplus:fer2013.csv", "happy,sad"),
        ("images", "disgust=drop,happy=keen"),
        ("csv:files.csv", "happy,sad"),
    ],
)
def test_its_test_split_is_recognized_by_the_source(
    source: str, labels: str | None, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    words = [*([] if labels is None else ["--labels", labels]), "--size", "24", "--output", "never", "--test"]
    for _ in range(2):  # read, then out of the cache
        assert main(["train", "pixels+logreg", "--source", source, *words]) == 2
        assert CLOSED in capsys.readouterr().err and not Path("never").exists()


@pytest.mark.parametrize("source", ["own", "own.csv"])
def test_a_test_part_of_ones_own_is_scored(source: str, desk: Path, tmp_path: Path) -> None:
    trained = train_bundle("pixels+logreg", load(desk / source, size=24), tmp_path / "mine", test=True)
    assert set(trained.scores) == {"PublicTest", "PrivateTest"}


def test_the_function_refuses_before_the_fit(tmp_path: Path) -> None:
    """A data set that only bears the name, or has the sizes; leaving labels out changes both."""
    faces = make_faces(42, size=24, random_state=0)
    named = replace(faces, name="fer2013")
    split = np.repeat(["Training", "PublicTest", "PrivateTest"], [20, 3589, 3589])
    rows = np.resize(np.arange(len(faces)), len(split))
    sized = replace(faces, **faces.take(rows) | {"split": split})
    few = [keep_labels(each, ["happy", "sad"]) for each in (named, sized)]
    renamed = map_labels(sized, {"happy": "keen", "disgust": "drop"})
    for dataset in (named, sized, *few, renamed):
        with pytest.raises(ValueError, match=CLOSED):
            train_bundle("pixels+logreg", dataset, tmp_path / "never", test=True, on_step=pytest.fail)


def test_sizes_count_before_labels_are_left_out() -> None:
    """Parts with names of one's own: what a mapping drops still tells whose test split it is."""
    sizes = dict.fromkeys(LABELS, 512) | {"sad": 3589 - 6 * 512}
    paths = [f"{part}/{label}/{k}.png" for part in ("val", "test") for label in LABELS for k in range(sizes[label])]
    for left, whole in ((paths, True), (paths[1:], False)):
        splits = SplitReader()
        kept = place_by_folder(left, LabelReader({"sad": "drop"}), Problems("mine"), splits)
        assert splits.fer2013 is whole and len(kept) < len(left)


def test_folds_without_its_test_split_have_a_test_of_their_own(desk: Path) -> None:
    dataset = load(desk / "icml_face_data.csv", size=24)
    assert dataset.has_fer2013_test
    assert not any(fold.has_fer2013_test for name in ("kfold:2", "curve:1") for fold in make_folds(dataset, name))


def test_a_split_of_this_name_that_is_left_out_is_none(desk: Path) -> None:
    assert not load(desk / "icml_face_data.csv", size=24, split_names="drop=PrivateTest").fer2013
