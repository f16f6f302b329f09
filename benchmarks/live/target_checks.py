"""Compare the measured values of the live system with its targets."""

from typing import Any

import pandas as pd

from ferbench.benchmarks.live.displays import TARGET_FPS
from ferbench.benchmarks.live.tables import soak_verdict

P90_MS, FACE_P90_MS, READY_S, TIMES_FER, GROWTH_MIB = 25.0, 2.0, 1.5, 5.0, 10.0


def targets(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row per target: expected value, measured value, and whether it is met; blank if not measured.

    Parameters
    ----------
    tables : dict of str to DataFrame
        The tables of :mod:`ferbench.benchmarks.live.tables`, by file name.
    """
    rows = [
        *_streams(tables["streams"]),
        *_face(tables["faces"], tables["streams"]),
        *_start(tables["start"], tables["streams"]),
        *_fer(tables["beside_fer"]),
        *_soak(tables["soak"]),
    ]
    return pd.DataFrame(rows, columns=["target", "expected", "measured", "met"])


def _row(target: str, expected: str, value: Any, form: str, met: bool) -> dict[str, Any]:
    if value is None or pd.isna(value):
        return {"target": target, "expected": expected, "measured": None, "met": None}
    return {"target": target, "expected": expected, "measured": format(value, form), "met": "yes" if met else "no"}


def _streams(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    chosen = table[(table["kind"] == "stream") & table["default"].astype(bool)]
    for row in chosen.to_dict("records"):
        scene = str(row["scene"])
        if scene in TARGET_FPS:
            least = TARGET_FPS[scene]
            rows.append(_row(f"frames/s, {scene}", f"at least {least:.0f}", row["fps"], ".1f", row["fps"] >= least))
            rows.append(
                _row(f"p90 latency, {scene}", f"under {P90_MS:.0f} ms", row["ms_p90"], ".2f", row["ms_p90"] < P90_MS)
            )
    return rows


def _default_model(streams: pd.DataFrame) -> Any:
    names = streams.loc[streams["default"].astype(bool), "model"]
    return names.iloc[0] if len(names) else None


def _of_default(table: pd.DataFrame, streams: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return the rows of the default model, or all rows if no video was measured, as only videos name the default."""
    name = _default_model(streams)
    return (table if name is None else table[table["model"] == name]).to_dict("records")


def _face(table: pd.DataFrame, streams: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        _row(
            f"p90 of one face, {row['model']}",
            f"under {FACE_P90_MS:.0f} ms",
            row["ms_p90"],
            ".2f",
            row["ms_p90"] < FACE_P90_MS,
        )
        for row in _of_default(table, streams)
    ]


def _start(table: pd.DataFrame, streams: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        _row(
            f"ready to predict, {row['model']}",
            f"under {READY_S} s, no TensorFlow",
            row["ready_s"],
            ".2f",
            row["ready_s"] < READY_S and "tensorflow" not in str(row["imported"]),
        )
        for row in _of_default(table, streams)
    ]


def _fer(table: pd.DataFrame) -> list[dict[str, Any]]:
    chosen = table[(table["scene"] == "640x480") & (table["detect_every"] == "auto")]
    return [
        _row("times as fast as fer, 640x480", f"at least {TIMES_FER:.0f}", ratio, ".1f", ratio >= TIMES_FER)
        for ratio in chosen["ratio"]
    ]


def _soak(samples: pd.DataFrame) -> list[dict[str, Any]]:
    verdict = soak_verdict(samples)
    if verdict is None:
        return []
    growth, threads, fds = verdict["growth_mib"], verdict["threads"], verdict["fds"]
    name = f"{verdict['frames']:,} frames"
    rows = [_row(f"{name}: memory growth", f"under {GROWTH_MIB:.0f} MiB", growth, ".1f", growth < GROWTH_MIB)]
    for what, spread in (("threads", threads), ("open files", fds)):
        if spread is not None:
            rows.append(_row(f"{name}: change in {what}", "0", spread[1] - spread[0], "d", spread[0] == spread[1]))
    return rows
