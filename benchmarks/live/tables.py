"""Make the tables of the live benchmark from its records."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ferbench.benchmarks.store import latency_summary
from ferbench.benchmarks.tables import read_runs
from ferbench.models.bundles import measured_bundle

Record = dict[str, Any]
# A box matches a face if its center is inside the face and its side differs by at most this factor.
SIDE_FACTOR = 2.0
# Share of the frames of a soak that count as warm-up, when caches fill; minimum number of samples for a verdict.
WARMUP_SHARE, LEAST_SAMPLES = 0.1, 10
MEBIBYTE = 2**20
_STREAM_KINDS = ("stream", "paced", "fer", "peer")


def read_records(folder: Path) -> list[Record]:
    """Read all records of a results folder, by name; models have their current names.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    return [_with_current_name(record) for record in read_runs(folder, "measure-live")]


def stream_table(records: Sequence[Record]) -> pd.DataFrame:
    """Return frames per second, latencies, faces, processor time and memory of each video configuration.

    A failed configuration has blanks. ``fps`` is the median of the rounds. Percentiles are over the frames of all
    rounds, and blank if there are too few frames.
    """
    chosen = [record for record in records if record["config"]["kind"] in _STREAM_KINDS]
    return pd.DataFrame([{**_head(record), **_stream_figures(record)} for record in chosen], columns=_STREAM_COLUMNS)


def detector_table(records: Sequence[Record]) -> pd.DataFrame:
    """Return faces found, false boxes and detection time for each detector and set of pictures."""
    rows = []
    for record in records:
        if record["config"]["kind"] in ("detect", "thorough"):
            rows += _detector_rows(record)
    return pd.DataFrame(rows, columns=_DETECTOR_COLUMNS)


def faces_table(records: Sequence[Record]) -> pd.DataFrame:
    """Return the milliseconds to recognize one cropped face on one core, for each model."""
    rows = []
    for record in (record for record in records if record["config"]["kind"] == "faces"):
        times = [value for done in _done(record) for value in done["latencies_ms"]]
        rows.append({**_head(record), "n": len(times) or None, **_percentiles(times)})
    return pd.DataFrame(rows, columns=["model", "status", "reason", "n", "ms_median", "ms_p90", "ms_p99"])


def start_table(records: Sequence[Record]) -> pd.DataFrame:
    """Return the seconds from the start of the process to a loaded recognizer and to the first prediction."""
    rows = []
    for record in (record for record in records if record["config"]["kind"] == "start"):
        done = _done(record)
        rows.append(
            {
                **_head(record),
                "ready_s": _median_at(record, "ready"),
                "predicted_s": _median_at(record, "predicted"),
                "imported": " ".join(sorted({name for each in done for name in each["heavy"]})) if done else None,
                "peak_rss_mib": _largest(done, "peak_rss_bytes", MEBIBYTE),
            }
        )
    columns = ["model", "status", "reason", "ready_s", "predicted_s", "imported", "peak_rss_mib"]
    return pd.DataFrame(rows, columns=columns)


def soak_table(records: Sequence[Record]) -> pd.DataFrame:
    """Return the samples of the long run: frames, seconds, memory, threads, open files."""
    samples = [
        line
        for record in records
        if record["config"]["kind"] == "soak"
        for line in record["rounds"][-1]["lines"]
        if line["event"] == "sample"
    ]
    rows = [{**line, "rss_mib": line["rss_bytes"] / MEBIBYTE} for line in samples]
    return pd.DataFrame(rows, columns=["frames", "seconds", "rss_mib", "threads", "fds"])


def soak_verdict(samples: pd.DataFrame) -> dict[str, Any] | None:
    """Return memory growth after warm-up in MiB and the ranges of threads and open files; None with too few samples."""
    if len(samples) < LEAST_SAMPLES:
        return None
    after = samples.iloc[max(1, round(WARMUP_SHARE * len(samples))) - 1 :]
    return {
        "frames": int(samples["frames"].iloc[-1]),
        "warmup_frames": int(after["frames"].iloc[0]),
        "seconds": float(samples["seconds"].iloc[-1]),
        "growth_mib": float(after["rss_mib"].max() - after["rss_mib"].iloc[0]),
        "threads": (int(after["threads"].min()), int(after["threads"].max())),
        "fds": None if after["fds"].isna().any() else (int(after["fds"].min()), int(after["fds"].max())),
    }


def beside_fer(records: Sequence[Record]) -> pd.DataFrame:
    """Compare ferbench with ``fer`` on the same video in the same run; the ratio is the median over the rounds."""
    known = {record["config"]["scene"]: record for record in records if record["config"]["kind"] == "fer"}
    rows = []
    for record in records:
        config, fer = record["config"], known.get(record["config"]["scene"])
        wanted = config["kind"] == "stream" and (config["default"] or config["detect_every"] == "1")
        if fer is not None and wanted and record["session"] == fer["session"]:
            rows.append({**_head(record), **_pair(record, fer)})
    columns = ["scene", "detector", "model", "detect_every", "fps", "fer_fps", "ratio", "ratio_low", "ratio_high"]
    return pd.DataFrame(rows, columns=[*columns, "face_share", "fer_face_share"])


def match(boxes: Sequence[Sequence[float]], truths: Sequence[Sequence[float]]) -> tuple[int, int]:
    """Count faces matched by a box, and boxes that match no face; each box and each face counts once."""
    left = list(truths)
    found = 0
    for box in boxes:
        hit = next((truth for truth in left if _fits(box, truth)), None)
        if hit is not None:
            left.remove(hit)
            found += 1
    return found, len(boxes) - found


def _fits(box: Sequence[float], truth: Sequence[float]) -> bool:
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
    inside = truth[0] <= x <= truth[0] + truth[2] and truth[1] <= y <= truth[1] + truth[3]
    return inside and 1 / SIDE_FACTOR <= max(box[2:4]) / max(truth[2:4]) <= SIDE_FACTOR


def _with_current_name(record: Record) -> Record:
    model = measured_bundle(record["config"]["model"], record["session"])
    return {**record, "config": {**record["config"], "model": model}}


def _head(record: Record) -> dict[str, Any]:
    config = record["config"]
    names = ("kind", "scene", "detector", "model", "detect_every", "default")
    return {**{name: config[name] for name in names}, **{name: record[name] for name in ("status", "reason")}}


def _done(record: Record) -> list[Record]:
    """Return the final line of each round; nothing for a failed record."""
    if record["status"] != "ok":
        return []
    return [line for each in record["rounds"] for line in each["lines"] if line["event"] == "done"]


def _stream_figures(record: Record) -> dict[str, Any]:
    done = _done(record)
    if not done:
        return {}
    fps = [each["frames"] / each["seconds"] for each in done]
    frames = sum(each["frames"] for each in done)
    return {
        "rounds": len(done),
        "frames": frames,
        "fps": float(np.median(fps)),
        "fps_low": min(fps),
        "fps_high": max(fps),
        **_percentiles([value for each in done for value in each["latencies_ms"]]),
        "face_share": sum(each["frames_with_face"] for each in done) / frames,
        "faces_per_frame": sum(each["faces"] for each in done) / frames,
        "searched_share": sum(each["searches"] for each in done) / frames if "searches" in done[0] else None,
        "cpu_share": float(np.median([each["cpu_s"] / each["seconds"] / each["cores"] for each in done])),
        "peak_rss_mib": _largest(done, "peak_rss_bytes", MEBIBYTE),
        "threads": _largest(done, "threads", 1),
    }


def _detector_rows(record: Record) -> list[Record]:
    if record["status"] != "ok":
        return [_head(record)]
    images = [line for each in record["rounds"] for line in each["lines"] if line["event"] == "image"]
    groups = sorted({image["group"] or "" for image in images}, key=lambda name: [int(n) for n in name.split("-") if n])
    return [
        {**_head(record), **_search_figures([image for image in images if (image["group"] or "") == group], group)}
        for group in groups
    ]


def _search_figures(images: list[Record], group: str) -> dict[str, Any]:
    """Count the first box as the face if the one face of a frame is not annotated."""
    counts = [
        (min(1, len(image["boxes"])), max(0, len(image["boxes"]) - 1))
        if image["truth"] is None
        else match(image["boxes"], image["truth"])
        for image in images
    ]
    faces = sum(1 if image["truth"] is None else len(image["truth"]) for image in images)
    found = sum(count[0] for count in counts)
    n_faces, _, width = group.partition("-")
    return {
        "group_of": n_faces or None,
        "width": width or None,
        "images": len(images),
        "faces": faces,
        "found": found,
        "recall": found / faces,
        "false_boxes": sum(count[1] for count in counts),
        **_percentiles([image["ms"] for image in images]),
    }


def _pair(record: Record, fer: Record) -> dict[str, Any]:
    ours, theirs = _stream_figures(record), _stream_figures(fer)
    pairs = zip(_done(record), _done(fer), strict=False)
    ratios = [(a["frames"] / a["seconds"]) / (b["frames"] / b["seconds"]) for a, b in pairs]
    spread = [float(np.median(ratios)), min(ratios), max(ratios)] if ratios else [None] * 3
    return {
        "fps": ours.get("fps"),
        "fer_fps": theirs.get("fps"),
        **dict(zip(("ratio", "ratio_low", "ratio_high"), spread, strict=True)),
        "face_share": ours.get("face_share"),
        "fer_face_share": theirs.get("face_share"),
    }


def _percentiles(milliseconds: list[float]) -> dict[str, float | None]:
    return {f"ms_{name}": value for name, value in latency_summary(milliseconds).items()} if milliseconds else {}


def _median_at(record: Record, event: str) -> float | None:
    if record["status"] != "ok":
        return None
    times = [line["at_s"] for each in record["rounds"] for line in each["lines"] if line["event"] == event]
    return float(np.median(times)) if times else None


def _largest(done: Sequence[Record], key: str, unit: float) -> float | None:
    values = [each[key] for each in done if each.get(key) is not None]
    return max(values) / unit if values else None


_STREAM_COLUMNS = [
    "kind",
    "scene",
    "detector",
    "model",
    "detect_every",
    "default",
    "status",
    "reason",
    "rounds",
    "frames",
    "fps",
    "fps_low",
    "fps_high",
    "ms_median",
    "ms_p90",
    "ms_p99",
    "face_share",
    "faces_per_frame",
    "searched_share",
    "cpu_share",
    "peak_rss_mib",
    "threads",
]
_DETECTOR_COLUMNS = [
    "detector",
    "kind",
    "scene",
    "group_of",
    "width",
    "status",
    "reason",
    "images",
    "faces",
    "found",
    "recall",
    "false_boxes",
    "ms_median",
    "ms_p90",
    "ms_p99",
]
