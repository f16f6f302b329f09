"""Read and write the ledger, which lists each comparison of a recipe with the labels of a test split."""

import csv
import io
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ferbench.utils import lock_file

LEDGER = "ledger.csv"
# Origins of an opening; the last one is for openings before the ledger was introduced.
HOW = ("run", "score-final", "reconstructed")
# The bundle that recipes of bundles and `deep` use by default.
_SHIPPED = "ferbench-net"
# Recipes that are put together of bundles.
_COMBINED = ("pretrained", "joined", "weight-mean", "ferbench-quality")
_SIZE = re.compile(r"(-(xs|s|m|l|xl))?(-int8)?$")


@dataclass(frozen=True)
class Opening:
    """One comparison of the predictions of a cell with the labels of a test split: a line of the ledger.

    Attributes
    ----------
    when : str
        ISO 8601, UTC.
    suite, recipe, cell_id : str
        The scored cell.
    family : str
        Name under which openings are counted, from :func:`family_of`.
    split : str
        The test split.
    n_images : int
    commit : str
        Version of ferbench: the commit of a checkout, with ``+changed`` if files were edited, or the installed version.
    how : {"run", "score-final", "reconstructed"}
    note : str
    """

    when: str
    suite: str
    recipe: str
    cell_id: str
    family: str
    split: str
    n_images: int
    commit: str
    how: str
    note: str = ""


class Ledger:
    """The openings of the test split of one data set, in an append-only file.

    Parameters
    ----------
    root : str or Path
        The folder of one data set, such as ``results/fer2013``; the file is ``ledger.csv`` in it.

    Examples
    --------
    >>> Ledger("no/such/folder").openings()
    []
    """

    def __init__(self, root: str | Path) -> None:
        self.path = Path(root) / LEDGER

    def append(self, opening: Opening) -> None:
        """Append one line, and wait until it is on disk.

        Raises
        ------
        OSError
            If the line cannot be written. The caller must not open the split then.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+", encoding="utf-8", newline="") as handle:
            # Two runs may score at the same time. The kernel releases the lock when a process ends.
            lock_file(handle)
            text = io.StringIO()
            writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
            if os.fstat(handle.fileno()).st_size == 0:
                writer.writeheader()
            elif not _ends_a_line(handle.fileno()):
                text.write("\n")  # A process died while writing its line; end that line first.
            writer.writerow(asdict(opening))
            handle.write(text.getvalue())
            handle.flush()
            os.fsync(handle.fileno())

    def openings(self) -> list[Opening]:
        """Read all openings in the order of the file; return none if there is no file.

        Families are those of :func:`family_of` today. Lines of an earlier version, which knew fewer recipes of bundles,
        are counted by the same rule, with the shipped bundle as their first one; the file is not edited.

        Raises
        ------
        ValueError
            If a line is damaged; the message names file and line.
        """
        if not self.path.is_file():
            return []
        with self.path.open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle)
            return [self._opening(row, reader.line_num) for row in reader]

    def of_cell(self, cell_id: str) -> list[Opening]:
        """Return the openings of one cell."""
        return [opening for opening in self.openings() if opening.cell_id == cell_id]

    def _opening(self, row: dict[str, str], line: int) -> Opening:
        try:
            values: dict[str, Any] = {**row, "n_images": int(row["n_images"]), "family": family_of(row["family"])}
            return Opening(**values)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ValueError(
                f"{self.path}, line {line}: expected the columns {', '.join(_COLUMNS)}; "
                "restore the file from version control"
            ) from None


def count_families(openings: list[Opening]) -> list[tuple[str, int, int, str, str]]:
    """Return family, openings, recipes, first and last time of each family, by falling number of openings."""
    groups: dict[str, list[Opening]] = {}
    for opening in openings:
        groups.setdefault(opening.family, []).append(opening)
    counts = [
        (
            family,
            len(of),
            len({each.recipe for each in of}),
            min(each.when for each in of),
            max(each.when for each in of),
        )
        for family, of in groups.items()
    ]
    return sorted(counts, key=lambda row: (-row[1], row[0]))


def family_of(recipe: str, params: Mapping[str, Any] | None = None) -> str:
    """Return the name under which openings of all variants, sizes and precisions of a recipe are counted.

    Parameters
    ----------
    recipe : str
    params : mapping, optional
        Parameters of the recipe. A recipe that combines bundles or uses features of a network counts for the family of
        its first bundle, which is the shipped bundle by default.

    Examples
    --------
    >>> family_of("ferbench-net-xs"), family_of("ferbench-net@fast"), family_of("hog+svm")
    ('ferbench-net', 'ferbench-net', 'hog+svm')
    >>> family_of("pretrained@both-nets", {"bundles": ["ferbench-net-l", "ferbench-net-xs"]})
    'ferbench-net'
    >>> family_of("ferbench-quality"), family_of("ferbench-net-l-int8")
    ('ferbench-net', 'ferbench-net')
    """
    base = recipe.partition("@")[0]
    if base in _COMBINED or "deep" in re.split(r"[+:,]", base):
        named = (params or {}).get("bundles") or (params or {}).get("features__bundle") or _SHIPPED
        first = str(named if isinstance(named, str) else named[0])
        # The first bundle may be put together of bundles too; its parameters are not known here.
        return family_of(Path(first).name)
    return _SIZE.sub("", base)


def opening_time() -> str:
    """Return the current time in the format of the ledger."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def code_version() -> str:
    """Return the commit of the running checkout, with ``+changed`` for edited files, or the installed version."""
    here = Path(__file__).resolve()
    try:
        top = Path(_git(here.parent, "rev-parse", "--show-toplevel"))
        # An installed package may be inside a checkout of another project.
        if not _git(top, "ls-files", str(here)):
            return version("ferbench")
        changed = _git(top, "status", "--porcelain", "--untracked-files=no", "--", "*.py")
        return _git(top, "rev-parse", "HEAD")[:12] + ("+changed" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return version("ferbench")


def _git(folder: Path, *words: str) -> str:
    line = ["git", "-C", str(folder), *words]
    return subprocess.run(line, capture_output=True, text=True, check=True, timeout=20).stdout.strip()


def _ends_a_line(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, 1, size - 1) == b"\n"


_COLUMNS = [field.name for field in fields(Opening)]
