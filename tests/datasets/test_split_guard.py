"""A recognizer cannot see PrivateTest while it is fitted, and only deep ones see PublicTest."""

from collections import defaultdict
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from ferbench.benchmarks.fit.fitting import FitData, fit_recognizer
from ferbench.benchmarks.run.in_process import InProcessExecutor
from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store.suite import Suite
from ferbench.datasets import Dataset, make_faces


@pytest.fixture
def faces() -> Dataset:
    # Faces of its own: features that another test has cached would not be extracted, and nothing would be spied on.
    return make_faces(105, random_state=41)


def read_notes(log: Path) -> dict[str, list[str]]:
    notes = defaultdict(list)
    for line in log.read_text().splitlines():
        event, content = line.split()
        notes[event].append(content)
    return notes


def digests(dataset: Dataset, split: str) -> set[str]:
    from ferbench_spies import digest

    return {digest(image) for image in dataset.part(split)[0]}


def test_a_deep_recognizer_is_handed_training_and_public_images_only(
    spies: Path, tmp_path: Path, faces: Dataset
) -> None:
    summary = Run(Suite("spying", ("spy",)), faces, tmp_path).execute()
    assert [record["status"] for record in summary.measured] == ["ok"]
    notes, text = read_notes(spies), spies.read_text()
    assert set(notes["fit"]) == digests(faces, "Training")
    assert set(notes["validation"]) == digests(faces, "PublicTest")
    private = digests(faces, "PrivateTest")
    assert not private & {line.split()[1] for line in text[: text.index("fitted")].splitlines()}
    assert private <= set(notes["predict"])


def test_an_extractor_is_fitted_on_training_images_only(spies: Path, tmp_path: Path, faces: Dataset) -> None:
    summary = Run(Suite("spying", ("spied-pixels+logreg",)), faces, tmp_path).execute(InProcessExecutor())
    assert [record["status"] for record in summary.measured] == ["ok"]
    assert set(read_notes(spies)["extractor-fit"]) == digests(faces, "Training")


def test_a_classical_recognizer_gets_no_validation_images(spies: Path, faces: Dataset) -> None:
    from ferbench_spies import Spy

    fit_recognizer(Spy(), "classical", FitData.of(faces))
    assert not set(read_notes(spies)["validation"]) & digests(faces, "PublicTest")


def test_what_fit_receives_has_no_place_for_private_images(faces: Dataset) -> None:
    data = FitData.of(faces)
    assert {field.name for field in fields(FitData)} == {"X", "y", "X_val", "y_val", "fingerprint", "groups"}
    assert len(data.X) + len(data.X_val) == len(faces) - len(faces.rows("PrivateTest"))
    assert data.groups is None
    known = FitData.of(make_faces(70, size=24, random_state=0, n_people=5))
    assert known.groups is not None and len(known.groups) == len(known.X)
    # Not even the memory behind the images is shared with the whole data set.
    assert not np.shares_memory(data.X, faces.images)
    assert not np.shares_memory(data.X_val, faces.images)
