"""Data larger than memory: features in blocks, images that stay on disk, and recipes that are refused in time."""

import mmap
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferbench.benchmarks.fit import FitData, TooLarge, fit_recognizer
from ferbench.benchmarks.run import cell, handoff
from ferbench.benchmarks.tasks import get_task
from ferbench.datasets import Dataset, make_faces
from ferbench.models import make_recipe, streaming
from ferbench.utils import read_rows, usable_memory
from ferbench.utils.memory import maps


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(280, random_state=0, size=24)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def on_disk(faces: Dataset, folder: Path) -> Dataset:
    np.save(folder / "images.npy", faces.images)
    return replace(faces, images=np.load(folder / "images.npy", mmap_mode="r"))


@pytest.mark.parametrize("name", ["hog+sgd-logreg", "hog+pixels+sgd-svm"])
def test_a_recipe_is_fitted_in_blocks_with_the_result_of_all_rows_at_once(
    name: str, faces: Dataset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BLOCK", 64)
    monkeypatch.setattr("ferbench.benchmarks.fit.features_cache.BLOCK", 50)
    data = FitData.of(faces)
    expected = make_recipe(name).fit(data.X, data.y).predict_proba(data.X_val)
    for _ in range(2):  # the second time from the cache
        fitted = fit_recognizer(make_recipe(name), "classical", data)
        found, _ = fitted.predict_proba("PublicTest", data.X_val)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(fitted.recognizer.predict_proba(data.X_val), expected, rtol=1e-3, atol=1e-5)


def test_features_in_blocks_are_those_of_all_images(
    faces: Dataset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = FitData.of(faces)
    expected = make_recipe("hog+tree")["features"].fit_transform(data.X)
    monkeypatch.setattr("ferbench.benchmarks.fit.features_cache.BLOCK", 50)
    fitted = fit_recognizer(make_recipe("hog+tree"), "classical", data)
    assert fitted.extract_s and fitted.extract_s > 0
    (path,) = cache.rglob("Training.npy")
    np.testing.assert_array_equal(np.load(path), expected)


def test_a_kernel_matrix_beyond_the_budget_is_refused_before_anything_is_extracted(faces: Dataset, cache: Path) -> None:
    data = FitData.of(faces)
    message = (
        r"KernelRidge keeps a kernel matrix of 196 x 196 numbers in memory to fit 196 images: at least 0.1 MiB, more "
        r"than the 0.1 MiB that this process may use; at most 161 images fit; take .* 'hog\+sgd-logreg'"
    )
    with pytest.raises(TooLarge, match=message) as caught:
        fit_recognizer(make_recipe("hog+kernel-ridge"), "classical", data, memory_mb=0.1)
    assert not list(cache.rglob("*.npy"))
    found = cell._failure(caught.value)
    assert found["status"] == "oom" and found["reason"].startswith("KernelRidge keeps")
    # What is fitted block by block may be larger than the budget.
    fit_recognizer(make_recipe("hog+sgd-logreg"), "classical", data, memory_mb=0.1)


@pytest.mark.parametrize("name", ["hog+svm", "hog+chi2-svm", "hog+knn", "hog+local-svm", "hog+logreg", "hog+nystroem"])
def test_features_beyond_the_budget_are_refused_before_they_are_computed(
    name: str, faces: Dataset, cache: Path
) -> None:
    with pytest.raises(TooLarge, match=r"keeps all features in memory to fit 196 images.*at most [1-9]"):
        fit_recognizer(make_recipe(name), "classical", FitData.of(faces), memory_mb=0.02)
    assert not list(cache.rglob("Training.npy"))


def test_the_least_of_all_limits_counts(tmp_path: Path) -> None:
    machine = usable_memory(cgroups=tmp_path)
    assert machine > 2**27
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("100000000")
    assert usable_memory(cgroups=tmp_path) == 1e8
    (tmp_path / "memory.max").write_text("90000000\n")
    assert usable_memory(cgroups=tmp_path) == 9e7
    assert usable_memory(10, tmp_path) == 10 * 2**20


def test_images_of_a_large_map_are_not_copied(faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = np.argsort(faces.split, kind="stable")
    mapped = on_disk(replace(faces, **faces.take(order)), tmp_path)
    small = mapped.part("Training")[0]
    assert not np.shares_memory(small, mapped.images)
    monkeypatch.setattr("ferbench.datasets.base.dataset.LARGE_BYTES", 1000)
    large = mapped.part("Training")[0]
    assert np.shares_memory(large, mapped.images) and not large.flags.writeable
    np.testing.assert_array_equal(large, small)
    # Rows that are mixed, or images that could be changed, are copied.
    for dataset in (on_disk(faces, tmp_path), faces):
        assert not np.shares_memory(dataset.part("Training")[0], dataset.images)


def test_the_rows_handed_over_lie_one_after_the_other(
    faces: Dataset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handoff, "_BLOCK", 37)
    handed = handoff.read_data(handoff.write_data(faces, get_task("expressions")))
    assert "PrivateTest" not in handed.split and (np.diff(handed.rows("Training")) == 1).all()
    for split in ("Training", "PublicTest"):
        for got, expected in zip(handed.part(split), faces.part(split), strict=True):
            np.testing.assert_array_equal(got, expected)


def test_pages_of_a_large_map_are_given_back(faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "_KEPT_BYTES", 1000)
    monkeypatch.setattr(maps, "_SCATTERED", 2)
    mapped: Any = on_disk(faces, tmp_path).images
    for places in (slice(3, 90), np.array([0, 5, 200])):
        np.testing.assert_array_equal(read_rows(mapped[1:], places), faces.images[1:][places])
    if hasattr(mmap, "MADV_DONTNEED"):
        assert read_rows(mapped, slice(0, 5)).base is None
    # Changes of a private map would be lost with its pages.
    private = np.load(tmp_path / "images.npy", mmap_mode="c")
    private[0] = 7
    read_rows(private, slice(0, 2))
    assert (private[0] == 7).all()
