"""Write the report of the live benchmark (CSV, Markdown and PNG) from its records."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ferbench.benchmarks.displays import Display
from ferbench.benchmarks.live.displays import (
    DetectorDisplay,
    LatencyDisplay,
    RateDisplay,
    SoakDisplay,
    set_name,
)
from ferbench.benchmarks.live.tables import (
    beside_fer,
    detector_table,
    faces_table,
    read_records,
    soak_table,
    soak_verdict,
    start_table,
    stream_table,
)
from ferbench.benchmarks.live.target_checks import targets
from ferbench.benchmarks.tables import (
    is_missing,
    machine_text,
    markdown_page,
    markdown_table,
    write_csv_files,
    write_plots,
    write_text,
)

Row = dict[Any, Any]
_HOW = """\
Each configuration ran in its own process. The configurations took turns, so that a disturbance of the machine affects
all of them. Frames per second are the median and range of the rounds, for a file read as fast as possible, including
decoding. Latency is the time from the moment a frame is read to its events. At the pace of the video (`paced`) it
starts when the frame arrives and includes waiting. Percentiles are over the frames of all rounds; p90 needs 64 frames
and p99 needs 662. A blank means not measured. *Searched*: share of frames on which the detector ran; on the others,
faces are tracked. Processor: time of all threads, as a share of all cores. `640x480` is the enlarged clip. `1280x720`
shows six heads from photographs that move slowly on a blurred background.
"""
_FOUND = """\
A box counts as a face if its center lies inside the face and its side is between half and twice that of the face. Every
other box is false. In photographs the position of the face is known from the framing, in groups from the composition.
The clip has no annotations: the first box of a frame counts as its one face, and further boxes as false.
*As photographs*: the thorough detection of `ferbench image`; the other rows use the detection for videos. Some
photographs show faces that are turned, blurred or 25 pixels wide.
"""


def write_live_report(folder: Path) -> str:
    """Write tables, plots and ``live.md`` from the records in a folder.

    Returns
    -------
    str
        The targets and the measured values, for a terminal.

    Raises
    ------
    FileNotFoundError
        If there are no records.
    """
    records = read_records(folder)
    tables = {
        "streams": stream_table(records),
        "detectors": detector_table(records),
        "faces": faces_table(records),
        "start": start_table(records),
        "beside_fer": beside_fer(records),
        "soak": soak_table(records),
    }
    goals = targets(tables)
    write_csv_files(
        {name: table if len(table) else None for name, table in {**tables, "targets": goals}.items()}, folder
    )
    plots = write_plots(_makers(tables), folder)
    write_text(folder / "live.md", _page(records, tables, goals, plots))
    return goals.to_string(index=False, na_rep="")


def _makers(tables: dict[str, pd.DataFrame]) -> dict[str, Callable[[], Display] | None]:
    """Return a function that makes each plot, or None if its table is empty."""
    streams, detectors, soak = tables["streams"], tables["detectors"], tables["soak"]
    fast = streams[(streams["status"] == "ok") & (streams["kind"] != "paced")].sort_values(
        ["scene", "fps"], ascending=[False, False]
    )
    found = detectors[detectors["status"] == "ok"]
    makers: dict[str, tuple[pd.DataFrame, Callable[[pd.DataFrame], Display]]] = {
        "fps": (fast, RateDisplay),
        "latency": (fast, LatencyDisplay),
        "detectors": (found, DetectorDisplay),
        "soak": (soak, SoakDisplay),
    }
    return {name: partial(maker, table) if len(table) else None for name, (table, maker) in makers.items()}


def _page(records: Sequence[Row], tables: dict[str, pd.DataFrame], goals: pd.DataFrame, plots: Sequence[str]) -> str:
    streams, detectors = _table(tables["streams"], _STREAMS), _table(tables["detectors"], _DETECTORS)
    sections = [
        ("Targets", _table(goals, _TARGETS), ()),
        ("Videos", streams and f"{_HOW}\n{streams}", ("fps", "latency")),
        ("Beside `fer`", _table(tables["beside_fer"], _FER), ()),
        ("Detectors", detectors and f"{_FOUND}\n{detectors}", ("detectors",)),
        ("One cropped face, on one core", _table(tables["faces"], _FACES), ()),
        ("Start-up time", _table(tables["start"], _START), ()),
        ("A long run", _soak_text(tables["soak"]), ("soak",)),
    ]
    end = "Written by `ferbench measure-live`; `--rebuild` writes it again from the records."
    return markdown_page(["# Measurements of the live system", _machine(records)], sections, plots, end)


def _machine(records: Sequence[Row]) -> str:
    last = max(records, key=lambda record: record["session"])
    load_before = last["environment"]["load_before"]
    sessions = len({record["session"] for record in records})
    load = "" if load_before is None else f", load {load_before:.1f} before the run"
    note = f" Figures are of {sessions} runs; compare only within a table of one run." if sessions > 1 else ""
    return machine_text(last, ("ferbench", "opencv-python-headless", "onnxruntime", "numpy"), load, note)


def _soak_text(samples: pd.DataFrame) -> str:
    if not len(samples):
        return ""
    verdict = soak_verdict(samples)
    if verdict is None:
        return f"{len(samples)} samples are too few for a verdict."
    threads, fds = verdict["threads"], verdict["fds"]
    files = "" if fds is None else f", open files {fds[0]} to {fds[1]}"
    return (
        f"The clip ran in a loop for {verdict['frames']:,} frames in {verdict['seconds']:.0f} s, while event rows and "
        f"a summary page were written. After a warm-up of {verdict['warmup_frames']:,} frames memory grew by "
        f"{verdict['growth_mib']:.1f} MiB at most; threads {threads[0]} to {threads[1]}{files}."
    )


def _table(frame: pd.DataFrame, columns: dict[str, Any]) -> str:
    """Return a Markdown table of the given columns, each with its heading and number format."""
    if not len(frame):
        return ""
    rows = [[_cell(write, row) for write in columns.values()] for row in frame.to_dict("records")]
    return markdown_table(tuple(columns), rows)


def _cell(write: str | Callable[[Row], str], row: Row) -> str:
    if callable(write):
        return write(row)
    name, _, form = write.partition(":")
    value = row[name]
    return "" if is_missing(value) else format(value, form)


def _range(row: Row) -> str:
    return "" if pd.isna(row["fps"]) else f"{row['fps']:.1f} ({row['fps_low']:.1f}–{row['fps_high']:.1f})"


def _status(row: Row) -> str:
    return str(row["status"]) + ("" if pd.isna(row["reason"]) else f": {row['reason']}")


def _what(row: Row) -> str:
    return f"{row['scene']}, {row['kind']}" if row["kind"] != "stream" else str(row["scene"])


def _setting(row: Row) -> str:
    return "every frame" if row["detect_every"] == "1" else str(row["detect_every"])


def _is_default(row: Row) -> str:
    return f"{row['detector']} (default)" if row["default"] else str(row["detector"])


_MS = {"median, ms": "ms_median:.2f", "p90": "ms_p90:.2f", "p99": "ms_p99:.2f"}
_TARGETS = {"target": "target", "expected": "expected", "measured": "measured", "met": "met"}
_STREAMS = {
    "video": _what,
    "detector": _is_default,
    "model": "model",
    "search": _setting,
    "frames/s (range)": _range,
    **_MS,
    "with a face": "face_share:.1%",
    "faces/frame": "faces_per_frame:.2f",
    "searched": "searched_share:.0%",
    "processor": "cpu_share:.0%",
    "memory, MiB": "peak_rss_mib:.0f",
    "threads": "threads:.0f",
    "status": _status,
}
_FER = {
    "video": "scene",
    "detector": "detector",
    "model": "model",
    "search": _setting,
    "frames/s": "fps:.1f",
    "fer, frames/s": "fer_fps:.1f",
    "times as fast": "ratio:.1f",
    "lowest": "ratio_low:.1f",
    "highest": "ratio_high:.1f",
    "with a face": "face_share:.1%",
    "fer, with a face": "fer_face_share:.1%",
}
_DETECTORS = {
    "pictures": set_name,
    "detector": "detector",
    "images": "images:.0f",
    "faces": "faces:.0f",
    "found": "recall:.1%",
    "false boxes": "false_boxes:.0f",
    **_MS,
    "status": _status,
}
_FACES = {"model": "model", "n": "n:.0f", **_MS, "status": _status}
_START = {
    "model": "model",
    "ready, s": "ready_s:.2f",
    "first prediction, s": "predicted_s:.2f",
    "imported of keras, matplotlib, pandas, sklearn, tensorflow": "imported",
    "status": _status,
}
