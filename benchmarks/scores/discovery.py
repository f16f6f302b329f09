"""Find the plug-ins of tables and reports: files in a folder of ferbench, and entry points of other packages."""

import importlib
import pkgutil
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ferbench.utils import Plugin, entry_points


class Found(NamedTuple):
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


def usable_plugins(group: str, folder: str, attribute: str, check: Callable[[Any], str]) -> Iterator[Found]:
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
        yield Found(module.name, name, content)
    # All entry points, not a mapping by name: two packages may have given theirs the same name.
    for entry in sorted(entry_points(group=group), key=lambda each: each.name):
        plugin, content, problem = Plugin(attribute.lower(), entry), None, ""
        try:
            content = entry.load()
        except Exception as error:
            problem = one_line(error)
        if problem := problem or check(content):
            remedy = f"repair or uninstall {plugin.package}"
            warnings.warn(f"{plugin.origin} is left out: {problem}; {remedy}", stacklevel=3)
        else:
            yield Found(entry.name, plugin.package, content)


def one_line(error: Exception) -> str:
    """Return type and first line of an error as text."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
