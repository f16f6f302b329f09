"""Turn counts of right answers into accuracy, corruption errors, and the side that breaks first."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ferbench.benchmarks.scores import wilson_interval
from ferbench.benchmarks.stress.corruptions import CORRUPTIONS, SEVERITIES
from ferbench.benchmarks.tables import listed

Record = dict[str, Any]
SIDES = ("classical", "deep")
# A recognizer is broken where it has lost half of what it knew more than the most common label.
BROKEN = 0.5


def accuracy_table(records: Sequence[Record]) -> pd.DataFrame:
    """Accuracy of each recognizer for each corruption and severity, with its 95 % interval; severity 0 is clean.

    Returns
    -------
    DataFrame
        Columns ``recognizer, side, corruption, severity, n_images, accuracy, accuracy_low, accuracy_high, kept``.
        ``kept`` is the share left of the distance to the most common label (1 is clean, 0 no better than it).
    """
    rows = []
    for record in records:
        n, floor = record["dataset"]["n_images"], record["most_common"] / record["dataset"]["n_images"]
        clean = record["right_clean"] / n
        counts = [("clean", 0, record["right_clean"])]
        counts += [
            (kind, severity, right)
            for kind, each in record["right"].items()
            for severity, right in zip(SEVERITIES, each, strict=True)
        ]
        for kind, severity, right in counts:
            low, high = map(float, wilson_interval(right / n, n))
            kept = (right / n - floor) / (clean - floor) if clean > floor else np.nan
            rows.append(
                {
                    "recognizer": record["name"],
                    "side": record["recognizer"]["side"],
                    "corruption": kind,
                    "severity": severity,
                    "n_images": n,
                    "accuracy": right / n,
                    "accuracy_low": low,
                    "accuracy_high": high,
                    "kept": kept,
                }
            )
    return pd.DataFrame(rows)


def corruption_errors(records: Sequence[Record], reference: str) -> pd.DataFrame:
    """Corruption error of each recognizer and corruption, and their mean, normalized by a reference recognizer.

    ``ce`` is the sum of the error over the severities divided by that of the reference. ``relative_ce`` is the
    same for the error beyond the clean one (Hendrycks and Dietterich, ICLR 2019). The row ``mean`` holds mCE
    and relative mCE. Below 1 is more robust than the reference. Where that loses nothing, ``relative_ce`` is blank.

    Parameters
    ----------
    records : sequence of dict
    reference : str
        Name of one of the recognizers.

    Returns
    -------
    DataFrame
        Columns ``recognizer, side, corruption, error, ce, relative_ce``; ``error`` is the mean over the severities.

    Raises
    ------
    ValueError
        If the reference is none of the recognizers.
    """
    errors = {record["name"]: _errors(record) for record in records}
    if reference not in errors:
        raise ValueError(f"reference {reference!r} was not measured; expected one of {', '.join(errors)}")
    base_clean, base = errors[reference]
    rows = []
    for record in records:
        clean, own = errors[record["name"]]
        for kind, each in own.items():
            beyond = float((base[kind] - base_clean).sum())
            rows.append(
                {
                    "recognizer": record["name"],
                    "side": record["recognizer"]["side"],
                    "corruption": kind,
                    "error": float(each.mean()),
                    "ce": _ratio(each.sum(), base[kind].sum()),
                    "relative_ce": _ratio((each - clean).sum(), beyond) if beyond > 0 else np.nan,
                }
            )
    table = pd.DataFrame(rows)
    means = table.groupby(["recognizer", "side"], sort=False)[["error", "ce", "relative_ce"]].mean().reset_index()
    return pd.concat([table, means.assign(corruption="mean")[table.columns]], ignore_index=True)


def breaking_points(table: pd.DataFrame) -> pd.DataFrame:
    """The first severity at which each side is broken: the mean of ``kept`` over its recognizers falls below half.

    Returns
    -------
    DataFrame
        One row per corruption: ``classical, deep`` (severity, or NaN where it holds to the end), and ``first``: the
        side that breaks first, by severity and, at the same one, ``same``; ``neither``; or blank with one side only.
    """
    corrupted = table[table["severity"] > 0].dropna(subset="kept")
    kept = corrupted.groupby(["corruption", "side", "severity"], sort=False)["kept"].mean()
    rows = []
    for kind in corrupted["corruption"].unique():
        found = {side: _first_below(kept, kind, side) for side in SIDES}
        rows.append({"corruption": kind, **found, "first": _first(found, set(corrupted["side"]))})
    return pd.DataFrame(rows, columns=["corruption", *SIDES, "first"])


def verdict(points: pd.DataFrame) -> str:
    """Return a sentence on which side loses accuracy first."""
    if not (points["first"] != "").any():
        return "Only one side was measured, so that the sides cannot be compared."
    by = {name: list(map(_in_text, points.loc[points["first"] == name, "corruption"])) for name in points["first"]}
    lines = [f"{text} {listed(by[name])}." for name, text in _TEXTS.items() if name in by]
    counts = {side: len(by.get(side, ())) for side in SIDES}
    more, less = sorted(SIDES, key=lambda side: -counts[side])
    most = f"{counts[more]} of {len(points)} corruptions"
    if counts[more] == counts[less]:
        return " ".join([f"Neither side breaks first more often: {most} each.", *lines])
    return " ".join([f"The {more} side breaks first more often: {most}, the {less} {counts[less]}.", *lines])


_TEXTS = {
    "classical": "The classical side breaks first under",
    "deep": "The deep side breaks first under",
    "same": "Both break at the same severity under",
    "neither": "Neither breaks under",
}


def _in_text(kind: str) -> str:
    title = CORRUPTIONS[kind].title
    return title if title.isupper() or title.startswith("Gaussian") else title.lower()


def _errors(record: Record) -> tuple[float, Mapping[str, NDArray[np.float64]]]:
    n = record["dataset"]["n_images"]
    return 1 - record["right_clean"] / n, {kind: 1 - np.array(each) / n for kind, each in record["right"].items()}


def _first_below(kept: pd.Series, kind: str, side: str) -> float:
    below = [
        severity
        for severity in SEVERITIES
        if (kind, side, severity) in kept.index and kept.loc[(kind, side, severity)] < BROKEN
    ]
    return float(below[0]) if below else np.nan


def _first(found: Mapping[str, float], measured: set[str]) -> str:
    if measured != set(SIDES):
        return ""
    classical, deep = (np.inf if np.isnan(found[side]) else found[side] for side in SIDES)
    if classical == deep:
        return "neither" if np.isinf(deep) else "same"
    return "classical" if classical < deep else "deep"


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below else np.nan
