"""What all tables share: blanks, columns below each other, files that come and go, and records that are read."""

from pathlib import Path

import pandas as pd
import pytest

from ferbench.benchmarks.displays import HistoryDisplay
from ferbench.benchmarks.tables import (
    interval_text,
    markdown_page,
    number_text,
    read_runs,
    text_table,
    write_csv_files,
    write_plots,
)


def test_what_was_not_measured_is_blank() -> None:
    assert interval_text(0.60812, 0.5921, 0.6239) == "0.608 [0.592, 0.624]"
    assert interval_text(1.2345, None, float("nan"), digits=2) == "1.23"
    assert interval_text(None, 0.1, 0.2) == "" == number_text(float("nan"), 1)
    assert number_text(1234.56, 1) == "1,234.6"


def test_columns_stand_below_each_other_and_figures_are_flush_right() -> None:
    lines = text_table([("recipe", "ms", "status"), ("hog+svm", "12.5", "ok"), ("x", "3", "")], right=(1,))
    assert lines == ["recipe     ms  status", "hog+svm  12.5  ok", "x           3"]


def test_files_of_an_earlier_report_that_no_longer_apply_are_removed(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1 / 3], "b": ["x"]})
    display = HistoryDisplay.from_history({"loss": [1.0, 0.5]})
    write_csv_files({"kept": table, "gone": table}, tmp_path)
    assert write_plots({"drawn": lambda: display, "gone": lambda: display}, tmp_path) == ["drawn", "gone"]
    write_csv_files({"kept": table, "gone": None}, tmp_path)
    assert write_plots({"drawn": lambda: display, "gone": None}, tmp_path) == ["drawn"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn.png", "kept.csv"]
    assert (tmp_path / "kept.csv").read_text() == "a,b\n0.333333,x\n"


def test_a_page_leaves_out_sections_without_text_and_plots_that_are_not_there() -> None:
    sections = [("One", "text", ("a", "b")), ("Two", "", ("a",))]
    assert markdown_page(["# T"], sections, ["a"], "end") == "# T\n\n## One\n\ntext\n\n![One](a.png)\n\nend\n"


def test_no_records_name_the_folder_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"runs: no records; measure first with `ferbench measure-live`"):
        read_runs(tmp_path, "measure-live")
    (tmp_path / "runs").mkdir()
    for name in ("b", "a"):
        (tmp_path / "runs" / f"{name}.json").write_text(f'{{"name": "{name}"}}')
    assert [record["name"] for record in read_runs(tmp_path, "measure-live")] == ["a", "b"]


ROWS = [
    ("recipe", "accuracy [95 %]", "", "macro F1", "ms/image", "status"),
    ("hog+svm", "0.629 [0.612, 0.643]", "= winner", "0.627", "3.32", "ok"),
    ("compact:sift+kernel-ridge@small", "0.600 [0.585, 0.616]", "", "0.500", "102.97", "ok; predicts 6 of 7 classes"),
    ("hog+forest", "", "", "", "", "not measured; no record; measure it: ferbench run fer2013 --only 'hog+forest'"),
]
NARROW = """\
recipe                   accuracy [95 %]                 macro  ms/image  status
                                                            F1
hog+svm                  0.629 [0.612, 0.643]  = winner  0.627      3.32  ok
compact:sift+kernel-     0.600 [0.585, 0.616]            0.500    102.97  ok
  ridge@small
  predicts 6 of 7 classes
hog+forest               not measured; no record; measure it: ferbench run
                         fer2013 --only 'hog+forest'"""


def test_a_table_wider_than_the_window_has_its_cells_broken() -> None:
    assert "\n".join(text_table(ROWS, (3, 4), 80)) == NARROW
    assert text_table(ROWS[:2], (3, 4), 80) == text_table(ROWS[:2], (3, 4)), "a table that fits stays as it is"


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_width_loses_a_letter(width: int) -> None:
    def letters(text: str) -> list[str]:
        return sorted(letter for letter in text if letter not in " ;\n")

    lines = text_table(ROWS, (3, 4), width)
    assert max(map(len, lines)) <= width
    assert letters("".join(lines)) == letters("".join("".join(row) for row in ROWS))
