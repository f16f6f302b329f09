"""Find plug-ins: registered classes in the modules of a folder, and entry points of other packages.

A module registers its classes in one line at its top level; no other file has to be changed::

    REGISTERED = {"mine": MyExtractor}

Another package registers its classes with an entry point. A broken plug-in raises a one-line error with the name of its
package when it is used; other plug-ins are not affected.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module, metadata
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

ATTRIBUTE = "REGISTERED"
_DECLARATION = re.compile(rf"^{ATTRIBUTE}\b", re.MULTILINE)


def find_registered(room: str) -> dict[str, Any]:
    """Return the registered objects of the modules of a folder, sorted by name.

    Modules whose source has no line that starts with ``REGISTERED`` are not imported, which saves start-up time.

    Parameters
    ----------
    room : str
        Full name of the package, such as ``"ferbench.features"``.

    Returns
    -------
    dict of str to object
        Registered classes, or functions that make an object, by name.

    Raises
    ------
    ValueError
        If ``REGISTERED`` is not a mapping with string keys, or two modules register the same name.

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
    """Entry point of another package, which is loaded when it is used.

    Attributes
    ----------
    kind : str
        Kind of plug-in, for messages, such as ``"extractor"``.
    entry : EntryPoint
        Name, group and value, as in the package's metadata.
    """

    kind: str
    entry: EntryPoint

    @property
    def package(self) -> str:
        """Name of the package with the entry point."""
        return self.entry.dist.name if self.entry.dist else "an unknown package"

    @property
    def origin(self) -> str:
        """Kind, name and package of the plug-in, to start a message."""
        return f"{self.kind} {self.entry.name!r} of {self.package} (entry point {self.entry.value!r})"

    def load(self) -> Any:
        """Return the value of the entry point; raise a one-line ImportError if it cannot be loaded."""
        try:
            return self.entry.load()
        except Exception as error:
            raise self.failure(error) from error

    def make(self, *args: Any, **kwargs: Any) -> Any:
        """Call the value of the entry point and return the result; raise a one-line ImportError if that fails."""
        try:
            return self.entry.load()(*args, **kwargs)
        except Exception as error:
            raise self.failure(error) from error

    def failure(self, error: Exception) -> ImportError:
        """Return the ImportError to raise for an error in the plug-in."""
        first_line = (str(error).splitlines() or [""])[0]
        return ImportError(
            f"{self.origin} cannot be used: {type(error).__name__}: {first_line}; repair or uninstall {self.package}"
        )

    def demand(self, value: Any, methods: tuple[str, ...], what: str) -> Any:
        """Return `value`; raise a one-line ImportError if it lacks one of the required methods of `what`."""
        if missing := [name for name in methods if not hasattr(value, name)]:
            raise ImportError(
                f"{self.origin} must make {what}; got {type(value).__name__} without {', '.join(missing)}; "
                f"repair or uninstall {self.package}"
            )
        return value


def entry_points(*, group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group, as :func:`importlib.metadata.entry_points` does.

    The metadata of all installed packages are read again only after a change of ``sys.path`` or of a folder on it,
    because reading them takes longer than most of what asks for them.

    Parameters
    ----------
    group : str
        Group of the entry points, such as ``"ferbench.extractors"``.
    """
    return tuple(_installed(_path_state()).select(group=group))


def find_plugins(group: str, kind: str) -> dict[str, Plugin]:
    """Return the plug-ins of other packages in a group of entry points, by name; none is imported.

    Parameters
    ----------
    group : str
        Group of the entry points, such as ``"ferbench.extractors"``.
    kind : str
        Kind of plug-in, for messages, such as ``"extractor"``.
    """
    return {entry.name: Plugin(kind, entry) for entry in entry_points(group=group)}


def _declares(module: str) -> bool:
    spec = find_spec(module)
    source = None if spec is None or spec.loader is None else spec.loader.get_source(module)  # type: ignore[attr-defined]
    return source is not None and _DECLARATION.search(source) is not None


@lru_cache(maxsize=1)
def _installed(state: tuple[tuple[str, int], ...]) -> Any:
    """All entry points; `state` is the key of the cache."""
    return metadata.entry_points()


def _path_state() -> tuple[tuple[str, int], ...]:
    """Each place on the path with the time of its last change: installing a package adds a folder to one."""
    return tuple((place, _changed_at(place)) for place in sys.path)


def _changed_at(place: str) -> int:
    try:
        return Path(place).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0
