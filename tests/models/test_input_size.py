"""A network that resizes its images, also after the export."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.datasets import Dataset, make_faces
from ferbench.models import CNN, load_bundle, make_recipe, save_bundle
from ferbench.models.networks.views import resized


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(84, random_state=0)


@pytest.fixture(scope="module")
def plain(faces: Dataset) -> CNN:
    return make_recipe("cnn", architecture="tiny").set_params(epochs=1).fit(faces.images, faces.labels)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_the_exported_network_contains_the_resizing(faces: Dataset, plain: CNN, tmp_path: Path, precision: str) -> None:
    network = CNN("tiny", epochs=1, input_size=36, precision=precision).fit(faces.images, faces.labels)
    sides = [layer.output.shape[1] for layer in network.model_.layers if len(layer.output.shape) > 2]
    assert sides[0] == 48 and 36 in sides and 18 in sides
    bundle = load_bundle(save_bundle(tmp_path / "small", network, image_shape=faces.images.shape[1:]))
    assert bundle.image_shape == (48, 48), "it still takes the images it was trained on"
    expected = network.predict_proba(faces.images)
    np.testing.assert_allclose(bundle.predict_proba(faces.images), expected, atol=1e-4)
    assert np.abs(plain.predict_proba(faces.images) - expected).max() > 1e-4


@pytest.mark.parametrize(("size", "method"), [(24, cv2.INTER_AREA), (96, cv2.INTER_LINEAR)])
def test_the_network_gets_the_resized_images(size: int, method: int) -> None:
    images = make_faces(21, random_state=0).images.astype(np.float32)
    expected = np.stack([cv2.resize(image, (size, size), interpolation=method) for image in images])
    seen = np.asarray(resized(images, (48, 48), size))
    assert np.abs(seen - expected).mean() < 4, "a mirrored or transposed one would be far off"
    np.testing.assert_allclose(seen.mean(axis=(1, 2)), images.mean(axis=(1, 2)), atol=0.5)


def test_an_invalid_side_is_refused() -> None:
    faces = make_faces(21, random_state=0)
    with pytest.raises(ValueError, match="input_size must be a whole number of at least 8, or None; got 4"):
        CNN("tiny", input_size=4).fit(faces.images, faces.labels)
