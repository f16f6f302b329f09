"""Explanations: maps find what decides, Grad-CAM is the gradient, pages need no network, averages hold no face."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from ferbench.benchmarks.explain import (
    ClassActivation,
    MeanMaps,
    explain_image,
    extractor_views,
    nearest,
    occlusion_maps,
    region_shares,
    write_explanation,
    write_mean_maps,
)
from ferbench.benchmarks.stress import StressData
from ferbench.cli import main
from ferbench.datasets import Dataset, make_faces
from ferbench.models import LoadedBundle, load_bundle, make_recipe, pretrained, save_bundle


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(175, random_state=2)


@pytest.fixture(scope="module")
def classical(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> LoadedBundle:
    recognizer = make_recipe("hog+landmarks+logreg").fit(*faces.part("Training"))
    info = {"recipe": {"name": "hog+landmarks+logreg"}, "dataset": {"fingerprint": faces.fingerprint}}
    folder = tmp_path_factory.mktemp("bundle") / "b"
    return load_bundle(save_bundle(folder, recognizer, image_shape=(48, 48), info=info))


@pytest.fixture(scope="module")
def network() -> LoadedBundle:
    return load_bundle(pretrained()["ferbench-net-xs"])


def test_occlusion_finds_the_place_that_decides() -> None:
    def predict_proba(images: np.ndarray) -> np.ndarray:
        bright = images[:, 8:16, 32:40].mean(axis=(1, 2)) / 255
        return np.stack([bright, 1 - bright], axis=1)

    images = np.zeros((3, 48, 48), np.uint8)
    images[:, 8:16, 32:40] = 255
    images[2] = 0
    maps = occlusion_maps(SimpleNamespace(predict_proba=predict_proba), images, np.array([0, 1, 0]))
    row, column = np.unravel_index(maps[0].argmax(), (48, 48))
    assert row in range(5, 19) and column in range(29, 43)
    assert maps[0, 8:16, 32:40].mean() > 0.5 and maps[0, 30:, :20].max() == 0
    # The other label gets more probable, and covering a blank image changes nothing.
    np.testing.assert_allclose(maps[1], -maps[0], atol=1e-9)
    assert not maps[2].any()


def test_grad_cam_is_the_gradient_of_the_score(network: LoadedBundle, faces: Dataset) -> None:
    """The sum of a map before its negative part is cut is the score without its bias, which the probabilities give."""
    cam = ClassActivation(network)
    image = faces.images[:1]
    (features,) = cam._session.run(["ferbench_feature_maps"], {cam._input: image.astype(np.float32)})
    places = np.moveaxis(features[0], 0, -1)
    scores = (places @ cam._weights).mean(axis=(0, 1))
    measured = network.without_calibration()
    proba = measured.predict_proba(image)[0]
    blank = measured.predict_proba(faces.images[1:2])[0]
    (other,) = cam._session.run(["ferbench_feature_maps"], {cam._input: faces.images[1:2].astype(np.float32)})
    others = (np.moveaxis(other[0], 0, -1) @ cam._weights).mean(axis=(0, 1))
    change = np.log(proba) - np.log(blank)
    expected = scores - others
    np.testing.assert_allclose(change - change.mean(), expected - expected.mean(), atol=2e-3)
    found = cam.maps(image, np.array([3]))
    small = np.maximum(places @ cam._weights[:, 3], 0)
    np.testing.assert_allclose(found[0], cv2.resize(small, (48, 48)), atol=1e-5)


def test_what_has_no_grad_cam_is_told_why(classical: LoadedBundle, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"hog\+landmarks\+logreg is not a network, and Grad-CAM needs one"):
        ClassActivation(classical)
    foreign = SimpleNamespace(info={"files": {"model.onnx": ""}, "contract": {}}, path=tmp_path, name="theirs")
    with pytest.raises(ValueError, match="theirs is a foreign network with an input contract of its own"):
        ClassActivation(foreign)  # type: ignore[arg-type]
    onnx = pytest.importorskip("onnx")
    # The same file without its pooling.
    path = pretrained()["ferbench-net-xs"]
    model = onnx.load(path / "model.onnx")
    for node in model.graph.node:
        if node.op_type == "GlobalAveragePool":
            node.op_type = "GlobalMaxPool"
    onnx.save(model, tmp_path / "model.onnx")
    bundle = SimpleNamespace(info={"files": {"model.onnx": ""}}, path=tmp_path, name="mine")
    with pytest.raises(ValueError, match="mine has no global average pooling before its last layer"):
        ClassActivation(bundle)  # type: ignore[arg-type]


def test_the_views_are_those_of_the_extractors(classical: LoadedBundle, network: LoadedBundle, faces: Dataset) -> None:
    views = extractor_views(classical, faces.images[0])
    assert set(views) == {"HOG, cells of 6 pixels", "landmarks"}
    assert all(view.shape == (288, 288, 3) and view.std() > 5 for view in views.values())
    assert extractor_views(network, faces.images[0]) == {}
    # Vertical edges only: the drawn lines are vertical.
    stripes = np.tile(np.where(np.arange(48) % 12 < 6, 0, 255).astype(np.uint8), (48, 1))
    drawn = extractor_views(classical, stripes)["HOG, cells of 6 pixels"][:, :, 0].astype(float)
    assert np.abs(np.diff(drawn, axis=1)).mean() > 3 * np.abs(np.diff(drawn, axis=0)).mean()


def test_the_nearest_training_image_of_a_training_image_is_itself(
    classical: LoadedBundle, network: LoadedBundle, faces: Dataset
) -> None:
    row = faces.rows("Training")[7]
    for bundle, space in ((classical, "FeatureUnion"), (network, "penultimate features of the network")):
        found = nearest(bundle, faces.images[row], faces, n_neighbors=3)
        assert space in found.space
        assert found.ids[0] == faces.ids[row] and found.distances[0] == pytest.approx(0, abs=1e-5)
        assert set(found.ids) <= set(faces.ids[faces.split == "Training"])
        assert (np.diff(found.distances) >= 0).all()


def test_the_page_is_one_file_that_loads_nothing(
    classical: LoadedBundle, network: LoadedBundle, faces: Dataset, tmp_path: Path
) -> None:
    found = [explain_image(bundle, faces.images[3], dataset=faces) for bundle in (classical, network)]
    page = write_explanation(found, "<b>me</b>.png", tmp_path / "page.html").read_text()
    assert set(re.findall(r'src="([a-z]+:)', page)) == {"data:"} and "http" not in page.replace("http-equiv", "")
    assert "&lt;b&gt;me&lt;/b&gt;.png" in page and "<b>me</b>" not in page
    assert page.count("Nearest training images") == 2 and page.count(">Grad-CAM<") == 1
    assert f"<h2>{found[0].name}: {found[0].label}</h2>" in page
    assert "is not a network, and Grad-CAM needs one." in page


def test_region_shares_say_where_a_map_lies(faces: Dataset) -> None:
    data = StressData.of(faces, split="Training")
    mouth = np.zeros((48, 48))
    points = data.landmarks[:, 48:68].mean(axis=(0, 1))
    mouth[round(float(points[1])), round(float(points[0]))] = 1.0
    even = {str(label): np.ones((48, 48)) for label in np.unique(data.labels)}
    table = region_shares([MeanMaps("a", "occlusion", dict.fromkeys(even, mouth)), MeanMaps("b", "x", even)], data)
    first, chance = table[table["recognizer"] == "a"], table[table["recognizer"] == "b"]
    assert (first["mouth"] > 3).all() and (first["eyes"] == 0).all()
    np.testing.assert_allclose(chance[["brows", "eyes", "nose", "mouth"]], 1)


def test_mean_maps_hold_averages_of_enough_faces(network: LoadedBundle, faces: Dataset, tmp_path: Path) -> None:
    few = StressData.of(faces)
    with pytest.raises(ValueError, match="a mean of fewer than 25 faces could show a person"):
        write_mean_maps({"net": network}, few, tmp_path / "few")
    two = make_faces(50, random_state=3)
    # Two labels are enough here.
    labels = np.where(np.arange(50) % 2 == 0, "happy", "sad")
    enough = StressData("faces", "f" * 64, "PrivateTest", True, two.images, labels, np.asarray(two.landmarks))
    steps: list[str] = []
    write_mean_maps({"net": network}, enough, tmp_path / "out", on_step=steps.append)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"explain.md", "explain.json", "maps.png", "regions.csv"} and steps == ["net"]
    table = pd.read_csv(tmp_path / "out" / "regions.csv")
    assert table[["method", "label"]].apply(tuple, axis=1).tolist() == [
        (method, label) for method in ("occlusion", "Grad-CAM") for label in ("happy", "sad")
    ]
    record: dict[str, Any] = json.loads((tmp_path / "out" / "explain.json").read_text())
    assert record["recognizers"]["net"]["side"] == "deep"


def test_mean_maps_check_all_recognizers_before_the_first_is_measured(network: LoadedBundle, tmp_path: Path) -> None:
    faces = make_faces(50, random_state=3)
    small = faces.images[:, ::2, ::2].copy()
    steps: list[str] = []
    for images, label, message in (
        (small, "sad", r"net takes images of \(48, 48\); got \(24, 24\)"),
        (faces.images, "bored", "net does not know the labels bored of faces; rename or drop them with --labels"),
    ):
        labels = np.where(np.arange(50) % 2 == 0, "happy", label)
        data = StressData("faces", "f" * 64, "PrivateTest", True, images, labels, np.asarray(faces.landmarks))
        fits = SimpleNamespace(image_shape=images.shape[1:], classes_=np.array(["bored", "happy", "sad"]))
        with pytest.raises(ValueError, match=message):
            write_mean_maps({"first": fits, "net": network}, data, tmp_path, on_step=steps.append)  # type: ignore[dict-item]
    assert not steps


def test_a_limit_leaves_training_images_at_equal_distances(
    classical: LoadedBundle, faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[int | None] = []

    def remember(*args: Any, limit: int | None = None, **options: Any) -> Any:
        limits.append(limit)
        return nearest(*args, limit=limit, **options)

    monkeypatch.setattr("ferbench.benchmarks.explain.page.nearest", remember)
    monkeypatch.setattr("ferbench.datasets.load", lambda source, **options: faces)
    cv2.imwrite(str(tmp_path / "me.png"), faces.images[0])
    words = ["explain", str(tmp_path / "me.png"), "--model", str(classical.path), "--output", str(tmp_path / "e.html")]
    assert main([*words, "--source", "faces", "--limit", "5"]) == 0 and limits == [5]
    found = nearest(classical, faces.images[0], faces, limit=5)
    rows = faces.rows("Training")
    assert set(found.ids) == set(faces.ids[rows[np.arange(5) * len(rows) // 5]])
    assert main([*words, "--source", "faces", "--limit", "0"]) == 2


def test_the_command_explains_an_image(
    faces: Dataset, classical: LoadedBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "me.png"), faces.images[0])
    words = ["explain", str(tmp_path / "me.png"), "--model", str(classical.path), "--output", str(tmp_path / "e.html")]
    assert main(words) == 0
    assert f"hog+landmarks+logreg: {classical.predict(faces.images[:1])[0]} (" in capsys.readouterr().out
    assert (tmp_path / "e.html").is_file()
    assert main(["explain"]) == 2
    assert "needs an IMAGE, or --source PATH" in capsys.readouterr().err
    assert main(["explain", str(tmp_path / "none.png")]) == 2
