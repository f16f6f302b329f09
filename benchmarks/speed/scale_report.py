"""Write the report of the scale benchmark (CSV and Markdown) from its records."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ferbench.benchmarks.speed.plans import growth
from ferbench.benchmarks.speed.scale import N_NEW, N_VALIDATION
from ferbench.benchmarks.tables import machine_text, markdown_page, markdown_table, read_runs, write_csv, write_text

_HOW = f"""\
Each measurement ran in its own process, on the first images of one memory map of drawn faces of 48 pixels. *Fit* is the
whole fit from images: of `sgd-logreg` and `sgd-svm` all passes with extraction and calibration, of a network one epoch.
*Peak* is the largest resident memory of the process, with its libraries. *Growth* is the exponent between this size and
the one before: 1 is linear. The accuracy is on {N_NEW:,} other drawn faces, of which {N_VALIDATION:,} validate a
network and are left out for it; drawn faces say nothing about real ones.
"""
_PAPER = """\
Not measured: the straight line through the last two measured sizes. A pass reads every image once, so time grows with
their number. The memory holds one block of images and the labels of all; its peak also counts pages of the memory map,
which the system takes back where it needs them. *Images* is what 48 x 48 bytes each take on the disk.
"""
#: Numbers of images for which the figures are extrapolated.
ON_PAPER = (10**7, 10**8)
# Bytes of one drawn face.
_IMAGE_BYTES = 48 * 48
_COLUMNS = [
    "recipe",
    "n_images",
    "status",
    "reason",
    "fit_s",
    "fit_growth",
    "peak_memory_bytes",
    "memory_growth",
    "predict_s",
    "n_predicted",
    "accuracy",
    "load_before",
    "load_after",
]


def write_scale_report(folder: Path) -> str:
    """Write ``scale.csv`` and ``scale.md`` from the records in a folder, and return a summary for a terminal.

    Raises
    ------
    FileNotFoundError
        If there are no records.
    """
    records = read_runs(folder, "measure-speed --scale")
    table = scale_table(records)
    paper = paper_table(table)
    write_csv(table, folder / "scale.csv")
    write_csv(paper, folder / "scale_on_paper.csv")
    end = "Written by `ferbench measure-speed --scale`; `--rebuild` writes it again from the records."
    sections = [("Time and memory", _text(table), ())]
    if len(paper):
        sections.append(("On paper", f"{_PAPER.strip()}\n\n{_paper_text(paper)}", ()))
    start = ["# Fits on growing numbers of images", _machine(records), _HOW.strip()]
    write_text(folder / "scale.md", markdown_page(start, sections, (), end))
    return table[["recipe", "n_images", "status", "fit_s", "peak_memory_bytes"]].to_string(index=False, na_rep="")


def scale_table(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return one row for each recipe and size, with the growth since the size before."""
    rows: list[dict[str, Any]] = []
    ordered = sorted(records, key=lambda each: (each["config"]["name"], each["config"]["n_images"]))
    for record in ordered:
        seconds = record.get("seconds") or {}
        row = {"recipe": record["config"]["name"], "n_images": record["config"]["n_images"]}
        row |= {"fit_s": seconds.get("fit"), "predict_s": seconds.get("predict")}
        row |= {name: record.get(name) for name in _COLUMNS if name not in row}
        before = [each for each in rows if each["recipe"] == row["recipe"] and each["status"] == "ok"]
        for name, of in (("fit_growth", "fit_s"), ("memory_growth", "peak_memory_bytes")):
            pair = [*before[-1:], row] if row["status"] == "ok" else []
            row[name] = growth([each["n_images"] for each in pair], [each[of] for each in pair])
        rows.append(row)
    return pd.DataFrame(rows, columns=_COLUMNS)


def paper_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return fit time, memory and disk space for more images than were measured, for recipes with two sizes or more."""
    rows = []
    for recipe, measured in table[table["status"] == "ok"].groupby("recipe", sort=True):
        if len(measured) < 2:
            continue
        one, two = measured.sort_values("n_images").iloc[-2:].to_dict("records")
        for n_images in ON_PAPER:
            if n_images <= two["n_images"]:
                continue
            share = (n_images - two["n_images"]) / (two["n_images"] - one["n_images"])
            line = {name: two[name] + share * max(0, two[name] - one[name]) for name in ("fit_s", "peak_memory_bytes")}
            rows.append({"recipe": recipe, "n_images": n_images, **line, "images_bytes": n_images * _IMAGE_BYTES})
    return pd.DataFrame(rows, columns=["recipe", "n_images", "fit_s", "peak_memory_bytes", "images_bytes"])


def _paper_text(paper: pd.DataFrame) -> str:
    rows = [
        [
            row["recipe"],
            f"{row['n_images']:,}",
            f"{row['fit_s'] / 3600:,.1f}",
            f"{row['peak_memory_bytes'] / 2**30:,.1f}",
            f"{row['images_bytes'] / 2**30:,.0f}",
        ]
        for row in paper.to_dict("records")
    ]
    return markdown_table(("recipe", "images", "fit, h", "peak, GiB", "images, GiB"), rows)


def _text(table: pd.DataFrame) -> str:
    header = ("recipe", "images", "fit, s", "growth", "peak, GiB", "accuracy")
    rows = [
        [
            row["recipe"],
            f"{row['n_images']:,}",
            *(
                "" if pd.isna(row[name]) else form.format(row[name] / unit)
                for name, form, unit in (
                    ("fit_s", "{:,.1f}", 1),
                    ("fit_growth", "{:.2f}", 1),
                    ("peak_memory_bytes", "{:.2f}", 2**30),
                    ("accuracy", "{:.3f}", 1),
                )
            ),
        ]
        for row in table.to_dict("records")
    ]
    known = {(row["recipe"], row["n_images"]): row["reason"] for row in table.to_dict("records")}
    missing = [
        f"`{recipe}` on {size:,} images: {known.get((recipe, size)) or 'not measured'}."
        for recipe in sorted(set(table["recipe"]))
        for size in sorted(set(table["n_images"]))
        if (recipe, size) not in known or known[recipe, size]
    ]
    return "\n\n".join([markdown_table(header, rows), *missing])


def _machine(records: Sequence[dict[str, Any]]) -> str:
    measured = [record for record in records if record["status"] == "ok"]
    if not measured:
        return "Nothing was measured."
    loads = [record[when] for record in measured for when in ("load_before", "load_after") if record.get(when)]
    load = f", load around the measurements {min(loads):.1f} to {max(loads):.1f}" if loads else ""
    last = max(measured, key=lambda record: record["session"])
    busy = " Other work ran beside them, so times are too long." if loads and min(loads) > 1.5 else ""
    return machine_text(last, ("ferbench", "scikit-learn", "numpy", "tensorflow"), load, busy)
