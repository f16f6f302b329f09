"""A bundle states the shares of its classes, and its probabilities can be adjusted to other shares."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign_models import LABELS as FOREIGN_LABELS
from foreign_models import weights, write_contract, write_model

from ferbench.benchmarks.own import train_bundle
from ferbench.datasets import LABELS, Dataset, make_faces
from ferbench.models import CNN, ForeignModel, Joined, load_bundle, make_recipe, pretrained, save_bundle
from ferbench.models.base import class_shares, common_shares, full_priors, training_shares, with_priors
from ferbench.models.bundles import (
    add_calibration,
    add_class_shares,
    add_scores,
    digest,
    find_shipped,
    read_description,
    recognizer_sha256,
    with_temperature,
)

# Images of Training of FER2013, as its archive has them.
FER2013 = {"angry": 3995, "disgust": 436, "fear": 4097, "happy": 7215, "neutral": 4965, "sad": 4830, "surprise": 3171}
FEW = {"happy": 40, "sad": 10, "angry": 30}
INFO = {"labels": ["happy", "sad", "angry"], "class_shares": {"angry": 0.375, "happy": 0.5, "sad": 0.125}}


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(70, random_state=3)


@pytest.fixture(scope="module")
def few() -> tuple[np.ndarray, np.ndarray]:
    """Noise with three labels of different shares: the shares matter, the pictures do not."""
    labels = np.repeat(list(FEW), list(FEW.values()))
    return np.random.default_rng(0).integers(0, 256, (labels.size, 24, 24), np.uint8), labels


@pytest.fixture(scope="module")
def bundle(few: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    images, labels = few
    recognizer = make_recipe("pixels+logreg").fit(images, labels)
    return save_bundle(tmp_path_factory.mktemp("bundles") / "b", recognizer, image_shape=(24, 24), labels=labels)


@pytest.fixture
def old(bundle: Path, tmp_path: Path) -> Path:
    """The same bundle as it was written before bundles had shares."""
    folder = tmp_path / "old"
    shutil.copytree(bundle, folder)
    rewrite(folder, class_shares=None)
    return folder


def rewrite(folder: Path, **fields: Any) -> None:
    info = {**json.loads((folder / "bundle.json").read_text()), **fields}
    info = {name: value for name, value in info.items() if value is not None}
    (folder / "bundle.json").write_text(json.dumps({**info, "sha256": digest(info)}))


def test_the_adjusted_probabilities_are_those_of_the_formula(bundle: Path, few: tuple[np.ndarray, np.ndarray]) -> None:
    images = few[0][::7]
    plain, adjusted = load_bundle(bundle), load_bundle(bundle).with_priors({"angry": 0.2, "sad": 0.7})
    expected = []
    for row in plain.predict_proba(images):
        by_label = dict(zip(plain.classes_.tolist(), row.tolist(), strict=True))
        # Bayes' rule: the likelihood of each class is proportional to its probability by its training share.
        products = {
            "angry": by_label["angry"] * 0.2 / (30 / 80),
            "happy": by_label["happy"] * (1 - 0.9) / (40 / 80),
            "sad": by_label["sad"] * 0.7 / (10 / 80),
        }
        expected.append([products[label] / sum(products.values()) for label in plain.classes_.tolist()])
    np.testing.assert_allclose(adjusted.predict_proba(images), expected, rtol=1e-12)
    assert adjusted.predict(images).tolist() == plain.classes_[np.argmax(expected, axis=1)].tolist()
    assert adjusted.score(images, few[1][::7]) != plain.score(images, few[1][::7])
    assert adjusted.priors == pytest.approx({"angry": 0.2, "happy": 0.1, "sad": 0.7}) and plain.priors is None


def test_the_training_shares_themselves_change_nothing(bundle: Path, few: tuple[np.ndarray, np.ndarray]) -> None:
    plain = load_bundle(bundle)
    same = plain.with_priors(plain.info["class_shares"])
    np.testing.assert_allclose(same.predict_proba(few[0]), plain.predict_proba(few[0]), rtol=1e-6)


def test_uniform_divides_by_the_training_shares() -> None:
    proba = np.array([[0.5, 0.1, 0.4], [0.9, 0.1, 0.0]])
    found = with_priors(proba, full_priors("uniform", INFO, "mine"), INFO)
    divided = proba / [0.5, 0.125, 0.375]
    np.testing.assert_allclose(found, divided / divided.sum(axis=1, keepdims=True), rtol=1e-12)
    assert found.dtype == np.float64


def test_labels_that_are_not_named_share_the_rest_as_in_training() -> None:
    assert full_priors("sad=0.5", INFO, "mine") == pytest.approx({"happy": 2 / 7, "sad": 0.5, "angry": 1.5 / 7})
    assert full_priors(" sad = 0.6 , angry=0.4", INFO, "mine") == pytest.approx({"happy": 0, "sad": 0.6, "angry": 0.4})
    assert full_priors("angry=0", INFO, "mine") == pytest.approx({"happy": 0.8, "sad": 0.2, "angry": 0})
    assert list(full_priors("UNIFORM", INFO, "mine")) == INFO["labels"]
    thirds = full_priors(dict.fromkeys(INFO["labels"], 0.3333), INFO, "mine")
    assert thirds == pytest.approx(dict.fromkeys(INFO["labels"], 1 / 3), rel=1e-12)


def test_a_face_whose_classes_are_all_excluded_gets_the_stated_shares() -> None:
    found = with_priors([[1.0, 0.0, 0.0]], full_priors("happy=0,sad=0.4", INFO, "mine"), INFO)
    np.testing.assert_allclose(found, [[0.0, 0.4, 0.6]], rtol=1e-12)


@pytest.mark.parametrize(
    ("priors", "message"),
    [
        ("joyful=0.5", r"unknown label 'joyful'; known: happy, sad, angry"),
        ("hapy=0.5", r"unknown label 'hapy'; did you mean happy\?"),
        ("happy=-0.1", "the share of 'happy' must be a number from 0 to 1; got -0.1"),
        ("happy=nan", "the share of 'happy' must be a number from 0 to 1; got nan"),
        ("happy=inf", "the share of 'happy' must be a number from 0 to 1; got inf"),
        ("happy=0.7,sad=0.4", "the shares sum to 1.1; lower them to a sum of at most 1"),
        ("happy=0,sad=0,angry=0", "the shares sum to 0, and no other label can take the rest; raise them"),
        ("happy=0.3,sad=0.3,angry=0.3", "the shares sum to 0.9, and no other label can take the rest; raise them"),
        ("happy=0.3,happy=0.4", "names 'happy' twice; name each label once"),
        ("happy", "must be uniform, or the shares of labels, such as angry=0.2,happy=0.4; got 'happy'"),
        ("happy=much", "must be uniform, or the shares of labels, .*; got 'happy=much'"),
        ("=0.4", "must be uniform, or the shares of labels, .*; got '=0.4'"),
        ("", "must be uniform, or the shares of labels, .*; got ''"),
        ({}, "must be uniform, or the shares of labels, .*; got {}"),
        (["happy"], "must be uniform, or the shares of labels"),
        ({"happy": "0.4"}, "the share of 'happy' must be a number from 0 to 1; got '0.4'"),
        ({"happy": True}, "the share of 'happy' must be a number from 0 to 1; got True"),
    ],
)
def test_priors_that_cannot_be_met_are_refused(bundle: Path, priors: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load_bundle(bundle).with_priors(priors) if "known" not in message else full_priors(priors, INFO, "mine")
    assert "--priors (priors= in Python)" in str(caught.value) and "\n" not in str(caught.value)


def test_a_class_without_training_images_cannot_be_expected() -> None:
    info = {"labels": ["happy", "sad"], "class_shares": {"happy": 1.0, "sad": 0.0}}
    for priors in ("uniform", "sad=0.1"):
        with pytest.raises(
            ValueError, match=r"mine had no training faces of 'sad', so it cannot expect any; state sad=0"
        ):
            full_priors(priors, info, "mine")
    assert full_priors("sad=0", info, "mine") == {"happy": 1.0, "sad": 0.0}
    with pytest.raises(ValueError, match=r"the shares sum to 0\.4, and no other label can take the rest"):
        full_priors("happy=0.4", info, "mine")


def test_an_old_bundle_loads_and_answers_but_takes_no_priors(old: Path, bundle: Path) -> None:
    images = np.random.default_rng(1).integers(0, 256, (5, 24, 24), np.uint8)
    np.testing.assert_array_equal(load_bundle(old).predict_proba(images), load_bundle(bundle).predict_proba(images))
    with pytest.raises(
        ValueError, match=r"old does not state the shares of its classes .*; leave it out, or state them"
    ):
        load_bundle(old).with_priors("uniform")
    before = read_description(old)
    add_class_shares(old, INFO["class_shares"])
    assert load_bundle(old).with_priors("uniform").priors == dict.fromkeys(["angry", "happy", "sad"], 1 / 3)
    # Records and other bundles still mean the same recognizer.
    after = read_description(old)
    assert recognizer_sha256(after) == recognizer_sha256(before) == before["sha256"] != after["sha256"]
    with pytest.raises(ValueError, match="class_shares must be an object with one share for each of the labels"):
        add_class_shares(old, {"happy": 1.0})


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ([], "class_shares must be an object with one share for each of the labels"),
        ({"angry": 0.5, "happy": 0.5}, "class_shares must be an object with one share for each of the labels"),
        ({"angry": 0.5, "happy": 0.5, "joy": 0.0}, "class_shares must be an object with one share for each"),
        ({"angry": 0.5, "happy": 0.6, "sad": -0.1}, "class_shares.sad must be a number from 0 to 1; got -0.1"),
        ({"angry": 0.5, "happy": 0.5, "sad": float("nan")}, "class_shares.sad must be a number from 0 to 1; got nan"),
        ({"angry": 0.5, "happy": 0.5, "sad": False}, "class_shares.sad must be a number from 0 to 1; got False"),
        ({"angry": 0.5, "happy": 0.5, "sad": "0"}, "class_shares.sad must be a number from 0 to 1; got '0'"),
        ({"angry": 0.5, "happy": 0.25, "sad": 0.2}, "class_shares must sum to 1; got 0.95"),
    ],
)
def test_shares_that_are_none_are_refused(old: Path, shares: Any, message: str) -> None:
    rewrite(old, class_shares=shares)
    with pytest.raises(ValueError, match=message):
        load_bundle(old)


def test_saved_bundles_state_the_shares_of_the_labels_they_were_fitted_on(bundle: Path) -> None:
    assert read_description(bundle)["class_shares"] == {"angry": 0.375, "happy": 0.5, "sad": 0.125}


def test_training_writes_the_shares_of_the_training_part_only(tmp_path: Path) -> None:
    drawn = make_faces(63, size=24, random_state=1)
    trained = train_bundle("pixels+tree", drawn, tmp_path / "mine")
    labels = drawn.part("Training")[1]
    expected = {label: np.mean(labels == label) for label in np.unique(labels).tolist()}
    assert read_description(trained.bundle)["class_shares"] == pytest.approx(expected, rel=1e-12)
    said = ", ".join(f"{label} {share:.3f}" for label, share in expected.items())
    assert f"- Shares of the classes: {said}." in (trained.bundle / "MODEL_CARD.md").read_text()


def test_a_fit_that_weighted_the_classes_states_none() -> None:
    # Its probabilities do not follow the shares of the images.
    labels = ["happy", "happy", "sad"]
    weighted = make_recipe("pixels+logreg")
    weighted.set_params(classifier=type("Weighted", (), {"class_weight": "balanced", "get_params": dict})())
    assert training_shares(weighted, labels) is None
    network, head = CNN("tiny", imbalance="oversample"), CNN("tiny", imbalance="weights", refit_head=0.1)
    head.classes_ = np.array(["happy", "sad"])
    assert training_shares(network, labels) is None
    assert training_shares(head, labels) == {"happy": 2 / 3, "sad": 1 / 3}
    assert training_shares(CNN("tiny", imbalance=None), None) is None


def test_the_shipped_bundles_state_those_of_fer2013() -> None:
    total = sum(FER2013.values())
    for name, path in pretrained().items():
        info = read_description(path)
        assert info["class_shares"] == {label: count / total for label, count in FER2013.items()}, name
    small = read_description(find_shipped("ferbench-net-l-int8"))
    large = read_description(find_shipped("ferbench-net-l"))
    assert small["precision"]["sha256"] == recognizer_sha256(large)


@pytest.mark.data
def test_the_counts_are_those_of_the_archive(shared_data: Path) -> None:
    with zipfile.ZipFile(shared_data / "fer2013.zip") as archive:
        files = [Path(name) for name in archive.namelist() if "/Training_" in name]
    total = sum(FER2013.values())
    assert class_shares(file.parent.name for file in files) == {n: count / total for n, count in FER2013.items()}


def test_calibration_scores_and_joining_carry_the_shares_on(faces: Dataset, bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    add_calibration(copy, {"temperature": 2.0, "split": "PublicTest", "reject": {"threshold": 0.6, "coverage": 0.8}})
    add_scores(copy, {"PublicTest": {"accuracy": 0.5}})
    warm = load_bundle(copy).with_priors("uniform")
    images = np.random.default_rng(1).integers(0, 256, (5, 24, 24), np.uint8)
    # The temperature comes first, and the threshold of the bundle applies to the adjusted probabilities.
    cool = with_temperature(load_bundle(bundle).predict_proba(images), 2.0)
    np.testing.assert_allclose(warm.predict_proba(images), with_priors(cool, warm.priors or {}, warm.info), rtol=1e-9)
    assert warm.reject_below == 0.6
    shipped = pretrained()
    joined = Joined(["ferbench-net-xs"]).fit(faces.images, faces.labels)
    saved = save_bundle(tmp_path / "joined", joined, image_shape=(48, 48), labels=faces.labels)
    # Those of the data that the network was trained on, not of the images that it was joined for.
    assert read_description(saved)["class_shares"] == pytest.approx(
        read_description(shipped["ferbench-net-xs"])["class_shares"], rel=1e-12
    )


def test_bundles_with_different_shares_have_none_in_common() -> None:
    one, other = {"class_shares": {"a": 0.5, "b": 0.25, "c": 0.25}}, {"class_shares": {"a": 0.2, "b": 0.4, "c": 0.4}}
    assert common_shares([one, one], "abc") == one["class_shares"]
    assert common_shares([one, other], "abc") is None and common_shares([one, {}], "abc") is None
    # Over these two labels they agree.
    assert common_shares([one, other], "bc") == {"b": 0.5, "c": 0.5}
    assert common_shares([one], "ad") is None and common_shares([], "a") is None


def test_a_model_from_elsewhere_states_its_shares_in_the_contract(faces: Dataset, tmp_path: Path) -> None:
    model = write_model(tmp_path / "m.onnx", weights(24 * 24), ["n", 1, 24, 24])
    shares = [0.25, 0.15, 0.2, 0.05, 0.05, 0.2, 0.1]
    write_contract(model, class_shares=shares)
    fitted = ForeignModel(model).fit(faces.images, faces.labels)
    path = save_bundle(tmp_path / "b", fitted, image_shape=(48, 48), labels=faces.labels)
    loaded = load_bundle(path)
    assert loaded.info["class_shares"] == pytest.approx(dict(zip(FOREIGN_LABELS, shares, strict=True)))
    plain = loaded.predict_proba(faces.images)
    divided = plain / [loaded.info["class_shares"][label] for label in loaded.classes_.tolist()]
    adjusted = loaded.with_priors("uniform").predict_proba(faces.images)
    np.testing.assert_allclose(adjusted, divided / divided.sum(axis=1, keepdims=True), rtol=1e-9)
    # Fewer labels have the shares among themselves.
    some = np.isin(faces.labels, ["happy", "sad"])
    fewer = ForeignModel(model).fit(faces.images[some], faces.labels[some])
    assert fewer.class_shares_ == pytest.approx({"happy": 0.625, "sad": 0.375})
    write_contract(model, class_shares=None)
    silent = save_bundle(tmp_path / "c", ForeignModel(model).fit(faces.images, faces.labels), image_shape=(48, 48))
    assert "class_shares" not in read_description(silent)
    for wrong, message in (
        (shares[:-1], "'class_shares' must be 7 numbers, one of each label; got 6"),
        ([*shares[:-1], 0.2], "class_shares must sum to 1; got 1.1"),
        (["much"], "'class_shares' must be the shares of the labels in the training data; got"),
    ):
        write_contract(model, class_shares=wrong)
        with pytest.raises(ValueError, match=message):
            ForeignModel(model).fit(faces.images, faces.labels)


def test_an_ensemble_takes_priors_like_any_recognizer(few: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    images, labels = few
    vote = make_recipe("vote:pixels+logreg,pixels+tree", calibration_fraction=0).fit(images, labels)
    path = save_bundle(tmp_path / "v", vote, image_shape=(24, 24), labels=labels)
    divided = vote.predict_proba(images) / [0.375, 0.5, 0.125]
    np.testing.assert_allclose(
        load_bundle(path).with_priors("uniform").predict_proba(images),
        divided / divided.sum(axis=1, keepdims=True),
        rtol=1e-6,
    )
    assert set(LABELS) > set(load_bundle(path).classes_.tolist())
