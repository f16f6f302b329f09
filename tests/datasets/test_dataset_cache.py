"""Decoded images are kept on disk: decoded once, never stale, never trusted when damaged, shared by processes."""

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ferbench.datasets import Dataset, cache_dir, load, make_faces
from ferbench.datasets.readers import files
from ferbench.utils import PartFolder


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of drawn faces, and a cache of its own."""
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path / "cache"))
    faces = make_faces(105, random_state=1)
    for row in range(len(faces)):
        path = tmp_path / "faces" / str(faces.split[row]) / str(faces.labels[row]) / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), faces.images[row])
    return tmp_path / "faces"


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each image that was decoded."""
    calls: list[int] = []
    decode = files.decode
    monkeypatch.setattr(files, "decode", lambda data, size: (calls.append(size), decode(data, size))[1])
    return calls


def entry() -> Path:
    """The only entry of the cache."""
    (folder,) = (cache_dir() / "datasets").iterdir()
    return folder


def same(one: Dataset, other: Dataset) -> bool:
    return one.fingerprint == other.fingerprint and np.array_equal(one.images, other.images)


def test_second_load_maps_what_the_first_decoded(source: Path, decoded: list[int]) -> None:
    first = load(source)
    assert len(decoded) == 105
    second = load(source)
    assert len(decoded) == 105
    assert isinstance(second.images, np.memmap) and not second.images.flags.writeable
    assert same(first, second)
    assert sorted(path.name for path in entry().iterdir()) == ["images.npy", "rows.npz"]


def test_each_size_and_each_change_of_the_source_is_decoded_anew(source: Path, decoded: list[int]) -> None:
    first = load(source)
    assert load(source, size=32).images.shape == (105, 32, 32)
    assert len(decoded) == 210
    image = next(source.rglob("*.png"))
    cv2.imwrite(str(image), np.zeros((48, 48), np.uint8))
    changed = load(source)
    assert len(decoded) == 315
    assert changed.fingerprint != first.fingerprint


def test_another_seed_needs_no_decoding(source: Path, decoded: list[int]) -> None:
    shutil.rmtree(source / "PublicTest")
    assert load(source, seed=0).fingerprint != load(source, seed=1).fingerprint
    assert len(decoded) == len(list(source.rglob("*.png")))


def flip_a_pixel(folder: Path) -> None:
    data = bytearray((folder / "images.npy").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "images.npy").write_bytes(data)


def cut_off(folder: Path) -> None:
    data = (folder / "images.npy").read_bytes()
    (folder / "images.npy").write_bytes(data[: len(data) // 2])


def lose_rows(folder: Path) -> None:
    (folder / "rows.npz").unlink()


def scramble_rows(folder: Path) -> None:
    (folder / "rows.npz").write_bytes(b"no zip at all")


def empty_everything(folder: Path) -> None:
    for path in folder.iterdir():
        path.write_bytes(b"")


def put_pipes(folder: Path) -> None:
    for path in list(folder.iterdir()):
        path.unlink()
        os.mkfifo(path)


class Bomb:
    """Writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch it-ran",)


def plant_pickles(folder: Path) -> None:
    (folder / "images.npy").write_bytes(pickle.dumps(Bomb()))
    (folder / "images.pkl").write_bytes(pickle.dumps(Bomb()))


def plant_objects(folder: Path) -> None:
    with np.load(folder / "rows.npz", allow_pickle=False) as rows:
        columns = dict(rows)
    np.savez(folder / "rows.npz", **columns | {"ids": np.array([Bomb()] * 105, dtype=object)})


DAMAGES = [flip_a_pixel, cut_off, lose_rows, scramble_rows, empty_everything, put_pipes, plant_pickles, plant_objects]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_entry_is_built_anew(
    source: Path, decoded: list[int], damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)
    expected = make_copy(load(source))
    damage(entry())
    assert same(load(source), expected)
    assert len(decoded) == 210
    assert same(load(source), expected)
    assert len(decoded) == 210
    assert not Path("it-ran").exists()


def make_copy(dataset: Dataset) -> Dataset:
    """The data set in memory, out of reach of what happens to the cache."""
    return Dataset(**{**vars(dataset), "images": np.array(dataset.images)})


def test_failed_load_leaves_nothing_behind(source: Path) -> None:
    next(source.rglob("*.png")).write_bytes(b"no image")
    with pytest.raises(ValueError, match="not an image"):
        load(source)
    assert list((cache_dir() / "datasets").iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(source: Path) -> None:
    folder = cache_dir() / "datasets"
    left = folder / ".0123.ferbench-0123abcd.part"
    left.mkdir(parents=True)
    living = PartFolder(folder / "other")
    load(source)
    assert not left.exists() and living.part.exists()
    living.discard()


def test_processes_that_load_at_once_agree(source: Path) -> None:
    code = "import sys; from ferbench.datasets import load; print(load(sys.argv[1]).fingerprint)"
    command = [sys.executable, "-c", code, str(source)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    fingerprints = {process.communicate()[0].strip() for process in running}
    assert [process.returncode for process in running] == [0] * 3
    assert fingerprints == {load(source).fingerprint}
    assert entry().is_dir()


def test_cache_that_cannot_be_written_says_where_and_what_to_do(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_file").write_text("in the way")
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path / "a_file"))
    with pytest.raises(OSError, match=r"cannot write the cache .*a_file.*set FERBENCH_CACHE"):
        load(source)
