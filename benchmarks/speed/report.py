"""The files of the speed benchmark: CSV, Markdown and PNG, rebuilt from the records alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ferbench.benchmarks.displays import Display
from ferbench.benchmarks.report import markdown_table, write_csv
from ferbench.benchmarks.speed.displays import ExtractorSpeedDisplay, GrowthDisplay
from ferbench.benchmarks.speed.plans import growth
from ferbench.benchmarks.speed.tables import classifier_table, extractor_table, plain_table, read_records
from ferbench.benchmarks.store import write_atomically

DPI = 110
_HOW = """\
Each measurement ran in a process of its own. An extractor is measured with one worker and one thread, the median of
three rounds; fitting it is not counted. Classifiers get the features of `hog` (1,764 columns of 48-pixel images,
float32) of a stratified part of Training and predict PublicTest; they use all cores, calibration of the probabilities
is part of the fit. *Growth*: exponent between the two largest sizes; kernel machines tend to 2, a factor of the kernel
matrix to 3. A fit that was expected to exceed the limit by the growth measured so far was skipped, and is blank.
"""
_PLAIN = """\
The same cells as most repositories write them: `skimage.feature.hog` image by image, `StandardScaler`, and
scikit-learn's classes as they are, `SVC(probability=True)` among them; same cells, blocks, bins and parameters. Both
sides extract 35,887 images, fit on 28,709 and predict 7,178. Where a side was measured on fewer, its time is carried on
by its own growth between its two largest sizes.
"""


def write_speed_report(folder: Path) -> str:
    """Write tables, plots and ``speed.md`` from the records in a folder.

    Returns
    -------
    str
        What was found, for a terminal.

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
    for name, table in tables.items():
        if len(table):
            write_csv(table, folder / f"{name}.csv")
        else:
            (folder / f"{name}.csv").unlink(missing_ok=True)
    plots = _draw(folder, tables, records[0]["dataset"])
    write_atomically(folder / "speed.md", _page(records, tables, plots).encode("utf-8"))
    shown = [tables["extractors"][["extractor", "images_per_s"]], _wide(tables["classifiers"]), tables["beside_plain"]]
    return "\n\n".join(table.to_string(index=False, na_rep="") for table in shown if len(table))


def _draw(folder: Path, tables: dict[str, pd.DataFrame], dataset: dict[str, Any]) -> list[str]:
    """Draw what there is; returns the names of the files."""
    about = f"{dataset['name']} (drawn, not real)" if dataset["drawn"] else str(dataset["name"])
    displays: dict[str, Display] = {}
    extracted = tables["extractors"].dropna(subset="images_per_s")
    if len(extracted):
        displays["extractors.png"] = ExtractorSpeedDisplay(
            extracted[["extractor", "images_per_s", "n_features"]], about
        )
    for what, title in (("fit", "Fit time"), ("predict", "Time to predict PublicTest")):
        part = tables["classifiers"].dropna(subset=f"{what}_s")
        if len(part):
            lines = part[["classifier", "n_images", f"{what}_s"]].rename(columns={f"{what}_s": "seconds"})
            displays[f"{what}_time.png"] = GrowthDisplay(lines, f"{title}, on HOG features", about)
    for name in ("extractors.png", "fit_time.png", "predict_time.png"):
        if name in displays:
            write_atomically(folder / name, displays[name].png(DPI))
        else:
            (folder / name).unlink(missing_ok=True)
    return list(displays)


def _page(records: Sequence[dict[str, Any]], tables: dict[str, pd.DataFrame], plots: Sequence[str]) -> str:
    fits = tables["classifiers"]
    sections = [
        ("Extractors", _extractors(tables["extractors"]), ["extractors.png"]),
        ("Classifiers", _classifiers(fits), ["fit_time.png", "predict_time.png"]),
        ("Beside the same written plainly", _beside(tables["beside_plain"]), []),
        ("Left out", _left_out(records), []),
    ]
    parts = ["# How fast the classical side is", _machine(records), _HOW.strip()]
    for title, text, pictures in sections:
        if text:
            parts += [f"## {title}", text, *(f"![{title}]({name})" for name in pictures if name in plots)]
    return (
        "\n\n".join([*parts, "Written by `ferbench measure-speed`; `--rebuild` makes it again from the records."])
        + "\n"
    )


def _machine(records: Sequence[dict[str, Any]]) -> str:
    measured = [record for record in records if record["status"] == "ok"]
    if not measured:
        return "Nothing was measured."
    last = max(measured, key=lambda record: record["session"])
    about = last["environment"]
    names = ("ferbench", "scikit-learn", "scikit-learn-intelex", "numpy", "opencv-python-headless")
    versions = ", ".join(f"{name} {about['packages'][name]}" for name in names if name in about["packages"])
    loads = [record["load_before"] for record in measured if record.get("load_before") is not None]
    load = f", load before a measurement {min(loads):.1f} to {max(loads):.1f}" if loads else ""
    sessions = len({record["session"] for record in measured})
    note = f" Figures are of {sessions} runs." if sessions > 1 else ""
    return f"{about['cpu']}, {about['cores']} cores, {about['platform']}{load}; {versions}. {last['session']}.{note}"


def _extractors(table: pd.DataFrame) -> str:
    rows = [
        [row["extractor"], f"{row['images_per_s']:,.0f}", f"{row['n_features']:,.0f}", f"{row['fit_s']:.2f}"]
        for row in table.dropna(subset="images_per_s").to_dict("records")
    ]
    return markdown_table(("extractor", "images/s, one core", "columns", "fit on 1,024, s"), rows) if rows else ""


def _wide(table: pd.DataFrame) -> pd.DataFrame:
    """One row a classifier: fit seconds by size, growth, milliseconds a prediction, library."""
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
        **{"cell": "cell", "plain, s": "plain_s", "its fit": "plain_fit_s", "growth": "plain_growth"},
        **{"measured to": "plain_measured_to", "ours, s": "ours_s", "our fit": "ours_fit_s"},
        **{"our growth": "ours_growth", "ours measured to": "ours_measured_to", "times as fast": "ratio"},
    }
    rows = [
        [_cell("growth" if "growth" in key or key == "ratio" else key, row[key]) for key in columns.values()]
        for row in table.to_dict("records")
    ]
    return _PLAIN + "\n" + markdown_table(tuple(columns), rows)


def _left_out(records: Sequence[dict[str, Any]]) -> str:
    rows = [[record["name"], record["status"], record["reason"]] for record in records if record["status"] != "ok"]
    return markdown_table(("measurement", "status", "why"), rows, n_text=3) if rows else ""
