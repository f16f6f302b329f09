"""Further columns of a table are group columns: which are taken, which are not, and how they are carried."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.datasets import Dataset, content_fingerprint, load, make_faces, make_folds


@pytest.fixture(scope="module")
def drawn() -> Dataset:
    return make_faces(84, size=24, random_state=0, n_people=6)


def write_table(root: Path, drawn: Dataset, columns: dict[str, list[str]], people: bool = False) -> Path:
    """A table of the drawn faces with further columns."""
    root.mkdir(parents=True, exist_ok=True)
    assert drawn.groups is not None
    lines = [",".join(["path", "label", *(["person"] if people else []), *columns])]
    for number, (image, label, person) in enumerate(zip(drawn.images, drawn.labels, drawn.groups, strict=True)):
        cv2.imwrite(str(root / f"{number}.png"), image)
        cells = [f"{number}.png", str(label), *([str(person)] if people else [])]
        lines.append(",".join([*cells, *(values[number] for values in columns.values())]))
    (root / "table.csv").write_text("\n".join(lines))
    return root / "table.csv"


def halves(first: str, second: str) -> list[str]:
    return [first if number % 2 else second for number in range(84)]


def test_further_columns_are_carried_row_by_row_and_said(tmp_path: Path, drawn: Dataset) -> None:
    ages = [("young", "old", "")[number % 3] for number in range(84)]
    table = write_table(tmp_path, drawn, {"Gender": halves("woman", "man"), "age": ages})
    for faces in (load(f"csv:{table}", size=24), load(f"csv:{table}", size=24)):  # the second comes from the cache
        assert set(faces.attributes) == {"gender", "age"}
        numbers = [int(str(row).partition(".")[0]) for row in faces.ids]
        assert faces.attributes["gender"].tolist() == [halves("woman", "man")[number] for number in numbers]
        assert faces.attributes["age"].tolist() == [ages[number] for number in numbers]
        assert "Group columns: gender (2 groups), age (2 groups, 28 rows without a value)." in faces.notes


def test_what_is_no_group_is_left_out_and_said(tmp_path: Path, drawn: Dataset) -> None:
    columns = {
        "source": ["web"] * 84,
        "nothing": [""] * 84,
        "number": [str(number) for number in range(84)],
        "fifty": [str(number % 50) for number in range(84)],
    }
    faces = load(f"csv:{write_table(tmp_path, drawn, columns)}", size=24)
    assert list(faces.attributes) == ["fifty"]
    start = "is left out, since it is no group: it"
    assert f"The column source {start} is constant ('web')." in faces.notes
    assert f"The column nothing {start} is empty." in faces.notes
    assert f"The column number {start} has 84 different values, more than 50." in faces.notes


def test_at_most_ten_columns_are_taken_unless_they_are_named(tmp_path: Path, drawn: Dataset) -> None:
    table = write_table(tmp_path, drawn, {f"c{number:02d}": halves("a", "b") for number in range(12)})
    faces = load(f"csv:{table}", size=24)
    assert list(faces.attributes) == [f"c{number:02d}" for number in range(10)]
    assert any("Only the first 10 group columns are taken; left out: c10, c11." in note for note in faces.notes)
    assert list(load(f"csv:{table}", size=24, group_columns="c11,C00").attributes) == ["c11", "c00"]
    assert list(load(f"csv:{table}", size=24, group_columns=["c01"]).attributes) == ["c01"]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("source", r"the column source is no group: it is constant \('web'\); leave it out of group_columns"),
        ("gendr", r"group_columns must name further columns of the table \(gender, source\); got 'gendr'"),
        (3, "group_columns must name further columns of the table .*; got 3"),
    ],
)
def test_a_column_that_was_asked_for_and_is_no_group_is_refused(
    tmp_path: Path, drawn: Dataset, chosen: object, message: str
) -> None:
    table = write_table(tmp_path, drawn, {"gender": halves("woman", "man"), "source": ["web"] * 84})
    with pytest.raises(ValueError, match=message) as caught:
        load(f"csv:{table}", size=24, group_columns=chosen)
    assert "\n" not in str(caught.value)


def test_a_column_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path,label,gender,Gender\n1.png,happy,a,b\n")
    with pytest.raises(ValueError, match="the column gender is there twice"):
        load(f"csv:{tmp_path / 't.csv'}")


def test_the_fingerprint_counts_group_columns_and_nothing_changes_without_them(tmp_path: Path, drawn: Dataset) -> None:
    plain = load(f"csv:{write_table(tmp_path / 'plain', drawn, {})}", size=24)
    assert plain.attributes == {}
    assert plain.fingerprint == content_fingerprint(plain.images, plain.labels, plain.split)
    one = load(f"csv:{write_table(tmp_path / 'one', drawn, {'gender': halves('woman', 'man')})}", size=24)
    other = load(f"csv:{write_table(tmp_path / 'two', drawn, {'gender': halves('man', 'woman')})}", size=24)
    assert np.array_equal(one.images, plain.images)
    assert len({plain.fingerprint, one.fingerprint, other.fingerprint}) == 3


def test_columns_stay_with_their_rows_in_parts_folds_and_across_data_sets(tmp_path: Path, drawn: Dataset) -> None:
    table = write_table(tmp_path, drawn, {"gender": halves("woman", "man")}, people=True)
    for faces in (
        load(f"csv:{table}", size=24, labels=["happy", "sad"]),
        load(f"csv:{table}", size=24, labels="fear=drop,angry=cross"),
        *make_folds(load(f"csv:{table}", size=24), "kfold:2"),
    ):
        odd = np.array([int(str(row).partition(".")[0]) % 2 for row in faces.ids])
        assert faces.attributes["gender"].tolist() == np.where(odd, "woman", "man").tolist()
    away = load(f"csv:{table}", size=24)
    (fold,) = make_folds(make_faces(84, size=24, random_state=1), "cross", test=away)
    values = fold.attributes["gender"]
    tested = fold.split == "PrivateTest"
    assert set(values[tested]) == {"woman", "man"} and set(values[~tested]) == {""}


def test_a_column_of_another_length_is_refused(drawn: Dataset) -> None:
    with pytest.raises(ValueError, match="group column gender must be an array of 84 strings"):
        replace(drawn, attributes={"gender": np.array(["woman"])})
