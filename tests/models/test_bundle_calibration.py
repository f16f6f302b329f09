"""A calibration travels in the bundle: the temperature is applied, bounded when it is read, and old bundles stay."""

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from ferbench.benchmarks.choose import calibrate_on, measure_calibration
from ferbench.benchmarks.scores import expected_calibration_error
from ferbench.datasets import make_faces
from ferbench.models import Pretrained, load_bundle, make_recipe, save_bundle
from ferbench.models.bundles import (
    add_calibration,
    digest,
    fit_temperature,
    read_description,
    recognizer_sha256,
    with_temperature,
)
from ferbench.models.networks.batches import load_teachers
from ferbench.realtime import Pipeline, Recognizer, make_detector

CALIBRATION = {"temperature": 2.0, "split": "PublicTest", "reject": {"threshold": 0.61, "coverage": 0.8}}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    faces = make_faces(70, random_state=3)
    recognizer = make_recipe("pixels+logreg").fit(faces.images, faces.labels)
    return save_bundle(tmp_path_factory.mktemp("bundles") / "b", recognizer, image_shape=(48, 48))


def overconfident(n: int = 3000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from calibrated probabilities, and these sharpened by a temperature of a half."""
    random = np.random.default_rng(seed)
    true = random.dirichlet([0.7] * 4, n)
    number = (true.cumsum(axis=1) > random.random((n, 1))).argmax(axis=1)
    return number, with_temperature(true, 0.5)


def test_the_temperature_undoes_what_sharpened_the_probabilities() -> None:
    number, proba = overconfident()
    found = fit_temperature(proba, number)
    assert found == pytest.approx(2.0, rel=0.06)

    def loss(temperature: float) -> float:
        return -np.log(with_temperature(proba, temperature)[np.arange(len(number)), number]).mean()

    assert found == pytest.approx(minimize_scalar(loss, bounds=(0.05, 20), method="bounded").x, rel=1e-3)
    names = np.array(["a", "b", "c", "d"])
    measured = measure_calibration(names[number], proba, names)
    assert measured["ece_after"] < 0.3 * measured["ece_before"]
    assert measured["reject"]["coverage"] == pytest.approx(0.8, abs=0.001)
    assert measured["reject"]["accuracy"] > measured["reject"]["accuracy_all"]
    fresh_number, fresh = overconfident(seed=1)
    warm = with_temperature(fresh, found).max(axis=1)
    assert expected_calibration_error(warm, fresh.argmax(axis=1) == fresh_number) < 0.03
    assert (warm >= measured["reject"]["threshold"]).mean() == pytest.approx(0.8, abs=0.03)


def test_perfect_and_hopeless_recognizers_get_temperatures_within_the_bounds() -> None:
    sure = np.eye(3)[[0, 1, 2]]
    assert 0.05 <= fit_temperature(sure, np.array([0, 1, 2])) < 1
    assert fit_temperature(sure, np.array([1, 2, 0])) == pytest.approx(20, rel=0.01)
    assert np.isfinite(with_temperature(sure, 0.05)).all()
    with pytest.raises(ValueError, match="needs images of the validation split; got none"):
        fit_temperature(np.empty((0, 3)), np.empty(0, int))
    with pytest.raises(ValueError, match="coverage must be a fraction above 0 and up to 1; got 0"):
        measure_calibration(["a"], [[1, 0]], ["a", "b"], coverage=0)


def test_a_loaded_bundle_applies_its_temperature(bundle: Path, tmp_path: Path) -> None:
    made = tmp_path / "b"
    shutil.copytree(bundle, made)
    add_calibration(made, CALIBRATION)
    images = make_faces(21, random_state=1).images
    plain, warm = load_bundle(bundle), load_bundle(made)
    np.testing.assert_allclose(warm.predict_proba(images), with_temperature(plain.predict_proba(images), 2.0))
    assert warm.reject_below == 0.61 and plain.reject_below is None
    recognizer = make_recipe("pixels+logreg").fit(images, make_faces(21, random_state=1).labels)
    saved = save_bundle(tmp_path / "c", recognizer, image_shape=(48, 48), calibration=CALIBRATION)
    np.testing.assert_allclose(
        load_bundle(saved).predict_proba(images), with_temperature(recognizer.predict_proba(images), 2.0)
    )


def test_bundles_without_a_calibration_answer_as_they_did(bundle: Path) -> None:
    plain = load_bundle(bundle)
    images = make_faces(21, random_state=1).images
    np.testing.assert_array_equal(plain.predict_proba(images), plain.estimator.predict_proba(images))


def test_a_recognizer_answers_without_its_calibration_as_before_it(bundle: Path, tmp_path: Path) -> None:
    made = tmp_path / "b"
    shutil.copytree(bundle, made)
    add_calibration(made, CALIBRATION)
    images = make_faces(21, random_state=1).images
    plain, warm = load_bundle(bundle), load_bundle(made).without_calibration()
    np.testing.assert_array_equal(warm.predict_proba(images), plain.predict_proba(images))
    assert warm.reject_below is None and Recognizer(warm).certainty == Recognizer(plain).certainty


def test_a_calibration_changes_nothing_that_is_made_of_a_bundle(bundle: Path, tmp_path: Path) -> None:
    made = tmp_path / "b"
    shutil.copytree(bundle, made)
    add_calibration(made, CALIBRATION)
    faces = make_faces(70, random_state=3)
    rows = [Pretrained(path).fit(faces.images, faces.labels) for path in (bundle, made)]
    rows.append(pickle.loads(pickle.dumps(rows[1])))
    # Records name the members by this checksum: a calibration must not make them stale.
    assert recognizer_sha256(read_description(made)) == recognizer_sha256(read_description(bundle))
    assert len({row.implementation_ for row in rows}) == 1
    for row in rows:
        np.testing.assert_array_equal(row.predict_proba(faces.images), rows[0].predict_proba(faces.images))
    (teacher,) = load_teachers(
        SimpleNamespace(teachers=str(made), classes_=np.unique(faces.labels), image_shape_=(48, 48))  # type: ignore[arg-type]
    )
    np.testing.assert_array_equal(teacher.predict_proba(faces.images), load_bundle(bundle).predict_proba(faces.images))


def test_copies_of_training_images_are_left_out() -> None:
    number, proba = overconfident()
    names = np.array(["a", "b", "c", "d"])
    # A recognizer that knows the copies by heart looks better calibrated than it is.
    known = np.eye(4)[number[:500]] * 0.9 + 0.025
    y, both = np.concatenate([names[number], names[number[:500]]]), np.concatenate([proba, known])
    copies = np.arange(len(y)) >= len(number)
    found = measure_calibration(y, both, names, copies=copies)
    assert found == {**measure_calibration(names[number], proba, names), "n_copies": 500}
    assert measure_calibration(y, both, names)["temperature"] < found["temperature"] - 0.1
    with pytest.raises(ValueError, match="needs images of the validation split; got none"):
        measure_calibration(names[number], proba, names, copies=np.ones(len(number), bool))


def test_the_copies_in_data_are_found(bundle: Path) -> None:
    faces = make_faces(140, random_state=5, difficulty=0.3)
    rows, training = faces.rows("PublicTest"), faces.rows("Training")
    images, labels = np.array(faces.images), np.array(faces.labels)
    images[rows[:4]], labels[rows[:4]] = images[training[:4]], labels[training[:4]]
    loaded = load_bundle(bundle)
    found = calibrate_on(loaded, replace(faces, images=images, labels=labels), coverage=0.7)
    kept = rows[4:]
    expected = measure_calibration(labels[kept], loaded.predict_proba(images[kept]), loaded.classes_, coverage=0.7)
    about = {"n_copies": 4, "dataset": "faces", "fingerprint": faces.fingerprint}
    assert found == {**expected, **about}
    with pytest.raises(ValueError, match=r"faces has the label 'bored', and .* knows angry"):
        calibrate_on(loaded, replace(faces, labels=np.where(labels == "sad", "bored", labels)))


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        ([], "calibration must be an object"),
        ({}, "calibration lacks 'temperature'"),
        ({"temperature": 0}, "calibration.temperature must be a number from 0.05 to 20; got 0"),
        ({"temperature": 1e9}, "calibration.temperature must be a number from 0.05 to 20"),
        ({"temperature": float("nan")}, "calibration.temperature must be a number from 0.05 to 20; got nan"),
        ({"temperature": "2"}, "calibration.temperature must be a number"),
        ({"temperature": True}, "calibration.temperature must be a number"),
        ({"temperature": 1, "reject": []}, "calibration.reject must be an object"),
        ({"temperature": 1, "n_copies": -1}, "calibration.n_copies must be a number from 0"),
        ({"temperature": 1, "split": 3}, "calibration.split must be a string of at most 1000 characters; got 3"),
        ({"temperature": 1, "reject": {"threshold": 2}}, "calibration.reject.threshold must be a number from 0 to 1"),
    ],
)
def test_a_calibration_out_of_bounds_is_refused(bundle: Path, tmp_path: Path, calibration: Any, message: str) -> None:
    made = tmp_path / "b"
    shutil.copytree(bundle, made)
    info = {**json.loads((made / "bundle.json").read_text()), "calibration": calibration}
    (made / "bundle.json").write_text(json.dumps({**info, "sha256": digest(info)}))
    with pytest.raises(ValueError, match=message):
        load_bundle(made)


def test_live_mode_calls_uncertain_what_the_bundle_rejects(bundle: Path, tmp_path: Path) -> None:
    made = tmp_path / "b"
    shutil.copytree(bundle, made)
    add_calibration(made, CALIBRATION)
    plain, warm = Recognizer(load_bundle(bundle)), Recognizer(load_bundle(made))
    detector = make_detector("haar")
    assert Pipeline(plain, detector).certainty.min_probability == 0.4
    assert Pipeline(warm, detector).certainty.min_probability == 0.61
    assert Pipeline(warm, detector, min_probability=0.3).certainty.min_probability == 0.3
    assert warm.certainty.holds(np.array([0.62, 0.38])) and not warm.certainty.holds(np.array([0.6, 0.4]))


def test_what_is_uncertain_is_said_with_its_coverage(bundle: Path, tmp_path: Path) -> None:
    made = tmp_path / "b"
    shutil.copytree(bundle, made)
    add_calibration(made, CALIBRATION)
    plain, warm = Recognizer(load_bundle(bundle)), Recognizer(load_bundle(made))
    detector = make_detector("haar")
    # No lead is asked for beside the threshold: fewer answers than stated would be certain.
    assert Pipeline(warm, detector).certainty == (0.61, 0.0) and Pipeline(plain, detector).certainty == (0.4, 0.1)
    assert Pipeline(warm, detector, min_probability=0.3).certainty == (0.3, 0.1)
    said = "uncertain: probability below 0.61; on PublicTest 80 % of the answers are certain"
    assert warm.uncertain == Pipeline(warm, detector).uncertain == said and plain.uncertain is None
    usual = "uncertain: probability below 0.40, or a lead below 0.10"
    assert Pipeline(plain, detector).uncertain == usual
    assert Pipeline(warm, detector, min_probability=0.4).uncertain == usual
