"""The speed benchmark: what it plans, skips and keeps, and that its tables say what was measured."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ferbench.benchmarks.live.child import Said
from ferbench.benchmarks.speed.displays import ExtractorSpeedDisplay, GrowthDisplay
from ferbench.benchmarks.speed.plans import extrapolate, growth, plan
from ferbench.benchmarks.speed.report import write_speed_report
from ferbench.benchmarks.speed.speed import SpeedBench, _stratified_order
from ferbench.benchmarks.speed.tables import plain_table, read_records
from ferbench.cli import main
from ferbench.datasets import Dataset, make_faces


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(500, random_state=0)


ENVIRONMENT = {"cpu": "a processor", "cores": 2, "platform": "Linux", "packages": {"scikit-learn": "1.9"}}


def fake_child(monkeypatch: pytest.MonkeyPatch, seconds: Any) -> list[str]:
    """Answer for the measuring process: `seconds(kind, name, n)`; returns what it was asked."""
    asked: list[str] = []

    def run(command: list[str], *, timeout_s: float) -> Said:
        job = json.loads(Path(command[-1]).read_text())
        asked.append(f"{job['kind']}-{job['name']}-{job['n_images']}")
        took = seconds(job["kind"], job["name"], job["n_images"])
        if took is None:
            return Said([], "killed by SIGKILL")
        done = {
            **{"event": "done", "at_s": 1.0, "seconds": {"fit": took, "predict": 0.1}, "n_predicted": 50},
            **{"images_per_s": 1000.0, "n_features": 7, "environment": ENVIRONMENT, "implementation": "a library"},
        }
        return Said([done], None)

    monkeypatch.setattr("ferbench.benchmarks.speed.speed.run_child", run)
    return asked


def bench(faces: Dataset, output: Path, **options: Any) -> SpeedBench:
    settings = {"extractors": ["pixels"], "classifiers": ["tree", "svm"], "sizes": [100, 200, 10**6], **options}
    return SpeedBench(faces, output, **settings)


def test_sizes_are_cut_to_the_training_images_and_chosen_by_pattern() -> None:
    labels = [each.label for each in plan(["hog"], ["svm"], [1000, 4000, 28709], 3000, ["fit-*", "extract-*"])]
    assert labels == ["extract-hog-1024", "fit-svm-1000", "fit-svm-3000"]
    with pytest.raises(ValueError, match="--only nothing matches none of extract-hog-1024"):
        plan(["hog"], ["svm"], [1000], 3000, ["nothing"])
    with pytest.raises(ValueError, match="sizes must be whole numbers of at least 100"):
        plan(["hog"], ["svm"], [10], 3000, [])


def test_growth_is_that_of_the_largest_sizes() -> None:
    sizes, seconds = [100, 200, 400], [1.0, 1.0, 4.0]
    assert growth(sizes, seconds) == pytest.approx(2)
    assert growth([100], [1.0]) is None
    assert extrapolate(sizes, seconds, 800) == pytest.approx(16)
    assert extrapolate(sizes, seconds, 200) == 1.0
    # A time that falls by chance is not carried on below the linear.
    assert extrapolate([100, 200], [2.0, 1.0], 400) == pytest.approx(2)
    assert extrapolate([], [], 400) is None


def test_every_first_part_of_the_order_holds_the_classes_in_their_shares() -> None:
    y = np.repeat(["happy", "sad", "disgust"], [600, 300, 12])
    order = _stratified_order(y)
    assert sorted(order) == list(range(len(y)))
    for n in (76, 304):
        assert (y[order[:n]] == "disgust").sum() == pytest.approx(n * 12 / 912, abs=1.01)
        assert (y[order[:n]] == "sad").sum() == pytest.approx(n * 300 / 912, abs=1.01)


def test_what_would_exceed_the_limit_is_skipped_and_said_so(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = fake_child(monkeypatch, lambda kind, name, n: (n / 100) ** 2 if name == "svm" else 0.1)
    records = {record["name"]: record for record in bench(faces, tmp_path, limit_s=5, only=["fit-*"]).run()}
    assert "fit-svm-200" in asked and "fit-svm-346" not in asked and "fit-tree-346" in asked
    assert records["fit-svm-346"]["status"] == "skipped"
    assert records["fit-svm-346"]["reason"] == "expected to take 12 s by the growth measured, limit 5 s"


def test_a_failed_size_ends_its_classifier_only(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = fake_child(monkeypatch, lambda kind, name, n: None if name == "svm" and n == 200 else 0.1)
    records = {record["name"]: record for record in bench(faces, tmp_path, only=["fit-*"]).run()}
    assert records["fit-svm-200"]["status"] == "failed" and records["fit-svm-200"]["reason"] == "killed by SIGKILL"
    assert "a smaller size was not measured: killed" in records["fit-svm-346"]["reason"]
    assert records["fit-tree-346"]["status"] == "ok" and "fit-svm-346" not in asked


def test_what_is_done_is_not_done_again_until_the_data_is_another(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = fake_child(monkeypatch, lambda kind, name, n: 0.1)
    bench(faces, tmp_path, only=["fit-tree-*"]).run()
    first = len(asked)
    bench(faces, tmp_path, only=["fit-tree-*"]).run()
    assert len(asked) == first == 3
    bench(faces, tmp_path, only=["fit-tree-*"], force=True).run()
    bench(replace(faces, fingerprint="9" * 64), tmp_path, only=["fit-tree-*"]).run()
    assert len(asked) == 3 * first


def test_the_whole_plain_cell_is_carried_on_by_its_own_growth(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_child(monkeypatch, lambda kind, name, n: (n / 100) ** 2 * (10 if kind == "plain" else 1))
    monkeypatch.setattr("ferbench.benchmarks.speed.plans.PLAIN_SIZES", (100, 200))
    bench(faces, tmp_path, extractors=["hog"], classifiers=["tree", "svm"]).run()
    table = plain_table(read_records(tmp_path), n_training=400, n_predicted=100).set_index("cell")
    row = table.loc["hog+svm"]
    # 500 images at 1,000 a second, 10 * 4^2 seconds of fit from 200 images on, 100 predictions of 2 ms.
    assert row["plain_s"] == pytest.approx(0.5 + 160 + 0.2)
    assert row["ours_s"] == pytest.approx(0.5 + 16 + 0.2)
    assert row["ratio"] == pytest.approx(160.7 / 16.7)
    assert row["plain_measured_to"] == 200 and row["plain_growth"] == pytest.approx(2)
    assert table.loc["all of these", "plain_s"] == pytest.approx(2 * 160.7)


def test_the_report_is_rebuilt_from_the_records_alone(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_child(monkeypatch, lambda kind, name, n: (n / 100) ** 2)
    bench(faces, tmp_path, limit_s=5).run()
    assert main(["measure-speed", "--rebuild", "--output", str(tmp_path)]) == 0
    page = (tmp_path / "speed.md").read_text()
    assert "drawn, not real" not in page and "| pixels | 1,000 | 7 |" in page
    assert re.search(r"\| svm \| a library \| 1 \| 4 \|  \| 2\.0 \|", page)
    assert "expected to take 12 s" in page
    names = {"extractors.png", "fit_time.png", "predict_time.png", "extractors.csv", "classifiers.csv"}
    assert names <= {path.name for path in tmp_path.iterdir()}
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.*")}
    write_speed_report(tmp_path)
    assert before == {path.name: path.read_bytes() for path in tmp_path.glob("*.*")}
    assert "report:" in capsys.readouterr().out


def test_drawings_hold_one_line_a_classifier_and_one_bar_an_extractor() -> None:
    rows = [{"classifier": name, "n_images": n, "seconds": n / 1e3} for name in "abcdefgh" for n in (1000, 4000)]
    axes = GrowthDisplay(pd.DataFrame(rows), "Fit time").plot()
    # Guides of the growth have no markers.
    assert sum(line.get_marker() != "None" for line in axes.get_lines()) == 8
    # Colors are those of the kind of classifier on every page, so the names at the ends tell the lines apart.
    assert {text.get_text() for text in axes.texts} >= set("abcdefgh")
    table = pd.DataFrame({"extractor": ["hog", "pixels"], "images_per_s": [5e3, 9e4], "n_features": [1764, 2304]})
    axes = ExtractorSpeedDisplay(table).plot()
    assert len(axes.patches) == 2 and [text.get_text() for text in axes.get_yticklabels()] == ["pixels", "hog"]


def test_bad_input_is_one_line(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ferbench.datasets.load", lambda source, **options: faces)
    for arguments, message in [
        (["--output", str(tmp_path)], "needs --source PATH"),
        (["--rebuild", "--output", str(tmp_path)], "no records; measure first"),
        (["--source", "faces", "--classifiers", "svn", "--output", str(tmp_path)], "unknown classifier 'svn'"),
        (["--source", "faces", "--limit", "0", "--output", str(tmp_path)], "--limit must be above 0"),
    ]:
        assert main(["measure-speed", *arguments]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.slow
def test_the_measuring_processes_measure(faces: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("skimage", reason="scikit-image is not installed")
    chosen = ["extract-pixels-*", "fit-tree-100", "plain-tree-346"]
    records = bench(faces, tmp_path, sizes=[100], classifiers=["tree"], only=chosen).run()
    assert [record["status"] for record in records] == ["ok"] * 3
    extract, fit, plain = records
    assert extract["n_features"] == 2304 and extract["images_per_s"] > 0
    assert extract["environment"]["threads"].get("OMP_NUM_THREADS") == "1"
    assert fit["n_predicted"] == len(faces.rows("PublicTest")) and "m-estimate" in fit["probabilities"]
    assert "skimage.feature.hog" in plain["implementation"] and plain["seconds"]["extract"] > 0
