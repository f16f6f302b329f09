"""Labeled faces load from each form people have them, and bad sources are refused in one clear line."""

import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.cli import main
from ferbench.datasets import LABELS, SPLITS, Dataset, find_leaks, load, make_faces
from ferbench.utils import decode

CODES = {"angry": 0, "disgust": 1, "fear": 2, "happy": 3, "sad": 4, "surprise": 5, "neutral": 6}
# In the order of LABELS, as in the original CSV.
OFFICIAL_COUNTS = {
    "Training": [3995, 436, 4097, 7215, 4965, 4830, 3171],
    "PublicTest": [467, 56, 496, 895, 607, 653, 415],
    "PrivateTest": [491, 55, 528, 879, 626, 594, 416],
}


@pytest.fixture(scope="module")
def faces() -> Dataset:
    """140 drawn faces, all distinct, each label in each split."""
    return make_faces(140, random_state=0)


def write_folder(folder: Path, faces: Dataset, layout: str, splits: dict[str, str] | None = None) -> Path:
    """Write lossless images; `layout` places row `n` of `label` in `part`, the folder's name for its split."""
    for row in range(len(faces)):
        split = str(faces.split[row])
        part = (splits or {}).get(split, split)
        path = folder / layout.format(n=row, label=faces.labels[row], split=split, part=part)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), faces.images[row])
    return folder


def write_csv(path: Path, faces: Dataset, columns: str = "emotion,pixels,Usage") -> Path:
    rows = [columns]
    for image, label, split in zip(faces.images, faces.labels, faces.split, strict=True):
        cells = {"emotion": str(CODES[label]), "pixels": " ".join(map(str, image.ravel())), "usage": split}
        rows.append(",".join(cells[name.strip().lower()] for name in columns.split(",")))
    path.write_text("\n".join(rows) + "\n")
    return path


def zip_folder(folder: Path, path: Path, inside: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, inside + file.relative_to(folder).as_posix())
    return path


def rows_by_content(dataset: Dataset) -> dict[bytes, tuple[str, str]]:
    columns = zip(dataset.images, dataset.labels, dataset.split, strict=True)
    return {image.tobytes(): (str(label), str(split)) for image, label, split in columns}


def error_of(source: object, **options: object) -> str:
    with pytest.raises((ValueError, OSError)) as caught:
        load(source, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- what loads --------------------------------------------------------------------------------------------


@pytest.mark.data
def test_fer2013_zip_has_the_official_split_and_its_known_leaks(shared_data: Path) -> None:
    dataset = load(shared_data / "fer2013.zip")
    assert dataset.name == "fer2013"
    assert dataset.images.shape == (35887, 48, 48)
    assert list(dataset.notes) == []
    for split, counts in OFFICIAL_COUNTS.items():
        labels = dataset.part(split)[1]
        assert [int((labels == label).sum()) for label in LABELS] == counts
    leaks = find_leaks(dataset)
    assert leaks[dataset.rows("PrivateTest")].sum() == 288
    assert leaks[dataset.rows("PublicTest")].sum() == 280
    assert not leaks[dataset.rows("Training")].any()


@pytest.mark.data
def test_fer2013_zip_rows_are_the_images_in_the_zip(shared_data: Path) -> None:
    dataset = load(shared_data / "fer2013.zip")
    with zipfile.ZipFile(shared_data / "fer2013.zip") as archive:
        for row in range(0, len(dataset), 1777):
            data = np.frombuffer(archive.read(str(dataset.ids[row])), np.uint8)
            assert np.array_equal(dataset.images[row], cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))
            assert str(dataset.labels[row]) in str(dataset.ids[row])
            assert str(dataset.split[row]) in str(dataset.ids[row])


def test_folder_zip_and_csv_of_the_same_faces_are_the_same_data(tmp_path: Path, faces: Dataset) -> None:
    expected = rows_by_content(faces)
    parts = {"Training": "train", "PublicTest": "test", "PrivateTest": "test"}
    folder = write_folder(tmp_path / "fer", faces, "{part}/{label}/{split}_{n}.png", parts)
    from_folder = load(folder)
    from_zip = load(zip_folder(folder, tmp_path / "fer.zip"))
    nested = load(zip_folder(folder, tmp_path / "nested.zip", inside="archive/fer2013/"))
    from_csv = load(write_csv(tmp_path / "fer.csv", faces))
    for dataset in (from_folder, from_zip, nested, from_csv):
        assert rows_by_content(dataset) == expected
        assert list(dataset.notes) == []
    assert from_folder.fingerprint == from_zip.fingerprint == nested.fingerprint


def test_three_folders_with_any_names_are_the_three_splits(tmp_path: Path, faces: Dataset) -> None:
    parts = {"Training": "Train", "PublicTest": "validation", "PrivateTest": "TEST"}
    dataset = load(write_folder(tmp_path / "fer", faces, "{part}/{label}/im{n}.png", parts))
    assert rows_by_content(dataset) == rows_by_content(faces)


@pytest.mark.parametrize("third", ["test", "validation"])
def test_missing_third_split_is_held_out_of_training_seeded_and_said(
    tmp_path: Path, faces: Dataset, third: str
) -> None:
    parts = {"Training": "train", "PublicTest": "train", "PrivateTest": third}
    folder = write_folder(tmp_path / "fer", faces, "{part}/{label}/im{n}.png", parts)
    dataset = load(folder)
    official = rows_by_content(faces)
    found = rows_by_content(dataset)
    assert {image for image, (_, split) in found.items() if split == "PrivateTest"} == {
        image for image, (_, split) in official.items() if split == "PrivateTest"
    }
    assert set(dataset.part("PublicTest")[1].tolist()) == set(LABELS)
    assert "held out" in " ".join(dataset.notes) and "seed 0" in " ".join(dataset.notes)
    assert load(folder).fingerprint == dataset.fingerprint
    assert load(folder, seed=1).fingerprint != dataset.fingerprint


def test_competition_csv_without_usage_is_split_stratified(tmp_path: Path, faces: Dataset) -> None:
    dataset = load(write_csv(tmp_path / "train.csv", faces, "emotion,pixels"))
    shares = [len(dataset.rows(split)) / len(dataset) for split in SPLITS]
    assert shares == pytest.approx([0.7, 0.15, 0.15], abs=0.03)
    for split in SPLITS:
        assert set(dataset.part(split)[1].tolist()) == set(LABELS)
    assert "15 %" in dataset.notes[0]


def test_csv_header_of_the_icml_release_has_spaces_and_another_order(tmp_path: Path, faces: Dataset) -> None:
    dataset = load(write_csv(tmp_path / "icml_face_data.csv", faces, "emotion, Usage, pixels"))
    assert rows_by_content(dataset) == rows_by_content(faces)


def test_exact_copies_never_straddle_a_split_that_was_drawn_here(tmp_path: Path, faces: Dataset) -> None:
    folder = write_folder(tmp_path / "pairs", faces, "{label}/{n}_one.png")
    write_folder(folder, faces, "{label}/{n}_two.png")
    dataset = load(folder)
    assert len(dataset) == 2 * len(faces)
    assert not find_leaks(dataset).any()


def test_label_folders_are_read_by_their_common_names(tmp_path: Path, faces: Dataset) -> None:
    names = dict(
        zip(LABELS, ["Anger", "Disgusted", "fearful", "HAPPINESS", "4_neutral", "sadness", "Surprised"], strict=True)
    )
    folder = write_folder(tmp_path / "plain", faces, "{label}/person_{n}/1.png")
    for label, name in names.items():
        (folder / label).rename(folder / "renaming")
        (folder / "renaming").rename(folder / name)
    dataset = load(folder)
    expected = {image: label for image, (label, _) in rows_by_content(faces).items()}
    assert {image: label for image, (label, _) in rows_by_content(dataset).items()} == expected


@pytest.mark.data
def test_color_photographs_of_any_size_become_gray_squares(tmp_path: Path, shared_data: Path) -> None:
    for line in (shared_data / "photos" / "labels.csv").read_text().split()[1:]:
        image, emotion = line.split(",")
        folder = tmp_path / "photos" / emotion
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(shared_data / "photos" / image, folder)
    dataset = load(tmp_path / "photos", size=64)
    assert dataset.images.shape == (56, 64, 64)
    assert set(dataset.labels.tolist()) == set(LABELS)
    assert "resized to 64 x 64" in " ".join(dataset.notes)
    photo = cv2.imread(str(tmp_path / "photos" / str(dataset.ids[0])), cv2.IMREAD_GRAYSCALE)
    assert np.array_equal(dataset.images[0], cv2.resize(photo, (64, 64), interpolation=cv2.INTER_AREA))


def test_files_that_are_no_images_and_hidden_ones_are_passed_over(tmp_path: Path, faces: Dataset) -> None:
    folder = write_folder(tmp_path / "fer", faces, "{label}/{n}.png")
    (folder / "happy" / "Thumbs.db").write_bytes(b"x")
    (folder / "readme.txt").write_text("hello")
    (folder / "happy" / "._1.png").write_bytes(b"resource fork")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "1.png").write_bytes(b"x")
    assert len(load(folder)) == len(faces)


def test_faces_is_a_name_that_loads_drawn_ones() -> None:
    dataset = load("faces", n_samples=70, seed=3)
    assert dataset.drawn and len(dataset) == 70 and dataset.landmarks is not None
    assert dataset.fingerprint == load("faces", n_samples=70, seed=3).fingerprint
    for split in SPLITS:
        assert len(dataset.rows(split))
    assert "n_faces" in error_of("faces", n_faces=3)


# --- what is refused ---------------------------------------------------------------------------------------


def test_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere.*no such file or folder"):
        load(tmp_path / "nowhere")


def test_empty_folder_is_told_the_expected_layout(tmp_path: Path) -> None:
    assert f"{tmp_path}: no images found; expected <label>/" in error_of(tmp_path)


@pytest.mark.parametrize("kind", ["cut off", "overwritten", "empty", "text"])
def test_damaged_jpeg_in_a_zip_is_named_with_its_zip(tmp_path: Path, faces: Dataset, kind: str) -> None:
    whole = cv2.imencode(".jpg", faces.images[0])[1].tobytes()
    data = {"cut off": whole[:-200], "overwritten": b"\0" * len(whole), "empty": b"", "text": b"no image"}[kind]
    with zipfile.ZipFile(tmp_path / "fer.zip", "w") as archive:
        archive.writestr("train/happy/Training_1.jpg", whole)
        archive.writestr("train/happy/Training_2.jpg", data)
    message = error_of(tmp_path / "fer.zip")
    assert message.startswith(f"{tmp_path / 'fer.zip'}: train/happy/Training_2.jpg: ")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_bytes_flipped_inside_a_zip_are_found_by_its_checksums(
    tmp_path: Path, faces: Dataset, compression: int
) -> None:
    path = tmp_path / "fer.zip"
    whole = cv2.imencode(".jpg", faces.images[0])[1].tobytes()
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("happy/1.jpg", whole)
        offset = archive.getinfo("happy/1.jpg").header_offset
    data = bytearray(path.read_bytes())
    data[offset + 30 + len("happy/1.jpg") + len(whole) // 2] ^= 0xFF
    path.write_bytes(data)
    message = error_of(path)
    assert "happy/1.jpg" in message and "damaged in the zip" in message


def test_file_that_only_claims_to_be_a_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fer.zip").write_bytes(b"PK\3\4" + bytes(100))
    assert "not a zip, or a damaged one" in error_of(tmp_path / "fer.zip")


def test_zip_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("happy/1.png", bytes(80 * 2**20))
    assert "at most 67,108,864 bytes; got 83,886,080" in error_of(tmp_path / "bomb.zip")


def test_zip_member_longer_than_its_directory_says_is_refused(tmp_path: Path, faces: Dataset) -> None:
    path = tmp_path / "lies.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("happy/1.png", bytes(2**20))
    data = bytearray(path.read_bytes())
    size_in_directory = data.rindex(b"PK\1\2") + 24
    data[size_in_directory : size_in_directory + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    assert "does not match its checksum" in error_of(path)


def test_small_png_that_unpacks_to_gigapixels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    cv2.imwrite(str(tmp_path / "happy" / "1.png"), np.zeros((9000, 9000), np.uint8))
    assert "9,000 x 9,000 pixels are too many; expected at most 50,000,000 pixels" in error_of(tmp_path)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_cut_off_image_file_is_no_image(faces: Dataset, suffix: str) -> None:
    data = cv2.imencode(suffix, faces.images[0])[1].tobytes()
    assert decode(data, 48).image.shape == (48, 48)
    with pytest.raises(ValueError, match="damaged"):
        decode(data[:-30], 48)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda cells: [cells[0], cells[1].rsplit(" ", 1)[0], cells[2]], r"2,304 \(48 x 48\); got 2,303"),
        (lambda cells: [cells[0], " ".join(cells[1].split()[: 47 * 47]), cells[2]], "2,304 pixels.*got 2,209"),
        (lambda cells: [cells[0], "256 " + cells[1].split(" ", 1)[1], cells[2]], "0 to 255; got '256'"),
        (lambda cells: [cells[0], "-1 " + cells[1].split(" ", 1)[1], cells[2]], "0 to 255; got '-1'"),
        (lambda cells: [cells[0], "nan " + cells[1].split(" ", 1)[1], cells[2]], "0 to 255; got 'nan'"),
        (lambda cells: ["7", *cells[1:]], "label '7' is outside the seven"),
        (lambda cells: [*cells[:2], "Elsewhere"], "expected a Usage among.*got 'Elsewhere'"),
        (lambda cells: cells[:1], "expected 3 columns; got 1"),
    ],
)
def test_bad_csv_row_is_named(tmp_path: Path, faces: Dataset, change: object, expected: str) -> None:
    path = write_csv(tmp_path / "fer.csv", faces)
    lines = path.read_text().splitlines()
    lines[17] = ",".join(change(lines[17].split(",")))  # type: ignore[operator]
    path.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=f"fer.csv: row 17 \\(line 18\\): .*{expected}"):
        load(path)


def test_csv_with_other_columns_or_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image,emotion\n1.jpg,happy\n")
    assert "expected the columns emotion,pixels,Usage" in error_of(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("")
    assert "got an empty file" in error_of(tmp_path / "b.csv")
    (tmp_path / "c.csv").write_text("emotion,pixels\n")
    assert "no rows" in error_of(tmp_path / "c.csv")


def test_a_label_that_one_split_alone_has_is_named(tmp_path: Path, faces: Dataset) -> None:
    folder = write_folder(tmp_path / "fer", faces, "{split}/{label}/{n}.png", {"Training": "train"})
    (folder / "Training" / "fear").rename(folder / "Training" / "contempt")
    message = error_of(folder)
    assert "class fear is missing from split Training (it has contempt)" in message


def test_images_outside_any_label_folder_are_told_so(tmp_path: Path, faces: Dataset) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), faces.images[0])
    assert "lies in no label folder" in error_of(tmp_path)


def test_class_missing_from_a_split_is_named_unless_allowed(tmp_path: Path, faces: Dataset) -> None:
    parts = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}
    folder = write_folder(tmp_path / "fer", faces, "{part}/{label}/{n}.png", parts)
    shutil.rmtree(folder / "val" / "disgust")
    message = error_of(folder)
    assert "class disgust is missing from split PublicTest" in message and "allow_missing=True" in message
    dataset = load(folder, allow_missing=True)
    assert "disgust" not in dataset.part("PublicTest")[1]


def test_images_outside_the_split_folders_are_refused(tmp_path: Path, faces: Dataset) -> None:
    folder = write_folder(tmp_path / "fer", faces, "train/{label}/{n}.png")
    write_folder(folder, faces, "{label}/{n}.png")
    assert "140 images lie outside" in error_of(folder)


def test_source_without_a_training_part_is_refused(tmp_path: Path, faces: Dataset) -> None:
    parts = {"Training": "validation", "PublicTest": "validation", "PrivateTest": "test"}
    assert "no training part" in error_of(write_folder(tmp_path, faces, "{part}/{label}/{n}.png", parts))


@pytest.mark.parametrize("size", [0, 5000, 48.5, "48"])
def test_absurd_size_is_refused(tmp_path: Path, size: object) -> None:
    assert "size must be an integer from 8 to 1024" in error_of(tmp_path, size=size)


def test_unknown_option_is_refused(tmp_path: Path) -> None:
    assert "unknown option 'n_samples'" in error_of(tmp_path, n_samples=3)


def test_arrays_with_nan_wrong_type_or_length_are_no_data_set(faces: Dataset) -> None:
    columns = {"name": "mine", "labels": faces.labels, "split": faces.split, "ids": faces.ids, "fingerprint": ""}
    images = faces.images.astype(np.float32)
    images[3, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"mine: images must be a uint8 array.*got float32 with 1 NaN"):
        Dataset(images=images, **columns)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="got uint8 of shape"):
        Dataset(images=faces.images[0], **columns)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="labels must be an array of 139 strings"):
        Dataset(images=faces.images[1:], **columns)  # type: ignore[arg-type]
    wrong = columns | {"labels": np.array([""] * len(faces))}
    with pytest.raises(ValueError, match=r"labels must be names; row 0 has an empty one"):
        Dataset(images=faces.images, **wrong)  # type: ignore[arg-type]


def test_bad_source_is_one_line_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train" / "happy").mkdir(parents=True)
    for source in (tmp_path / "nowhere", tmp_path):
        assert main(["data", "audit", str(source), "--output", str(tmp_path / "out")]) == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith("ferbench: error: ") and str(source) in lines[0]
