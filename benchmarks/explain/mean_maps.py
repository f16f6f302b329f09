"""Mean maps of each label over a data set: what may be published, since no single face is in it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ferbench.benchmarks.explain.class_activation import ClassActivation
from ferbench.benchmarks.explain.occlusion import occlusion_maps
from ferbench.benchmarks.explain.regions import REGIONS, shares_of
from ferbench.benchmarks.explain.views import SIDE, heat_on
from ferbench.benchmarks.store import environment
from ferbench.benchmarks.stress import StressData, check_labels, describe_bundle
from ferbench.benchmarks.tables import (
    label_sheet,
    markdown_page,
    markdown_table,
    number_text,
    write_csv,
    write_png,
    write_text,
)
from ferbench.models import LoadedBundle

SCHEMA = 1
# An average of fewer faces could reveal a person.
MIN_FACES = 25
_LEFT, _TOP = 150, 26
_HOW = """\
For each image the maps of its own label are taken and averaged over the images of that label. *Occlusion*: how much the
probability falls when the surroundings of a place are covered with gray. *Grad-CAM*: where the last feature maps speak
for the label. The pictures lie on the mean face of the label; each is colored up to its own maximum. The table says
which share of the positive part of the mean map lies in each region, divided by the region's share of the image: 1 is
chance.
"""


@dataclass(frozen=True, eq=False)
class MeanMaps:
    """Mean maps of one recognizer and one method.

    Attributes
    ----------
    name, method : str
        Recognizer, and ``occlusion`` or ``Grad-CAM``.
    maps : mapping of str to ndarray of shape (height, width)
        By label.
    """

    name: str
    method: str
    maps: Mapping[str, NDArray[np.float64]]


def mean_maps(
    bundles: Mapping[str, LoadedBundle], data: StressData, *, on_step: Callable[[str], None] = lambda text: None
) -> tuple[list[MeanMaps], dict[str, str]]:
    """Average the maps of each label.

    Parameters
    ----------
    bundles : mapping of str to LoadedBundle
    data : StressData
        Images of the bundles' size.
    on_step : callable
        Called before each recognizer.

    Returns
    -------
    list of MeanMaps and dict of str to str
        The maps, and why a recognizer has no Grad-CAM.

    Raises
    ------
    ValueError
        If a label has fewer than 25 images: their mean could show a person; or a recognizer takes images of another
        size or does not know a label. Nothing is measured then.
    """
    names, counts = np.unique(data.labels, return_counts=True)
    if counts.min() < MIN_FACES:
        raise ValueError(
            f"{names[counts.argmin()]} has {counts.min()} images in {data.split}; a mean of fewer than {MIN_FACES} "
            "faces could show a person: use more images"
        )
    for name, bundle in bundles.items():
        if data.images.shape[1:] != bundle.image_shape:
            raise ValueError(f"{name} takes images of {bundle.image_shape}; got {data.images.shape[1:]}")
        check_labels(name, bundle, data)
    found, without = [], {}
    # A published map does not change if a calibration is added to a bundle.
    for name, bundle in {name: bundle.without_calibration() for name, bundle in bundles.items()}.items():
        on_step(name)
        columns = np.array([bundle.classes_.tolist().index(str(label)) for label in data.labels])
        found.append(MeanMaps(name, "occlusion", _by_label(occlusion_maps(bundle, data.images, columns), data)))
        try:
            found.append(
                MeanMaps(name, "Grad-CAM", _by_label(ClassActivation(bundle).maps(data.images, columns), data))
            )
        except (ValueError, ImportError) as error:
            without[name] = str(error)
    return found, without


def region_shares(maps: list[MeanMaps], data: StressData) -> pd.DataFrame:
    """Share of the positive part of each mean map in a region of the face, by the region's share of the image.

    Returns
    -------
    DataFrame
        Columns ``recognizer, method, label`` and one for each region.
    """
    rows = []
    for each in maps:
        for label, values in each.maps.items():
            shares = shares_of(values, data.landmarks[data.labels == label].mean(axis=0))
            rows.append({"recognizer": each.name, "method": each.method, "label": label, **shares})
    return pd.DataFrame(rows)


def write_mean_maps(
    bundles: Mapping[str, LoadedBundle], data: StressData, folder: Path, *, on_step: Callable[[str], None] = print
) -> str:
    """Write ``explain.md``, ``maps.png``, ``regions.csv`` and ``explain.json``; returns a summary for a terminal."""
    folder.mkdir(parents=True, exist_ok=True)
    maps, without = mean_maps(bundles, data, on_step=on_step)
    table = region_shares(maps, data)
    write_csv(table, folder / "regions.csv")
    write_png(_sheet(maps, data), folder / "maps.png")
    record: dict[str, Any] = {
        **{"schema": SCHEMA, "dataset": data.about(), "environment": environment()},
        "recognizers": {name: describe_bundle(bundle) for name, bundle in bundles.items()},
        "without_grad_cam": without,
    }
    write_text(folder / "explain.json", json.dumps(record, indent=1, sort_keys=True) + "\n")
    means = table.groupby(["recognizer", "method"], sort=False)[list(REGIONS)].mean().reset_index()
    write_text(folder / "explain.md", _page(means, without, data))
    return str(means.to_string(index=False, float_format=lambda value: f"{value:.2f}"))


def _by_label(maps: NDArray[np.float64], data: StressData) -> dict[str, NDArray[np.float64]]:
    return {str(label): maps[data.labels == label].mean(axis=0) for label in np.unique(data.labels)}


def _sheet(maps: list[MeanMaps], data: StressData) -> NDArray[np.uint8]:
    """One row for each recognizer and method, one column for each label."""
    labels, side = list(maps[0].maps), SIDE // 2
    sheet = np.full((_TOP + len(maps) * side, _LEFT + len(labels) * side, 3), 255, np.uint8)
    for column, label in enumerate(labels):
        label_sheet(sheet, label, _LEFT + column * side + 4, 17)
        face = np.rint(data.images[data.labels == label].mean(axis=0)).astype(np.uint8)
        for row, each in enumerate(maps):
            picture = heat_on(face, each.maps[label], float(np.abs(each.maps[label]).max()))
            top, left = _TOP + row * side, _LEFT + column * side
            sheet[top : top + side - 2, left : left + side - 2] = cv2.resize(picture, (side - 2, side - 2))
    for row, each in enumerate(maps):
        for line, text in enumerate((each.name, each.method)):
            label_sheet(sheet, text, 6, _TOP + row * side + side // 2 + 18 * line)
    return sheet


def _page(means: pd.DataFrame, without: Mapping[str, str], data: StressData) -> str:
    drawn = "drawn, not real faces; " if data.drawn else ""
    start = f"{len(data.images):,} images of {data.name} ({drawn}{data.split}), fingerprint `{data.fingerprint[:12]}`."
    rows = [
        [row["recognizer"], row["method"], *(number_text(row[name], 2) for name in REGIONS)]
        for row in means.to_dict("records")
    ]
    lacking = "\n".join(f"- {text}." for text in without.values())
    sections = [
        ("Where the maps lie", markdown_table(("recognizer", "method", *REGIONS), rows, n_text=2), ()),
        ("Mean maps by label", "One row for each recognizer and method.", ("maps",)),
        ("Without Grad-CAM", lacking, ()),
    ]
    end = "Written by `ferbench explain --source`. It holds averages only."
    return markdown_page(["# What the recognizers look at", start, _HOW.strip()], sections, ("maps",), end)
