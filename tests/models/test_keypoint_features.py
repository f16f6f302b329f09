"""Face shape features from key points: invariances, recipes, and bundles."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from ferbench.datasets import Dataset, make_faces
from ferbench.features import POINT_NAMES, check_extractor, derive_points, make_extractor
from ferbench.features.point_geometry import PAIRS, TRIPLES, point_feature_names, point_features
from ferbench.models import get_recipe, load_bundle, make_recipe, pretrained, save_bundle
from ferbench.models.bundles.shipped import find_shipped


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(140, random_state=4, difficulty=0.1)


def test_features_are_invariant_to_position_scale_and_roll(faces: Dataset) -> None:
    assert faces.landmarks is not None
    points = derive_points(faces.landmarks)
    angle = np.deg2rad(25)
    turn = 1.7 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    features = point_features(points)
    np.testing.assert_allclose(point_features((points @ turn.T + [9, -4]).astype(np.float32)), features, atol=2e-4)
    assert features.shape == (140, len(point_feature_names())) == (140, 30 + len(PAIRS) + len(TRIPLES))
    assert len(set(point_feature_names())) == len(point_feature_names()) and len(set(PAIRS)) == len(PAIRS)
    eyes = features[:, [2 * POINT_NAMES.index(f"{side}_eye_center") + 1 for side in ("left", "right")]]
    np.testing.assert_allclose(eyes[:, 0], eyes[:, 1], atol=1e-4)


def test_it_passes_every_check_of_an_extractor() -> None:
    check_extractor(make_extractor("keypoints"))


def test_the_features_are_those_of_the_shipped_model_s_points(faces: Dataset) -> None:
    enlarged = np.repeat(np.repeat(faces.images[:4], 2, axis=1), 2, axis=2)
    extractor = make_extractor("keypoints").fit(enlarged)
    points = load_bundle(find_shipped("ferbench-points")).predict(enlarged)
    np.testing.assert_allclose(extractor.transform(enlarged), point_features(points), atol=1e-3)
    assert "points-net" in extractor.origin_
    assert extractor.get_feature_names_out()[0] == "left_eye_center_x"


def test_recipes_use_it_and_bundles_contain_its_network(faces: Dataset, tmp_path: Path) -> None:
    assert get_recipe("hog+keypoints+svm").family == "classical"
    own = shutil.copytree(find_shipped("ferbench-points"), tmp_path / "own")
    recognizer = make_recipe("keypoints+logreg", features__bundle=own, classifier__C=0.1)
    recognizer.fit(*faces.part("Training"))
    X, labels = faces.part("Training")
    assert (recognizer.predict(X) == labels).mean() > 0.3
    expected = recognizer.predict_proba(X[:9])
    saved = save_bundle(tmp_path / "saved", recognizer, image_shape=(48, 48))
    shutil.rmtree(own)
    np.testing.assert_allclose(load_bundle(saved).predict_proba(X[:9]), expected, atol=1e-6)
    assert sorted(path.name for path in saved.iterdir()) == ["bundle.json", "model.skops", "points.onnx"]


def test_a_network_of_expressions_is_refused_in_one_line(faces: Dataset) -> None:
    expressions = next(iter(pretrained().values()))
    with pytest.raises(ValueError, match=r"KeypointExtractor: .* has no output 'points': it finds no key points"):
        make_extractor("keypoints", bundle=expressions).fit(faces.images)
    with pytest.raises(FileNotFoundError, match="KeypointExtractor: no network at"):
        make_extractor("keypoints", bundle="nowhere").fit(faces.images)
    with pytest.raises(ValueError, match=r"DeepExtractor: .* has no output 'features'"):
        make_extractor("deep", bundle=find_shipped("ferbench-points")).fit(faces.images)
