"""Folders and files: the cache, the results, and YuNet's file."""

import tempfile
from pathlib import Path

from ferbench import utils
from ferbench.cli.doctor.check import Check
from ferbench.realtime import detection


def check_cache() -> Check:
    """Look at the cache folder: where it is, how large, and whether it can be written."""
    folder = utils.cache_dir()
    size = _size(folder)
    shown = f"{folder}, {size / 1e6:,.1f} MB"
    if reason := _why_not_written(folder):
        return Check(
            "cache", "problem", f"{folder}: {reason}", "set FERBENCH_CACHE to a folder of yours", required=True
        )
    return Check("cache", "ok", shown if folder.is_dir() else f"{folder}, not made yet", required=True)


def check_results(folder: Path) -> Check:
    """Look whether results can be written."""
    place = folder.resolve()
    if reason := _why_not_written(place):
        return Check("results", "problem", f"{place}: {reason}", "give --output a folder of yours", required=True)
    return Check("results", "ok", f"{place}, {'can be written' if place.is_dir() else 'can be made'}", required=True)


def check_yunet() -> Check:
    """Look at the file of the default face detector; nothing is downloaded."""
    file, state = detection.cached_model(), detection.state_of_cached_model()
    if state == "ok":
        return Check("YuNet's file", "ok", str(file))
    if state == "missing":
        remedy = "is downloaded at the first use (0.2 MB); without a network: --detector haar"
        return Check("YuNet's file", "missing", f"{file}: not there yet", remedy)
    remedy = "remove it, and it is downloaded again; or give --detector yunet:PATH"
    return Check("YuNet's file", "problem", f"{file}: wrong size or SHA-256", remedy)


def _size(folder: Path) -> int:
    """Bytes of all files; what other processes remove meanwhile counts as nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def _why_not_written(folder: Path) -> str:
    """Write a file into the folder, or into the nearest one above that exists; empty where that works."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"ferbench")
    except OSError as error:
        return error.strerror or str(error)
    return ""
