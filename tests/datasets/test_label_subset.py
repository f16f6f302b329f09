"""A part of the seven labels: an option of every source, and of suites."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferbench.benchmarks.store.suite import load_suite
from ferbench.benchmarks.tasks.registry import get_task
from ferbench.datasets import load

FIVE = ["angry", "disgust", "happy", "sad", "surprise"]


def test_only_the_wanted_labels_are_left_and_it_is_said() -> None:
    whole, part = load("faces", n_samples=70), load("faces", n_samples=70, labels=FIVE[::-1])
    assert sorted(set(part.labels.tolist())) == FIVE
    kept = np.isin(whole.labels, FIVE)
    assert np.array_equal(part.images, whole.images[kept])
    assert np.array_equal(part.split, whole.split[kept])
    assert part.landmarks is not None and len(part.landmarks) == len(part) == 50
    assert part.name == "faces-five"
    assert part.fingerprint != whole.fingerprint
    assert any("50 of 70 images" in note for note in part.notes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One image of each of the five labels in each split."""
    import cv2

    for split in ("train", "validation", "test"):
        for label in FIVE:
            (tmp_path / split / label).mkdir(parents=True)
            image = np.full((20, 20), 40 * FIVE.index(label) + len(split), np.uint8)
            cv2.imwrite(str(tmp_path / split / label / "1.png"), image)
    return tmp_path


def test_a_source_may_lack_the_labels_that_nobody_wants(folder: Path) -> None:
    with pytest.raises(ValueError, match="class fear, neutral is missing"):
        load(folder)
    assert len(load(folder, labels=FIVE)) == 15


@pytest.mark.parametrize("labels", [["happy"], ["happy", "glad"], ["happy", "happy"], "happy"])
def test_labels_that_are_none_are_named(labels: object) -> None:
    with pytest.raises(ValueError, match=r"labels must list at least two of angry, .* each once; got"):
        load("faces", labels=labels, n_samples=21)


def test_the_suite_of_five_labels_keeps_them_for_any_source(folder: Path) -> None:
    suite = load_suite("fer2013-five")
    assert sorted(suite.options["labels"]) == FIVE
    for source in (None, "elsewhere.zip"):
        data = get_task(suite.task).load(str(folder), replace(suite, source=source))
        assert data.images.shape == (15, 96, 96)
