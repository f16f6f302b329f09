"""Columns and sentences of the tables of a protocol."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.fit import bundle_names
from ferbench.benchmarks.folds.reading import TEST
from ferbench.benchmarks.folds.results import FoldResults
from ferbench.benchmarks.folds.table import ONE_SEED
from ferbench.benchmarks.folds.tally import clusters
from ferbench.benchmarks.scores import DetectableBySpread
from ferbench.benchmarks.tables import interval_text, is_missing, number_text
from ferbench.models import pretrained
from ferbench.models.bundles import DEVELOPMENT, DEVELOPMENT_SETS

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[Any, Any]
# All folds have the same note, so that of the first is shown.
_NUMBER = re.compile(r" Fold \d+ of \d+\.$")
HOW = """\
Accuracy is the mean over folds and seeds. The spread over folds is the standard deviation within a seed; the spread
over seeds is that of the means of the seeds, and blank with one seed. Pooled: all test rows together, with a 95 %
interval that resamples people (images where nobody is known). Each fold was fitted on its Training part; epochs and
other choices saw only its validation part. Rebuilt by `ferbench report` from the records; never edited by hand.
"""


def cells_of(frame: "pd.DataFrame", columns: Mapping[str, Callable[[Row], str]]) -> list[list[str]]:
    """The cells of a table as text."""
    return [[write(row) for write in columns.values()] for row in frame.to_dict("records")]


def notes_of(results: FoldResults) -> list[str]:
    """Return the notes on the data, the protocol and single rows."""
    content = results.content
    _, size, people = clusters(content, TEST)
    seeds = len({fold.seed for fold in content.folds})
    what = "people" if people else "images, since nobody is known"
    folds = len(content.folds) // seeds
    count = f"{folds} {'fold' if folds == 1 else 'folds'}, {seeds} {'seed' if seeds == 1 else 'seeds'}"
    notes = [f"Protocol {content.protocol}: {count}. Intervals resample {size:,} {what}."]
    if seeds == 1:
        notes.append(f"With {ONE_SEED}: it cannot show how much another draw would change.")
    if results.best() is not None:
        notes.append(f"Best on the validation parts, where everything is chosen: {results.best()}.")
    notes += [text for text in (detectable_text(results), _development_text(results)) if text]
    if content.protocol.strip().startswith("random"):
        notes.append("This split puts one person on both sides: a protocol by person shows how much that flatters.")
    leaked = sum(int(fold.parts[TEST].leaked.sum()) for fold in content.folds)
    if leaked:
        notes.append(f"{leaked:,} test rows have an exact copy in Training of their fold; leak_free leaves them out.")
    notes += [f"{row['recipe']}: {row['note']}." for row in results.frame().to_dict("records") if row["note"]]
    records = [cell.record for cells in content.cells.values() for cell in cells]
    said = [_NUMBER.sub("", str(note)) for note in records[0]["dataset"].get("notes") or ()]
    return [*notes, *dict.fromkeys(said)]


def detectable_text(results: FoldResults) -> str:
    """The smallest difference from the best that these folds can show; empty without a comparison.

    McNemar's formula is not used: it takes the images of one person, and the rows of several folds, for independent.
    """
    best = results.best()
    if best is None:
        return ""
    _, size, people = clusters(results.content, TEST)
    where = f"On these {size:,} {'people' if people else 'images'}"
    return DetectableBySpread.of(results.compare_with(best)).text(where)


def _development_text(results: FoldResults) -> str:
    """That recognizers which ship were chosen on the data that they are tested on here; empty where none was."""
    content = results.content
    tested = {fold.name.removeprefix("to-") for fold in content.folds}
    if results.protocol.strip() != "cross" or not tested & set(DEVELOPMENT_SETS):
        return ""
    ships = [
        recipe
        for recipe, cells in content.cells.items()
        if any(name in pretrained() for name in bundle_names(cells[0].record["recipe"].get("params") or {}))
    ]
    return f"{', '.join(ships)}: these ship. {DEVELOPMENT}" if ships else ""


def _of(key: str) -> Callable[[Row], str]:
    return lambda row: str(row[key])


def _number(key: str, digits: int = 3) -> Callable[[Row], str]:
    return lambda row: number_text(row[key], digits)


def _interval(key: str) -> Callable[[Row], str]:
    return lambda row: interval_text(row[key], row[f"{key}_low"], row[f"{key}_high"])


def _difference(row: Row) -> str:
    if is_missing(row["difference"]):
        return ""
    return f"{row['difference']:+.3f} [{row['difference_low']:+.3f}, {row['difference_high']:+.3f}]"


def _with_spreads(row: Row) -> str:
    spreads = [number_text(row[key], 3) or "–" for key in ("sd_folds", "sd_seeds")]
    mean = number_text(row["accuracy"], 3)
    return mean and f"{mean} ({spreads[0]}, {spreads[1]})"


COLUMNS: Mapping[str, Callable[[Row], str]] = {
    "recipe": _of("recipe"),
    "folds": lambda row: f"{row['folds']} of {row['folds_planned']}",
    "accuracy (sd folds, seeds)": _with_spreads,
    "pooled [95 %]": _interval("pooled"),
    "macro F1 [95 %]": _interval("macro_f1"),
    "from the best [95 %]": _difference,
}
CURVE_COLUMNS: Mapping[str, Callable[[Row], str]] = {
    "recipe": _of("recipe"),
    "share": lambda row: f"{row['share']:.0%}",
    "training images": _number("n_training", 0),
    "accuracy [95 %]": _interval("accuracy"),
    "sd seeds": _number("sd_seeds"),
    "status": _of("status"),
}


def cross_columns() -> Mapping[str, Callable[[Row], str]]:
    """Columns of ``cross``: at home, on the validation part, beside away."""
    return {
        "recipe": _of("recipe"),
        "seeds": lambda row: f"{row['folds']} of {row['folds_planned']}",
        "at home [95 %]": _interval("validation"),
        "away [95 %]": _interval("pooled"),
        "macro F1 away [95 %]": _interval("macro_f1"),
        "from the best at home [95 %]": _difference,
    }
