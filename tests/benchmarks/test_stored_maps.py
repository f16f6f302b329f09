"""Mean maps beside the results of a suite: averages of PublicTest alone, on the page, and nothing foreign is drawn."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cells_here import undrawn
from fake_results import fake_results

from ferbench.benchmarks.explain import StoredMaps, read_mean_maps, store_mean_maps
from ferbench.benchmarks.rebuild import write_report
from ferbench.benchmarks.report.mean_maps import maps_for_page
from ferbench.benchmarks.stress import StressData
from ferbench.cli import main
from ferbench.datasets import Dataset, make_faces
from ferbench.models import LoadedBundle, load_bundle, pretrained
from ferbench.models.bundles import recognizer_sha256

LABELS = ("happy", "sad")


class Watched:
    """A recognizer that answers by the edges around the mouth, and keeps what it was shown."""

    def __init__(self) -> None:
        self.image_shape, self.classes_ = (48, 48), np.array([*LABELS, "angry"])
        self.name, self.recipe, self.path = "watched", "watched", Path()
        self.info: dict[str, Any] = {"files": {"model.skops": ""}, "sha256": "ab" * 32}
        self.seen: list[np.ndarray] = []

    def without_calibration(self) -> "Watched":
        return self

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        self.seen.append(images.copy())
        edges = images[:, 32:42, 18:30].std(axis=(1, 2)) / 128
        return np.stack([edges, 0.9 - 0.9 * edges, 0.1 - 0.1 * edges], axis=1)


@pytest.fixture(scope="module")
def faces() -> Dataset:
    drawn = make_faces(170, random_state=4)
    numbers = np.arange(170)
    split = np.where(numbers < 60, "Training", np.where(numbers < 120, "PublicTest", "PrivateTest"))
    return replace(drawn, labels=np.array(LABELS)[numbers % 2], split=split)


@pytest.fixture(scope="module")
def root(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_results(tmp_path_factory.mktemp("results"), faces)


@pytest.fixture
def clean(root: Path) -> Path:
    for path in root.glob("mean_maps/*"):
        path.unlink()
    return root


def stored(faces: Dataset, root: Path, bundle: Any = None, **options: Any) -> list[StoredMaps]:
    data = StressData.of(faces, split="PublicTest")
    return store_mean_maps({"watched": bundle or Watched()}, data, root, n_split=60, **options)


def test_the_command_stores_averages_and_the_report_draws_them(
    faces: Dataset, clean: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ferbench.datasets.load", lambda source, **options: faces)
    words = ["explain", "--suite", str(clean), "--source", "faces", "--model", "ferbench-net-xs"]
    assert main([*words, "--per-label", "25", "--seed", "3"]) == 0
    assert f"next: ferbench report {clean}" in capsys.readouterr().out
    (file,) = (clean / "mean_maps").iterdir()
    assert file.name == "ferbench-net-xs.npz" and file.stat().st_size < 60_000
    (kept,) = read_mean_maps(clean, faces.fingerprint, LABELS)
    assert kept.counts.tolist() == [25, 25] and kept.about["sample"] == {"per_label": 25, "seed": 3}
    assert list(kept.maps) == ["occlusion", "Grad-CAM"]
    with undrawn():
        text = write_report(clean).read_text()
    assert "50 of 60 images (at most 25 of each label, seed 3) of PublicTest" in text
    bundle = json.loads((pretrained()["ferbench-net-xs"] / "bundle.json").read_text())
    assert f"checksum {recognizer_sha256(bundle)[:12]}" in text and len(text) < 3_000_000
    section = text[text.index('<section id="maps">') : text.index('<section id="training">')]
    pictures = re.findall(r'<img src="data:image/png;base64,[^"]+" alt="([^"]+)"', section)
    assert len(pictures) == 4 and '<a href="#maps">' in text
    assert pictures[0].startswith(
        "Mean face of 25 images labeled happy, colored by occlusion; strongest in the region "
    )
    assert section.count('class="scale') == 2 and section.count('class="scale up"') == 1
    table = pd.read_csv(clean / "mean_maps.csv")
    assert table["label"].tolist() == [*LABELS, *LABELS] and set(table["split"]) == {"PublicTest"}
    assert table["largest"].to_numpy() == pytest.approx([v.max() for m in kept.maps.values() for v in m], rel=1e-5)
    assert f'<td class="num">{table["mouth"][0]:.2f}</td>' in section and 'href="mean_maps.csv"' in text


def test_without_maps_the_report_has_neither_section_nor_table(clean: Path) -> None:
    with undrawn():
        text = write_report(clean).read_text()
    assert 'id="maps"' not in text and "#maps" not in text and not (clean / "mean_maps.csv").exists()


def test_maps_are_averages_over_public_test_alone(faces: Dataset, clean: Path) -> None:
    watched = Watched()
    (kept,) = stored(faces, clean, watched)
    # The bundle is shown each image as it is first: those of PublicTest, and no other.
    np.testing.assert_array_equal(watched.seen[0], faces.images[faces.rows("PublicTest")])
    assert all(len(images) == 60 for images in watched.seen)
    happy = faces.rows("PublicTest")[faces.labels[faces.rows("PublicTest")] == "happy"]
    np.testing.assert_array_equal(kept.faces[0], np.rint(faces.images[happy].mean(axis=0)).astype(np.uint8))
    (read,) = read_mean_maps(clean, faces.fingerprint, LABELS)
    np.testing.assert_allclose(read.maps["occlusion"], kept.maps["occlusion"], rtol=2e-3, atol=1e-6)
    # It answers by the mouth, and the cover of the mouth says so.
    rows = {row["label"]: row for row in read.rows()}
    assert max(("brows", "eyes", "nose", "mouth"), key=lambda name: rows["happy"][name]) == "mouth"
    # Nothing that is stored has the size of a data set.
    with np.load(clean / "mean_maps" / "watched.npz") as archive:
        assert {name: archive[name].shape for name in archive.files} == {
            **{"about": (), "labels": (2,), "counts": (2,), "faces": (2, 48, 48), "landmarks": (2, 68, 2)},
            "map occlusion": (2, 48, 48),
        }
    with pytest.raises(ValueError, match=r"mean maps beside results must be of PublicTest.*; got PrivateTest"):
        store_mean_maps({"watched": Watched()}, StressData.of(faces), clean, n_split=60)  # type: ignore[dict-item]


def test_a_sample_is_random_of_each_label_and_the_same_again(faces: Dataset) -> None:
    def drawn(seed: int) -> np.ndarray:
        return StressData.of(faces, split="PublicTest", per_label=7, seed=seed).images

    assert len(drawn(0)) == 14 and np.array_equal(drawn(0), drawn(0)) and not np.array_equal(drawn(0), drawn(1))
    data = StressData.of(faces, split="PublicTest", per_label=7)
    assert np.unique(data.labels, return_counts=True)[1].tolist() == [7, 7]
    with pytest.raises(ValueError, match="--per-label must be at least 1 image; got 0"):
        StressData.of(faces, split="PublicTest", per_label=0)


def test_the_order_is_that_of_the_results_and_further_recognizers_are_named(faces: Dataset, clean: Path) -> None:
    stored(faces, clean)
    file = clean / "mean_maps" / "watched.npz"
    for number in range(4):
        (clean / "mean_maps" / f"more{number}.npz").write_bytes(file.read_bytes())
    found = read_mean_maps(clean, faces.fingerprint, LABELS[::-1])
    assert {each.labels for each in found} == {("sad", "happy")} and found[0].counts.tolist() == [30, 30]
    page = maps_for_page(found)
    assert len(page["maps"]) == 3 and page["maps_left_out"] == ["watched"] * 2


def changed_about(arrays: dict[str, Any], **values: Any) -> dict[str, Any]:
    about = json.loads(str(arrays["about"]))
    return {**arrays, "about": np.array(json.dumps({**about, **values}))}


def with_dataset(arrays: dict[str, Any], **values: Any) -> dict[str, Any]:
    return changed_about(arrays, dataset={**json.loads(str(arrays["about"]))["dataset"], **values})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: with_dataset(a, fingerprint="0" * 64), "its maps are of data with the fingerprint 000000000000"),
        (lambda a: with_dataset(a, split="PrivateTest"), "of PublicTest for each label; got 30 of PrivateTest"),
        (lambda a: {**a, "counts": np.array([30, 24])}, "at least 25 images of PublicTest for each label; got 24"),
        (lambda a: {**a, "labels": np.array(["happy", "tired"])}, "its labels are happy, tired"),
        (lambda a: {**a, "faces": a["faces"][:, :9]}, "arrays that fit together"),
        (lambda a: {**a, "map occlusion": a["map occlusion"] * np.float16("nan")}, "arrays that fit together"),
        (lambda a: {name: a[name] for name in a if name != "map occlusion"}, "arrays that fit together"),
        (lambda a: changed_about(a, schema=2), "expected mean maps of schema 1"),
        (lambda a: changed_about(a, dataset=3), "damaged mean maps"),
        (lambda a: {**a, "about": np.array("{")}, "damaged mean maps .its description: expected JSON"),
        (lambda a: {"images": np.zeros(3)}, "damaged mean maps"),
        (lambda a: {**a, "labels": np.array(3)}, "damaged mean maps"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_in_one_line(
    faces: Dataset, clean: Path, change: Any, message: str
) -> None:
    stored(faces, clean)
    path = clean / "mean_maps" / "watched.npz"
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **change(arrays))
    with pytest.raises(ValueError, match=message) as error:
        read_mean_maps(clean, faces.fingerprint, LABELS)
    line = str(error.value)
    assert line.startswith(f"{path}: ") and "\n" not in line
    assert line.endswith("remove it, or write it again with 'ferbench explain --suite'")


def test_the_report_stops_at_a_file_that_is_no_archive(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clean / "mean_maps").mkdir(exist_ok=True)
    (clean / "mean_maps" / "x.npz").write_text("no archive")
    assert main(["report", str(clean)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "mean_maps/x.npz: not a readable .npz file" in line and "ferbench explain --suite" in line


def test_what_does_not_go_with_a_suite_is_refused(
    faces: Dataset, clean: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["explain", "--suite", str(clean)]
    assert main(words) == 2 and "--suite needs --source PATH" in capsys.readouterr().err
    assert main([*words, "--source", "faces", "--limit", "9"]) == 2
    assert "--suite cannot be combined with --limit" in capsys.readouterr().err
    other = replace(faces, fingerprint="1" * 64)
    monkeypatch.setattr("ferbench.datasets.load", lambda source, **options: other)
    assert main([*words, "--source", "faces", "--model", "ferbench-net-xs"]) == 2
    assert "its fingerprint is 111111111111" in capsys.readouterr().err
    assert not list(clean.glob("mean_maps/*"))


def test_a_loaded_bundle_has_what_the_stand_in_has() -> None:
    real = load_bundle(pretrained()["ferbench-net-xs"])
    assert isinstance(real, LoadedBundle) and all(hasattr(real, name) for name in vars(Watched()) if name != "seen")
