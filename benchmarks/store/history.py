"""Reconstruct openings of a test split before the ledger was introduced, from the git history.

    python -m ferbench.benchmarks.store.history results/fer2013 > ledger.csv

reads all committed versions of all records (``git log -- results/fer2013/records``). Each distinct prediction file of a
cell is one opening. A record in which only the times changed is not an opening.
"""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ferbench.benchmarks.store.ledger import Opening, family_of
from ferbench.benchmarks.store.store import COMPANIONS

_SPLITS = {"probabilities": "PrivateTest", "errors": "Test"}


def reconstruct(folder: Path) -> list[Opening]:
    """Find the openings in the history of a results folder, oldest first.

    Parameters
    ----------
    folder : Path
        Results folder such as ``results/fer2013``, in a checkout with its whole history.

    Raises
    ------
    ValueError
        If the checkout is shallow, because its history is incomplete.
    """
    if _git(folder, "rev-parse", "--is-shallow-repository") == "true":
        raise ValueError(f"{folder}: the clone is shallow; fetch the whole history first: git fetch --unshallow")
    found: dict[tuple[str, str], Opening] = {}
    for commit, record in _records(folder):
        for name, file in record["files"].items():
            kind = name.partition("/")[0]
            if record["status"] == "ok" and kind in COMPANIONS:
                found.setdefault((record["cell_id"], file["sha256"]), _opening(commit, record, _SPLITS[kind]))
    return sorted(found.values(), key=lambda opening: opening.when)


def leaderboards(folder: Path) -> int:
    """Return the number of committed versions of the leaderboard."""
    return len(_git(folder, "log", "--format=%H", "--", "leaderboard.csv").split())


def main(arguments: list[str]) -> int:
    """Print the ledger of the given folder."""
    writer = csv.DictWriter(sys.stdout, [field.name for field in fields(Opening)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(opening) for opening in reconstruct(Path(arguments[0])))
    return 0


def _records(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for commit in _git(folder, "log", "--format=%H", "--reverse", "--", "records").split():
        changed = ("diff-tree", "--root", "--no-commit-id", "-r", "--diff-filter=AM", "--name-only", "--relative")
        for name in _git(folder, *changed, commit, "--", "records").split("\n"):
            if name.endswith(".json"):
                yield commit, json.loads(_git(folder, "show", f"{commit}:./{name}"))


def _opening(commit: str, record: dict[str, Any], split: str) -> Opening:
    recipe = str(record["recipe"]["name"])
    return Opening(
        when=str(record["finished"]),
        suite=str(record["suite"]),
        recipe=recipe,
        cell_id=str(record["cell_id"]),
        family=family_of(recipe, record["recipe"].get("params") or {}),
        split=split,
        n_images=int(record["dataset"]["counts"][split]),
        commit=commit[:12],
        how="reconstructed",
        note="first committed here",
    )


def _git(folder: Path, *words: str) -> str:
    line = ["git", "-C", str(folder), *words]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
