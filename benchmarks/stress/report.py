"""Write the stress report (CSV, Markdown and PNG) from its records."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ferbench.benchmarks.displays import Display
from ferbench.benchmarks.scores import Detectable
from ferbench.benchmarks.stress.corruptions import CORRUPTIONS, SEVERITIES
from ferbench.benchmarks.stress.displays import StressDisplay
from ferbench.benchmarks.stress.measures import SIDES, accuracy_table, breaking_points, corruption_errors, verdict
from ferbench.benchmarks.tables import (
    interval_text,
    machine_text,
    markdown_page,
    markdown_table,
    number_text,
    read_runs,
    write_csv_files,
    write_plots,
    write_png,
    write_text,
)

Record = dict[str, Any]
_HOW = """\
Each test image is corrupted in {kinds} ways at five severities, from barely visible (1) to hard (5). What is random
depends on the image and the kind alone, so that all recognizers answer the same images. *CE*: the sum of the error
over the severities, divided by that of the reference, `{reference}`; *mCE*: its mean over the kinds; *relative* counts
the error beyond the clean one (Hendrycks and Dietterich, 2019). Below 1 is more robust than the reference. A side is
*broken* where its recognizers have lost, on average, half of their lead over the most common label.
"""
_LIBRARIES = """\
The corruptions are our own, of OpenCV and NumPy. `imagecorruptions` (last release in 2020) is made for color
photographs and needs a second OpenCV; the last release of `albumentations` is of May 2025. Neither covers eyes or
mouths by landmarks. The levels were chosen by eye on drawn faces of 48 pixels.
"""


def write_stress_report(folder: Path, *, reference: str | None = None, sheet: NDArray[np.uint8] | None = None) -> str:
    """Write tables, plots and ``stress.md`` from the records in a folder.

    Parameters
    ----------
    folder : Path
    reference : str, optional
        The recognizer that corruption errors are divided by; by default the one that was measured first.
    sheet : ndarray of shape (height, width), uint8, optional
        Contact sheet to write beside the page; only of drawn faces.

    Returns
    -------
    str
        A summary for a terminal.

    Raises
    ------
    FileNotFoundError
        If there are no records.
    ValueError
        If the records are of different images, or the reference was not measured.
    """
    records = _same_images(read_runs(folder, "stress"))
    reference = reference or records[0]["name"]
    table, errors = accuracy_table(records), corruption_errors(records, reference)
    points = breaking_points(table)
    write_csv_files({"accuracy": table, "corruption_errors": errors, "breaking_points": points}, folder)
    if sheet is not None:
        write_png(sheet, folder / "contact_sheet.png")
    about = records[0]["dataset"]
    title = f"{about['name']}{' (drawn, not real)' if about['drawn'] else ''}, {about['split']}"
    floor = records[0]["most_common"] / about["n_images"]
    makers: dict[str, Callable[[], Display] | None] = {
        "curves": partial(StressDisplay, table, floor, title),
        "mean_curve": partial(StressDisplay, table, floor, title, each=False),
    }
    plots = write_plots(makers, folder)
    if (folder / "contact_sheet.png").is_file():
        plots.append("contact_sheet")
    summary, words = _summary(table, errors), verdict(points)
    write_text(folder / "stress.md", _page(records, reference, (summary, errors, points), words, plots))
    return f"{summary.to_string(index=False, na_rep='', float_format=lambda value: f'{value:.3f}')}\n\n{words}"


def _same_images(records: list[Record]) -> list[Record]:
    first = records[0]
    for record in records:
        for key in ("dataset", "seed", "levels"):
            if record[key] != first[key]:
                raise ValueError(
                    f"the records of {first['name']} and {record['name']} differ in {key}: "
                    "measure all recognizers in one run, in a folder of its own"
                )
    return sorted(records, key=lambda record: (record["session"], record.get("place", 0)))


def _summary(table: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    means = errors[errors["corruption"] == "mean"].set_index("recognizer")
    hit = table[table["severity"] > 0].groupby("recognizer", sort=False)["accuracy"].mean()
    rows = [
        {
            **{"recognizer": row["recognizer"], "side": row["side"], "clean": row["accuracy"]},
            **{"low": row["accuracy_low"], "high": row["accuracy_high"], "corrupted": hit[row["recognizer"]]},
            "mCE": means["ce"][row["recognizer"]],
            "relative mCE": means["relative_ce"][row["recognizer"]],
        }
        for row in table[table["severity"] == 0].to_dict("records")
    ]
    return pd.DataFrame(rows).sort_values("mCE", ignore_index=True)


def _page(
    records: Sequence[Record],
    reference: str,
    tables: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    words: str,
    plots: Sequence[str],
) -> str:
    summary, errors, points = tables
    about = records[0]["dataset"]
    how = _HOW.strip().format(kinds=errors["corruption"].nunique() - 1, reference=reference)
    drawn = "drawn, not real faces; " if about["drawn"] else ""
    where = f"{about['name']} ({drawn}{about['split']}), fingerprint `{about['fingerprint'][:12]}`"
    data = f"{about['n_images']:,} images of {where}."
    machine = machine_text(records[-1], ("ferbench", "numpy", "opencv-python-headless"), "", "")
    sections = [
        ("Which side breaks first", f"{words}\n\n{_sides_text(records)}\n\n{_points_text(points)}", ()),
        ("Recognizers", f"{_summary_text(summary)}\n\n{_detectable_text(about['n_images'])}", ("mean_curve",)),
        ("Corruptions", _errors_text(errors), ("curves",)),
        ("What the corruptions look like", _levels_text(records[0]["levels"]), ("contact_sheet",)),
        ("Why no library", _LIBRARIES.strip(), ()),
        ("What was measured", _measured_text(records), ()),
    ]
    end = "Written by `ferbench stress`; `--rebuild` writes it again from the records in `runs`."
    return markdown_page(["# Recognizers under stress", f"{data} {machine}", how], sections, plots, end)


def _sides_text(records: Sequence[Record]) -> str:
    counts = {side: sum(record["recognizer"]["side"] == side for record in records) for side in SIDES}
    return (
        f"Recognizers on the classical side: {counts['classical']}; on the deep side: {counts['deep']}. Each was "
        "fitted once, so that what another seed would change is not in these figures."
    )


def _summary_text(summary: pd.DataFrame) -> str:
    rows = [
        [
            *(row["recognizer"], row["side"]),
            interval_text(row["clean"], row["low"], row["high"]),
            *(number_text(row[name], 3) for name in ("corrupted", "mCE", "relative mCE")),
        ]
        for row in summary.to_dict("records")
    ]
    header = ("recognizer", "side", "clean accuracy [95 %]", "mean corrupted", "mCE", "relative mCE")
    return markdown_table(header, rows, n_text=2)


def _detectable_text(n_images: int) -> str:
    """The smallest difference that these images show; which image was answered rightly is not stored."""
    return (
        f"{Detectable.of(None, n_images).text()} That is for two recognizers and one corruption at one severity; "
        "a mean over corruptions may show less. (Sample size of McNemar's test: Connor, Biometrics 43, 1987.)"
    )


def _points_text(points: pd.DataFrame) -> str:
    rows = [
        [CORRUPTIONS[row["corruption"]].title, *(_severity(row[side], row["first"]) for side in SIDES), row["first"]]
        for row in points.to_dict("records")
    ]
    return markdown_table(("corruption", "classical broken at", "deep broken at", "first"), rows)


def _severity(value: float, first: str) -> str:
    """The severity at which a side is broken; blank where none is and only one side was measured."""
    if np.isnan(value):
        return "holds" if first else ""
    return f"{value:.0f}"


def _errors_text(errors: pd.DataFrame) -> str:
    """One row for each corruption with the CE of each recognizer; the full table is in the CSV."""
    wide = errors.pivot_table(index="corruption", columns="recognizer", values="ce", sort=False, dropna=False)
    best = errors[errors["corruption"] == "mean"].sort_values("ce")["recognizer"].tolist()[:5]
    rows = [
        [
            CORRUPTIONS[str(kind)].title if kind in CORRUPTIONS else "mean (mCE)",
            *(number_text(wide.loc[kind, name], 2) for name in best),
        ]
        for kind in wide.index
    ]
    more = "" if wide.shape[1] <= 5 else " The five with the lowest mCE; the rest is in `corruption_errors.csv`."
    return f"CE by corruption.{more}\n\n" + markdown_table(("corruption", *best), rows)


def _levels_text(levels: dict[str, list[float]]) -> str:
    rows = [
        [CORRUPTIONS[kind].title, CORRUPTIONS[kind].unit, ", ".join(f"{level:g}" for level in each)]
        for kind, each in levels.items()
    ]
    numbers = f"{SEVERITIES[0]} to {SEVERITIES[-1]}"
    return markdown_table(("corruption", "level", f"at severity {numbers}"), rows, n_text=3)


def _measured_text(records: Sequence[Record]) -> str:
    own = records[0]["dataset"]["fingerprint"]
    rows = []
    for record in records:
        trained = record["recognizer"]["trained_on"]
        same = "the same data set" if trained["fingerprint"] == own else f"other rows: {trained['name'] or 'unknown'}"
        rows.append([record["name"], record["recognizer"]["recipe"], same, record["recognizer"]["sha256"][:12]])
    return markdown_table(("recognizer", "recipe", "trained on", "bundle"), rows, n_text=4)
