"""Protocols: folds by person, another data set as the test, learning curves."""

from dataclasses import replace

import numpy as np
import pytest

from ferbench.datasets import SPLITS, Dataset, load, make_faces, make_folds, protocol


@pytest.fixture(scope="module")
def people() -> Dataset:
    return make_faces(168, random_state=0, n_people=12)


def people_of(fold: Dataset, split: str) -> set[str]:
    assert fold.groups is not None
    return set(fold.groups[fold.rows(split)].tolist())


@pytest.mark.parametrize(("name", "count"), [("official", 1), ("holdout", 1), ("kfold:4", 4), ("loso", 12)])
def test_nobody_is_in_two_parts_and_each_part_has_its_rows(people: Dataset, name: str, count: int) -> None:
    folds = make_folds(people, name, seed=0)
    assert len(folds) == count
    for fold in folds:
        parts = [people_of(fold, split) for split in SPLITS]
        assert all(parts) and len(set.union(*parts)) == sum(map(len, parts)) == 12
        assert len(fold) == len(people)
    if count > 1:
        tested = np.concatenate([fold.ids[fold.rows("PrivateTest")] for fold in folds])
        assert sorted(tested.tolist()) == sorted(people.ids.tolist())
        assert len({fold.fingerprint for fold in folds}) == len({fold.name for fold in folds}) == count


def test_loso_tests_one_person_at_a_time(people: Dataset) -> None:
    assert [len(people_of(fold, "PrivateTest")) for fold in make_folds(people, "loso")] == [1] * 12


def test_the_seed_draws_other_folds_and_the_same_seed_the_same(people: Dataset) -> None:
    first, again, other = (make_folds(people, "kfold:4", seed)[0].fingerprint for seed in (0, 0, 1))
    assert first == again != other


def test_a_random_split_of_known_people_comes_only_by_name_and_says_so(people: Dataset) -> None:
    folds = make_folds(people, "random:4")
    assert any(people_of(fold, "Training") & people_of(fold, "PrivateTest") for fold in folds)
    assert "one person may be in Training and in the test" in folds[0].notes[-1]
    shared = replace(people, split=np.array(SPLITS)[np.arange(len(people)) % 3])
    for name in ("official", "curve:0.5,1"):
        with pytest.raises(ValueError, match=r"12 people are in both Training and PublicTest, .*: a split that shares"):
            make_folds(shared, name)


def test_without_people_folds_are_stratified_by_label() -> None:
    plain = make_faces(140, random_state=0)
    for fold in make_folds(plain, "kfold:5"):
        assert set(fold.part("PrivateTest")[1]) == set(fold.part("PublicTest")[1]) == set(plain.label_names)
    with pytest.raises(ValueError, match="this data set names nobody; use kfold:10"):
        make_folds(plain, "loso")
    with pytest.raises(ValueError, match="30 folds need at least 30 images of each label"):
        make_folds(plain, "kfold:30")


def test_a_curve_grows_inside_itself_and_keeps_the_other_parts(people: Dataset) -> None:
    folds = make_folds(people, "curve:0.25,0.5,1")
    rows = [set(fold.ids[fold.rows("Training")].tolist()) for fold in folds]
    assert rows[0] < rows[1] < rows[2] and len(rows[2]) == len(people.rows("Training"))
    assert len({len(fold.rows("PrivateTest")) for fold in folds}) == 1
    assert people_of(folds[0], "Training") < people_of(folds[2], "Training")
    assert len(make_folds(make_faces(210, random_state=0), "curve:0.1,1")[0].rows("Training")) == 14


def test_cross_tests_on_another_data_set_over_common_labels(people: Dataset) -> None:
    other = load("faces", n_samples=70, labels="neutral=calm,fear=drop")
    (fold,) = make_folds(people, "cross", test=other)
    assert fold.label_names == ("angry", "disgust", "happy", "sad", "surprise")
    assert len(fold.rows("PrivateTest")) == 50 and fold.name == "faces-to-faces"
    home = (people.split != "PrivateTest") & np.isin(people.labels, fold.label_names)
    assert fold.ids[fold.split != "PrivateTest"].tolist() == people.ids[home].tolist()
    assert "images of the test part of faces are left out" in fold.notes[-1]
    assert "Labels of one of them alone are left out: calm, fear, neutral." in fold.notes[-1]
    with pytest.raises(ValueError, match="share 0 labels"):
        far = load("faces", n_samples=70, labels={label: label.upper() for label in people.label_names})
        make_folds(people, "cross", test=far)
    with pytest.raises(ValueError, match="load both with the same size"):
        make_folds(people, "cross", test=make_faces(70, size=32, random_state=0))


def test_nobody_known_is_no_person_of_that_data_set(people: Dataset) -> None:
    other = make_faces(70, random_state=5)
    other = replace(other, groups=np.where(np.arange(70) % 2 == 0, "ann", ""))
    (fold,) = make_folds(people, "cross", test=other)
    assert people_of(fold, "PrivateTest") == {"faces away/ann", ""}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("kfold", "must name a number of folds"),
        ("kfold:1", "must name a number of folds"),
        ("curve:1,0.5", "must list rising shares"),
        ("curve:a", "must list rising shares"),
        ("cross", "give it: make_folds"),
        ("bootstrap", "protocol must be official, holdout"),
        ("kfold:13", "expected at least 13 people to split by person; got 12"),
    ],
)
def test_a_protocol_that_cannot_be_is_one_clear_line(people: Dataset, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        make_folds(people, name)
    assert "\n" not in str(caught.value)


def test_a_constant_person_and_a_fold_without_a_class_are_named(people: Dataset) -> None:
    constant = replace(people, groups=np.full(len(people), "anna"))
    for name in ("holdout", "kfold:3", "loso"):
        with pytest.raises(ValueError, match="the person is constant"):
            make_folds(constant, name)
    labels = people.labels.copy()
    assert people.groups is not None
    labels[people.groups == people.groups[0]] = "bored"
    with pytest.raises(ValueError, match=r"Training has no image of bored; use fewer folds"):
        make_folds(replace(people, labels=labels), "loso")
    assert protocol("kfold:3").name == "kfold:3"


@pytest.mark.parametrize("name", ["holdout", "kfold:4"])
def test_copies_of_an_image_stay_in_one_part_where_nobody_is_known(name: str) -> None:
    faces = make_faces(210, size=24, random_state=0)
    copied = replace(faces, images=faces.images[np.arange(210) // 2 * 2], labels=faces.labels[np.arange(210) // 2 * 2])
    for fold in make_folds(copied, name):
        parts = [{image.tobytes() for image in fold.images[fold.rows(split)]} for split in SPLITS]
        assert all(parts) and len(set.union(*parts)) == sum(map(len, parts)) == 105
