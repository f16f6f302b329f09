"""Find plug-ins: modules of a room that register something, and entry points of other packages.

A module registers what it adds in one line at its top level, and no other file has to name it::

    REGISTERED = {"mine": MyExtractor}

Another package adds the same with an entry point. A plug-in that cannot be used raises when it is asked for, with one
line that names the package, and does not keep the others from working.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

ATTRIBUTE = "REGISTERED"
_DECLARATION = re.compile(rf"^{ATTRIBUTE}\b", re.MULTILINE)


def find_registered(room: str) -> dict[str, Any]:
    """What the modules of a room register, by name, sorted.

    Modules whose text has no line that begins with ``REGISTERED`` are not imported, so that heavy ones cost nothing.

    Parameters
    ----------
    room : str
        Full name of the package, such as ``"ferbench.features"``.

    Returns
    -------
    dict of str to object
        Names and what stands for them: a class, or a function that makes one.

    Raises
    ------
    ValueError
        If a module registers no mapping from text, or two modules register the same name.

    Examples
    --------
    >>> from ferbench.utils import find_registered
    >>> find_registered("ferbench.features")["hog"].__name__
    'HOGExtractor'
    """
    found: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for info in iter_modules(import_module(room).__path__, f"{room}."):
        if info.ispkg or not _declares(info.name):
            continue
        registered = getattr(import_module(info.name), ATTRIBUTE)
        if not isinstance(registered, Mapping) or not all(isinstance(name, str) for name in registered):
            raise ValueError(f"{info.name}: {ATTRIBUTE} must map names to what they make; got {registered!r}")
        for name, value in registered.items():
            if name in found:
                raise ValueError(f"{info.name} and {origin[name]} both register {name!r}; rename one of them")
            found[name], origin[name] = value, info.name
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Plugin:
    """Something that another package adds by an entry point, not loaded yet.

    Attributes
    ----------
    kind : str
        What it is, for messages: ``"extractor"``.
    entry : EntryPoint
        Name, group and value, as in the package's metadata.
    """

    kind: str
    entry: EntryPoint

    @property
    def package(self) -> str:
        """Name of the package that adds it."""
        return self.entry.dist.name if self.entry.dist else "an unknown package"

    @property
    def origin(self) -> str:
        """What it is and where it comes from, to begin a message."""
        return f"{self.kind} {self.entry.name!r} of {self.package} (entry point {self.entry.value!r})"

    def load(self) -> Any:
        """Return the entry point's value; ImportError of one line if that fails."""
        try:
            return self.entry.load()
        except Exception as error:
            raise self.failure(error) from error

    def make(self, *args: Any, **kwargs: Any) -> Any:
        """Call the entry point's value and return what it makes; ImportError of one line if that fails."""
        try:
            return self.entry.load()(*args, **kwargs)
        except Exception as error:
            raise self.failure(error) from error

    def failure(self, error: Exception) -> ImportError:
        """Return the error to raise where the plug-in fails with another."""
        first_line = (str(error).splitlines() or [""])[0]
        return ImportError(
            f"{self.origin} cannot be used: {type(error).__name__}: {first_line}; repair or uninstall {self.package}"
        )

    def demand(self, value: Any, methods: tuple[str, ...], what: str) -> Any:
        """Return `value`; ImportError of one line if it lacks one of the methods that `what` must have."""
        if missing := [name for name in methods if not hasattr(value, name)]:
            raise ImportError(
                f"{self.origin} must make {what}; got {type(value).__name__} without {', '.join(missing)}; "
                f"repair or uninstall {self.package}"
            )
        return value


def find_plugins(group: str, kind: str) -> dict[str, Plugin]:
    """What other packages add under a group of entry points, by name; nothing is imported.

    Parameters
    ----------
    group : str
        Group of the entry points, such as ``"ferbench.extractors"``.
    kind : str
        What they are, for messages: ``"extractor"``.
    """
    return {entry.name: Plugin(kind, entry) for entry in entry_points(group=group)}


def _declares(module: str) -> bool:
    spec = find_spec(module)
    source = None if spec is None or spec.loader is None else spec.loader.get_source(module)  # type: ignore[attr-defined]
    return source is not None and _DECLARATION.search(source) is not None
