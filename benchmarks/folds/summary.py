"""Compare protocols on the same data: random splits with those by person, and accuracy on another data set."""

from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from ferbench.benchmarks.folds.displays import ProtocolsDisplay
from ferbench.benchmarks.folds.reading import holds_folds
from ferbench.benchmarks.folds.results import FoldResults
from ferbench.benchmarks.folds.table import complete
from ferbench.benchmarks.folds.tally import Tally, tally
from ferbench.benchmarks.folds.wording import detectable_text
from ferbench.benchmarks.scores import DetectableBySpread
from ferbench.benchmarks.tables import (
    interval_text,
    markdown_table,
    markdown_text,
    number_text,
    write_csv_files,
    write_plots,
    write_text,
)

_FLATTERS = """\
Flatters by: pooled accuracy under `{random}`, which puts one person on both sides, less that under `{by_person}`, by
person, on the same images. The 95 % interval resamples the people of both at once. Only recipes with all folds of both.
"""
_TRAVELS = """\
At home: the validation part of the data that the recipe was fitted on, on which epochs are chosen, over the common
labels. Away: the other data set. No interval knows of another training set.
"""


def find_protocols(folder: str | Path) -> list[Path]:
    """The result folders of protocols in a folder."""
    return sorted(path.parent for path in Path(folder).glob("*/records") if path.is_dir() and holds_folds(path.parent))


def write_summary(folder: str | Path) -> str:
    """Write ``protocols.csv``, ``protocols.md`` and ``protocols.png`` of all protocols in a folder; return the text.

    Raises
    ------
    FileNotFoundError
        If the folder has results of no protocol.
    """
    root = Path(folder)
    found = [FoldResults.of(path) for path in find_protocols(root)]
    if not found:
        raise FileNotFoundError(f"{root}: no results of a protocol; run a suite with --protocol first")
    table, gaps = _table(found), _gaps(found)
    # Learning curves alone have no row in the table.
    known = table if len(table) else None
    write_csv_files({"protocols": known, "flatters": gaps}, root)
    name = ", ".join(dict.fromkeys(_data(results) for results in found))
    drawn = None if known is None else partial(_display, known, name)
    write_plots({"protocols": drawn}, root)
    text = _markdown(known, gaps, found)
    write_text(root / "protocols.md", text)
    return text


def _display(table: pd.DataFrame, name: str) -> ProtocolsDisplay:
    return ProtocolsDisplay(_long(table), name)


def _table(found: list[FoldResults]) -> pd.DataFrame:
    """One row for each recipe and protocol."""
    frames = []
    for results in found:
        if results.is_curve:
            continue
        frame = results.frame()
        frame.insert(1, "protocol", _label(results))
        frame.insert(1, "data", _data(results))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _gaps(found: list[FoldResults]) -> pd.DataFrame | None:
    """Accuracy under ``random`` less that under each protocol by person, for each recipe complete under both."""
    rows: list[dict[str, Any]] = []
    for _, same in groupby(
        sorted(found, key=lambda each: each.content.fingerprint), lambda each: each.content.fingerprint
    ):
        protocols = [each for each in same if not each.is_curve and each.protocol.strip() != "cross"]
        for random in (each for each in protocols if each.protocol.startswith("random")):
            for other in (each for each in protocols if not each.protocol.startswith("random")):
                rows += _pairs(random, other)
    return pd.DataFrame(rows) if rows else None


def _pairs(random: FoldResults, other: FoldResults) -> list[dict[str, Any]]:
    rows = []
    for recipe in random.recipes:
        if recipe in other.recipes and complete(random.content, recipe) and complete(other.content, recipe):
            first, second = _tally(random, recipe), _tally(other, recipe)
            if first.n_clusters != second.n_clusters or not second.people:
                continue
            gap = first.less(second)
            rows.append(
                {
                    "data": _data(random),
                    "recipe": recipe,
                    "random": random.protocol,
                    "by_person": other.protocol,
                    "accuracy_random": first.accuracy().value,
                    "accuracy_by_person": second.accuracy().value,
                    "flatters": gap.value,
                    "flatters_low": gap.low,
                    "flatters_high": gap.high,
                    "n_people": second.n_clusters,
                }
            )
    return rows


def _tally(results: FoldResults, recipe: str) -> Tally:
    return tally(results.content, results.content.cells[recipe])


def _long(table: pd.DataFrame) -> pd.DataFrame:
    names = {"pooled": "accuracy", "pooled_low": "accuracy_low", "pooled_high": "accuracy_high"}
    chosen = table[table["status"] == "ok"][["recipe", "protocol", *names]]
    return chosen.rename(columns=names)


def _markdown(table: pd.DataFrame | None, gaps: pd.DataFrame | None, found: list[FoldResults]) -> str:
    parts = ["# Protocols beside each other"]
    if gaps is not None:
        for (random, by_person), rows in gaps.groupby(["random", "by_person"], sort=False):
            parts += [f"## How much {random} flatters, against {by_person}", _gap_table(rows)]
            parts += [_FLATTERS.format(random=random, by_person=by_person).rstrip()]
            parts += [_detectable_gap(rows)]
    cross = [results for results in found if results.protocol.strip() == "cross"]
    for results in cross:
        parts += [f"## {markdown_text(_label(results))}", _travel_table(results)]
    parts += [_TRAVELS.rstrip()] if cross else []
    parts += [] if table is None else ["## Every row", _all_rows(table), "![Protocols](protocols.png)"]
    known = {_label(results): text for results in found if (text := detectable_text(results))}
    if known:
        lines = [f"- {markdown_text(name)}: {markdown_text(text)}" for name, text in known.items()]
        parts += ["## What these numbers of images and people can tell", "\n".join(lines)]
    parts += ["Rebuilt by `ferbench report` from the records; never edited by hand."]
    return "\n\n".join(parts) + "\n"


def _gap_table(rows: pd.DataFrame) -> str:
    lines = [
        [
            str(row["recipe"]),
            f"{row['accuracy_random']:.3f}",
            f"{row['accuracy_by_person']:.3f}",
            f"{100 * row['flatters']:+.1f} [{100 * row['flatters_low']:+.1f}, {100 * row['flatters_high']:+.1f}]",
        ]
        for row in rows.sort_values("accuracy_by_person", ascending=False).to_dict("records")
    ]
    return markdown_table(("recipe", "random", "by person", "flatters by, points [95 %]"), lines)


def _detectable_gap(rows: "pd.DataFrame") -> str:
    names = {f"flatters{end}": f"difference{end}" for end in ("", "_low", "_high")}
    return DetectableBySpread.of(rows.rename(columns=names)).text(f"On these {rows['n_people'].max():,} people")


def _travel_table(results: FoldResults) -> str:
    lines = [
        [
            str(row["recipe"]),
            interval_text(row["validation"], row["validation_low"], row["validation_high"]),
            interval_text(row["pooled"], row["pooled_low"], row["pooled_high"]),
            f"{row['pooled'] - row['validation']:+.3f}",
        ]
        for row in results.frame().to_dict("records")
        if row["status"] == "ok"
    ]
    return markdown_table(("recipe", "at home [95 %]", "away [95 %]", "away less home"), lines)


def _all_rows(table: pd.DataFrame) -> str:
    header = ("data and protocol", "recipe", "folds", "accuracy", "sd folds", "pooled [95 %]")
    lines = [
        [
            f"{row['data']} {row['protocol']}",
            str(row["recipe"]),
            f"{row['folds']} of {row['folds_planned']}",
            number_text(row["accuracy"], 3),
            number_text(row["sd_folds"], 3),
            interval_text(row["pooled"], row["pooled_low"], row["pooled_high"]),
        ]
        for row in table.to_dict("records")
    ]
    return markdown_table(header, lines, 2)


def _label(results: FoldResults) -> str:
    """The protocol; for ``cross`` the data sets as well."""
    return results.root.name if results.protocol.strip() == "cross" else results.protocol


def _data(results: FoldResults) -> str:
    return str((results.content.suite.get("dataset_block") or {}).get("name") or results.root.name)
