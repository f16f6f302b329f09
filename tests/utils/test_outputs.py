"""Outputs never overwrite inputs or each other; names are safe to show."""

import os
from pathlib import Path

import pandas as pd
import pytest

from ferbench.benchmarks.tune import read_space
from ferbench.realtime import open_source
from ferbench.utils import check_outputs, check_regular, printable, read_json, safe_cell, safe_frame, safe_row


def test_an_output_that_is_an_input_is_refused(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.jpg" for number in range(3)]
    for file in files:
        file.touch()
    (tmp_path / "link.csv").symlink_to(files[1])
    os.link(files[2], tmp_path / "hard.csv")
    for name in ("0.jpg", "link.csv", "hard.csv", "no/../1.jpg"):
        with pytest.raises(ValueError, match="is the input, which is never overwritten"):
            check_outputs([str(file) for file in files], [tmp_path / "ok.csv", tmp_path / name])
    check_outputs([str(file) for file in files], [tmp_path / "ok.csv", Path("-")])
    assert not (tmp_path / "ok.csv").exists()


def test_two_names_of_one_output_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(ValueError, match="two outputs have this name"):
        check_outputs("0", [tmp_path / "a.csv", tmp_path / "b.csv"])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("photo é.jpg", "photo é.jpg"),
        ("a\x1b[2J\n.jpg", "a\\x1b[2J\\n.jpg"),
        ("b\udcff", "b\\xff"),
        ("\u202e", "\\u202e"),
    ],
)
def test_control_characters_in_names_are_escaped(name: str, shown: str) -> None:
    assert printable(name) == shown


@pytest.mark.parametrize("name", ["=1+1.jpg", "+1.jpg", "-1.jpg", "@a.jpg"])
def test_cells_are_never_formulas(name: str) -> None:
    assert safe_cell(name) == f"'{name}"
    assert safe_cell(f"photos/{name}") == f"photos/{name}"


def test_numbers_of_a_row_stay_numbers() -> None:
    row = ["-0.5", "+1e-3", -2.0, None, "=A1", "-1+1"]
    assert safe_row(row) == ["-0.5", "+1e-3", -2.0, None, "'=A1", "'-1+1"]


def test_texts_and_columns_of_a_table_are_no_formulas() -> None:
    frame = pd.DataFrame({"name": ["=1+1", "hog"], "score": [-0.5, 0.25], "@label": [None, "a\nb"]})
    safe = safe_frame(frame)
    assert safe.to_csv(index=False) == "name,score,'@label\n'=1+1,-0.5,\nhog,0.25,a\\nb\n"
    assert list(frame.columns) == ["name", "score", "@label"] and frame["name"][0] == "=1+1"


def test_two_outputs_on_standard_output_are_refused() -> None:
    with pytest.raises(ValueError, match="-: two outputs have this name"):
        check_outputs("a.png", [Path("-"), Path("-")])


def test_pipes_and_devices_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    for read in (read_json, check_regular, read_space, open_source):
        with pytest.raises(ValueError, match=r"pipe\.json: a named pipe; expected a"):
            read(tmp_path / "pipe.json")
    (tmp_path / "a.json").write_text("[1]")
    check_regular(tmp_path / "a.json")
    check_regular(tmp_path / "missing")
    assert read_json(tmp_path / "a.json") == [1]
