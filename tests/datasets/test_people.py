"""Data sets that know the person on each image: drawn faces, CK+, and what the audit says of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferbench.cli.entry import main
from ferbench.datasets import LABELS, Dataset, audit, load, make_faces
from ferbench.datasets.faces.sampling import sample_faces


@pytest.fixture(scope="module")
def people() -> Dataset:
    return make_faces(140, random_state=0, difficulty=0.2, n_people=10)


def name_of(people: Dataset, number: int) -> str:
    """The person of an image as CK+ names people."""
    assert people.groups is not None
    return f"S{int(people.groups[number].removeprefix('person_')):03d}"


def test_each_person_shows_each_expression_and_stands_in_one_split(people: Dataset) -> None:
    assert people.groups is not None
    for person in np.unique(people.groups):
        rows = people.groups == person
        assert set(people.labels[rows]) == set(LABELS) and len(set(people.split[rows])) == 1
    assert set(people.split) == {"Training", "PublicTest", "PrivateTest"}


def test_a_person_keeps_the_face_while_expressions_change() -> None:
    labels = np.array(["happy", "sad"])
    faces = sample_faces(
        [np.random.default_rng(n) for n in (1, 2)], labels, 0.5, [np.random.default_rng(7) for _ in range(2)]
    )
    assert np.array_equal(faces.identity[0], faces.identity[1])
    assert all(faces.look[name][0] == faces.look[name][1] for name in ("skin", "hair", "glasses", "beard"))
    assert not np.array_equal(faces.actions[0], faces.actions[1])
    assert faces.look["light_x"][0] != faces.look["light_x"][1]


def test_people_change_the_fingerprint_and_nothing_else_does(people: Dataset) -> None:
    plain = make_faces(70, random_state=0)
    assert plain.groups is None
    assert plain.fingerprint == "869f4020f816c05a4d46bf3ab26df31cd236b8e751c533b6deb24936daa21ea9"
    assert people.fingerprint != replace(people, groups=None, fingerprint="").fingerprint


@pytest.mark.parametrize("n_people", [2, 11, 5.0, True, "5"])
def test_a_number_of_people_out_of_range_is_refused(n_people: object) -> None:
    with pytest.raises(ValueError, match="n_people must be a whole number from 3 to 10, a seventh of n_samples=70"):
        make_faces(70, n_people=n_people)  # type: ignore[arg-type]


def test_drawn_people_load_by_name() -> None:
    faces = load("faces", n_samples=70, n_people=5)
    assert faces.groups is not None and len(set(faces.groups)) == 5


def test_columns_of_people_are_checked(people: Dataset) -> None:
    with pytest.raises(ValueError, match="groups must be an array of 140 strings"):
        replace(people, groups=np.arange(140))
    with pytest.raises(ValueError, match=r"votes must have the shape \(140, 7\)"):
        replace(people, votes=np.ones((140, 3), np.float32))


@pytest.mark.usefixtures("blank_figures")
def test_the_audit_counts_people_in_two_splits(people: Dataset, tmp_path: Path) -> None:
    assert people.groups is not None
    assert audit(people, tmp_path)["people"]["across_splits"][0]["images"] == 0
    split = people.split.copy()
    row = int(people.rows("Training")[0])
    split[row] = "PrivateTest"
    leaking = replace(people, split=split, sequence=np.array([f"{name}_1" for name in people.groups]))
    found = audit(leaking, tmp_path)
    assert found["people"]["count"] == 10
    assert found["people"]["across_splits"][0] == {
        "images_of": "PrivateTest",
        "stand_in": "Training",
        "shared": [people.groups[row]],
        "images": 1,
    }
    assert found["sequences"]["across_splits"][0]["images"] == 1
    assert "| PrivateTest images of people that Training has too | 1 |" in (tmp_path / "audit.md").read_text()
    assert "show people that Training has too" in (tmp_path / "audit.html").read_text()


@pytest.mark.usefixtures("blank_figures")
def test_the_command_says_how_many_people_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], people: Dataset
) -> None:
    import cv2

    for number, (label, image) in enumerate(zip(people.labels, people.images, strict=True)):
        path = tmp_path / "CK+48" / str(label) / f"{name_of(people, number)}_001_{number:08d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
    assert main(["data", "audit", str(tmp_path / "CK+48"), "--output", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "10 people" in said and "0 PrivateTest images show people that Training has too" in said
    assert "note: The missing parts were drawn by person" in said


def test_an_official_split_that_shares_people_says_so(tmp_path: Path, people: Dataset) -> None:
    import cv2

    for number, (label, image) in enumerate(zip(people.labels, people.images, strict=True)):
        # The first half of the images shows everybody, and so does the second: four people are in both parts.
        who = number // 7 % 10
        part = "val" if who > 7 else "test" if number >= 70 and who < 4 else "train"
        path = tmp_path / part / str(label) / f"{name_of(people, number)}_001_{number:08d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
    assert [note for note in load(tmp_path).notes if "in both" in note] == [
        "4 people are in both Training and PrivateTest."
    ]
