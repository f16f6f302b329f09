"""Measure the effect of each change to a reference recipe in an ablation."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ferbench.benchmarks.report.results import VALIDATION, Measured, Results
from ferbench.benchmarks.report.scores import N_BOOTSTRAP, SEED
from ferbench.benchmarks.scores import ALPHA, NO_DIFFERENCE, DetectableBySpread, compare, holm
from ferbench.benchmarks.tables import markdown_table, markdown_text, number_text
from ferbench.models import recipe_name

if TYPE_CHECKING:
    import pandas as pd

# Parameters that name a place, not a method; a change in them is not an effect.
_NO_CHANGE = ("random_state", "tensorboard", "verbose")
_NOTES = """\
Every row is `{reference}` with one thing changed; *effect* is the change of accuracy in percentage points on
{validation} ({n_images:,} images), with its paired 95 % bootstrap interval; no test image has a say. p is that of
McNemar's exact test, Holm-corrected over the {n} rows; an effect whose p is not below 0.05 is *not shown to differ*
from zero. The epoch of each training was chosen on the same images, of all rows alike. One training each: another seed
moves a figure too, and no interval here knows of that. Short trainings: what pays in {epochs}
epochs need not pay in ten times as many, and the other way round. Rebuilt by `ferbench report` from the records;
never edited by hand.
"""


def reference_of(results: Results) -> Measured | None:
    """Return the measured reference cell of the suite; None if the suite has no reference or it was not measured."""
    name = results.suite.get("reference")
    return next((cell for cell in results.measured if name and cell.recipe == recipe_name(name)), None)


def effects(results: Results, reference: Measured) -> "pd.DataFrame":
    """Compare every other cell with the reference.

    Returns
    -------
    DataFrame
        One row per cell, the reference first, then in the order of the suite: ``recipe``, ``changed``; ``accuracy`` on
        PublicTest, ``effect`` on it with ``effect_low`` and ``effect_high``; ``p_mcnemar``, ``p_holm``,
        ``verdict`` (``better``, ``worse``, ``not shown to differ``); ``n_images``; ``fit_s`` and ``epochs``.
    """
    import pandas as pd

    others = [cell for cell in results.contestants if cell.label != reference.label]
    rows = [_reference_row(results, reference), *(_row(results, reference, cell) for cell in others)]
    frame = pd.DataFrame(rows)
    frame["p_holm"] = np.nan
    if others:
        frame.loc[1:, "p_holm"] = holm(frame["p_mcnemar"][1:])
    frame["verdict"] = [_verdict(row) for row in frame.to_dict("records")]
    return frame


def effects_markdown(frame: "pd.DataFrame", results: Results) -> str:
    """Return the table as a page of Markdown."""
    head, rest = frame.iloc[0], frame.iloc[1:]
    header = ("recipe", "changed", "accuracy", "effect [95 %]", "p", "verdict", "fit, s")
    rows = [
        [str(head["recipe"]), "", f"{head['accuracy']:.4f}", *[""] * 3, number_text(head["fit_s"], 0)],
        *(
            [
                str(row["recipe"]),
                str(row["changed"]),
                f"{row['accuracy']:.4f}",
                f"{100 * row['effect']:+.1f} [{100 * row['effect_low']:+.1f}, {100 * row['effect_high']:+.1f}]",
                f"{row['p_holm']:.2g}",
                str(row["verdict"]),
                number_text(row["fit_s"], 0),
            ]
            for row in rest.to_dict("records")
        ),
    ]
    notes = _NOTES.format(
        reference=head["recipe"],
        n_images=int(head["n_images"]),
        n=len(rest),
        validation=VALIDATION,
        epochs=int(head["epochs"]) if head["epochs"] == head["epochs"] else "so few",
    )
    name = markdown_text(results.dataset.get("name"))
    title = f"# Effect of each change to {markdown_text(head['recipe'])}: {name}"
    parts = [
        title,
        markdown_table(header, rows, 2),
        detectable_effect(frame),
        notes.rstrip(),
        "![Effects](effects.png)",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def detectable_effect(frame: "pd.DataFrame") -> str:
    """The smallest effect that these images show, from the intervals of the effects; empty without one."""
    names = {f"effect{end}": f"difference{end}" for end in ("", "_low", "_high")}
    if not set(names) <= set(frame.columns):
        return ""
    where = f"On {int(frame['n_images'].iloc[0]):,} images of {VALIDATION}"
    return DetectableBySpread.of(frame.rename(columns=names)).text(where)


def _reference_row(results: Results, reference: Measured) -> dict[str, Any]:
    truth = results.labels[VALIDATION]
    right = np.array(results.classes)[reference.proba[VALIDATION].argmax(axis=1)] == truth
    return {
        "recipe": reference.label,
        "changed": "",
        "accuracy": float(right.mean()),
        "n_images": len(truth),
        **_cost(reference),
    }


def _row(results: Results, reference: Measured, cell: Measured) -> dict[str, Any]:
    row: dict[str, Any] = {"recipe": cell.label, "changed": _changed(reference.record, cell.record)}
    pair = _pair(results, cell, reference)
    bounds = {"effect": "difference", "effect_low": "difference_low", "effect_high": "difference_high"}
    row |= {key: float(pair[column]) for key, column in bounds.items()}
    row |= {"accuracy": float(pair["accuracy_a"]), "p_mcnemar": float(pair["p_mcnemar"])}
    return row | {"n_images": int(pair["n_images"])} | _cost(cell)


def _pair(results: Results, cell: Measured, reference: Measured) -> Mapping[str, Any]:
    probas = {each.label: each.proba[VALIDATION] for each in (cell, reference)}
    pairs = compare(results.labels[VALIDATION], probas, results.classes, n_bootstrap=N_BOOTSTRAP, seed=SEED)
    return {str(name): value for name, value in pairs.iloc[0].items()}


def _changed(reference: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Return the changed parameters as text; a recipe that combines bundles is described by its own parameters."""
    if record["recipe"].get("family") != reference["recipe"].get("family"):
        own = record["recipe"].get("params") or {}
        return ", ".join(f"{name} {value}" for name, value in own.items() if name != "bundles") or "another recipe"
    before = reference["recipe"].get("all_params") or {}
    after = record["recipe"].get("all_params") or {}
    names = [name for name in after if name not in _NO_CHANGE and before.get(name) != after[name]]
    return ", ".join(f"{name} {before.get(name)} → {after[name]}" for name in names)


def _cost(cell: Measured) -> dict[str, Any]:
    timings, history = cell.record.get("timings") or {}, cell.record.get("history") or {}
    return {"fit_s": timings.get("fit_s"), "epochs": len(history["loss"]) if history.get("loss") else None}


def _verdict(row: Mapping[Any, Any]) -> str:
    if row["p_holm"] != row["p_holm"]:
        return ""
    certain = row["p_holm"] < ALPHA
    return ("better" if row["effect"] > 0 else "worse") if certain else NO_DIFFERENCE
