"""A bundle that leaves the results: whole, with a card whose figures are those that were measured."""

import json
from pathlib import Path

import numpy as np
import pytest
from cells_here import CellsHere

from ferbench.benchmarks.choose import measure_calibration
from ferbench.benchmarks.choose.export import card, export_bundle
from ferbench.benchmarks.int8.cards import int8_card
from ferbench.benchmarks.int8.checked import Checked
from ferbench.benchmarks.report.results import read_results
from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store.suite import Suite
from ferbench.cli import main
from ferbench.datasets import make_faces
from ferbench.models import load_bundle, pretrained
from ferbench.models.bundles import DEVELOPMENT, read_description, with_temperature


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    faces = make_faces(210, random_state=0, difficulty=0.2)
    Run(Suite("small", ("constant", "pixels+logreg")), faces, folder).execute(CellsHere())
    return folder / "faces"


def test_the_card_tells_what_was_measured(results: Path, tmp_path: Path) -> None:
    text = export_bundle("winner", results, tmp_path / "out", notes=["Drawn by ferbench."]).read_text()
    read = read_results(results)
    cell = next(cell for cell in read.measured if cell.recipe == "pixels+logreg")
    answers = np.array(read.classes)[cell.proba["PrivateTest"].argmax(axis=1)]
    true = read.labels["PrivateTest"]
    assert f"| PrivateTest | {len(true)} | {(answers == true).mean():.4f} |" in text
    assert (
        f"| happy | {(true == 'happy').sum()} |" in text
        and f"| {(answers == true)[true == 'happy'].mean():.3f} |" in text
    )
    assert "drawn faces" in text and text.endswith("Drawn by ferbench.\n")
    assert "p90" in text and "MB" in text and "are classified as" in text


def test_the_exported_bundle_is_the_measured_one(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "mine"
    arguments = ["export", str(target), "--model", "pixels+logreg", "--results", str(results)]
    assert main(arguments) == 0 and main(arguments) == 0, "an older export is replaced"
    assert str(target / "MODEL_CARD.md") in capsys.readouterr().out
    images = make_faces(21, random_state=1).images
    cell = next((results / "bundles").glob("pixels+logreg*"))
    np.testing.assert_array_equal(load_bundle(target).predict_proba(images), load_bundle(cell).predict_proba(images))


def test_a_calibrated_export_answers_with_its_temperature_and_says_what_it_is_worth(
    results: Path, tmp_path: Path
) -> None:
    target = tmp_path / "mine"
    arguments = ["export", str(target), "--model", "pixels+logreg", "--results", str(results)]
    assert main([*arguments, "--calibrate", "0.6"]) == 0
    made, plain = load_bundle(target), load_bundle(next((results / "bundles").glob("pixels+logreg*")))
    calibration = made.info["calibration"]
    images = make_faces(21, random_state=1).images
    expected = with_temperature(plain.predict_proba(images), calibration["temperature"])
    np.testing.assert_allclose(made.predict_proba(images), expected)
    np.testing.assert_array_equal(made.predict(images), plain.predict(images))
    read = read_results(results)
    cell = next(cell for cell in read.measured if cell.recipe == "pixels+logreg")
    found = measure_calibration(read.labels["PublicTest"], cell.proba["PublicTest"], read.classes, coverage=0.6)
    assert found == calibration and made.reject_below == calibration["reject"]["threshold"]
    card = (target / "MODEL_CARD.md").read_text()
    assert f"Calibration error there {found['ece_before']:.4f} before and {found['ece_after']:.4f} after" in card
    assert "On PrivateTest: calibration error" in card
    assert main([*arguments[:-1], str(results), "--calibrate", "1.5"]) == 2


def test_the_card_of_what_ships_says_on_which_data_it_was_chosen() -> None:
    published = read_results(Path(__file__).parents[2] / "results" / "fer2013")
    cells = {cell.recipe: cell for cell in published.measured}
    assert DEVELOPMENT in card(cells["weight-mean@net-l"], published) and "CK+" in DEVELOPMENT
    assert DEVELOPMENT not in card(cells["hog+svm"], published)
    (row, *_) = json.loads((published.root.parent / "int8" / "int8.json").read_text())["networks"]
    info = read_description(pretrained()["ferbench-net-l-int8"])
    assert DEVELOPMENT in int8_card(Checked(**row), info)
    assert DEVELOPMENT not in int8_card(Checked(**row | {"name": "mine"}), info)


def test_what_cannot_be_exported_is_named(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "full").mkdir()
    assert main(["export", str(tmp_path / "full"), "--results", str(results)]) == 2
    assert "is no bundle; choose another folder" in capsys.readouterr().err
    shipped = str(next(iter(pretrained().values())))
    assert main(["export", str(tmp_path / "x"), "--model", shipped, "--results", str(results)]) == 2
    assert "has no record beside it" in capsys.readouterr().err
