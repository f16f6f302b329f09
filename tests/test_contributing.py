"""What CONTRIBUTING says about metrics and plots works as it stands there."""

import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_results import fake_results
from thirdparty_package import install

from ferbench.benchmarks import read_results, write_report
from ferbench.benchmarks.displays import registry as display_registry
from ferbench.benchmarks.scores import registry as metric_registry

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()


def section(title: str) -> tuple[str, str]:
    """The Python code and the TOML lines of a section."""
    body = TEXT.split(f"\n## {title}")[1].split("\n## ")[0]
    (code,), (lines,) = (re.findall(rf"```{kind}\n(.*?)```", body, re.DOTALL) for kind in ("python", "toml"))
    return code, lines


def entry_points(lines: str) -> str:
    """The same entry points as an installed package has them."""
    ((group, entries),) = tomllib.loads(lines)["project"]["entry-points"].items()
    return "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()), ""])


def check(folder: Path) -> None:
    """The metric is a column and the plot a file, and both are right."""
    page = write_report(folder).read_text()
    results = read_results(folder)
    labels, counts = np.unique(results.labels["PrivateTest"], return_counts=True)
    rarest = results.classes.index(labels[counts.argmin()])
    table = pd.read_csv(folder / "leaderboard.csv").set_index("recipe")
    assert table.loc["mlp", "rare_recall"] == pytest.approx(
        results.scores.private["mlp"].class_values["recall"][rarest], rel=1e-5
    )
    assert "Rare recall" in page and "mean probability of the predicted label" in page
    drawn = pd.read_csv(folder / "plot_certainty.csv").set_index("recipe")["certainty"]
    assert drawn["mlp"] == pytest.approx(results.probabilities("mlp")["PrivateTest"].max(axis=1).mean(), rel=1e-5)
    assert results.plot("certainty").get_xlabel() == "mean probability of the predicted label"


@pytest.fixture
def folder(tmp_path: Path, blank_drawings: None) -> Path:
    return fake_results(tmp_path / "results")


def test_a_metric_and_a_plot_are_one_file_each(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    titles = {"scores": "Add a metric", "displays": "Add a plot"}
    for room, registry in (("scores", metric_registry), ("displays", display_registry)):
        # A copy of our folder of plug-ins, with the new file in it.
        package = tmp_path / f"copied_{room}_plugins"
        shutil.copytree(ROOT / "benchmarks" / room / "plugins", package)
        body = TEXT.split(f"\n## {titles[room]}")[1]
        name = re.search(rf"`benchmarks/{room}/plugins/(\w+\.py)`", body)
        assert name
        (package / name[1]).write_text(section(titles[room])[0])
        monkeypatch.setattr(registry, "FOLDER", package.name)
    monkeypatch.syspath_prepend(str(tmp_path))
    check(folder)


def test_they_are_entry_points_of_another_package(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (metric, metric_lines), (plot, plot_lines) = section("Add a metric"), section("Add a plot")
    lines = entry_points(metric_lines) + entry_points(plot_lines)
    install(tmp_path / "package", monkeypatch, "your_package", f"{metric}\n\n{plot}", lines)
    check(folder)
