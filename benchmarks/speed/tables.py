"""Make the tables of the speed benchmark from its records."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ferbench.benchmarks.speed.plans import extrapolate, growth
from ferbench.benchmarks.tables import read_runs

Record = dict[str, Any]


def read_records(folder: Path) -> list[Record]:
    """Read all records of a results folder.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    records = read_runs(folder, "measure-speed")
    return sorted(
        records, key=lambda each: (each["config"]["kind"], each["config"]["name"], each["config"]["n_images"])
    )


def extractor_table(records: Sequence[Record]) -> pd.DataFrame:
    """Return images per second, fit time and number of columns of each extractor."""
    rows = [
        {
            "extractor": record["config"]["name"],
            "status": record["status"],
            "reason": record["reason"],
            "images_per_s": record.get("images_per_s"),
            "fit_s": (record.get("seconds") or {}).get("fit"),
            "n_features": record.get("n_features"),
            "n_images": record["config"]["n_images"],
        }
        for record in records
        if record["config"]["kind"] == "extract"
    ]
    columns = ["extractor", "status", "reason", "images_per_s", "fit_s", "n_features", "n_images"]
    return pd.DataFrame(rows, columns=columns).sort_values("images_per_s", ascending=False, ignore_index=True)


def classifier_table(records: Sequence[Record], kind: str = "fit") -> pd.DataFrame:
    """Return fit and predict time of each classifier at each size; blank with a reason if not measured."""
    rows = []
    for record in (each for each in records if each["config"]["kind"] == kind):
        seconds = record.get("seconds") or {}
        n_predicted = record.get("n_predicted")
        rows.append(
            {
                "classifier": record["config"]["name"],
                "n_images": record["config"]["n_images"],
                "status": record["status"],
                "reason": record["reason"],
                "fit_s": seconds.get("fit"),
                "predict_s": seconds.get("predict"),
                "predict_ms_per_image": 1000 * seconds["predict"] / n_predicted if n_predicted else None,
                **{key: record.get(key) for key in ("images_per_s", "peak_memory_bytes", "implementation")},
            }
        )
    columns = [
        "classifier",
        "n_images",
        "status",
        "reason",
        "fit_s",
        "predict_s",
        "predict_ms_per_image",
        "images_per_s",
        "peak_memory_bytes",
        "implementation",
    ]
    return pd.DataFrame(rows, columns=columns)


def plain_table(records: Sequence[Record], n_training: int = 28709, n_predicted: int = 7178) -> pd.DataFrame:
    """Compare plain and ferbench implementations of HOG with each classifier on all of FER2013.

    The times include extraction, fit and prediction. Missing sizes are extrapolated with the exponent of the two
    largest measured sizes (at least 1); ``plain_measured_to`` and ``ours_measured_to`` give the largest measured size.
    The last row is the sum over the cells that both implementations have.
    """
    extract = extractor_table(records).set_index("extractor")["images_per_s"].get("hog")
    ours, plain = classifier_table(records), classifier_table(records, "plain")
    rows: list[dict[str, Any]] = []
    for name in sorted(set(plain["classifier"])):
        theirs = _whole(plain[plain["classifier"] == name], None, n_training, n_predicted)
        own = _whole(ours[ours["classifier"] == name], extract, n_training, n_predicted)
        if theirs is None or own is None:
            continue
        rows.append(
            {
                "cell": f"hog+{name}",
                **{f"plain_{key}": value for key, value in theirs.items()},
                **{f"ours_{key}": value for key, value in own.items()},
                "ratio": float(theirs["s"] or 0) / float(own["s"] or 1),
            }
        )
    if len(rows) > 1:
        total = {side: sum(row[f"{side}_s"] for row in rows) for side in ("plain", "ours")}
        rows.append(
            {
                "cell": "all of these",
                "plain_s": total["plain"],
                "ours_s": total["ours"],
                "ratio": total["plain"] / total["ours"],
            }
        )
    columns = [
        "cell",
        *(f"plain_{key}" for key in _WHOLE),
        *(f"ours_{key}" for key in _WHOLE),
        "ratio",
    ]
    return pd.DataFrame(rows, columns=columns)


_WHOLE = ("s", "extract_s", "fit_s", "predict_s", "growth", "measured_to")


def _whole(
    rows: pd.DataFrame, images_per_s: float | None, n_training: int, n_predicted: int
) -> dict[str, float | None] | None:
    """Return the seconds of a whole cell at full size; None if they can be neither measured nor extrapolated."""
    rows = rows[rows["status"] == "ok"].sort_values("n_images")
    rate = images_per_s if images_per_s is not None else rows["images_per_s"].median()
    known = len(rows) > 1 or n_training in set(rows["n_images"])
    if not known or rate is None or pd.isna(rate):
        return None
    sizes, fits = rows["n_images"].tolist(), rows["fit_s"].tolist()
    fit_s = extrapolate(sizes, fits, n_training)
    each = extrapolate_predict(sizes, rows["predict_ms_per_image"].tolist(), n_training)
    assert fit_s is not None
    extract_s, predict_s = (n_training + n_predicted) / rate, each / 1000 * n_predicted
    return {
        "s": extract_s + fit_s + predict_s,
        "extract_s": extract_s,
        "fit_s": fit_s,
        "predict_s": predict_s,
        "growth": growth(sizes, fits),
        "measured_to": max(sizes),
    }


def extrapolate_predict(sizes: Sequence[float], milliseconds: Sequence[float], n: float) -> float:
    """Return the expected time per prediction after a fit on `n` images, with the measured growth."""
    known = dict(zip(sizes, milliseconds, strict=True))
    if n in known:
        return known[n]
    largest = max(known)
    exponent = growth(sizes, milliseconds)
    return known[largest] * (n / largest) ** min(max(exponent or 0.0, 0.0), 1.0)
