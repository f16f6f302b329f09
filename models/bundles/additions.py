"""Add scores and a calibration to the description of a bundle."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench.models.bundles.description import TASK, check_description, digest, read_description


def add_scores(path: Path, scores: Mapping[str, Any]) -> None:
    """Add figures of further splits to what a bundle says of itself, before it is published."""
    description = read_description(path)
    _rewrite(path, {**description, "scores": {**description.get("scores", {}), **scores}})


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
    _rewrite(path, {**description, "calibration": dict(calibration)})


def _rewrite(path: Path, description: dict[str, Any]) -> None:
    check_description(description)
    description["sha256"] = digest(description)
    (path / "bundle.json").write_text(json.dumps(description, indent=1, sort_keys=True) + "\n")
