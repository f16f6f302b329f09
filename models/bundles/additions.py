"""Add scores and a calibration to the description of a bundle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench.models.bundles.description import TASK, read_description, write_description


def add_scores(path: Path, scores: Mapping[str, Any]) -> None:
    """Add figures of further splits to what a bundle says of itself, before it is published."""
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
