"""Arrays of a results folder that do not fit together are refused in one line that names the file."""

from pathlib import Path

import numpy as np
import pytest
from fake_results import fake_results

from ferbench.benchmarks.report import read_results


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_results(tmp_path_factory.mktemp("results"))


@pytest.mark.parametrize("key", ["PublicTest_labels", "PublicTest_ids", "PublicTest_leaked"])
def test_rows_of_another_shape(root: Path, key: str) -> None:
    path = root / "rows.npz"
    content = path.read_bytes()
    with np.load(path) as archive:
        arrays = dict(archive)
    try:
        for wrong in (np.array("happy"), arrays[key][:, None]):
            np.savez(path, **{**arrays, key: wrong})
            with pytest.raises(ValueError, match=rf"rows.npz: {key} must have"):
                read_results(root)
    finally:
        path.write_bytes(content)


def test_probabilities_of_classes_that_are_none(root: Path) -> None:
    path = next(root.glob("probabilities/mlp-*.npz"))
    content = path.read_bytes()
    with np.load(path) as archive:
        arrays = dict(archive)
    try:
        for wrong in (np.array("happy"), np.array(["happy"] * 7), np.array(list("abcdefg"))):
            np.savez(path, **{**arrays, "classes": wrong})
            with pytest.raises(ValueError, match=path.name.replace("+", ".")):
                read_results(root)
    finally:
        path.write_bytes(content)
