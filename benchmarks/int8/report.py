"""Write the tables of float32 beside int8 from the measurements."""

import statistics
from pathlib import Path
from typing import Any

from ferbench.benchmarks.int8.cards import figures_table
from ferbench.benchmarks.int8.checked import Checked
from ferbench.benchmarks.scores import DetectableBySpread
from ferbench.benchmarks.tables import markdown_table, write_csv_files, write_text
from ferbench.utils import read_json

# Share of equal labels that an int8 network should reach.
TARGET = 0.99
_NOTES = """\
Accuracy and equal labels are measured on {split} (n = {n:,}) of {dataset}; the difference is paired, with a 95 %
bootstrap interval. The way of quantization was chosen on {split}; PrivateTest was not used. Calibration used
{calibration:,} images of Training. Latency is one image on one core of {cpu}: the median over {rounds} rounds in which
the networks took turns, {calls} calls in each round. Processor time leaves out the time in which other processes had
the core; on an idle machine both are equal. {load} {vnni}
Weights and activations are unsigned, so that no product saturates on processors without VNNI.
"""
_LOAD = """\
The load of the machine was {before:.1f} before and {after:.1f} after the measurement (a load above the number of cores,
{cores}, makes latencies longer and less certain).
"""


def checked_text(checked: Checked) -> str:
    """Return a comparison as lines for the terminal."""
    low, high = 100 * checked.difference["low"], 100 * checked.difference["high"]
    met = "reached" if checked.same_labels >= TARGET else "missed"
    return "\n".join(
        [
            f"{'':10}{'accuracy':>9}  {'95 % interval':17}{'MB':>6}",
            _line("float32", checked.float_accuracy, checked.float_bytes),
            _line("int8", checked.int8_accuracy, checked.int8_bytes),
            f"int8 less float32: {100 * checked.difference['value']:+.2f} points [{low:+.2f}, {high:+.2f}], "
            f"{checked.verdict}",
            f"same label: {100 * checked.same_labels:.2f} % of {checked.n_images:,} images of {checked.split} "
            f"(target {TARGET:.0%}: {met})",
        ]
    )


def _line(name: str, accuracy: dict[str, float], size: int) -> str:
    interval = f"{accuracy['low']:.4f} to {accuracy['high']:.4f}"
    return f"{name:10}{accuracy['value']:>9.4f}  {interval:17}{size / 1e6:>6.2f}"


def write_int8_report(folder: Path) -> str:
    """Write ``int8.csv`` and ``int8.md`` from ``int8.json``; return the tables for the terminal.

    Raises
    ------
    FileNotFoundError
        If nothing was measured in the folder.
    """
    import pandas as pd

    file = folder / "int8.json"
    if not file.is_file():
        raise FileNotFoundError(f"{file}: nothing was measured there; run ferbench measure-int8 --source PATH first")
    measured = read_json(file)
    rows = [Checked(**entry) for entry in measured["networks"]]
    write_csv_files({"int8": pd.DataFrame([_row(row, measured) for row in rows])}, folder)
    header = ("network, one image on one core", "float32, ms", "int8, ms", "times as fast")
    latency = markdown_table(header, _latency(rows, measured))
    tables = [figures_table(rows), latency]
    power = [
        DetectableBySpread.of(pd.DataFrame([_difference(row)])).text(
            f"{row.name}: on {row.n_images:,} images of {row.split}", digits=2
        )
        for row in rows
    ]
    page = ["# int8 beside float32", *tables, "## What this number of images can tell"]
    page += ["\n".join(f"- {text}" for text in power if text), "## How to read it", _notes(rows[0], measured)]
    write_text(folder / "int8.md", "\n\n".join(page) + "\n")
    return "\n\n".join(tables)


def _median(measured: dict[str, Any], what: str, name: str, precision: str) -> float:
    return statistics.median(measured[what][f"{name} {precision}"])


def _row(row: Checked, measured: dict[str, Any]) -> dict[str, Any]:
    figures: dict[str, Any] = {"network": row.name, "split": row.split, "n_images": row.n_images}
    for precision, accuracy in (("float32", row.float_accuracy), ("int8", row.int8_accuracy)):
        figures |= {f"{precision}_accuracy{end}": accuracy[key] for key, end in _ENDS.items()}
    figures |= _difference(row)
    figures |= {"p_mcnemar": row.difference["p_mcnemar"], "verdict": row.verdict, "same_labels": row.same_labels}
    figures |= {"float32_bytes": row.float_bytes, "int8_bytes": row.int8_bytes}
    for what, end in (("latency_ms", "ms"), ("processor_ms", "processor_ms")):
        figures |= {f"{each}_{end}": _median(measured, what, row.name, each) for each in ("float32", "int8")}
    return figures


def _difference(row: Checked) -> dict[str, float]:
    return {f"difference{end}": row.difference[key] for key, end in _ENDS.items()}


_ENDS = {"value": "", "low": "_low", "high": "_high"}


def _latency(rows: list[Checked], measured: dict[str, Any]) -> list[list[str]]:
    cells = []
    for row in rows:
        for what, title in (("processor_ms", "processor time"), ("latency_ms", "latency")):
            plain, small = (_median(measured, what, row.name, each) for each in ("float32", "int8"))
            cells.append([f"{row.name}, {title}", f"{plain:.2f}", f"{small:.2f}", f"{plain / small:.1f}"])
    return cells


def _notes(row: Checked, measured: dict[str, Any]) -> str:
    about = measured["environment"]
    has_vnni = any("vnni" in flag or "amx" in flag for flag in measured["flags"])
    before, after = measured["load_before"], measured["load_after"]
    # Windows reports no load average.
    load = "" if None in (before, after) else _LOAD.format(before=before, after=after, cores=about["cores"])
    text = _NOTES.format(
        **{"split": row.split, "n": row.n_images, "dataset": measured["dataset"]},
        **{"calibration": row.calibration_images, "cpu": about["cpu"], "load": load},
        **{"rounds": measured["rounds"], "calls": measured["calls"]},
        vnni=f"This processor has {'VNNI' if has_vnni else 'no VNNI'}.",
    )
    return " ".join(text.split()) + " Measured by `ferbench measure-int8`."
