"""Find the images in a folder, in natural order."""

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ferbench.utils.pictures.formats import EXPECTED, IMAGE_SUFFIXES


@dataclass
class Walk:
    """Files found in a folder.

    Attributes
    ----------
    files : list of Path
        Files with the suffix of an image, in natural order.
    hidden : list of Path
        Skipped image files whose name, or the name of a parent folder, starts with a dot.
    others : Counter of str
        Number of skipped files for each other suffix.
    """

    files: list[Path] = field(default_factory=list)
    hidden: list[Path] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def left_out(self) -> str | None:
        """Return a short description of the skipped files, or None."""
        parts = [f"{count:,} {ending or 'without an ending'}" for ending, count in self.others.most_common(5)]
        if (rest := self.others.total() - sum(count for _, count in self.others.most_common(5))) > 0:
            parts.append(f"{rest:,} others")
        if self.hidden:
            parts.append(f"{len(self.hidden):,} hidden images")
        return f"left out: {', '.join(parts)}" if parts else None


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts names in natural order, such as f2 before f10.

    Examples
    --------
    >>> sorted(["f10", "f2", "F1"], key=natural_key)
    ['F1', 'f2', 'f10']
    """
    parts = re.split(r"([0-9]{1,18})", name)
    return tuple((0, int(part), part) if number % 2 else (1, 0, part.casefold()) for number, part in enumerate(parts))


def walk_images(folder: str | Path) -> Walk:
    """Find the images in a folder and its subfolders.

    Links are followed, but each folder is visited only once.

    Raises
    ------
    ValueError
        If there are no images.
    """
    found, visited = Walk(), set[Path]()
    _walk(Path(folder), found, visited, hidden=False)
    if not found.files:
        rest = f" ({found.left_out()})" if found.left_out() else ""
        raise ValueError(f"{folder}: the folder holds no images{rest}; {EXPECTED}")
    return found


def _walk(folder: Path, found: Walk, visited: set[Path], *, hidden: bool) -> None:
    place = folder.resolve()
    if place in visited:  # a link to a parent folder would be an endless loop
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
