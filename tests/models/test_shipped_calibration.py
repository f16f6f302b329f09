"""What ships is calibrated: the coverage is stated, labels stay, and what was measured or made of it stays too."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferbench.benchmarks.choose import calibrate_on, measure_calibration
from ferbench.benchmarks.identity import recorded_checksum, weights_checksum
from ferbench.benchmarks.report import read_results
from ferbench.benchmarks.scores import expected_calibration_error
from ferbench.datasets import load, make_faces
from ferbench.models import Pretrained, load_bundle, pretrained
from ferbench.models.bundles import read_description, recognizer_sha256, with_temperature
from ferbench.realtime import Recognizer

ROOT = Path(__file__).parents[2]
SHIPPED = list(pretrained())


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_recognizer_states_its_coverage(name: str) -> None:
    folder = pretrained()[name]
    stated = read_description(folder)["calibration"]
    # PublicTest has 3,589 images, and 280 of them are also in Training.
    assert (stated["split"], stated["dataset"], stated["n_images"], stated["n_copies"]) == (
        *("PublicTest", "fer2013"),
        *(3309, 280),
    )
    assert stated["ece_after"] <= stated["ece_before"]
    reject = stated["reject"]
    assert reject["coverage"] == pytest.approx(0.8, abs=0.001) and reject["accuracy"] > reject["accuracy_all"] + 0.05
    recognizer = Recognizer.load(name)
    assert recognizer.certainty == (reject["threshold"], 0.0)
    assert recognizer.uncertain is not None and "80 % of the answers are certain" in recognizer.uncertain
    card = (folder / "MODEL_CARD.md").read_text()
    for value in (stated["ece_before"], stated["ece_after"], reject["accuracy"]):
        assert f"{value:.4f}" in card.split("## Calibration")[1].split("## ")[0]


@pytest.mark.parametrize("name", SHIPPED)
def test_labels_stay_and_what_is_measured_or_made_of_it_stays(name: str) -> None:
    faces = make_faces(70, random_state=4, difficulty=0.3)
    bundle = load_bundle(pretrained()[name])
    measured = bundle.estimator.predict_proba(faces.images)
    temperature = bundle.info["calibration"]["temperature"]
    np.testing.assert_allclose(bundle.predict_proba(faces.images), with_temperature(measured, temperature), rtol=1e-9)
    np.testing.assert_array_equal(bundle.predict(faces.images), bundle.classes_[measured.argmax(axis=1)])
    np.testing.assert_array_equal(bundle.without_calibration().predict_proba(faces.images), measured)
    row = Pretrained(name).fit(faces.images, faces.labels)
    np.testing.assert_allclose(row.predict_proba(faces.images), measured, atol=1e-6)
    without = {key: value for key, value in bundle.info.items() if key not in ("calibration", "class_shares")}
    assert recognizer_sha256(bundle.info) == recognizer_sha256({**without, "class_shares": None})


@pytest.mark.parametrize("name", SHIPPED)
def test_the_stored_probabilities_give_the_same_calibration(name: str) -> None:
    results = read_results(ROOT / "results" / "fer2013")
    cell = next(cell for cell in results.measured if _is_of(cell.record, name))
    stated = read_description(pretrained()[name])["calibration"]
    labels, proba, copies = results.labels["PublicTest"], cell.proba["PublicTest"], results.leaked["PublicTest"]
    found = measure_calibration(labels, proba, results.classes, copies=copies)
    # Networks answer a little differently on another processor.
    for key in ("temperature", "ece_before", "ece_after"):
        assert stated[key] == pytest.approx(found[key], abs=0.002), key
    assert stated["reject"] == pytest.approx(found["reject"], abs=0.002)
    # Where the probabilities were far off, the error is at least halved; for the others it stays within the noise.
    right = np.array(results.classes)[proba.argmax(axis=1)] == labels
    before, after = (
        expected_calibration_error(sure.max(axis=1)[~copies], right[~copies])
        for sure in (proba, with_temperature(proba, stated["temperature"]))
    )
    assert after < before / 2 if before > 0.05 else after < before + 0.01


def _is_of(record: dict[str, Any], name: str) -> bool:
    """Whether a record is of a shipped bundle: by its weights, or made of nothing but it."""
    info = read_description(pretrained()[name])
    members = record["recipe"].get("made_of") or {}
    settings = record["recipe"].get("all_params") or {}
    alone = list(members.values()) == [recognizer_sha256(info)]
    plain = not record.get("bundle") and not settings.get("test_time")
    return recorded_checksum(record) == weights_checksum(info["files"]) or (alone and plain)


@pytest.mark.data
def test_the_images_give_the_same_calibration(shared_data: Path) -> None:
    faces = load(shared_data / "fer2013.zip")
    bundle = load_bundle(pretrained()["ferbench-net-xs"])
    found, stated = calibrate_on(bundle, faces), bundle.info["calibration"]
    assert found["fingerprint"] == stated["fingerprint"] and found["n_copies"] == stated["n_copies"]
    assert found["temperature"] == pytest.approx(stated["temperature"], abs=0.002)
    assert found["reject"] == pytest.approx(stated["reject"], abs=0.002)
