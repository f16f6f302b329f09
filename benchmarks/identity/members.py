"""Compute the checksums of the bundles that a cell depends on: its members and teachers."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ferbench.benchmarks.fit import bundle_names
from ferbench.models import pretrained
from ferbench.models.bundles import file_sha256, read_description, recognizer_sha256


def member_names(recognizer: Any) -> list[str]:
    """Return the names of the bundles in the parameters of an unfitted recognizer, defaults included."""
    return bundle_names({name: value for name, value in recognizer.get_params().items() if value is not None})


def weights_checksum(files: Mapping[str, str]) -> str:
    """Return one checksum for the files of a bundle, from their SHA-256 by name.

    The description ``bundle.json`` is left out, because it also holds scores, which change when a test split is opened.

    Examples
    --------
    >>> weights_checksum({"model.onnx": "ab", "bundle.json": "1"}) == weights_checksum({"model.onnx": "ab"})
    True
    """
    weights = {Path(name).name: digest for name, digest in files.items() if Path(name).name != "bundle.json"}
    return hashlib.sha256(json.dumps(weights, sort_keys=True).encode()).hexdigest()


def bundle_checksum(place: str | Path) -> str | None:
    """Return the checksum of a bundle by its folder, its shipped name or its ``.onnx`` file; None if there is none."""
    path = pretrained().get(str(place), Path(place))
    if path.is_file():
        return file_sha256(path)
    if (path / "bundle.json").is_file():
        return weights_checksum(read_description(path)["files"])
    return None


@cache
def shipped_names() -> Mapping[str, str]:
    """Return the name of each bundle that ships by the checksum of its weights."""
    return {str(bundle_checksum(name)): name for name in reversed(pretrained())}


def recorded_checksum(record: Mapping[str, Any]) -> str | None:
    """Return the checksum of the bundle of a record, from the list of its files; None without a bundle."""
    bundle = record.get("bundle")
    files = {
        name: entry["sha256"] for name, entry in (record.get("files") or {}).items() if name.startswith(f"{bundle}/")
    }
    return weights_checksum(files) if bundle and files else None


def shipped_as(record: Mapping[str, Any]) -> str:
    """Return the name under which exactly the recognizer of a record ships; empty if it does not.

    That is a record whose bundle has the weights of one that ships, and a record that is nothing but such a bundle.
    """
    if own := recorded_checksum(record):
        return shipped_names().get(own, "")
    recipe = record["recipe"]
    members, settings = recipe.get("made_of") or {}, recipe.get("all_params") or {}
    if len(members) != 1 or settings.get("test_time") or settings.get("adapt"):
        return ""
    ((name, checksum),) = members.items()
    shipped = pretrained().get(name)
    return name if shipped and recognizer_sha256(read_description(shipped)) == checksum else ""
