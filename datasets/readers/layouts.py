"""Layouts of known data sets: what each is called, on what terms it comes, and how it is opened."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferbench.datasets.base import Source
from ferbench.utils import did_you_mean, find_registered

ROOM = "ferbench.datasets.loaders"
#: Independent sources that verify a layout.
ENOUGH_SOURCES = 2


@dataclass(frozen=True)
class Layout:
    """A data set as its users have it on disk.

    Attributes
    ----------
    name : str
        What is written before the path: ``"ckplus"``.
    title : str
        Name of the data set.
    origin : str
        Where it comes from.
    license : str
        Terms of the original, in short.
    sources : tuple of str
        Public documents and repositories that describe this layout, each read for it.
    open : callable
        Takes the path, a mapping of labels or None, and the options; returns a source.
    options : tuple of str
        Names of the options it takes.
    own : bool
        Whether ferbench defines this layout itself.
    """

    name: str
    title: str
    origin: str
    license: str
    sources: tuple[str, ...]
    open: Callable[..., Source]
    options: tuple[str, ...] = ()
    own: bool = False

    @property
    def verified(self) -> bool:
        """Whether two independent sources at least describe this layout, or it is ferbench's own."""
        return self.own or len(set(self.sources)) >= ENOUGH_SOURCES

    def terms(self) -> list[str]:
        """Source, terms and state of verification, in sentences."""
        checked = "" if self.verified else " The layout is unverified: compare the counts with the original's."
        return [f"{self.title}, from {self.origin}. Terms of the original: {self.license}.{checked}"]


def known_layouts() -> dict[str, Layout]:
    """Layouts by name: one for each file of :mod:`ferbench.datasets.loaders`.

    See Also
    --------
    load : Load a data set, with the name of its layout before the path.

    Examples
    --------
    >>> from ferbench.datasets import known_layouts
    >>> "ckplus" in known_layouts()
    True
    """
    found: dict[str, Any] = find_registered(ROOM)
    return found


def find_layout(source: str | os.PathLike[str], name: str | None = None) -> tuple[Layout | None, Path]:
    """Layout of a source, by `name` or by what stands before its path, and the path.

    Raises
    ------
    ValueError
        If there is no layout of this name.
    FileNotFoundError
        If the path does not exist.
    """
    text = os.fspath(source)
    if name is None:
        before, colon, after = text.partition(":")
        # One letter is a drive of Windows; a path that exists is a path.
        if not colon or len(before) < 2 or "/" in before or "\\" in before or Path(text).exists():
            return None, Path(text)
        name, text = before, after
    layouts = known_layouts()
    key = plain_name(name)
    if key not in layouts:
        hint = did_you_mean(key, layouts, quoted=True) or f"known are {', '.join(layouts)}"
        raise ValueError(f"layout {name!r} is unknown; {hint}")
    path = Path(text)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder; expected {layouts[key].title}")
    return layouts[key], path


def plain_name(name: str) -> str:
    """Name of a layout without marks: ``CK+`` is ``ckplus``, ``FER+`` is ``ferplus``."""
    return name.casefold().replace("+", "plus").replace("-", "").replace("_", "").replace(" ", "")
