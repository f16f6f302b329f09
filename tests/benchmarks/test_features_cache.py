"""The cache of features: what lies in it is checked, healed where it is damaged, and never unpickled."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from ferbench.benchmarks.fit.features_cache import CachedExtractor
from ferbench.benchmarks.run.handoff import find_data, read_data, read_head, write_data
from ferbench.benchmarks.tasks import get_task
from ferbench.datasets import make_faces
from ferbench.features import make_extractor
from ferbench.models.bundles import save_archive

IMAGES = np.random.default_rng(0).integers(0, 255, (40, 48, 48), dtype=np.uint8)
LABELS = np.repeat(["happy", "sad"], 20)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.mark}'",)


class Stranger:
    """A type that no extractor consists of."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


def cached() -> CachedExtractor:
    return CachedExtractor(make_extractor("hog"), "a-fingerprint", IMAGES, LABELS)


def test_a_planted_pickle_runs_nothing_under_any_name(cache: Path, tmp_path: Path) -> None:
    expected = cached().features("Training", IMAGES)
    (folder,) = cache.iterdir()
    bomb = pickle.dumps(Bomb(tmp_path / "it-ran"))
    for file in list(folder.iterdir()):
        file.write_bytes(bomb)
    for name in ("extractor.joblib", "extractor.pkl"):
        (folder / name).write_bytes(bomb)
    with (folder / "PublicTest.npy").open("wb") as handle:
        np.save(handle, np.array([Bomb(tmp_path / "it-ran")], dtype=object), allow_pickle=True)
    again = cached()
    assert_array_equal(again.features("Training", IMAGES), expected)
    assert_array_equal(again.features("PublicTest", IMAGES), expected)
    assert not (tmp_path / "it-ran").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x80\x05."])
def test_a_damaged_extractor_is_made_anew(content: bytes, cache: Path) -> None:
    cached()
    (file,) = cache.glob("*/extractor.skops")
    whole = file.read_bytes()
    file.write_bytes(content or whole[: len(whole) // 2])
    assert_array_equal(cached().features("Training", IMAGES), make_extractor("hog").fit(IMAGES).transform(IMAGES))
    assert file.stat().st_size == len(whole)


@pytest.mark.parametrize("planted", [make_extractor("pixels").fit(IMAGES), make_extractor("hog", bins=6).fit(IMAGES)])
def test_another_extractor_in_its_place_is_not_used(planted: Any, cache: Path) -> None:
    cached()
    (file,) = cache.glob("*/extractor.skops")
    save_archive(planted, file)
    assert repr(cached().extractor) == "HOGExtractor()"


def test_a_foreign_type_in_it_is_not_built(cache: Path) -> None:
    cached()
    (file,) = cache.glob("*/extractor.skops")
    from skops.io import dump

    evil = make_extractor("hog").fit(IMAGES)
    evil.extra_ = Stranger()
    dump(evil, file)
    assert not hasattr(cached().extractor, "extra_")


@pytest.mark.parametrize("text", ["", "{", "{}", '{"seconds": "x"}', '{"seconds": -1}', "[" * 100_000])
def test_damaged_notes_heal(text: str, cache: Path) -> None:
    cached().features("Training", IMAGES)
    for file in cache.glob("*/*.json"):
        file.write_text(text)
    again = cached()
    again.features("Training", IMAGES)
    assert again.seconds > 0
    assert all(json.loads(file.read_text())["seconds"] > 0 for file in cache.glob("*/*.json"))


def test_features_of_another_shape_or_type_are_computed_again(cache: Path) -> None:
    expected = np.array(cached().features("Training", IMAGES))
    (file,) = cache.glob("*/Training.npy")
    for wrong in (np.zeros((39, 5), np.float32), np.zeros(40, np.float32), np.zeros((40, 5)), np.float32(3)):
        np.save(file, wrong)
        assert_array_equal(cached().features("Training", IMAGES), expected)


@pytest.mark.parametrize("name", ["Training.npy", "extractor.skops"])
def test_a_changed_byte_is_noticed(name: str, cache: Path) -> None:
    expected = np.array(cached().features("Training", IMAGES))
    (file,) = cache.glob(f"*/{name}")
    data = bytearray(file.read_bytes())
    data[-9] ^= 1
    file.write_bytes(data)
    assert_array_equal(cached().features("Training", IMAGES), expected)
    assert file.read_bytes() != bytes(data)


def test_a_pipe_in_its_place_is_not_read(cache: Path) -> None:
    expected = np.array(cached().features("Training", IMAGES))
    for file in [*cache.glob("*/*.npy"), *cache.glob("*/*.skops"), *cache.glob("*/*.json")]:
        file.unlink()
        os.mkfifo(file)
    assert_array_equal(cached().features("Training", IMAGES), expected)


# --- the data that is passed to the processes that fit ----------------------------------------------------------


def change(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def plant(file: Path) -> None:
    file.write_bytes(pickle.dumps(Bomb(file.parent.parent / "it-ran")))


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "data.json"])
@pytest.mark.parametrize("damage", [change, plant, Path.unlink])
def test_damaged_data_for_the_fitting_processes_is_written_anew(damage: Any, name: str, cache: Path) -> None:
    dataset, task = make_faces(70, random_state=0), get_task("expressions")
    folder = write_data(dataset, task)
    whole = {file.name: file.read_bytes() for file in folder.iterdir()}
    damage(folder / name)
    assert {file.name: file.read_bytes() for file in write_data(dataset, task).iterdir()} == whole
    head = read_head(folder)
    damage(folder / name)
    assert find_data(head) is None
    write_data(dataset, task)
    assert find_data(head) == folder
    assert len(read_data(folder)) == int((dataset.split != "PrivateTest").sum())
    assert not (folder.parent / "it-ran").exists()
