"""The images of a folder: walked alike everywhere, in the order in which people count."""

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ferbench.utils.pictures.formats import EXPECTED, IMAGE_SUFFIXES


@dataclass
class Walk:
    """What a folder holds.

    Attributes
    ----------
    files : list of Path
        Image files by their ending, in natural order.
    hidden : list of Path
        Image files whose name, or the name of a folder above them, begins with a dot: they are left out.
    others : Counter of str
        How many files of each other ending were left out.
    """

    files: list[Path] = field(default_factory=list)
    hidden: list[Path] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def left_out(self) -> str | None:
        """Say in a few words what was left out, or None."""
        parts = [f"{count:,} {ending or 'without an ending'}" for ending, count in self.others.most_common(5)]
        if (rest := self.others.total() - sum(count for _, count in self.others.most_common(5))) > 0:
            parts.append(f"{rest:,} others")
        if self.hidden:
            parts.append(f"{len(self.hidden):,} hidden images")
        return f"left out: {', '.join(parts)}" if parts else None


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Key to sort names so that f2 comes before f10.

    Examples
    --------
    >>> sorted(["f10", "f2", "F1"], key=natural_key)
    ['F1', 'f2', 'f10']
    """
    parts = re.split(r"([0-9]{1,18})", name)
    return tuple((0, int(part), part) if number % 2 else (1, 0, part.casefold()) for number, part in enumerate(parts))


def walk_images(folder: str | Path) -> Walk:
    """Find the images in a folder and the folders below it.

    Links are followed, but no folder is walked twice.

    Raises
    ------
    ValueError
        If there is no image.
    """
    found, visited = Walk(), set[Path]()
    _walk(Path(folder), found, visited, hidden=False)
    if not found.files:
        rest = f" ({found.left_out()})" if found.left_out() else ""
        raise ValueError(f"{folder}: the folder holds no images{rest}; {EXPECTED}")
    return found


def _walk(folder: Path, found: Walk, visited: set[Path], *, hidden: bool) -> None:
    place = folder.resolve()
    if place in visited:  # a link to a folder above would never end
        return
    visited.add(place)
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: natural_key(entry.name))
    for entry in ordered:
        path, secret = folder / entry.name, hidden or entry.name.startswith(".")
        if entry.is_dir():
            _walk(path, found, visited, hidden=secret)
        elif path.suffix.lower() not in IMAGE_SUFFIXES:
            found.others[path.suffix.lower()] += 1
        elif secret:
            found.hidden.append(path)
        else:
            found.files.append(path)
