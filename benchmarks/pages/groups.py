"""Tables of the accuracy by group, for the files, the Markdown page and the report page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ferbench.benchmarks.scores import LEAST_IMAGES, GroupScores, accuracy_by_group
from ferbench.benchmarks.tables import interval_text, markdown_table, markdown_text

# Resamples, and their seed.
N_BOOTSTRAP, SEED = 1000, 0
#: Scores by group column, then by recognizer.
ByGroup = Mapping[str, Mapping[str, GroupScores]]

GROUPS_NOTE = (
    "Accuracy in each group, with the 95 % interval over resampled {clusters}, or Wilson's where that is wider. A "
    "group of a single person has no interval. The largest difference is that between the groups with the highest and "
    "the lowest accuracy, in percentage points. Its interval holds for all pairs of groups at once, since the pair "
    f"was picked for its difference. Groups of fewer than {LEAST_IMAGES} images, or of a single person, take no part "
    "in it. A difference can come from the recognizer, from the labels or from the images of a group."
)


def score_groups(
    columns: Mapping[str, NDArray[np.str_]],
    answers: Callable[[], Mapping[str, NDArray[np.bool_]]],
    *,
    people: NDArray[np.integer] | None = None,
    images: NDArray[np.integer] | None = None,
) -> ByGroup:
    """Score each recognizer in each group of each column; nothing without group columns.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n_answers,), str
        Values of the group columns; a column without any value is left out.
    answers : callable
        Gives by recognizer whether each answer is right. It is called only where there are group columns.
    people, images : ndarray of shape (n_answers,), int, optional
        See :func:`ferbench.benchmarks.scores.accuracy_by_group`.
    """
    known = {name: values for name, values in columns.items() if (values != "").any()}
    right = answers() if known else {}
    return {
        name: {
            label: accuracy_by_group(of, values, people=people, images=images, n_bootstrap=N_BOOTSTRAP, seed=SEED)
            for label, of in right.items()
        }
        for name, values in known.items()
        if right
    }


def groups_note(found: ByGroup) -> str:
    """How the table was made, in sentences."""
    scores = [each for of in found.values() for each in of.values()]
    people = bool(scores) and all(each.n_people is not None for each in scores)
    return GROUPS_NOTE.format(clusters="people" if people else "images")


def group_table(found: ByGroup) -> pd.DataFrame | None:
    """One row for each recognizer, column and group; None without group columns.

    Returns
    -------
    DataFrame or None
        ``recipe``, ``column``, ``group``, ``n_images``, ``n_people`` (blank where nobody is known), ``accuracy`` with
        ``accuracy_low`` and ``accuracy_high``.
    """
    rows = [
        {
            **{"recipe": label, "column": column, "group": name, "n_images": int(scores.n_images[place])},
            "n_people": None if scores.n_people is None else int(scores.n_people[place]),
            "accuracy": scores.accuracy[place],
            "accuracy_low": scores.low[place],
            "accuracy_high": scores.high[place],
        }
        for column, of in found.items()
        for label, scores in of.items()
        for place, name in enumerate(scores.groups)
    ]
    return pd.DataFrame(rows).astype({"n_people": "Int64"}) if rows else None


def gap_table(found: ByGroup) -> pd.DataFrame | None:
    """One row for each recognizer and column: the largest difference between two groups; None without group columns.

    Returns
    -------
    DataFrame or None
        ``recipe``, ``column``, ``groups`` that were compared, ``highest``, ``lowest``, ``difference`` with
        ``difference_low`` and ``difference_high``; blank with fewer than two groups to compare.
    """
    names = ("highest", "lowest", "difference", "difference_low", "difference_high")
    rows: list[dict[str, Any]] = []
    for column, of in found.items():
        for label, scores in of.items():
            gap = scores.gap
            figures = (None,) * 5 if gap is None else (gap.highest, gap.lowest, gap.value, gap.low, gap.high)
            head = {"recipe": label, "column": column, "groups": 0 if gap is None else gap.n_groups}
            rows.append({**head, **dict(zip(names, figures, strict=True))})
    return pd.DataFrame(rows) if rows else None


def groups_markdown(found: ByGroup, best: str, order: Sequence[str]) -> list[str]:
    """Paragraphs and tables: the groups of one recognizer, and the largest difference of all; empty without groups.

    Parameters
    ----------
    found : ByGroup
    best : str
        The recognizer whose groups are shown.
    order : sequence of str
        The recognizers in the order of the rows.
    """
    if not found:
        return []
    parts = ["## Accuracy by group", markdown_text(groups_note(found)) + " All groups: `by_group.csv`."]
    for column, of in found.items():
        if best in of:
            rows = [[row["group"], f"{row['n']:,}", row["people"], row["text"]] for row in _rows_of(of[best])]
            parts += [
                f"**{markdown_text(column)}**, {markdown_text(best)}:",
                markdown_table(("group", "images", "people", "accuracy [95 %]"), rows),
            ]
        gaps = [[label, *gap_cells(of[label])] for label in order if label in of]
        parts.append(markdown_table(("recipe", "largest difference, points [95 %]", "between"), gaps))
    return parts


def groups_for_page(found: ByGroup, order: Sequence[str]) -> dict[str, Any]:
    """Return plain values for the template ``_groups.html.j2``."""
    tables = []
    for column, of in found.items():
        shown = [label for label in order if label in of]
        first = of[shown[0]] if shown else None
        head = [] if first is None else [{"name": row["group"], "n": row["n"]} for row in _rows_of(first)]
        rows = [{"label": label, "cells": _rows_of(of[label]), "gap": gap_cells(of[label])} for label in shown]
        tables.append({"column": column, "head": head, "rows": rows})
    return {"groups": tables, "groups_note": groups_note(found)}


def gap_cells(scores: GroupScores) -> list[str]:
    """The largest difference and its groups as text; blank where there is none."""
    gap = scores.gap
    if gap is None:
        return ["", ""]
    bounds = f" [{100 * gap.low:+.1f}, {100 * gap.high:+.1f}]" if gap.low == gap.low else ""
    return [f"{100 * gap.value:.1f}{bounds}", f"{gap.highest} and {gap.lowest}"]


def _rows_of(scores: GroupScores) -> list[dict[str, Any]]:
    return [
        {
            "group": name,
            "n": int(scores.n_images[place]),
            "people": "" if scores.n_people is None else f"{int(scores.n_people[place]):,}",
            "value": float(scores.accuracy[place]),
            "low": float(scores.low[place]),
            "high": float(scores.high[place]),
            "text": interval_text(scores.accuracy[place], scores.low[place], scores.high[place]),
        }
        for place, name in enumerate(scores.groups)
    ]
