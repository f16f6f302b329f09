"""Write the landing page of a folder that holds the results of several suites."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ferbench.benchmarks.pages.columns import megabytes, milliseconds
from ferbench.benchmarks.pages.missing import NOT_MEASURED
from ferbench.benchmarks.pages.page import render_page
from ferbench.benchmarks.pages.results import protocol_of
from ferbench.benchmarks.store import OFFICIAL
from ferbench.benchmarks.tables import write_text

_TEMPLATES = Path(__file__).parent / "templates"
_DEEPEST = 3
# Endings of what is linked, in this order.
_SHOWN = (".md", ".png", ".csv")
# Score of a task in its leaderboard: column, heading and number of digits.
_SCORES = {"accuracy": ("accuracy", 3), "nme": ("normalized error", 4)}


def suite_folders(root: Path) -> list[Path]:
    """Return the folders below `root` that hold a leaderboard, in the order of their names.

    The folds of a protocol are left out: their table, which has no winner, stands among the other tables.
    """
    found = [
        path.parent
        for depth in range(1, _DEEPEST + 1)
        for path in root.glob("/".join(["*"] * depth) + "/leaderboard.csv")
    ]
    return sorted(folder for folder in found if protocol_of(folder) == OFFICIAL)


def write_landing(root: str | Path) -> Path:
    """Write ``index.html`` with one row for each suite below `root`, from the leaderboards that reports have written.

    Parameters
    ----------
    root : str or Path
        Such as ``results``.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    FileNotFoundError
        If no leaderboard is below `root`.
    ValueError
        If a leaderboard lacks a column; the message names it.
    """
    root = Path(root)
    folders = suite_folders(root)
    if not folders:
        raise FileNotFoundError(
            f"{root}: no leaderboard.csv below it; expected folders of results; run 'ferbench report FOLDER' first"
        )
    suites = [_suite(root, folder) for folder in folders]
    page = root / "index.html"
    write_text(page, render_page(_TEMPLATES, "landing.html.j2", suites=suites, others=_others(root, folders)))
    return page


def _suite(root: Path, folder: Path) -> dict[str, Any]:
    path = folder / "leaderboard.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"recipe", "status", "chosen", "dataset"} <= set(rows[0]):
        raise ValueError(
            f"{path}: expected rows with recipe, status, chosen and dataset; run 'ferbench report {folder}'"
        )
    score = next((name for name in _SCORES if name in rows[0]), "")
    best = next((row for row in rows if row["chosen"] == "True"), None)
    ok = [row for row in rows if row["status"] in ("ok", "derived")]
    return {
        "name": folder.relative_to(root).as_posix(),
        "dataset": rows[0]["dataset"],
        "drawn": rows[0].get("drawn") == "True",
        "score": _SCORES[score][0] if score else "",
        "best": None if best is None else _best(best, score),
        "n": len(ok),
        "unmeasured": (unmeasured := sum(row["status"] == NOT_MEASURED for row in rows)),
        "failed": len(rows) - len(ok) - unmeasured,
        "files": _files(root, folder, ("index.html", "leaderboard.md", "leaderboard.png", "leaderboard.csv")),
    }


def _best(row: Mapping[str, str], score: str) -> dict[str, str]:
    digits = _SCORES[score][1] if score else 3
    # A test split that was not opened leaves the figure of the split on which the best one was chosen.
    shown = score if row.get(score) else f"public_{score}"
    value, low, high = (row.get(f"{shown}{end}") or "" for end in ("", "_low", "_high"))
    ms, size = row.get("latency_ms_p90") or "", row.get("size_bytes") or ""
    return {
        "label": row["recipe"],
        "value": f"{float(value):.{digits}f}" if value else "not opened",
        "split": "" if shown == score or not value else "PublicTest",
        "interval": f"{float(low):.{digits}f}–{float(high):.{digits}f}" if low and high else "",
        "ms": f"{milliseconds(float(ms))} ms" if ms else "",
        "mb": f"{megabytes(float(size))} MB" if size else "",
    }


def _others(root: Path, folders: Iterable[Path]) -> list[dict[str, Any]]:
    """Return the other folders with tables and pictures, such as those of speed and of the live system."""
    inside = {path for folder in folders for path in (folder, *folder.parents)}
    found = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and path not in inside):
        files = sorted(path.name for path in folder.iterdir() if path.suffix in _SHOWN)
        if any(not name.endswith(".png") for name in files):
            texts = sorted(files, key=lambda name: (_SHOWN.index(Path(name).suffix), name))
            found.append({"name": folder.name, "files": _files(root, folder, texts)})
    return found


def _files(root: Path, folder: Path, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return name and relative address of the files that exist."""
    place = folder.relative_to(root).as_posix()
    return [(name, quote(f"{place}/{name}")) for name in names if (folder / name).is_file()]
