"""The files of the live benchmark: CSV, Markdown and PNG, rebuilt from the records alone."""

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
Each configuration ran in a process of its own, one of each in turn, so that a disturbance of the machine hits all
alike. Frames per second are the median of the rounds with their range, for a file that is read as fast as possible,
decoding included. A latency runs from the moment a frame is taken up to its events; at the video's own pace (`paced`)
from its arrival, waiting included. Percentiles are over the frames of all rounds; p90 needs 64 of them and p99 662, and
what was not measured is blank. *Searched*: share of the frames in which the detector looked for faces; between them
faces are followed. Processor: time of all threads, as a share of all cores. `640x480` is the clip enlarged,
`1280x720` six heads cut out of photographs that move slowly on a blurred background.
"""
_FOUND = """\
A box counts as a face if its center lies in it and its side is between half and twice the face's; every other box is
false. Where the face lies in photographs is known from their framing, in groups from how they were put together; in the
clip nobody has marked it: there the first box of a frame counts as the one face, and any further one as false.
*As photographs*: the longer search of `ferbench image`; all others as in videos. Some of the photographs show faces
that are turned, blurred or 25 pixels wide.
"""


def write_live_report(folder: Path) -> str:
    """Write tables, plots and ``live.md`` from the records in a folder.

    Returns
    -------
    str
        The targets with what was measured, for a terminal.

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
    """What draws each plot; None where there is nothing to draw."""
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
        ("From the start of the process", _table(tables["start"], _START), ()),
        ("A long run", _soak_text(tables["soak"]), ("soak",)),
    ]
    end = "Written by `ferbench measure-live`; `--rebuild` makes it again from the records."
    return markdown_page(["# The live system, measured", _machine(records)], sections, plots, end)


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
        f"{verdict['frames']:,} frames of the clip in a loop in {verdict['seconds']:.0f} s, with event rows and a "
        f"summary page being written. After a warm-up of {verdict['warmup_frames']:,} frames memory grew by "
        f"{verdict['growth_mib']:.1f} MiB at most; threads {threads[0]} to {threads[1]}{files}."
    )


def _table(frame: pd.DataFrame, columns: dict[str, Any]) -> str:
    """Markdown table of some columns; each with its heading and how a value is written."""
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
    **{"video": _what, "detector": _is_default, "model": "model", "search": _setting, "frames/s (range)": _range},
    **_MS,
    **{"with a face": "face_share:.1%", "faces/frame": "faces_per_frame:.2f", "searched": "searched_share:.0%"},
    **{"processor": "cpu_share:.0%", "memory, MiB": "peak_rss_mib:.0f", "threads": "threads:.0f", "status": _status},
}
_FER = {
    **{"video": "scene", "detector": "detector", "model": "model", "search": _setting, "frames/s": "fps:.1f"},
    **{"fer, frames/s": "fer_fps:.1f", "times as fast": "ratio:.1f", "lowest": "ratio_low:.1f"},
    **{"highest": "ratio_high:.1f", "with a face": "face_share:.1%", "fer, with a face": "fer_face_share:.1%"},
}
_DETECTORS = {
    **{"pictures": set_name, "detector": "detector", "images": "images:.0f", "faces": "faces:.0f"},
    **{"found": "recall:.1%", "false boxes": "false_boxes:.0f", **_MS, "status": _status},
}
_FACES = {"model": "model", "n": "n:.0f", **_MS, "status": _status}
_START = {
    **{"model": "model", "ready, s": "ready_s:.2f", "first prediction, s": "predicted_s:.2f"},
    **{"imported of keras, matplotlib, pandas, sklearn, tensorflow": "imported", "status": _status},
}
