"""The audit finds what would spoil a benchmark, goes on past what is broken, and shows no face when told so."""

import json
import re
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.cli import main
from ferbench.datasets import LABELS, SPLITS, Dataset, audit, audit_points, content_fingerprint, load, make_faces
from ferbench.datasets.audits.images import FILES
from ferbench.datasets.audits.near import CORRELATION, find_near_duplicates


def remade(dataset: Dataset, images: np.ndarray | None = None, labels: np.ndarray | None = None) -> Dataset:
    images = dataset.images if images is None else images
    labels = dataset.labels if labels is None else labels
    fingerprint = content_fingerprint(images, labels, dataset.split)
    return Dataset("drawn", images, labels, dataset.split, dataset.ids, fingerprint, drawn=True)


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(105, random_state=0)


@pytest.fixture(scope="module")
def fer2013(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    """The audit of the real data, run once."""
    output = tmp_path_factory.mktemp("audit")
    assert main(["data", "audit", str(shared_data / "fer2013.zip"), "--output", str(output)]) == 0
    return json.loads((output / "audit.json").read_text()), output


@pytest.mark.data
def test_fer2013_leaks_copies_and_conflicts_are_all_found(fer2013: tuple[dict, Path]) -> None:
    findings, _ = fer2013
    exact = findings["exact_duplicates"]
    across = {(row["images_of"], row["stand_in"]): row["images"] for row in exact["across_splits"]}
    assert across == {
        ("PrivateTest", "Training"): 288,
        ("PublicTest", "Training"): 280,
        ("PrivateTest", "PublicTest"): 44,
    }
    # Counted on the bytes of the JPEG files too: 35,887 files, 34,034 distinct ones.
    assert (exact["distinct"], exact["redundant"]) == (34034, 1853)
    assert findings["label_conflicts"]["images"] == 57
    assert len(findings["constant"]) == 12
    assert findings["unreadable"] == []
    assert findings["imbalance"]["Training"]["ratio"] == pytest.approx(7215 / 436, abs=1e-3)
    assert findings["sizes"]["original"] == [{"width": 48, "height": 48, "images": 35887}]


@pytest.mark.data
def test_fer2013_pages_tell_the_findings_and_stand_alone(fer2013: tuple[dict, Path]) -> None:
    findings, output = fer2013
    page = (output / "audit.html").read_text()
    assert "288 of 3,589 PrivateTest images (8.0 %) are also in Training" in page
    assert re.findall(r'(?:src|href)="(?!data:image/png;base64,)', page) == []
    assert page.count("data:image/png;base64,") == len(findings["figures"])
    markdown = (output / "audit.md").read_text()
    assert "| PrivateTest images that are also in Training | 288 |" in markdown
    for link in re.findall(r"!\[[^]]*\]\(([^)]+)\)", markdown):
        assert cv2.imread(str(output / link)) is not None


@pytest.mark.usefixtures("blank_figures")
def test_pages_say_that_drawn_faces_are_drawn(tmp_path: Path, faces: Dataset) -> None:
    findings = audit(faces, tmp_path)
    assert findings["drawn"] and findings["unreadable"] is None
    for page in ("audit.html", "audit.md"):
        assert "not photographs of people" in (tmp_path / page).read_text()


@pytest.mark.usefixtures("blank_figures")
def test_no_face_is_shown_when_none_may_be_published(tmp_path: Path, faces: Dataset) -> None:
    images = np.array(faces.images)
    images[1] = images[0]
    dataset = remade(faces, images)
    assert {"samples", "conflicts"} & audit(dataset, tmp_path)["figures"].keys()
    findings = audit(dataset, tmp_path, faces=False)
    assert not {"samples", "conflicts", "near_duplicates"} & findings["figures"].keys()
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {"audit.html", "audit.md", "audit.json", *findings["figures"].values()}
    assert "shows no face of the data set" in (tmp_path / "audit.html").read_text()


@pytest.mark.usefixtures("blank_figures")
def test_planted_copies_conflicts_and_blanks_are_found(tmp_path: Path, faces: Dataset) -> None:
    images, labels = np.array(faces.images), np.array(faces.labels)
    training, private = faces.rows("Training"), faces.rows("PrivateTest")
    images[private[:2]] = images[training[:2]]
    labels[private[:2]] = [labels[training[0]], next(lab for lab in LABELS if lab != labels[training[1]])]
    images[training[5]] = 77
    images[training[6]] = 77
    images[training[6], 0, 0] = 79
    findings = audit(remade(faces, images, labels), tmp_path)
    exact = findings["exact_duplicates"]
    assert exact["across_splits"][0] == {"images_of": "PrivateTest", "stand_in": "Training", "images": 2}
    assert (exact["redundant"], exact["leaked_into_training"], exact["leaked_with_same_label"]) == (2, 2, 1)
    assert {row["row"] for row in findings["label_conflicts"]["groups"][0]} == {training[1], private[1]}
    assert [row["row"] for row in findings["constant"]] == [training[5]]
    assert [row["row"] for row in findings["near_constant"]["images"]] == [training[6]]


@pytest.mark.usefixtures("blank_figures")
def test_audit_goes_on_past_what_load_refuses(tmp_path: Path, faces: Dataset) -> None:
    folder = tmp_path / "fer"
    for row in range(len(faces)):
        path = folder / str(faces.split[row]) / str(faces.labels[row]) / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), faces.images[row])
    (folder / "Training" / "happy" / "broken|<b>.png").write_bytes(b"no image")
    (folder / "Training" / "7").mkdir()
    cv2.imwrite(str(folder / "Training" / "7" / "1.png"), faces.images[0])
    with pytest.raises(ValueError):
        load(folder)
    findings = audit(folder, tmp_path / "out")
    reasons = {row["id"]: row["reason"] for row in findings["unreadable"]}
    assert reasons.keys() == {"Training/happy/broken|<b>.png", "Training/7/1.png"}
    assert "not an image" in reasons["Training/happy/broken|<b>.png"]
    assert "label '7' is a number that nothing explains" in reasons["Training/7/1.png"]
    assert findings["images"] == len(faces)
    page = (tmp_path / "out" / "audit.html").read_text()
    assert "broken|&lt;b&gt;.png" in page and "<b>.png" not in page
    assert r"broken\|\<b>.png" in (tmp_path / "out" / "audit.md").read_text()


@pytest.mark.usefixtures("blank_figures")
def test_audit_lists_bad_csv_rows_and_missing_classes(tmp_path: Path, faces: Dataset) -> None:
    good = " ".join(map(str, faces.images[0].ravel()))
    lines = ["emotion,pixels,Usage", f"3,{good},Training", f"9,{good},Training", f"3,{good} 1,PublicTest"]
    (tmp_path / "fer.csv").write_text("\n".join([*lines, f"4,{good},PrivateTest", f"4,{good},PublicTest"]))
    findings = audit(tmp_path / "fer.csv", tmp_path / "out")
    assert [row["id"] for row in findings["unreadable"]] == ["row 2 (line 3)", "row 3 (line 4)"]
    assert {"split": "PrivateTest", "label": "happy"} in findings["missing"]
    assert findings["label_conflicts"]["images"] == 1


def test_source_without_one_good_row_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "1.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"no row could be read; the first: happy/1\.png: not an image"):
        audit(tmp_path, tmp_path / "out")


def test_near_duplicates_survive_light_marks_and_mirrors(faces: Dataset) -> None:
    images = np.array(faces.images[:60])
    images[50] = np.clip(images[3] * 0.7 + 40, 0, 255)
    images[51] = images[7][:, ::-1]
    images[52] = images[11]
    images[52][44:46, 4:12] = 255
    near = find_near_duplicates(images, np.arange(60))
    found = {(int(i), int(j)): bool(m) for i, j, m in zip(near.first, near.second, near.mirrored, strict=True)}
    assert found[(3, 50)] is False
    assert found[(7, 51)] is True
    assert found[(11, 52)] is False
    assert near.complete


def test_near_duplicates_are_exactly_the_pairs_that_correlate(faces: Dataset) -> None:
    """The quick search by block means finds what comparing every pair finds."""
    images = np.array([cv2.GaussianBlur(image, (0, 0), 6) for image in faces.images])
    near = find_near_duplicates(images, np.arange(len(images)))
    n = len(images)
    flat, mirror = images.reshape(n, -1), images[:, :, ::-1].reshape(n, -1)
    correlation = np.maximum(np.corrcoef(flat), np.corrcoef(mirror, flat)[:n, n:])
    best = np.triu(correlation, 1)
    expected = {(int(i), int(j)) for i, j in np.argwhere(best >= CORRELATION)}
    assert len(expected) > 20
    assert set(zip(near.first.tolist(), near.second.tolist(), strict=True)) == expected


def test_command_prints_a_summary_and_where_the_page_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferbench.datasets.readers.loading.make_faces", partial(make_faces, n_samples=105))
    assert main(["data", "audit", "faces", "--output", str(tmp_path), "--no-faces"]) == 0
    out = capsys.readouterr().out
    assert "drawn by ferbench" in out and str(tmp_path / "audit.html") in out
    assert all(split in out for split in SPLITS)
    assert {path.name for path in tmp_path.iterdir()} <= set(FILES)  # those that are checked before


def test_output_that_is_a_file_is_one_line_and_exit_code_2(
    tmp_path: Path, faces: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("in the way")
    assert main(["data", "audit", "faces", "--output", str(tmp_path / "out")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_pages_never_replace_a_file_of_the_source(tmp_path: Path) -> None:
    for label in ("happy", "sad"):
        (tmp_path / label).mkdir()
        cv2.imwrite(str(tmp_path / label / "samples.png"), np.full((48, 48), 90, np.uint8))
    for call in (audit, audit_points):
        with pytest.raises(ValueError, match=r"happy/\w+\.(png|csv): is the input, which is never overwritten"):
            (tmp_path / "happy" / "coordinates.csv").write_text("mine")
            call(tmp_path, tmp_path / "happy")
    assert cv2.imread(str(tmp_path / "happy" / "samples.png"), 0).mean() == 90
    assert (tmp_path / "happy" / "coordinates.csv").read_text() == "mine"
