"""Make the parts of a report that only some suites have: ablation effects and published figures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from ferbench.benchmarks import displays
from ferbench.benchmarks.pages import no_math
from ferbench.benchmarks.report.ablation import detectable_effect, effects, effects_markdown, reference_of
from ferbench.benchmarks.report.published_figures import SELECTION, claims, published, published_markdown
from ferbench.benchmarks.report.results import TEST, VALIDATION, Results
from ferbench.benchmarks.report.scores import ScoreBoard

if TYPE_CHECKING:
    import pandas as pd

    from ferbench.benchmarks.displays import Display


@dataclass(frozen=True, eq=False)
class Additions:
    """Optional tables of a report; None if a table does not apply.

    Attributes
    ----------
    effects : DataFrame or None
        Effect of each change to the reference recipe of the suite.
    published, claims : DataFrame or None
        Published and measured figures, and published figures of architectures that were measured here.
    """

    effects: "pd.DataFrame | None" = None
    published: "pd.DataFrame | None" = None
    claims: "pd.DataFrame | None" = None

    @classmethod
    def of(cls, results: Results, board: ScoreBoard) -> Self:
        """Make the tables that apply to these results."""
        reference = reference_of(results) if board.private else None
        beside = published(results, board) if board.private and results.split == TEST else None
        return cls(
            effects=None if reference is None else effects(results, reference),
            published=beside,
            claims=None if beside is None else claims(results, board),
        )

    def displays(self, results: Results) -> "dict[str, Callable[[], Display]]":
        """Return functions that make the displays, by file name."""
        about = no_math(results.dataset.get("name"))
        found: dict[str, Callable[[], Display]] = {}
        if (table := self.effects) is not None and len(table) > 1:
            found["effects"] = lambda: displays.EffectsDisplay(table, f"{about} {VALIDATION}")
        if (beside := self.published) is not None:
            found["published"] = lambda: displays.PublishedDisplay(beside, f"{about} {TEST}")
        return found

    def tables(self) -> "dict[str, pd.DataFrame | None]":
        """Return the tables by CSV file name."""
        return {"effects": self.effects, "published": self.published}

    def texts(self, results: Results) -> dict[str, str | None]:
        """Return the Markdown pages by file name."""
        beside = None
        if self.published is not None and self.claims is not None:
            beside = published_markdown(self.published, self.claims)
        return {
            "effects.md": None if self.effects is None else effects_markdown(self.effects, results),
            "published.md": beside,
        }

    def for_page(self) -> dict[str, Any]:
        """Return plain values for the template."""
        return {
            "effects": [] if self.effects is None else self.effects.to_dict("records"),
            "detectable_effect": "" if self.effects is None else detectable_effect(self.effects),
            "published": [] if self.published is None else self.published.to_dict("records"),
            "claims": [] if self.claims is None else self.claims.to_dict("records"),
            "selection": SELECTION,
        }
