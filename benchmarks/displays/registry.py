"""Displays by name that one file or an entry point adds to every report."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from ferbench.benchmarks.displays.base import Display
from ferbench.benchmarks.scores import find_plugins, one_line

if TYPE_CHECKING:
    import pandas as pd

    from ferbench.benchmarks.report import Results

GROUP = "ferbench.displays"
FOLDER = "ferbench.benchmarks.displays.plugins"
_METHODS = ("from_results", "plot", "frame")


class PluginDisplay(Display):
    """A drawing by a class of another package that need not derive from :class:`Display`.

    Parameters
    ----------
    inner : object
        With ``plot(ax)`` and ``frame()``; ``figsize``, in inches, where it has one.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def frame(self) -> "pd.DataFrame":
        """The numbers behind the drawing."""
        table: pd.DataFrame = self.inner.frame()
        return table

    def _size(self) -> tuple[float, float]:
        width, height = getattr(self.inner, "figsize", self.figsize)
        return width, height

    def _draw(self, ax: Axes) -> None:
        self.inner.plot(ax)


def plugin_displays() -> dict[str, Any]:
    """Every display that is a plug-in: those of ferbench by file name, then those of the group ``ferbench.displays``.

    Each is a class with ``from_results(results)``, ``plot(ax)`` and ``frame()``. One of another package that cannot be
    loaded, or whose name is taken, is left out with a warning.

    Returns
    -------
    dict of str to type
        By the name of the file or the entry point.

    Examples
    --------
    >>> from ferbench.benchmarks.displays import plugin_displays
    >>> "coverage" in plugin_displays()
    True
    """
    found: dict[str, Any] = {}
    for plugin in find_plugins(GROUP, FOLDER, "DISPLAY", _problem):
        if plugin.name in found:
            warnings.warn(
                f"display {plugin.name!r} of {plugin.origin} is left out: the name is taken; rename it", stacklevel=2
            )
        else:
            found[plugin.name] = plugin.content
    return found


def make_plugin_displays(known: Mapping[str, Any], results: "Results") -> dict[str, Display]:
    """Make these displays of some results.

    One whose ``from_results`` returns None has nothing to show and is left out; one that fails, with a warning.

    Parameters
    ----------
    known : mapping of str to type
        As :func:`plugin_displays` returns it, or a part of it.
    results : Results
    """
    made = {}
    for name, kind in known.items():
        try:
            display = kind.from_results(results)
        except Exception as error:
            text = f"display {name!r} is left out: {one_line(error)}; correct its from_results"
            warnings.warn(text, stacklevel=2)
            continue
        if display is not None:
            made[name] = display if isinstance(display, Display) else PluginDisplay(display)
    return made


def _problem(content: Any) -> str:
    missing = [name for name in _METHODS if not callable(getattr(content, name, None))]
    return f"must be a class with {', '.join(_METHODS)}; got {content!r} without {missing[0]}" if missing else ""
