"""A measured key-point model leaves the results with a card that says what it can do."""

from pathlib import Path

import numpy as np
import pytest
from cells_here import CellsHere

from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store.store import Store
from ferbench.benchmarks.store.suite import Suite
from ferbench.cli import main
from ferbench.datasets import load_points
from ferbench.models import load_bundle

OPTIONS = {"n_samples": 70}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    suite = Suite("points", ("mean-shape",), task="keypoints", source="faces", size=96, options=OPTIONS)
    faces = load_points("faces", size=96, seed=0, **OPTIONS)
    return Run(suite, faces, tmp_path_factory.mktemp("results")).execute(CellsHere()).root


def test_the_card_tells_data_figures_and_weaknesses(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    note = "Drawn by ferbench; no person is shown."
    arguments = ["export", str(target), "--model", "mean-shape", "--results", str(root), "--note", note]
    assert main(arguments) == 0
    text = (target / "MODEL_CARD.md").read_text()
    scores = load_bundle(root / Store(root).records()[0]["bundle"]).info["scores"]["Test"]
    assert f"| {scores['nme']:.4f} | {scores['nme_low']:.4f} to {scores['nme_high']:.4f} |" in text
    assert "faces (drawn faces)" in text and note in text and "## Known weaknesses" in text
    assert all(part in text for part in ("| eyes |", "| brows |", "| nose |", "| corners of the mouth |", "| lips |"))
    assert np.isfinite(load_bundle(target).predict(np.zeros((1, 96, 96), np.uint8))).all()
