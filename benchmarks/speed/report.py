"""Write the report of the speed benchmark (CSV, Markdown and PNG) from its records."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ferbench.benchmarks.displays import Display
from ferbench.benchmarks.speed.displays import ExtractorSpeedDisplay, GrowthDisplay
from ferbench.benchmarks.speed.plans import growth
from ferbench.benchmarks.speed.tables import classifier_table, extractor_table, plain_table, read_records
from ferbench.benchmarks.tables import (
    machine_text,
    markdown_page,
    markdown_table,
    write_csv_files,
    write_plots,
    write_text,
)

_HOW = """\
Each measurement ran in its own process. An extractor is measured with one worker and one thread; the median of three
rounds is given, without the fit. Classifiers get the features of `hog` (1,764 columns of 48-pixel images, float32) of a
stratified subset of Training and predict PublicTest. They use all cores, and the fit includes the calibration of the
probabilities. *Growth*: exponent between the two largest sizes. It is near 2 for kernel machines, and near 3 if the
kernel matrix is factorized. A fit whose extrapolated time exceeds the limit was skipped and is blank.
"""
_PLAIN = """\
The plain implementation is common in public repositories: `skimage.feature.hog` for each image, `StandardScaler`, and
scikit-learn's classifiers, such as `SVC(probability=True)`, with the same cells, blocks, bins and parameters. Both
implementations extract 35,887 images, fit on 28,709 and predict 7,178. If one was measured on fewer images, its time is
extrapolated with the exponent between its two largest sizes.
"""


def write_speed_report(folder: Path) -> str:
    """Write tables, plots and ``speed.md`` from the records in a folder.

    Returns
    -------
    str
        A summary for a terminal.

    Raises
    ------
    FileNotFoundError
        If there are no records.
    """
    records = read_records(folder)
    tables = {
        "extractors": extractor_table(records),
        "classifiers": classifier_table(records),
        "plain": classifier_table(records, "plain"),
        "beside_plain": plain_table(records),
    }
    write_csv_files({name: table if len(table) else None for name, table in tables.items()}, folder)
    plots = write_plots(_makers(tables, records[0]["dataset"]), folder)
    write_text(folder / "speed.md", _page(records, tables, plots))
    shown = [tables["extractors"][["extractor", "images_per_s"]], _wide(tables["classifiers"]), tables["beside_plain"]]
    return "\n\n".join(table.to_string(index=False, na_rep="") for table in shown if len(table))


def _makers(tables: dict[str, pd.DataFrame], dataset: dict[str, Any]) -> dict[str, Callable[[], Display] | None]:
    """Return a function that makes each plot, or None if its table is empty."""
    about = f"{dataset['name']} (drawn, not real)" if dataset["drawn"] else str(dataset["name"])
    makers: dict[str, Callable[[], Display] | None] = dict.fromkeys(("extractors", "fit_time", "predict_time"))
    extracted = tables["extractors"].dropna(subset="images_per_s")
    if len(extracted):
        columns = ["extractor", "images_per_s", "n_features"]
        makers["extractors"] = partial(ExtractorSpeedDisplay, extracted[columns], about)
    for what, title in (("fit", "Fit time"), ("predict", "Time to predict PublicTest")):
        part = tables["classifiers"].dropna(subset=f"{what}_s")
        if len(part):
            lines = part[["classifier", "n_images", f"{what}_s"]].rename(columns={f"{what}_s": "seconds"})
            makers[f"{what}_time"] = partial(GrowthDisplay, lines, f"{title}, on HOG features", about)
    return makers


def _page(records: Sequence[dict[str, Any]], tables: dict[str, pd.DataFrame], plots: Sequence[str]) -> str:
    sections = [
        ("Extractors", _extractors(tables["extractors"]), ("extractors",)),
        ("Classifiers", _classifiers(tables["classifiers"]), ("fit_time", "predict_time")),
        ("Compared with the plain implementation", _beside(tables["beside_plain"]), ()),
        ("Left out", _left_out(records), ()),
    ]
    end = "Written by `ferbench measure-speed`; `--rebuild` writes it again from the records."
    start = ["# Speed of the classical recognizers", _machine(records), _HOW.strip()]
    return markdown_page(start, sections, plots, end)


def _machine(records: Sequence[dict[str, Any]]) -> str:
    measured = [record for record in records if record["status"] == "ok"]
    if not measured:
        return "Nothing was measured."
    last = max(measured, key=lambda record: record["session"])
    loads = [record["load_before"] for record in measured if record.get("load_before") is not None]
    load = f", load before a measurement {min(loads):.1f} to {max(loads):.1f}" if loads else ""
    sessions = len({record["session"] for record in measured})
    note = f" Figures are of {sessions} runs." if sessions > 1 else ""
    names = ("ferbench", "scikit-learn", "scikit-learn-intelex", "numpy", "opencv-python-headless")
    return machine_text(last, names, load, note)


def _extractors(table: pd.DataFrame) -> str:
    rows = [
        [row["extractor"], f"{row['images_per_s']:,.0f}", f"{row['n_features']:,.0f}", f"{row['fit_s']:.2f}"]
        for row in table.dropna(subset="images_per_s").to_dict("records")
    ]
    return markdown_table(("extractor", "images/s, one core", "columns", "fit on 1,024, s"), rows) if rows else ""


def _wide(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per classifier: fit seconds by size, growth, milliseconds per prediction, library."""
    sizes, rows = sorted(set(table["n_images"])), []
    for name, part in table.groupby("classifier"):
        done = part[part["status"] == "ok"].sort_values("n_images")
        fits = dict(zip(done["n_images"], done["fit_s"], strict=True))
        last = done.iloc[-1] if len(done) else None
        rows.append(
            {
                "classifier": name,
                **{f"fit {size:,}": fits.get(size) for size in sizes},
                "growth": growth(list(fits), list(fits.values())),
                "predict, ms/image": None if last is None else last["predict_ms_per_image"],
                "after": None if last is None else last["n_images"],
                "implementation": None if last is None else last["implementation"],
            }
        )
    return pd.DataFrame(rows).sort_values("classifier", ignore_index=True) if rows else pd.DataFrame()


def _classifiers(table: pd.DataFrame) -> str:
    wide = _wide(table)
    if not len(wide):
        return ""
    text = ("classifier", "implementation")
    order = ["classifier", "implementation", *(name for name in wide.columns if name not in text)]
    rows = [[_cell(name, row[name]) for name in order] for row in wide.to_dict("records")]
    header = [f"{name}, s" if name.startswith("fit ") else name for name in order]
    return markdown_table(header, rows, n_text=2)


def _cell(name: str, value: Any) -> str:
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, str):
        return value
    if name in ("growth",):
        return f"{value:.1f}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _beside(table: pd.DataFrame) -> str:
    if not len(table):
        return ""
    columns = {
        "cell": "cell",
        "plain, s": "plain_s",
        "its fit": "plain_fit_s",
        "growth": "plain_growth",
        "measured to": "plain_measured_to",
        "ours, s": "ours_s",
        "our fit": "ours_fit_s",
        "our growth": "ours_growth",
        "ours measured to": "ours_measured_to",
        "times as fast": "ratio",
    }
    rows = [
        [_cell("growth" if "growth" in key or key == "ratio" else key, row[key]) for key in columns.values()]
        for row in table.to_dict("records")
    ]
    return _PLAIN + "\n" + markdown_table(tuple(columns), rows)


def _left_out(records: Sequence[dict[str, Any]]) -> str:
    rows = [[record["name"], record["status"], record["reason"]] for record in records if record["status"] != "ok"]
    return markdown_table(("measurement", "status", "why"), rows, n_text=3) if rows else ""
