"""What a report holds for some data and suites only: effects of an ablation, published figures beside ours."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from ferbench.benchmarks.report.ablation import effects, effects_markdown, reference_of
from ferbench.benchmarks.report.leaderboard import write_csv
from ferbench.benchmarks.report.published_figures import SELECTION, claims, published, published_markdown
from ferbench.benchmarks.report.results import TEST, VALIDATION, Results
from ferbench.benchmarks.report.scores import ScoreBoard
from ferbench.benchmarks.store import write_atomically

if TYPE_CHECKING:
    import pandas as pd

    from ferbench.benchmarks.displays import Display

_FILES = {"effects": ("effects.csv", "effects.md", "effects.png"), "published": ("published.csv", "published.md")}


@dataclass(frozen=True, eq=False)
class Additions:
    """Tables that stand in a report where there is something to say.

    Attributes
    ----------
    effects : DataFrame or None
        What each change to the suite's reference is worth.
    published, claims : DataFrame or None
        Published figures beside ours, and those of architectures that were measured here.
    """

    effects: "pd.DataFrame | None" = None
    published: "pd.DataFrame | None" = None
    claims: "pd.DataFrame | None" = None

    @classmethod
    def of(cls, results: Results, board: ScoreBoard) -> Self:
        """Work out what applies to these results."""
        reference = reference_of(results) if board.private else None
        beside = published(results, board) if board.private else None
        return cls(
            effects=None if reference is None else effects(results, reference),
            published=beside,
            claims=None if beside is None else claims(results, board),
        )

    def displays(self, results: Results) -> "dict[str, Callable[[], Display]]":
        """Drawings by the name of their file."""
        from ferbench.benchmarks.displays import EffectsDisplay, PublishedDisplay

        about = str(results.dataset.get("name")).replace("$", r"\$")
        found: dict[str, Callable[[], Display]] = {}
        if (table := self.effects) is not None and len(table) > 1:
            found["effects"] = lambda: EffectsDisplay(table, f"{about} {VALIDATION} and {TEST}")
        if (beside := self.published) is not None:
            found["published"] = lambda: PublishedDisplay(beside, f"{about} {TEST}")
        return found

    def write(self, results: Results) -> None:
        """Write the tables, and remove those of an earlier report that no longer apply."""
        root = results.root
        if self.effects is not None:
            write_csv(self.effects, root / "effects.csv")
            write_atomically(root / "effects.md", effects_markdown(self.effects, results).encode())
        if self.published is not None and self.claims is not None:
            write_csv(self.published, root / "published.csv")
            write_atomically(root / "published.md", published_markdown(self.published, self.claims).encode())
        for name, files in _FILES.items():
            if getattr(self, name) is None:
                for file in files:
                    (root / file).unlink(missing_ok=True)

    def for_page(self) -> dict[str, Any]:
        """Plain values for the template."""
        return {
            "effects": [] if self.effects is None else self.effects.to_dict("records"),
            "published": [] if self.published is None else self.published.to_dict("records"),
            "claims": [] if self.claims is None else self.claims.to_dict("records"),
            "selection": SELECTION,
        }
