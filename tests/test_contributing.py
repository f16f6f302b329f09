"""What CONTRIBUTING says about metrics, plots and data sets works as it stands there."""

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from cells_here import undrawn
from fake_results import fake_results
from thirdparty_package import entry_points, install

from ferbench.benchmarks import read_results, write_report
from ferbench.benchmarks.displays import registry as display_registry
from ferbench.benchmarks.scores import registry as metric_registry
from ferbench.datasets import Dataset, known_layouts, load, make_faces
from ferbench.datasets.readers import layouts

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()


def blocks(title: str) -> tuple[list[str], str]:
    """The blocks of Python code and the TOML lines of a section."""
    body = TEXT.split(f"\n## {title}")[1].split("\n## ")[0]
    code, (lines,) = (re.findall(rf"```{kind}\n(.*?)```", body, re.DOTALL) for kind in ("python", "toml"))
    return code, lines


def section(title: str) -> tuple[str, str]:
    """The Python code and the TOML lines of a section with one block of each."""
    (code,), lines = blocks(title)
    return code, lines


def check(folder: Path) -> None:
    """The metric is a column and the plot a file, and both are right."""
    with undrawn("plot_certainty"):
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
def folder(tmp_path: Path) -> Path:
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


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Photographs of ten people with every label, and one whose name does not fit."""
    faces = make_faces(140, size=24, random_state=0)
    seen: dict[str, int] = {}
    (tmp_path / "photos").mkdir()
    for image, label in zip(faces.images, faces.labels.tolist(), strict=True):
        seen[label] = seen.get(label, 0) + 1
        person = "abcdefghij"[seen[label] % 10]
        cv2.imwrite(str(tmp_path / "photos" / f"{person}_{label}_{seen[label]:02}.png"), image)
    cv2.imwrite(str(tmp_path / "photos" / "cover.png"), faces.images[0])
    return tmp_path / "photos"


def check_photos(mine: Dataset) -> None:
    """Labels and people are those of the names, no person is in two splits, and the misfit is counted."""
    assert len(mine) == 140 and mine.groups is not None
    names = [Path(name).name.split("_") for name in mine.ids.tolist()]
    assert [[person, label] for person, label, _ in names] == [
        [str(person), label] for person, label in zip(mine.groups, mine.labels.tolist(), strict=True)
    ]
    people = [set(mine.groups[mine.split == split]) for split in np.unique(mine.split)]
    assert len(people) == 3 and sum(map(len, people)) == 10
    assert any("1 images were left out: the name does not fit" in note for note in mine.notes)


def test_a_data_set_is_one_file(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "copied_loaders"
    shutil.copytree(ROOT / "datasets" / "loaders", package)
    assert "`datasets/loaders/mine.py`" in TEXT and not (package / "mine.py").exists()
    (package / "mine.py").write_text(blocks("Add a data set")[0][0])
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(layouts, "ROOM", package.name)
    assert {"jaffe", "mine"} <= set(known_layouts())
    check_photos(load(f"mine:{photos}", size=24))


def test_a_data_set_is_an_entry_point_of_another_package(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, lines = blocks("Add a data set")
    install(tmp_path / "package", monkeypatch, "your_package", "\n\n".join(code), entry_points(lines))
    check_photos(load("mine", size=24, seed=0, path=str(photos)))
