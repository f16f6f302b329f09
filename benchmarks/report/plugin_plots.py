"""Make the plots of display plug-ins: ``plot_<name>.png`` and ``.csv``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ferbench.benchmarks import displays
from ferbench.benchmarks.report.results import Results

if TYPE_CHECKING:
    import pandas as pd

    from ferbench.benchmarks.displays import Display

PREFIX = "plot_"


@dataclass(frozen=True, eq=False)
class PluginPlots:
    """The displays of the plug-ins that apply to some results.

    Attributes
    ----------
    made : dict of str to Display
        Displays by file name without the suffix.
    """

    made: "dict[str, Display]"

    @classmethod
    def of(cls, results: Results) -> Self:
        """Make the displays of all plug-ins from results; none without a measured recognizer."""
        if not results.contestants:
            return cls({})
        made = displays.make_plugin_displays(displays.plugin_displays(), results)
        return cls({f"{PREFIX}{name}": display for name, display in made.items()})

    def displays(self) -> "dict[str, Callable[[], Display]]":
        """Return functions that give the displays, by file name."""
        return {name: lambda display=display: display for name, display in self.made.items()}  # type: ignore[misc]

    def tables(self, results: Results) -> "dict[str, pd.DataFrame | None]":
        """Return the tables by CSV file name; None for plug-ins that no longer exist."""
        gone = dict.fromkeys(path.stem for path in results.root.glob(f"{PREFIX}*.csv"))
        return {**gone, **{name: display.frame() for name, display in self.made.items()}}
