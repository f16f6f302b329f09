"""Add scores, a calibration and class shares to the description of a bundle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench.models.base import CLASS_SHARES
from ferbench.models.bundles.description import TASK, read_description, write_description


def add_scores(path: Path, scores: Mapping[str, Any]) -> None:
    """Add scores on further splits to the description of a bundle, before it is published."""
    description = read_description(path)
    write_description(path, {**description, "scores": {**description.get("scores", {}), **scores}})


def add_calibration(path: Path, calibration: Mapping[str, Any]) -> None:
    """Add a temperature and a reject threshold to a bundle, which applies them from then on.

    Raises
    ------
    ValueError
        If the bundle finds key points, or a figure is out of its bounds.
    """
    description = read_description(path)
    if description.get("task") == TASK:
        raise ValueError(f"{path} finds key points, which have no probabilities to calibrate")
    write_description(path, {**description, "calibration": dict(calibration)})


def add_class_shares(path: Path, shares: Mapping[str, float]) -> None:
    """Add the shares of the classes in the training data to a bundle that was saved without them.

    Parameters
    ----------
    path : Path
        The bundle's folder.
    shares : mapping of str to float
        Share of each label, with a sum of one; :func:`ferbench.models.base.class_shares` counts them.

    Raises
    ------
    ValueError
        If the labels are not those of the bundle, or the shares are no numbers from 0 to 1 with a sum of one.
    """
    description = read_description(path)
    write_description(path, {**description, CLASS_SHARES: dict(shares)})
