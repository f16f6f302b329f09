"""Find plug-ins: files in a folder of ferbench, and entry points of other packages."""

import importlib
import pkgutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any


@dataclass(frozen=True)
class Plugin:
    """A plug-in from one file or one entry point.

    Attributes
    ----------
    name : str
        Name of the file without its suffix, or of the entry point.
    origin : str
        The module or the package it comes from, for messages.
    content : any
        The plug-in object.
    """

    name: str
    origin: str
    content: Any


def find_plugins(group: str, folder: str, attribute: str, check: Callable[[Any], str]) -> Iterator[Plugin]:
    """Yield the plug-ins of one kind: first those of ferbench by name, then those of other packages.

    A faulty plug-in of another package is left out with a warning that names it, so that ferbench still runs. A faulty
    plug-in of ferbench is an error.

    Parameters
    ----------
    group : str
        Group of entry points, such as ``ferbench.metrics``.
    folder : str
        Package of ferbench whose modules are plug-ins.
    attribute : str
        Name of the plug-in object in such a module.
    check : callable
        Takes the plug-in and returns the problem with it as text, or an empty string.
    """
    for module in sorted(pkgutil.iter_modules(importlib.import_module(folder).__path__), key=lambda each: each.name):
        name = f"{folder}.{module.name}"
        content = getattr(importlib.import_module(name), attribute, None)
        if problem := check(content):
            raise ValueError(f"{name}: {attribute} {problem}")
        yield Plugin(module.name, name, content)
    for entry in sorted(entry_points(group=group), key=lambda each: each.name):
        package = entry.dist.name if entry.dist else "an unknown package"
        content, problem = _load(entry, check)
        if problem:
            origin = f"{group}: {entry.name!r} of {package} (entry point {entry.value!r})"
            warnings.warn(f"{origin} is left out: {problem}; repair or uninstall {package}", stacklevel=3)
        else:
            yield Plugin(entry.name, package, content)


def one_line(error: Exception) -> str:
    """Return type and first line of an error as text."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def _load(entry: EntryPoint, check: Callable[[Any], str]) -> tuple[Any, str]:
    try:
        content = entry.load()
    except Exception as error:
        return None, one_line(error)
    return content, check(content)
