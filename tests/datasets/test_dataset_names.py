"""Data sets by name: the built-in one, and those that other packages add."""

from importlib.metadata import EntryPoint

import pytest

from ferbench.datasets import Dataset, load, make_faces


def bring(*, size: int, seed: int, n_faces: int = 70) -> Dataset:
    return make_faces(n_faces, size=size, random_state=seed)


def add(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    point = EntryPoint(name, value, "ferbench.datasets")
    monkeypatch.setattr("ferbench.datasets.readers.loading.entry_points", lambda group: [point])


def test_another_package_s_data_set_loads_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, "theirs", "tests_of_names:bring")
    monkeypatch.setattr(EntryPoint, "load", lambda point: bring)
    faces = load("theirs", size=32, seed=4, n_faces=140)
    assert len(faces) == 140 and faces.images.shape[1:] == (32, 32)


def test_a_broken_one_is_named_and_the_built_in_one_cannot_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, "theirs", "no_such_module:bring")
    with pytest.raises(ImportError, match="data set 'theirs' of package unknown cannot be loaded"):
        load("theirs")
    add(monkeypatch, "faces", "no_such_module:bring")
    assert load("faces", n_samples=70).drawn
