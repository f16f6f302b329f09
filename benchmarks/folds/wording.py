"""Columns and sentences of the tables of a protocol."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.folds.reading import TEST
from ferbench.benchmarks.folds.results import FoldResults
from ferbench.benchmarks.folds.tally import clusters
from ferbench.benchmarks.tables import interval_text, is_missing, number_text

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[Any, Any]
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
    """What a reader must know of the data and the protocol."""
    content = results.content
    _, size, people = clusters(content, TEST)
    seeds = len({fold.seed for fold in content.folds})
    what = "people" if people else "images, since nobody is known"
    first = (
        f"Protocol {content.protocol}: {len(content.folds) // seeds} folds, {seeds} {'seed' if seeds == 1 else 'seeds'}"
    )
    records = [cell.record for cells in content.cells.values() for cell in cells]
    said = dict.fromkeys(str(note) for note in (records[0]["dataset"].get("notes") or ()))
    notes = [f"{first}. Intervals resample {size:,} {what}.", *said]
    if content.protocol.strip().startswith("random"):
        notes.append(
            "A random split puts one person on both sides: compare it with kfold to see how much that flatters."
        )
    leaked = sum(int(fold.parts[TEST].leaked.sum()) for fold in content.folds)
    if leaked:
        notes.append(f"{leaked:,} test rows have an exact copy in Training of their fold; leak_free leaves them out.")
    return notes


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


COLUMNS: Mapping[str, Callable[[Row], str]] = {
    "recipe": _of("recipe"),
    "folds": lambda row: f"{row['folds']} of {row['folds_planned']}",
    "accuracy": _number("accuracy"),
    "sd folds": _number("sd_folds"),
    "sd seeds": _number("sd_seeds"),
    "pooled [95 %]": _interval("pooled"),
    "macro F1 [95 %]": _interval("macro_f1"),
    "from the best [95 %]": _difference,
    "note": _of("note"),
}
CURVE_COLUMNS: Mapping[str, Callable[[Row], str]] = {
    "recipe": _of("recipe"),
    "share": lambda row: f"{row['share']:.0%}",
    "training images": _number("n_training", 0),
    "accuracy [95 %]": _interval("accuracy"),
    "sd seeds": _number("sd_seeds"),
    "note": lambda row: str(row["note"]) if row["status"] == "ok" else "incomplete",
}


def cross_columns() -> Mapping[str, Callable[[Row], str]]:
    """Columns of ``cross``: at home, on the validation part, beside away."""
    return {
        "recipe": _of("recipe"),
        "seeds": lambda row: f"{row['folds']} of {row['folds_planned']}",
        "at home [95 %]": _interval("validation"),
        "away [95 %]": _interval("pooled"),
        "macro F1 away [95 %]": _interval("macro_f1"),
        "sd seeds": _number("sd_seeds"),
        "from the best at home [95 %]": _difference,
        "note": _of("note"),
    }
