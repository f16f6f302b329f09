"""Find display plug-ins and make their plots for a report."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from ferbench.benchmarks.displays.base import Display
from ferbench.benchmarks.scores import one_line, usable_plugins

if TYPE_CHECKING:
    import pandas as pd

    from ferbench.benchmarks.report import Results

GROUP = "ferbench.displays"
FOLDER = "ferbench.benchmarks.displays.plugins"
_METHODS = ("from_results", "plot", "frame")


class PluginDisplay(Display):
    """Adapter for a display of another package that does not derive from :class:`Display`.

    Parameters
    ----------
    inner : object
        Object with the methods ``plot(ax)`` and ``frame()`` and, optionally, ``figsize`` in inches.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def frame(self) -> "pd.DataFrame":
        """Return the plotted numbers."""
        table: pd.DataFrame = self.inner.frame()
        return table

    def _size(self) -> tuple[float, float]:
        width, height = getattr(self.inner, "figsize", self.figsize)
        return width, height

    def _draw(self, ax: Axes) -> None:
        self.inner.plot(ax)


def plugin_displays() -> dict[str, Any]:
    """Return the display plug-ins: those of ferbench, then those of the entry-point group ``ferbench.displays``.

    Each is a class with ``from_results(results)``, ``plot(ax)`` and ``frame()``. A plug-in of another package is left
    out with a warning if it cannot be loaded or its name is taken.

    Returns
    -------
    dict of str to type
        Keys are the names of the files and the entry points.

    Examples
    --------
    >>> from ferbench.benchmarks.displays import plugin_displays
    >>> "coverage" in plugin_displays()
    True
    """
    found: dict[str, Any] = {}
    for plugin in usable_plugins(GROUP, FOLDER, "DISPLAY", _problem):
        if plugin.name in found:
            warnings.warn(
                f"display {plugin.name!r} of {plugin.origin} is left out: the name is taken; rename it", stacklevel=2
            )
        else:
            found[plugin.name] = plugin.content
    return found


def make_plugin_displays(known: Mapping[str, Any], results: "Results") -> dict[str, Display]:
    """Make display plug-ins from results.

    A plug-in is left out if its ``from_results`` returns None, and left out with a warning if it raises an error.

    Parameters
    ----------
    known : mapping of str to type
        Plug-ins from :func:`plugin_displays`, or some of them.
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
