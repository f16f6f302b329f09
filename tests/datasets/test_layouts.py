"""Loaders of known data sets, each on a miniature of drawn faces in exactly its layout."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.cli.entry import main
from ferbench.datasets import LABELS, Dataset, known_layouts, load, make_faces

SHORT = {"angry": "AN", "disgust": "DI", "fear": "AF", "happy": "HA", "neutral": "NE", "sad": "SA", "surprise": "SU"}
CREMA = {"angry": "ANG", "disgust": "DIS", "fear": "FEA", "happy": "HAP", "neutral": "NEU", "sad": "SAD"}
RAF = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
AFFECTNET = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry")
EXPW = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
CK = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
PARTS = ("train", "val", "test")


@pytest.fixture(scope="module")
def drawn() -> Dataset:
    """Seven people, three faces of each expression of each."""
    return make_faces(147, random_state=0, n_people=7)


def rows_of(drawn: Dataset) -> Iterator[tuple[int, str, int, np.ndarray]]:
    """Number, label, person and image of each face."""
    for number, (label, image) in enumerate(zip(drawn.labels.tolist(), drawn.images, strict=True)):
        yield number, label, number // 7 % 7, image


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_clip(path: Path, image: np.ndarray) -> None:
    """A clip in the container of the original; the test is skipped where OpenCV has no encoder for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = {".mp4": "mp4v", ".flv": "FLV1"}[path.suffix]
    wide = cv2.copyMakeBorder(cv2.resize(image, (64, 64)), 0, 0, 16, 16, cv2.BORDER_REPLICATE)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), 10, (96, 64))
    if not writer.isOpened():
        pytest.skip(f"this OpenCV has no encoder {code} for {path.suffix}")
    for _ in range(6):
        writer.write(cv2.cvtColor(wide, cv2.COLOR_GRAY2BGR))
    writer.release()


def jaffe(root: Path, drawn: Dataset) -> int:
    for number, label, person, image in rows_of(drawn):
        code = "FE" if label == "fear" else SHORT[label]
        write(root / f"K{'ABCDEFG'[person]}.{code}{number // 49 + 1}.{number}.tiff", image)
    write_text(root / "README", "about")
    return 147


def kdef(root: Path, drawn: Dataset) -> int:
    for number, label, person, image in rows_of(drawn):
        session, angle = "AB"[number // 49 % 2], "S" if number < 98 else "HL"
        name = f"{session}{'FM'[person % 2]}{person + 1:02d}{SHORT[label]}{angle}"
        write(root / "KDEF" / name[:4] / f"{name}.JPG", image)
    return 98


def rafdb(root: Path, drawn: Dataset) -> int:
    lines = []
    for number, label, _, image in rows_of(drawn):
        part = "test" if number >= 98 else "train"
        lines.append(f"{part}_{number:05d}.jpg {RAF.index(label) + 1}")
        write(root / "basic" / "Image" / "aligned" / f"{part}_{number:05d}_aligned.jpg", image)
        write(root / "basic" / "Image" / "original" / f"{part}_{number:05d}.jpg", image)
    write_text(root / "basic" / "EmoLabel" / "list_patition_label.txt", "\n".join(lines))
    return 147


def rafdb_folders(root: Path, drawn: Dataset) -> int:
    for number, label, _, image in rows_of(drawn):
        part = "test" if number >= 98 else "train"
        write(root / "DATASET" / part / str(RAF.index(label) + 1) / f"{part}_{number:05d}_aligned.jpg", image)
    write_text(root / "train_labels.csv", "image,label\n")
    return 147


def affectnet(root: Path, drawn: Dataset) -> int:
    for number, label, _, image in rows_of(drawn):
        folder = root / ("val_set" if number >= 98 else "train_set")
        write(folder / "images" / f"{number}.jpg", image)
        (folder / "annotations").mkdir(exist_ok=True)
        code = "8" if number == 0 else str(AFFECTNET.index(label))
        for kind, text in (("exp", code), ("val", "0.1"), ("aro", "0.2"), ("lnd", "1;2")):
            np.save(folder / "annotations" / f"{number}_{kind}.npy", np.array(text))
    return 146


def expw(root: Path, drawn: Dataset) -> int:
    lines = []
    for number, label, _, image in rows_of(drawn):
        photo = np.zeros((100, 120), np.uint8)
        photo[30:78, 50:98] = image
        write(root / "image" / f"photo_{number}.png", photo)
        lines.append(f"photo_{number}.png 0 30 50 98 78 60.5 {EXPW.index(label)}")
    write_text(root / "label.lst", "\n".join([*lines, "gone.png 0 1 1 20 20 9.0 3"]))
    return 147


def oulu(root: Path, drawn: Dataset) -> int:
    words = {"angry": "Anger", "disgust": "Disgust", "fear": "Fear", "happy": "Happiness", "sad": "Sadness"}
    names = {**words, "surprise": "Surprise"}
    kept = 0
    for number, label, person, image in rows_of(drawn):
        if label not in names:
            continue
        folder = Path("Strong") / f"P{person + 1:03d}" / names[label]
        write(root / "OriginalImg" / "VL" / folder / f"{number // 49 + 1:03d}.jpeg", image)
        write(root / "OriginalImg" / "VL" / folder / "000.jpeg", image)
        write(root / "OriginalImg" / "NI" / folder / "000.jpeg", image)
        kept += 1
    return kept


def sfew(root: Path, drawn: Dataset) -> int:
    for number, label, _, image in rows_of(drawn):
        word = {"angry": "Angry", "neutral": "Neutral"}.get(label, label.capitalize())
        write(root / ("Val" if number >= 98 else "Train") / word / f"film_{number:09d}.png", image)
    write(root / "Test" / "film_1.png", drawn.images[0])
    return 147


def ckplus(root: Path, drawn: Dataset) -> int:
    for label in ("angry", "disgust", "fear", "happy", "sad", "surprise"):
        for person in range(7):
            rows = [number for number, name, who, _ in rows_of(drawn) if (name, who) == (label, person)]
            neutral = [number for number, name, who, _ in rows_of(drawn) if (name, who) == ("neutral", person)]
            name = f"S{person:03d}_{CK.index(label):03d}"
            place = Path(name[:4]) / name[5:]
            for frame, number in enumerate([neutral[0], neutral[1], *rows], start=1):
                write(root / "cohn-kanade-images" / place / f"{name}_{frame:08d}.png", drawn.images[number])
            write_text(root / "Emotion" / place / f"{name}_{5:08d}_emotion.txt", f"   {CK.index(label)}.0000000e+00\n")
    write(root / "cohn-kanade-images" / "S006" / "009" / "S006_009_00000001.png", drawn.images[0])
    return 6 * 7 * 4


def ck48(root: Path, drawn: Dataset) -> int:
    for number, label, person, image in rows_of(drawn):
        write(root / "CK+48" / label / f"S{person:03d}_{number // 49:03d}_{number:08d}.png", image)
    return 147


def ck_csv(root: Path, drawn: Dataset) -> int:
    codes = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")
    lines = ["emotion,pixels,Usage"]
    for number, label, _, image in rows_of(drawn):
        usage = ("Training", "PublicTest", "PrivateTest")[number // 49]
        code = 7 if label == "neutral" else codes.index(label)
        lines.append(f"{code},{' '.join(map(str, image.ravel()))},{usage}")
    write_text(root / "ckextended.csv", "\n".join(lines))
    return 147


def cremad(root: Path, drawn: Dataset) -> int:
    kept = 0
    for number, label, person, image in rows_of(drawn):
        if label in CREMA and number < 49:
            write_clip(root / "VideoFlash" / f"{1001 + person}_DFA_{CREMA[label]}_XX.flv", image)
            kept += 3
    return kept


def ravdess(root: Path, drawn: Dataset) -> int:
    codes = {"neutral": 1, "happy": 3, "sad": 4, "angry": 5, "fear": 6, "disgust": 7, "surprise": 8}
    for number, label, person, image in rows_of(drawn):
        if number < 49:
            actor = person + 1
            write_clip(root / f"Actor_{actor:02d}" / f"01-01-{codes[label]:02d}-01-01-01-{actor:02d}.mp4", image)
            write_clip(root / f"Actor_{actor:02d}" / f"02-01-{codes[label]:02d}-01-01-01-{actor:02d}.mp4", image)
    return 49 * 3


def table(root: Path, drawn: Dataset) -> int:
    lines = ["path,label,person,split"]
    for number, label, person, image in rows_of(drawn):
        write(root / "faces" / f"{number}.png", image)
        lines.append(f"faces/{number}.png,{label},p{person},{PARTS[number // 7 % 3]}")
    write_text(root / "table.csv", "\n".join(lines))
    return 147


CASES: dict[str, tuple[str, Callable[[Path, Dataset], int], str, int | None]] = {
    "jaffe": ("jaffe", jaffe, "", 7),
    "kdef": ("kdef", kdef, "", 7),
    "rafdb": ("rafdb", rafdb, "", None),
    "rafdb folders": ("rafdb", rafdb_folders, "", None),
    "affectnet": ("affectnet", affectnet, "", None),
    "expw": ("expw", expw, "", None),
    "oulu": ("oulucasia", oulu, "", 7),
    "sfew": ("sfew", sfew, "", None),
    "ck+": ("CK+", ckplus, "", 7),
    "ck48": ("ckplus", ck48, "", 7),
    "cremad": ("cremad", cremad, "", 7),
    "ravdess": ("ravdess", ravdess, "", 7),
    "table": ("csv", table, "table.csv", 7),
}


@pytest.mark.parametrize("case", CASES)
def test_a_miniature_of_the_layout_loads(tmp_path: Path, drawn: Dataset, case: str) -> None:
    layout, build, inside, people = CASES[case]
    count = build(tmp_path / "set", drawn)
    faces = load(f"{layout}:{tmp_path / 'set' / inside}")
    assert len(faces) == count
    assert set(faces.label_names) <= set(LABELS) and len(faces.label_names) >= 6
    assert (faces.groups is None) == (people is None)
    assert faces.groups is None or len(set(faces.groups)) == people
    assert "Terms of the original" in faces.notes[0]
    differences = np.abs(faces.images[:, None].astype(int) - drawn.images[None].astype(int)).mean(axis=(2, 3))
    assert (drawn.labels[differences.argmin(axis=1)] == faces.labels).mean() > 0.98


def test_what_a_layout_leaves_out_is_counted(tmp_path: Path, drawn: Dataset) -> None:
    kdef(tmp_path / "kdef", drawn)
    assert "49 images were left out: an angle other than S." in load(tmp_path / "kdef", layout="kdef").notes
    assert len(load(tmp_path / "kdef", layout="KDEF", angles="S+HL")) == 147
    ckplus(tmp_path / "ck", drawn)
    notes = load(tmp_path / "ck", layout="ck+").notes
    assert "1 images were left out: its sequence has no label." in notes
    assert any("42 images were left out: neither the first" in note for note in notes)


def test_a_csv_of_ck_has_codes_of_its_own(tmp_path: Path, drawn: Dataset) -> None:
    ck_csv(tmp_path, drawn)
    faces = load(tmp_path / "ckextended.csv", layout="ckplus")
    assert faces.label_names == ("angry", "disgust", "fear", "happy", "sad", "surprise", "contempt")
    assert len(load(tmp_path / "ckextended.csv", layout="ckplus", labels="contempt=drop")) == 126


def test_compound_labels_are_labels_like_any_other(tmp_path: Path, drawn: Dataset) -> None:
    lines = []
    for number, _, _, image in rows_of(drawn):
        part = "test" if number >= 99 else "train"
        lines.append(f"{part}_{number:05d}.jpg {number % 11 + 1}")
        write(tmp_path / "compound" / "Image" / "aligned" / f"{part}_{number:05d}_aligned.jpg", image)
    write_text(tmp_path / "compound" / "EmoLabel" / "list_patition_label.txt", "\n".join(lines))
    faces = load(f"rafdb-compound:{tmp_path}")
    assert len(faces.label_names) == 11 and "happily surprised" in faces.label_names
    assert "unverified" in faces.notes[0]


def ferplus(root: Path, drawn: Dataset) -> None:
    order = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear")
    votes = ["Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"]
    pixels = ["emotion,pixels,Usage"]
    for number, label, _, image in rows_of(drawn):
        usage = ("Training", "PublicTest", "PrivateTest")[number // 7 % 3]
        given = [0] * 10
        given[order.index(label)], given[(order.index(label) + 1) % 7] = 8, 2
        if number == 0:
            given = [5, 5, 0, 0, 0, 0, 0, 0, 0, 0]
        if number == 1:
            given = [1, 0, 0, 0, 0, 0, 0, 9, 0, 0]
        votes.append(f"{usage},fer{number:07d}.png,{','.join(map(str, given))}")
        pixels.append(f"0,{' '.join(map(str, image.ravel()))},{usage}")
    write_text(root / "fer2013.csv", "\n".join(pixels))
    write_text(root / "fer2013new.csv", "\n".join(votes))


def test_votes_join_fer2013_by_row(tmp_path: Path, drawn: Dataset) -> None:
    ferplus(tmp_path, drawn)
    faces = load(f"fer+:{tmp_path}")
    assert len(faces) == 145 and faces.labels.tolist() == drawn.labels[2:].tolist()
    assert faces.votes is not None and faces.votes.shape == (145, 7)
    assert np.allclose(faces.votes.sum(axis=1), 1)
    best = faces.votes.argmax(axis=1)
    assert [faces.label_names[k] for k in best] == faces.labels.tolist()
    assert "1 images were left out: the most votes are tied." in faces.notes
    assert "1 images were left out: most votes are for contempt." in faces.notes
    assert len(load(f"fer+:{tmp_path}", rule="distribution")) == 147


def test_votes_that_do_not_join_are_refused_in_one_line(tmp_path: Path, drawn: Dataset) -> None:
    ferplus(tmp_path, drawn)
    lines = (tmp_path / "fer2013new.csv").read_text().splitlines()
    write_text(tmp_path / "fer2013new.csv", "\n".join(lines[:-1]))
    with pytest.raises(ValueError, match="the votes do not join: row 147 is no row here"):
        load(f"ferplus:{tmp_path}")
    write_text(tmp_path / "fer2013new.csv", "\n".join([lines[0], *lines[:0:-1]]))
    with pytest.raises(ValueError, match=r"the votes do not join: row 1 is .* here and Training in FER2013"):
        load(f"ferplus:{tmp_path}")
    (tmp_path / "fer2013new.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"expected the votes, fer2013new\.csv"):
        load(f"ferplus:{tmp_path}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "expected the columns path,label"),
        ("path,label,person\n1.png,happy,anna\n2.png,sad,anna\n", "the column person is constant"),
        ("path,label,person\n1.png,happy,anna\n2.png,sad,\n", "row 2 names no person"),
        ("path,label,split\n1.png,happy,everywhere\n2.png,sad,train\n", "row 1: expected a split among"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    write_text(tmp_path / "mine.csv", text)
    with pytest.raises(ValueError, match=message) as caught:
        load(f"csv:{tmp_path / 'mine.csv'}")
    assert "\n" not in str(caught.value)


def test_an_unknown_layout_is_named_with_the_closest(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="layout 'jafe' is unknown; did you mean 'jaffe'"):
        load(tmp_path, layout="jafe")
    with pytest.raises(FileNotFoundError, match="expected JAFFE"):
        load(f"jaffe:{tmp_path / 'none'}")
    write(tmp_path / "a.png", np.zeros((20, 20), np.uint8))
    with pytest.raises(ValueError, match="no image fits the layout"):
        load(tmp_path, layout="jaffe")
    with pytest.raises(ValueError, match="unknown option 'angle'"):
        load(tmp_path, layout="kdef", angle="S")


def test_each_layout_names_the_public_sources_that_it_was_read_in() -> None:
    layouts = known_layouts()
    assert [name for name, layout in layouts.items() if layout.own] == ["csv"]
    for name, layout in layouts.items():
        assert layout.own or layout.sources, name
        assert len(set(layout.sources)) == len(layout.sources), name
        # A host and a place on it: two files of one repository are one source.
        places = {"/".join(re.split("[:(]", source)[0].strip().split("/")[:3]) for source in layout.sources}
        assert len(places) == len(layout.sources) and all("." in place and "/" in place for place in places), name
    assert not layouts["oulucasia"].verified and not layouts["rafdbcompound"].verified
    one = dataclasses.replace(layouts["kdef"], sources=layouts["kdef"].sources[:1])
    assert layouts["kdef"].verified and not one.verified and "unverified" in one.terms()[0]


def test_the_command_lists_layouts_with_terms_and_verification(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert known_layouts().keys() <= lines.keys() and len(known_layouts()) >= 13
    assert "(verified)" in lines["ckplus"] and "(unverified)" in lines["rafdbcompound"]
    for name, layout in known_layouts().items():
        enough = len(set(layout.sources)) >= 2 or layout.own
        assert (f"({'verified' if enough else 'unverified'})" in lines[name]) and layout.verified == enough
    assert "CC BY-NC-SA 4.0" in lines["ravdess"]
