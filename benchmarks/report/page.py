"""Write the HTML pages about expressions: compute plain values and fill the templates."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks import displays
from ferbench.benchmarks.explain import StoredMaps
from ferbench.benchmarks.pages import (
    ByGroup,
    Drawings,
    groups_for_page,
    identity_text,
    leaderboard_rows,
    page_drawings,
    page_values,
    render_page,
    slug,
)
from ferbench.benchmarks.report.additions import Additions
from ferbench.benchmarks.report.choice import page_choice
from ferbench.benchmarks.report.errors import confused_pairs, wrong_everywhere
from ferbench.benchmarks.report.faces import Pictures
from ferbench.benchmarks.report.leaderboard import headline
from ferbench.benchmarks.report.mean_maps import maps_for_page
from ferbench.benchmarks.report.offers import make_offers
from ferbench.benchmarks.report.page_columns import VIEWS, columns
from ferbench.benchmarks.report.plots import champions
from ferbench.benchmarks.report.results import TEST, VALIDATION, Measured, Results
from ferbench.benchmarks.report.scores import ScoreBoard
from ferbench.benchmarks.report.seeds import seed_means, seeds_text
from ferbench.benchmarks.report.terms import training_data_terms
from ferbench.benchmarks.report.winner import detectable_text, family_rows, family_text, why_best
from ferbench.benchmarks.scores import NO_DIFFERENCE, Scores

if TYPE_CHECKING:
    import pandas as pd

_TEMPLATES = Path(__file__).parent / "templates"
# Plots that the page has as tables, or draws itself.
_AS_TABLES = ("confusion_", "leaderboard", "per_class_f1", "accuracy_fit_time")
_FILES = (
    "leaderboard.csv",
    "comparisons.csv",
    "per_class.csv",
    "confusion.csv",
    "calibration.csv",
    "history.csv",
    "by_group.csv",
    "group_gaps.csv",
    "published.csv",
    "effects.csv",
    "wrong_everywhere.csv",
    "mean_maps.csv",
    "ledger.csv",
)
# Limits keep the page small: further pictures and ids are only counted, and the CSV lists all of them.
_MOST_PICTURES = 120
_MOST_IDS = 400
_PICTURES_PER_PAIR = 8


def render_index(
    results: Results,
    board: ScoreBoard,
    frame: "pd.DataFrame",
    drawings: Drawings,
    additions: Additions,
    *,
    groups: ByGroup,
    maps: Sequence[StoredMaps] = (),
    pictures: Pictures | None,
) -> str:
    """Return the main page. Give `pictures` only for drawn faces, because a published page must not show other data."""
    best, offers = board.best(results), make_offers(results, board)
    rows = leaderboard_rows(frame, columns(frame))
    return render_page(
        _TEMPLATES,
        "index.html.j2",
        **_common(results),
        views=VIEWS,
        columns=columns(frame),
        rows=[{**row, "offer": offers.get(str(row["cell_id"]))} for row in rows],
        choice=page_choice(results, offers),
        kinds=_kinds(offer.kind for offer in offers.values()),
        files=[name for name in _FILES if (results.root / name).is_file()],
        winner=_winner(results, board, best),
        **page_drawings(drawings, left_out=_AS_TABLES),
        champions=[(cell.label, slug(cell.label)) for cell in champions(results, board)],
        means=seed_means(frame).to_dict("records"),
        f1=_f1_table(results, board),
        confusion=_confusion_tables(results, board, best),
        best=best.label if best else "",
        pairs=_pairs(results, best, pictures),
        wrong=_wrong(results, pictures),
        family=family_rows(board),
        family_text=family_text(results, board),
        detectable=detectable_text(results, board),
        leaks=_leaks(results),
        terms=training_data_terms(results),
        identity=identity_text(frame),
        seeds_text=seeds_text(frame),
        latencies=results.latencies.text(),
        **additions.for_page(),
        **maps_for_page(maps),
        **groups_for_page(groups, board.ranking()),
    )


def render_faces(results: Results, board: ScoreBoard, pictures: Pictures) -> str:
    """Return the page with photographs, which must not be published."""
    best = board.best(results)
    return render_page(
        _TEMPLATES,
        "faces.html.j2",
        **_common(results),
        best=best.label if best else "",
        pairs=_pairs(results, best, pictures),
        wrong=_wrong(results, pictures),
    )


def _kinds(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the color and marker of each kind of recognizer, as in the plots."""
    found = set(names)
    styles = displays.group_styles(found)
    colors = {color: f"var(--c{place})" for place, color in enumerate(displays.PALETTE)}
    return {
        name: {"color": colors.get(styles[name][0], "var(--soft)"), "marker": styles[name][1]} for name in sorted(found)
    }


def _common(results: Results) -> dict[str, Any]:
    return {
        **page_values(results, headline(results), (VALIDATION, results.split), TEST),
        "n_images": len(results.labels[results.split]),
        "classes": results.classes,
        "ablation": results.is_ablation,
    }


def _winner(results: Results, board: ScoreBoard, best: Measured | None) -> dict[str, Any] | None:
    if best is None:
        return None
    equal = [row["label"] for row in family_rows(board) if row["verdict"] == NO_DIFFERENCE]
    return {"label": best.label, "equal": equal, "why": why_best(results, board)}


def _f1_table(results: Results, board: ScoreBoard) -> dict[str, Any]:
    ranking = sorted(board.private, key=lambda label: (-board.private[label].macro_f1, label))
    rows = [
        {
            "label": label,
            "values": _f1_values(board.private[label]),
        }
        for label in ranking
    ]
    support = board.private[ranking[0]].confusion.sum(axis=1).tolist() if ranking else []
    return {"rows": rows, "support": support}


def _f1_values(scores: Scores) -> list[tuple[float, float, float]]:
    """Return F1 of each class and the macro average, with intervals."""
    nothing = [float("nan")] * len(scores.classes)
    low, high = scores.intervals.get("f1", (nothing, nothing))
    cells = zip(scores.class_values["f1"], low, high, strict=True)
    values = [(float(value), float(least), float(most)) for value, least, most in cells]
    return [*values, (scores.macro_f1, *scores.interval("macro_f1"))]


def _confusion_tables(results: Results, board: ScoreBoard, best: Measured | None) -> list[dict[str, Any]]:
    """Return the counts of each matrix, row by row, and the cells of the one that the page opens with."""
    ranking = board.ranking()
    first = best.label if best and best.label in board.private else next(iter(ranking), "")
    tables = []
    for label in ranking:
        counts, shown = board.private[label].confusion, label == first
        rows = [
            {"label": name, "cells": [(int(n), float(n / max(row.sum(), 1))) for n in row], "n": int(row.sum())}
            for name, row in zip(results.classes, counts if shown else (), strict=shown)
        ]
        text = " ".join(",".join(map(str, row)) for row in counts.tolist())
        tables.append({"label": label, "rows": rows, "counts": text, "shown": shown})
    return tables


def _pairs(results: Results, best: Measured | None, pictures: Pictures | None) -> list[dict[str, Any]]:
    if best is None or results.split not in best.proba:
        return []
    ids = results.ids[results.split]
    return [
        {
            "label": pair.label,
            "predicted": pair.predicted,
            "n": pair.n_images,
            "share": pair.share,
            "mean_share": pair.mean_share,
            "examples": [
                {"id": str(ids[row]), "uri": pictures.uri(int(row)) if pictures else ""}
                for row in pair.rows[:_PICTURES_PER_PAIR]
            ],
        }
        for pair in confused_pairs(results, best)
    ]


def _wrong(results: Results, pictures: Pictures | None) -> dict[str, Any]:
    wrong = wrong_everywhere(results)
    ids, labels = results.ids[results.split], results.labels[results.split]
    missed = labels[wrong.rows]
    images = [
        {
            "id": str(ids[row]),
            "label": str(labels[row]),
            "predicted": str(predicted),
            "votes": int(votes),
            "uri": pictures.uri(int(row)) if pictures and place < _MOST_PICTURES else "",
        }
        for place, (row, predicted, votes) in enumerate(
            zip(wrong.rows[:_MOST_IDS], wrong.predicted, wrong.votes, strict=False)
        )
    ]
    by_class = [
        {"label": name, "n": int((missed == name).sum()), "of": int((labels == name).sum())} for name in results.classes
    ]
    return {
        "n": len(wrong.rows),
        "n_recognizers": wrong.n_recognizers,
        "by_class": by_class,
        "images": images,
        "pictures": [image for image in images if image["uri"]],
    }


def _leaks(results: Results) -> dict[str, int] | None:
    if results.split != TEST or TEST not in results.leaked:
        return None
    return {"n": int(results.leaked[TEST].sum()), "of": len(results.leaked[TEST])}
