"""The tables of a protocol: recipes over their folds, and each fold by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ferbench.benchmarks.folds.reading import TEST, VALIDATION, FoldCell, FoldContent
from ferbench.benchmarks.folds.tally import NOTHING, Estimate, Tally, spread, tally
from ferbench.benchmarks.identity import INCOMPLETE, STALE
from ferbench.benchmarks.scores import Metric, metric_values, plugin_metrics, refuse_taken

ONE_SEED = "one seed: no spread over seeds"
_SHOWN = 3


def complete(content: FoldContent, recipe: str) -> bool:
    """Whether a recipe was measured in every fold of every seed."""
    return sum(cell.ok for cell in content.cells[recipe]) == len(content.folds)


def is_constant(content: FoldContent, recipe: str) -> bool:
    """Whether a recipe ignores its input."""
    return any(cell.record["recipe"].get("family") == "constant" for cell in content.cells[recipe])


def best_on_validation(content: FoldContent) -> str | None:
    """The complete recipe with the best mean accuracy on the validation parts; the test parts are not used."""
    ranked = {
        name: -fold_mean(content, cells, VALIDATION)
        for name, cells in content.cells.items()
        if complete(content, name) and not is_constant(content, name)
    }
    return min(ranked, key=lambda name: (ranked[name], name), default=None)


def leaderboard(content: FoldContent) -> pd.DataFrame:
    """One row for each recipe, complete ones first, by falling mean accuracy over folds.

    Returns
    -------
    DataFrame
        ``recipe``, ``status`` (``ok`` or ``incomplete``), ``folds`` measured of ``folds_planned``, ``seeds``,
        ``n_images`` and ``n_people`` (blank where nobody is known); ``accuracy``, its mean over folds and seeds;
        ``sd_folds``, the mean over seeds of its standard deviation over folds; ``sd_seeds``, that of the means of the
        seeds; ``pooled`` accuracy over all test rows and ``macro_f1``, each with bounds that resample people;
        ``leak_free``, pooled without copies of training images; ``validation``, the mean on the parts to choose on,
        with bounds; ``difference`` from the best on the validation parts, with bounds; ``fit_s``; ``note``; last, one
        column for each metric plug-in, of the pooled test rows.
    """
    best = best_on_validation(content)
    reference = None if best is None else tally(content, content.cells[best])
    known = plugin_metrics()
    rows = [
        with_metrics(_row(content, name, best, reference), content, cells, known)
        for name, cells in content.cells.items()
    ]
    frame = pd.DataFrame(rows)
    frame["rank"] = [(row["status"] != "ok", -np.nan_to_num(row["accuracy"], nan=-1.0)) for row in rows]
    return frame.sort_values(["rank", "recipe"]).drop(columns="rank").reset_index(drop=True)


def fold_table(content: FoldContent) -> pd.DataFrame:
    """One row for each cell: ``recipe``, ``seed``, ``fold``, ``status``, images, people and accuracy of its parts."""
    rows = []
    for recipe, cells in content.cells.items():
        measured = {cell.fold: cell for cell in cells}
        for place, fold in enumerate(content.folds):
            test, cell = fold.parts[TEST], measured.get(place)
            known = bool((test.people >= 0).all())
            rows.append(
                {
                    "recipe": recipe,
                    "seed": fold.seed,
                    "fold": fold.name,
                    "status": "missing" if cell is None else cell.record["status"],
                    "n_training": fold.n_training,
                    "n_images": len(test.labels),
                    "n_people": len(np.unique(test.people)) if known else None,
                    "accuracy": right_share(content, cell, TEST),
                    "validation": right_share(content, cell, VALIDATION),
                    "fit_s": None if cell is None else _fit_s(cell),
                    "reason": None if cell is None else cell.record.get("reason"),
                }
            )
    return pd.DataFrame(rows)


def right_share(content: FoldContent, cell: FoldCell | None, part: str) -> float:
    """Accuracy of one cell on a part of its fold; NaN if it was not measured."""
    if cell is None or not cell.ok:
        return float("nan")
    names = np.array(content.classes)
    return float((names[cell.proba[part].argmax(axis=1)] == content.folds[cell.fold].parts[part].labels).mean())


def fold_mean(content: FoldContent, cells: Sequence[FoldCell], part: str = TEST) -> float:
    """Mean accuracy over the measured folds and seeds; NaN without one."""
    values = [right_share(content, cell, part) for cell in cells if cell.ok]
    return float(np.mean(values)) if values else float("nan")


def with_metrics(
    row: dict[str, Any], content: FoldContent, cells: Sequence[FoldCell], known: Mapping[str, Metric]
) -> dict[str, Any]:
    """Add the metrics of plug-ins on all test rows of the measured cells to a row; NaN without one."""
    refuse_taken(known, row)
    measured = [cell for cell in cells if cell.ok]
    if not measured:
        return row | dict.fromkeys(known, float("nan"))
    return row | metric_values(known, *pooled(content, measured), content.classes)


def pooled(content: FoldContent, measured: Sequence[FoldCell]) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Labels and probabilities of all test rows of measured cells, cell by cell."""
    labels = [content.folds[cell.fold].parts[TEST].labels for cell in measured]
    return np.concatenate(labels), np.concatenate([cell.proba[TEST] for cell in measured])


def _row(content: FoldContent, name: str, best: str | None, reference: Tally | None) -> dict[str, Any]:
    cells, done = content.cells[name], complete(content, name)
    counted = tally(content, cells)
    seeds = sorted({fold.seed for fold in content.folds})
    measured = any(cell.ok for cell in cells)
    images = np.concatenate([fold.parts[TEST].rows for fold in content.folds])
    against = counted.less(reference) if done and reference is not None and name != best else NOTHING
    return {
        "recipe": name,
        "status": "ok" if done else "incomplete",
        "folds": sum(cell.ok for cell in cells),
        "folds_planned": len(content.folds),
        "seeds": len(seeds),
        "n_images": len(np.unique(images)),
        "n_people": counted.n_clusters if counted.people else None,
        "accuracy": fold_mean(content, cells),
        "sd_folds": _sd_folds(content, cells, seeds),
        "sd_seeds": _sd_seeds(content, cells, seeds) if done else float("nan"),
        **_bounds("pooled", counted.accuracy() if measured else NOTHING),
        **_bounds("macro_f1", counted.macro_f1() if measured else NOTHING),
        "leak_free": _leak_free(content, cells),
        **_bounds("validation", _validation(content, cells)),
        **_bounds("difference", against),
        "fit_s": _mean([_fit_s(cell) for cell in cells if cell.ok]),
        "note": _note(content, name),
    }


def _validation(content: FoldContent, cells: Sequence[FoldCell]) -> Estimate:
    """Mean over folds on the validation parts; the interval is that of their pooled rows."""
    if not any(cell.ok for cell in cells):
        return NOTHING
    pooled = tally(content, cells, VALIDATION).accuracy()
    return Estimate(fold_mean(content, cells, VALIDATION), pooled.low, pooled.high)


def _sd_folds(content: FoldContent, cells: Sequence[FoldCell], seeds: Sequence[int]) -> float:
    of_seeds = [
        spread(
            [right_share(content, cell, TEST) for cell in cells if cell.ok and content.folds[cell.fold].seed == seed]
        )
        for seed in seeds
    ]
    return float(np.nanmean(of_seeds)) if not np.isnan(of_seeds).all() else float("nan")


def _sd_seeds(content: FoldContent, cells: Sequence[FoldCell], seeds: Sequence[int]) -> float:
    return spread(
        [fold_mean(content, [cell for cell in cells if content.folds[cell.fold].seed == seed]) for seed in seeds]
    )


def _leak_free(content: FoldContent, cells: Sequence[FoldCell]) -> float:
    names, right, total = np.array(content.classes), 0, 0
    for cell in cells:
        if cell.ok:
            part = content.folds[cell.fold].parts[TEST]
            given = names[cell.proba[TEST].argmax(axis=1)]
            right += int(((given == part.labels) & ~part.leaked).sum())
            total += int((~part.leaked).sum())
    return right / total if total else float("nan")


def _note(content: FoldContent, name: str) -> str:
    notes = []
    measured = {cell.fold: cell for cell in content.cells[name]}
    missing = [
        f"{fold.name} seed {fold.seed} ({'not measured' if cell is None else cell.record['status']})"
        for place, fold in enumerate(content.folds)
        for cell in (measured.get(place),)
        if cell is None or not cell.ok
    ]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        notes.append(f"{len(missing)} of {len(content.folds)} folds missing: {', '.join(missing[:_SHOWN])}{more}")
    # Such as features of a network that was trained on other data.
    notes += dict.fromkeys(
        str(cell.record["reason"]) for cell in measured.values() if cell.ok and cell.record["reason"]
    )
    return "; ".join([*notes, *_standing_notes([cell for cell in measured.values() if cell.ok])])


def _standing_notes(measured: Sequence[FoldCell]) -> list[str]:
    """Say in how many folds the record is stale, and why, or does not hold its whole identity."""
    notes = []
    stale = [cell for cell in measured if cell.standing.kind == STALE]
    if stale:
        reasons = list(dict.fromkeys(reason for cell in stale for reason in cell.standing.reasons))
        more = f" and {len(reasons) - _SHOWN} more reasons" if len(reasons) > _SHOWN else ""
        notes.append(f"stale in {len(stale)} of {len(measured)} folds: {', '.join(reasons[:_SHOWN])}{more}")
    if n_incomplete := sum(cell.standing.kind == INCOMPLETE for cell in measured):
        notes.append(f"identity incomplete in {n_incomplete} of {len(measured)} folds")
    return notes


def _bounds(name: str, estimate: Estimate) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean of the values that were measured."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _fit_s(cell: FoldCell) -> float | None:
    timings: Mapping[str, Any] = cell.record.get("timings") or {}
    parts = [timings.get(key) for key in ("fit_s", "extract_s")]
    return None if parts[0] is None else sum(part or 0.0 for part in parts)
