"""Data as people have it: wrappings, dialects, names from Windows, damaged files, and what is left out."""

import csv
import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.cli import main
from ferbench.datasets import Dataset, load, load_points, make_faces
from ferbench.datasets.base import CODES
from ferbench.datasets.readers.tables import find_table

USAGES = ["Training"] * 12 + ["PublicTest"] * 4 + ["PrivateTest"] * 4


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(140, random_state=5, difficulty=0.2)


@pytest.fixture(scope="module")
def rows(faces: Dataset) -> list[list[str]]:
    seen: dict[str, int] = {}
    found = []
    for image, label in zip(faces.images, faces.labels.tolist(), strict=True):
        number = seen[label] = seen.get(label, -1) + 1
        usage = USAGES[min(number, len(USAGES) - 1)]
        found.append([str(CODES.index(label)), " ".join(map(str, image.ravel())), usage])
    return found


def text_of(rows: list[list[str]], delimiter: str = ",") -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows([["emotion", "pixels", "Usage"], *rows])
    return stream.getvalue()


@pytest.fixture(scope="module")
def plain(rows: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "fer2013.csv"
    path.write_text(text_of(rows))
    return path


def wrap(kind: str, content: bytes, place: Path) -> Path:
    if kind == "zip":
        with zipfile.ZipFile(place / "archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("fer2013.csv", content)
            archive.writestr("__MACOSX/._fer2013.csv", b"x")
        return place / "archive.zip"
    if kind == "zip of a folder":
        with zipfile.ZipFile(place / "a.zip", "w") as archive:
            archive.writestr("challenge/README", b"x")
            archive.writestr("challenge/fer2013.csv", content)
        return place / "a.zip"
    if kind == "tar.gz":
        with tarfile.open(place / "fer2013.tar.gz", "w:gz") as archive:
            info = tarfile.TarInfo("fer2013/fer2013.csv")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        return place / "fer2013.tar.gz"
    if kind == "gz":
        (place / "fer2013.csv.gz").write_bytes(gzip.compress(content, 1))
        return place / "fer2013.csv.gz"
    folder = place / "versions" / "1" if kind == "nested folder" else place
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fer2013.csv").write_bytes(content)
    return place / "versions" if kind == "nested folder" else place


@pytest.mark.parametrize("kind", ["zip", "zip of a folder", "tar.gz", "gz", "folder", "nested folder"])
def test_the_csv_is_found_in_every_wrapping(kind: str, plain: Path, tmp_path: Path) -> None:
    got = load(wrap(kind, plain.read_bytes(), tmp_path))
    assert got.fingerprint == load(plain).fingerprint
    assert got.name == "fer2013"


@pytest.mark.parametrize("dialect", ["semicolon", "tab", "utf-16", "float labels", "lists", "trailing commas"])
def test_dialects_are_the_same_data(dialect: str, plain: Path, rows: list[list[str]], tmp_path: Path) -> None:
    text, encoding = plain.read_text(), "utf-8"
    if dialect in ("semicolon", "tab"):
        text = text_of(rows, ";" if dialect == "semicolon" else "\t")
    elif dialect == "utf-16":
        encoding = "utf-16"
    elif dialect == "float labels":
        text = text_of([[f"{label}.0", *rest] for label, *rest in rows])
    elif dialect == "lists":
        text = text_of([[label, f"[{pixels.replace(' ', ', ')}]", usage] for label, pixels, usage in rows])
    else:
        text = text.replace("Usage", "Usage,") + ",,\n,,,\n"
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    for _ in range(2):  # decoded, and from the cache
        got = load(tmp_path / "a.csv")
        assert got.fingerprint == load(plain).fingerprint
        assert ("2 rows without any content were passed over." in got.notes) == (dialect == "trailing commas")


def write_images(faces: Dataset, folder: Path, splits: bool) -> Path:
    seen: dict[str, int] = {}
    for image, label in zip(faces.images, faces.labels.tolist(), strict=True):
        number = seen[label] = seen.get(label, -1) + 1
        place = folder / ("test" if number % 3 == 0 else "train") / label if splits else folder / label
        place.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / f"{number}.png"), image)
    return folder


def test_a_zip_from_windows_is_read(faces: Dataset, tmp_path: Path) -> None:
    folder = write_images(faces, tmp_path / "data", splits=True)
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            info = zipfile.ZipInfo("x")
            info.filename = str(file.relative_to(folder)).replace("/", "\\")
            archive.writestr(info, file.read_bytes())
    assert load(tmp_path / "data.zip").fingerprint == load(folder).fingerprint


def test_what_is_left_out_of_a_folder_is_counted(faces: Dataset, tmp_path: Path) -> None:
    folder = write_images(faces, tmp_path / "data", splits=True)
    for name in ("notes.txt", "train/happy/film.mp4", "train/happy/._1.png", "README"):
        (folder / name).write_bytes(b"x")
    notes = load(folder).notes
    assert "4 files that are no images were left out: 1 .mp4, 1 .txt, 1 hidden .png, 1 without an ending." in notes


def test_an_unreadable_image_is_left_out_and_counted_where_the_split_is_drawn_here(
    faces: Dataset, tmp_path: Path
) -> None:
    folder = write_images(faces, tmp_path / "data", splits=False)
    (folder / "happy" / "1.png").write_bytes(b"no image")
    (folder / "happy" / "gone.jpg").symlink_to(tmp_path / "nowhere")
    got = load(folder)
    assert len(got) == len(faces) - 1
    (note,) = [note for note in got.notes if "could not be read" in note]
    assert note.startswith("2 images or rows could not be read and were left out (happy/1.png: not an image")


def test_an_official_split_with_an_unreadable_image_is_refused_unless_allowed(faces: Dataset, tmp_path: Path) -> None:
    folder = write_images(faces, tmp_path / "data", splits=True)
    (folder / "test" / "happy" / "0.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"test/happy/0\.png: not an image.*pass allow_unreadable=True"):
        load(folder)
    assert len(load(folder, allow_unreadable=True)) == len(faces) - 1


def test_mixed_endings_are_all_read(faces: Dataset, tmp_path: Path) -> None:
    folder = write_images(faces, tmp_path / "data", splits=False)
    for file in sorted(folder.rglob("1.png")):
        image = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        file.with_name("extra.jfif").write_bytes(cv2.imencode(".jpg", 255 - image)[1].tobytes())
    assert len(load(folder)) == len(faces) + 7


def test_a_pipe_in_a_folder_is_an_unreadable_image(faces: Dataset, tmp_path: Path) -> None:
    folder = write_images(faces, tmp_path / "data", splits=False)
    os.mkfifo(folder / "happy" / "pipe.png")
    (note,) = [note for note in load(folder).notes if "could not be read" in note]
    assert "(happy/pipe.png: a named pipe, no image file)" in note


@pytest.mark.parametrize("name", ["pipe", "pipe.zip", "pipe.csv", "pipe.tar", "pipe.csv.gz"])
def test_a_pipe_is_no_data_set(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    for read in (load, load_points):
        with pytest.raises((ValueError, OSError), match=name):
            read(tmp_path / name)


# --- damaged archives ----------------------------------------------------------------------------------------


def damage(kind: str, content: bytes, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fer2013.csv", content)
        if kind == "no name":
            archive.writestr(zipfile.ZipInfo(""), b"x")
    data = bytearray(path.read_bytes())
    if kind == "encrypted":
        for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            data[data.index(mark) + place] |= 1
    elif kind == "method":
        for mark, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
            data[data.index(mark) + place] = 99
    elif kind == "flipped":
        for place in range(3000, 3040):
            data[place] ^= 0xFF
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("encrypted", "encrypted; unpack it"),
        ("method", "a method other than deflate"),
        ("flipped", "damaged (.*)|row "),
    ],
)
def test_a_damaged_archive_is_one_line(
    kind: str, message: str, plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = damage(kind, plain.read_bytes(), tmp_path / "a.zip")
    with pytest.raises(ValueError, match=message):
        load(path)
    assert main(["data", "audit", str(path), "--output", str(tmp_path / "out")]) in (0, 2)
    assert capsys.readouterr().err.count("\n") <= 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("names_0d.npz", "names_training must be strings of shape|names_test must be strings of shape"),
        ("zip_encrypted.zip", "encrypted; unpack it"),
        ("zip_flip0.zip", "damaged"),
        ("zip_method_99.zip", "a method other than deflate"),
    ],
)
def test_hostile_key_points(
    shared_cases: Path, name: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = shared_cases / "hostile" / name
    with pytest.raises(ValueError, match=reason):
        load_points(path)
    assert main(["data", "points", str(path), "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and str(path) in error


def test_a_zip_with_a_file_without_a_name_is_refused(
    faces: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = cv2.imencode(".png", faces.images[0])[1].tobytes()
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr("happy/1.png", image)
        archive.writestr(zipfile.ZipInfo(""), b"x")
    assert main(["data", "audit", str(tmp_path / "odd.zip"), "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "odd.zip: not a zip, or a damaged one (a file in it has no name)" in error


def test_the_known_zip_with_a_file_without_a_name_is_refused(shared_cases: Path) -> None:
    with pytest.raises(ValueError, match=r"empty_entry_name\.zip: .*a file in it has no name"):
        load(shared_cases / "hostile" / "empty_entry_name.zip", allow_missing=True)


# --- tars ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def labeled(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_images(faces, tmp_path_factory.mktemp("labeled"), splits=True)


def pack(folder: Path, path: Path) -> Path:
    kind = path.name.rpartition(".tar.")[2]
    with tarfile.open(path, f"w:{kind}" if kind in ("gz", "bz2", "xz") else "w") as archive:
        archive.add(folder, "./data")
        link = tarfile.TarInfo("data/train/happy/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tar.bz2", ".tar.xz"])
def test_a_tar_of_images_is_the_folder_it_was_made_of(ending: str, labeled: Path, tmp_path: Path) -> None:
    data = load(pack(labeled, tmp_path / f"faces{ending}"))
    assert data.fingerprint == load(labeled).fingerprint and data.name == "faces"
    assert "1 links or devices in the tar were left out, such as data/train/happy/link.png." in data.notes
    assert [path.name for path in tmp_path.iterdir()] == [f"faces{ending}"]


def test_the_first_image_of_a_tar_ends_the_search_for_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A packed tar of images would be unpacked as a whole, at each load."""
    file = tmp_path / "faces.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for name in ("._hidden.png", *(f"happy/{number}.png" for number in range(9))):
            archive.addfile(tarfile.TarInfo(name))
    read: list[object] = []
    following = tarfile.TarFile.next
    monkeypatch.setattr(tarfile.TarFile, "next", lambda self: read.append(self) or following(self))
    assert find_table(file) is None and len(read) <= 3


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tar.bz2", ".tar.xz"])
def test_a_tar_that_is_cut_off_is_refused(ending: str, labeled: Path, tmp_path: Path) -> None:
    path = pack(labeled, tmp_path / f"faces{ending}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 300])
    with pytest.raises(ValueError, match=rf"faces\{ending}.*(damaged|cut off)"):
        load(path)


def test_a_tar_that_grows_without_end_is_refused(
    labeled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferbench.datasets.readers.archives.MOST_BYTES", 100_000)
    monkeypatch.setattr("ferbench.datasets.readers.archives.MOST_GROWTH", 1)
    (tmp_path / "faces.tar.gz").write_bytes(gzip.compress(bytes(2_000_000)))
    with pytest.raises(ValueError, match=r"faces\.tar\.gz: unpacks to more than 100,000 bytes"):
        load(tmp_path / "faces.tar.gz")
    with tarfile.open(tmp_path / "text.tar", "w") as archive:
        archive.add(Path(__file__), "readme.md")
    with pytest.raises(ValueError, match=r"text\.tar: no images found"):
        load(tmp_path / "text.tar")


@pytest.mark.parametrize("name", ["kagglehub", "archive.zip", "windows.zip", "jfif_mixed"])
def test_known_inputs(shared_cases: Path, name: str) -> None:
    assert len(np.unique(load(shared_cases / "inputs" / name, allow_missing=True).labels)) == 7
