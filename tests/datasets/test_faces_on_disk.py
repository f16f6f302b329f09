"""Drawn faces larger than memory: drawn into the cache once, the same as in memory."""

import json
from pathlib import Path

import numpy as np
import pytest

from ferbench.datasets import find_leaks, load, make_faces
from ferbench.datasets.faces import stored


@pytest.fixture(autouse=True)
def small_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr("ferbench.datasets.faces.make.LARGE_BYTES", 100 * 24 * 24)


def test_faces_on_disk_are_those_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mapped = load("faces", size=24, seed=5, n_samples=130)
    assert isinstance(mapped.images, np.memmap) and mapped.images.mode == "r"
    with monkeypatch.context() as patch:
        patch.setattr("ferbench.datasets.faces.make.LARGE_BYTES", 2**28)
        plain = make_faces(130, size=24, random_state=5, n_jobs=2)
    assert not isinstance(plain.images, np.memmap)
    np.testing.assert_array_equal(mapped.images, plain.images)
    np.testing.assert_array_equal(mapped.landmarks, plain.landmarks)
    assert mapped.fingerprint == plain.fingerprint
    assert not find_leaks(mapped).any()


def test_they_are_drawn_once_unless_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_faces(130, size=24, random_state=5)
    drawn: list[int] = []
    write = stored._write
    monkeypatch.setattr(stored, "_write", lambda *args: (drawn.append(1), write(*args)))
    assert make_faces(130, size=24, random_state=5).fingerprint == first.fingerprint
    assert not drawn
    # Another seed, another number and other people are other faces.
    assert make_faces(131, size=24, random_state=5).images.shape == (131, 24, 24)
    assert make_faces(130, size=24, random_state=5, n_people=4).fingerprint != first.fingerprint
    assert len(drawn) == 2
    (path,) = (p.parent for p in tmp_path.rglob("about.json") if np.load(p.parent / "images.npy").shape[0] == 131)
    (path / "images.npy").write_bytes(b"not whole")
    assert "images.npy" in json.loads((path / "about.json").read_text())
    assert make_faces(131, size=24, random_state=5).images.shape == (131, 24, 24)
    assert len(drawn) == 3


def test_faces_without_a_seed_are_not_kept(tmp_path: Path) -> None:
    assert not isinstance(make_faces(130, size=24).images, np.memmap)
    assert not list(tmp_path.rglob("*.npy"))
