"""A bundle that leaves the results: whole, with a card whose figures are those that were measured."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from cells_here import CellsHere

from ferbench.benchmarks.choose import calibrate_on, measure_calibration
from ferbench.benchmarks.choose.export import export_bundle
from ferbench.benchmarks.report.results import read_results
from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store.suite import Suite
from ferbench.cli import main
from ferbench.datasets import make_faces
from ferbench.datasets.readers import loading
from ferbench.models import Joined, load_bundle, pretrained, save_bundle
from ferbench.models.bundles import find_shipped, with_temperature


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
    copies = read.leaked["PublicTest"]
    found = measure_calibration(
        read.labels["PublicTest"], cell.proba["PublicTest"], read.classes, coverage=0.6, copies=copies
    )
    about = {"dataset": "faces", "fingerprint": cell.record["dataset"]["fingerprint"]}
    assert {**found, **about} == calibration and made.reject_below == calibration["reject"]["threshold"]
    card = (target / "MODEL_CARD.md").read_text()
    assert f"Calibration error there {found['ece_before']:.4f} before and {found['ece_after']:.4f} after" in card
    assert "On PrivateTest: calibration error" in card
    assert main([*arguments[:-1], str(results), "--calibrate", "1.5"]) == 2
    # A copy keeps its calibration, and can be given another one.
    again = ["export", str(tmp_path / "again"), "--model", str(target), "--results", str(results)]
    assert main(again) == 0 and load_bundle(tmp_path / "again").info["calibration"] == calibration
    assert "## Calibration" in (tmp_path / "again" / "MODEL_CARD.md").read_text()
    assert main([*again, "--calibrate", "0.8"]) == 0
    assert load_bundle(tmp_path / "again").info["calibration"]["temperature"] == calibration["temperature"]
    assert load_bundle(tmp_path / "again").info["calibration"]["reject"]["coverage"] > 0.7


def test_a_finished_bundle_is_calibrated_on_given_data(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faces = make_faces(210, random_state=4, difficulty=0.3)
    monkeypatch.setattr(loading, "make_faces", lambda *_, **__: faces)
    arguments = ["--results", str(results), "--calibrate", "--source", "faces"]
    assert main(["export", str(tmp_path / "shipped"), "--model", "ferbench-net-l-int8", *arguments]) == 0
    assert "% of the answers are certain" in capsys.readouterr().out
    made = load_bundle(tmp_path / "shipped")
    assert made.info["calibration"] == calibrate_on(load_bundle(pretrained()["ferbench-net-l-int8"]), faces)
    card = (tmp_path / "shipped" / "MODEL_CARD.md").read_text()
    assert card.count("## Calibration") == 1 and "FER2013 (Goodfellow" in card, "the rest of its card stays"
    assert f"Temperature {made.info['calibration']['temperature']:.3f}, fitted on" in card
    # A bundle without a record or a card, in place.
    plain = save_bundle(
        tmp_path / "joined", Joined("ferbench-net-xs").fit(*faces.part("Training")), image_shape=(48, 48)
    )
    assert main(["export", str(plain), "--model", str(plain), *arguments]) == 0
    assert load_bundle(plain).reject_below is not None
    assert (plain / "MODEL_CARD.md").read_text().startswith("# joined\n\nRecognizes angry")
    # That of a record must not change, since the record has the checksum of its files.
    measured = str(next((results / "bundles").glob("pixels+logreg*")))
    assert main(["export", measured, "--model", measured, *arguments]) == 2
    assert "is the bundle of a record, which has its checksum" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "x"), "--model", measured, "--source", "faces"]) == 2
    assert "--source is for --int8 and --calibrate" in capsys.readouterr().err
    points = ["export", str(tmp_path / "x"), "--model", str(find_shipped("ferbench-points"))]
    assert main([*points, *arguments]) == 2 and not (tmp_path / "x").exists()
    assert "finds key points, which have no probabilities to calibrate" in capsys.readouterr().err


def test_a_copy_of_a_measured_bundle_gets_its_card_by_the_checksum_of_its_weights(
    results: Path, tmp_path: Path
) -> None:
    folder = next((results / "bundles").glob("pixels+logreg*"))
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "MODEL_CARD.md").write_text("# Old\n\n## Notes\n\nDrawn by ferbench.\n")
    expected = export_bundle(str(folder), results, tmp_path / "out", notes=["Drawn by ferbench."]).read_text()
    for place in (results, results.parent):
        text = export_bundle(str(tmp_path / "copy"), place, tmp_path / "again").read_text()
        assert text == expected, "with the notes of its own card"


def test_what_cannot_be_exported_is_named(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "full").mkdir()
    assert main(["export", str(tmp_path / "full"), "--results", str(results)]) == 2
    assert "is no bundle; choose another folder" in capsys.readouterr().err
    shipped = str(next(iter(pretrained().values())))
    assert main(["export", str(tmp_path / "x"), "--model", shipped, "--results", str(results)]) == 2
    assert "has no record beside it" in capsys.readouterr().err
