"""Show the mean maps that lie beside some results: pictures for the page, and their numbers as a table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ferbench.benchmarks import tables
from ferbench.benchmarks.explain import REGIONS, StoredMaps, heat_on

# Limits that keep the page small: further recognizers are in the CSV file only.
_MOST_SHOWN, _SIDE = 3, 64
_UNITS = {"occlusion": "fall of the probability when covered", "Grad-CAM": "score before the softmax"}


def maps_table(maps: Sequence[StoredMaps]) -> pd.DataFrame | None:
    """Return one row for each recognizer, method and label; None without maps.

    Returns
    -------
    DataFrame or None
        Columns ``recognizer, method, label, images, largest``, one for each region, ``split, sha256``.
    """
    rows = [
        {**row, "split": each.about["dataset"]["split"], "sha256": each.about["recognizer"]["sha256"]}
        for each in maps
        for row in each.rows()
    ]
    return pd.DataFrame(rows) if rows else None


def maps_for_page(maps: Sequence[StoredMaps]) -> dict[str, Any]:
    """Return plain values for the template."""
    shown = [
        {"name": each.name, "about": _about(each), "methods": [_method(each, name) for name in each.maps]}
        for each in maps[:_MOST_SHOWN]
    ]
    return {"maps": shown, "regions": list(REGIONS), "maps_left_out": [each.name for each in maps[_MOST_SHOWN:]]}


def _about(each: StoredMaps) -> str:
    dataset, sample = each.about["dataset"], each.about["sample"]
    n, of = dataset["n_images"], dataset["n_split"]
    which = f"all {n:,} images"
    if sample is not None:
        which = f"{n:,} of {of:,} images (at most {sample['per_label']:,} of each label, seed {sample['seed']})"
    recognizer = each.about["recognizer"]
    return f"Recipe {recognizer['recipe']}, checksum {recognizer['sha256'][:12]}, {which} of {dataset['split']}"


def _method(each: StoredMaps, name: str) -> dict[str, Any]:
    """One picture for each label, all in one color scale, with the numbers behind it."""
    values = each.maps[name]
    limit = float(np.abs(values).max())
    rows = [row for row in each.rows() if row["method"] == name]
    pictures = [
        {
            "uri": tables.picture_url(heat_on(face, value, limit, min(_SIDE, max(face.shape)))),
            "alt": f"Mean face of {row['images']:,} images labeled {row['label']}, colored by {name}{_where(row)}",
            "label": row["label"],
        }
        for face, value, row in zip(each.faces, values, rows, strict=True)
    ]
    return {
        "name": name,
        "unit": _UNITS.get(name, ""),
        "limit": limit,
        "two_sided": bool((values < 0).any()),
        "pictures": pictures,
        "rows": rows,
    }


def _where(row: dict[str, Any]) -> str:
    """Name the region with the largest share; nothing for a map that is nowhere positive."""
    shares = {name: row[name] for name in REGIONS if not np.isnan(row[name])}
    return f"; strongest in the region {max(shares, key=lambda name: shares[name])}" if shares else ""
