"""The scale benchmark: whole fits on growing numbers of faces, and a table that says how they grow."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ferbench.benchmarks.live.child import Said
from ferbench.benchmarks.speed import ScaleBench, scale, scale_child
from ferbench.cli import main
from ferbench.datasets import make_faces
from ferbench.models import can_stream, get_recipe

ENVIRONMENT = {"cpu": "a processor", "cores": 2, "platform": "Linux", "packages": {"scikit-learn": "1.9"}}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """Answer for the measuring process; return what it was asked, and how many images it found."""
    found: list[tuple[str, int, int]] = []

    def run(command: list[str], *, timeout_s: float) -> Said:
        job = json.loads(Path(command[-1]).read_text())
        found.append((job["name"], job["n_images"], len(np.load(Path(job["data"]) / "images.npy", mmap_mode="r"))))
        if job["name"] == "cnn@4conv-thin" and job["n_images"] > 100:
            return Said([], "killed by SIGKILL")
        seconds = {"fit": job["n_images"] ** 1.5 / 1e4, "predict": 0.5}
        done = {"event": "done", "seconds": seconds, "peak_memory_bytes": 2**29, "environment": ENVIRONMENT}
        return Said([done | {"accuracy": 0.5, "n_predicted": job["n_new"]}], None)

    monkeypatch.setattr(scale, "run_child", run)
    monkeypatch.setattr(scale, "load_average", lambda: 2.5)
    monkeypatch.setattr(scale, "N_NEW", 40)
    monkeypatch.setattr(scale, "SIDE", 24)
    monkeypatch.setattr(scale, "_LEAST", 100)
    return found


def test_each_size_is_measured_once_on_the_same_faces(
    asked: list[tuple[str, int, int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["measure-speed", "--scale", "100", "120", "--output", str(tmp_path)]
    assert main(command) == 1  # the network failed at the larger size
    assert [each[:2] for each in asked] == [(name, size) for size in (100, 120) for name in scale.SCALED]
    assert {each[2] for each in asked} == {160}
    assert "killed by SIGKILL" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "scale.csv")
    row = table[(table["recipe"] == "hog+sgd-logreg") & (table["n_images"] == 120)].iloc[0]
    assert row["fit_growth"] == pytest.approx(1.5) and row["memory_growth"] == pytest.approx(0, abs=1e-6)
    failed = table[table["status"] == "failed"].iloc[0]
    assert pd.isna(failed["fit_s"]) and pd.isna(failed["fit_growth"])
    paper = pd.read_csv(tmp_path / "scale_on_paper.csv")
    assert set(paper["recipe"]) == set(scale.SCALED) - {"cnn@4conv-thin"}, "one size makes no line"
    last = paper[(paper["recipe"] == "hog+sgd-logreg") & (paper["n_images"] == 10**8)].iloc[0]
    slope = (120**1.5 - 100**1.5) / 1e4 / 20
    assert last["fit_s"] == pytest.approx(120**1.5 / 1e4 + slope * (10**8 - 120), rel=1e-4)
    assert last["peak_memory_bytes"] == pytest.approx(2**29, rel=1e-4) and last["images_bytes"] == 48 * 48 * 10**8
    page = (tmp_path / "scale.md").read_text()
    assert "## On paper" in page and "100,000,000" in page
    assert "load around the measurements 2.5 to 2.5" in page and "times are too long" in page
    assert "on 120 images: killed by SIGKILL" in page and "0.50" in page
    # A measurement that nobody made is named as well.
    (tmp_path / "runs" / "cnn@tiny-120.json").unlink()
    assert main([*command, "--rebuild"]) == 0
    assert "`cnn@tiny` on 120 images: not measured." in (tmp_path / "scale.md").read_text()
    # What is measured is kept; what failed is tried again.
    asked.clear()
    assert main(command) == 1
    assert [each[:2] for each in asked] == [("cnn@tiny", 120), ("cnn@4conv-thin", 120)]
    asked.clear()
    assert main([*command, "--rebuild"]) == 0 and not asked


def test_a_source_and_small_sizes_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure-speed", "--scale", "5000", "--source", "x.zip", "--output", str(tmp_path)]) == 2
    assert "leave --source out" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"--scale must be whole numbers of at least 1,000; got \[10\]"):
        ScaleBench(tmp_path, [10])
    with pytest.raises(ValueError, match="--limit must be above 0"):
        ScaleBench(tmp_path, [1000], limit_s=0)


def test_a_measurement_fits_on_the_first_images_and_predicts_the_last(tmp_path: Path) -> None:
    faces = make_faces(210, random_state=0, size=24, difficulty=0)
    np.save(tmp_path / "images.npy", faces.images)
    np.save(tmp_path / "labels.npy", faces.labels)
    job: dict[str, Any] = {"name": "pixels+sgd-svm", "params": {}, "n_images": 140, "n_new": 70}
    found = scale_child.measure(job, tmp_path)
    assert found["n_predicted"] == 70 and found["accuracy"] > 0.3
    assert found["seconds"]["fit"] > 0 and found["peak_memory_bytes"] > 2**20


def test_what_is_measured_by_default_exists() -> None:
    for name, params in scale.SCALED.items():
        recognizer = get_recipe(name).build(**params)
        assert can_stream(recognizer) or get_recipe(name).family == "deep"
