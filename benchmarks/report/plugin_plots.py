"""The drawings of a report that are plug-ins: ``plot_<name>.png``, and their numbers beside them."""

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
    """Drawings of plug-ins that have something to show of these results.

    Attributes
    ----------
    made : dict of str to Display
        By the name of their files without the suffix.
    """

    made: "dict[str, Display]"

    @classmethod
    def of(cls, results: Results) -> Self:
        """Make every plug-in's display of these results; none without a measured recognizer."""
        if not results.contestants:
            return cls({})
        made = displays.make_plugin_displays(displays.plugin_displays(), results)
        return cls({f"{PREFIX}{name}": display for name, display in made.items()})

    def displays(self) -> "dict[str, Callable[[], Display]]":
        """What the report draws, by the name of its file."""
        return {name: lambda display=display: display for name, display in self.made.items()}  # type: ignore[misc]

    def tables(self, results: Results) -> "dict[str, pd.DataFrame | None]":
        """The numbers by the name of their CSV file; None for those of plug-ins that are gone."""
        gone = dict.fromkeys(path.stem for path in results.root.glob(f"{PREFIX}*.csv"))
        return {**gone, **{name: display.frame() for name, display in self.made.items()}}
