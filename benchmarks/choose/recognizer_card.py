"""Write the model card of a measured recognizer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks import scores as metrics
from ferbench.benchmarks.choose.cards import calibration_text, card_text, data_text, fit_text, shares_text
from ferbench.benchmarks.identity import shipped_as
from ferbench.benchmarks.report import (
    N_BOOTSTRAP,
    SEED,
    TEST,
    VALIDATION,
    Accuracy,
    Measured,
    Results,
    accuracies,
)
from ferbench.benchmarks.tables import listed
from ferbench.models.bundles import DEVELOPMENT, with_temperature


def card(
    cell: Measured,
    results: Results,
    notes: Sequence[str] = (),
    calibration: Mapping[str, Any] | None = None,
    shares: Mapping[str, float] | None = None,
    *,
    name: str | None = None,
    opened: bool = True,
) -> str:
    """Return the model card of a measured recognizer in Markdown; all metrics come from its stored probabilities.

    Parameters
    ----------
    cell, results : Measured, Results
        The recognizer, and the results that it is part of.
    notes : sequence of str
        Paragraphs at the end.
    calibration : mapping, optional
        What the bundle states, see :func:`measure_calibration`.
    shares : mapping, optional
        Shares of the classes in the training data.
    name : str, optional
        Title of the card; by default the recipe.
    opened : bool, default=True
        Whether the calibration is also scored on the stored probabilities of PrivateTest, if that was opened. A
        calibration that was added after the opening of a test split is not.
    """
    record = cell.record
    data, recipe = record["dataset"], record["recipe"]
    parts = [
        f"# {name or recipe['name']}",
        f"Recognizes {listed(results.classes)} in a gray picture of one face.",
        "## Training\n\n"
        f"- Data: {data_text(data)}; "
        f"{data['counts']['Training']:,} training images; model selection on {data['counts']['PublicTest']:,} others.\n"
        f"- Recipe: `{recipe['name']}`, {recipe['implementation']}; probabilities: {recipe['probabilities']}.\n"
        f"{fit_text(record, results.total_fits.get(str(record['cell_id'])))}{shares_text(shares)}",
        "## Measured\n\n" + _scores(cell, results) + "\n" + _costs(cell, results) + _development(cell),
        f"## By class, on {_split(cell)}\n\n" + _classes(cell, results),
        *_calibration(cell, results, calibration, opened=opened),
        "## Known weaknesses\n\n" + _weaknesses(cell, results),
    ]
    return card_text(parts, notes)


def _development(cell: Measured) -> str:
    """On what it was chosen, for exactly the weights that ship."""
    return f"\n\n{DEVELOPMENT}" if shipped_as(cell.record) else ""


def _scores(cell: Measured, results: Results) -> str:
    lines = ["| images | n | accuracy | 95 % interval |", "| :-- | --: | --: | :-- |"]
    kept: dict[str, NDArray[np.bool_] | None] = {"PrivateTest": None, "PublicTest (used for model selection)": None}
    if TEST in results.leaked:
        kept["PrivateTest without images that are also in Training"] = ~results.leaked[TEST]
    for name, keep in kept.items():
        if name.split(" ")[0] not in cell.proba:
            continue
        figure: Accuracy = accuracies(results, name.split(" ")[0], keep)[cell.label]
        lines.append(f"| {name} | {figure.n_images:,} | {figure.value:.4f} | {figure.low:.4f} to {figure.high:.4f} |")
    closed = "" if TEST in cell.proba else f"\n{TEST} was not opened for it. These figures are optimistic.\n"
    return "\n".join(lines) + "\n" + closed


def _calibration(cell: Measured, results: Results, calibration: Mapping[str, Any] | None, *, opened: bool) -> list[str]:
    """What temperature and threshold do, on the validation split and, if it was `opened`, on PrivateTest."""
    if calibration is None:
        return []
    said = "## Calibration\n\n" + calibration_text(calibration)
    if not opened or TEST not in cell.proba or "threshold" not in calibration.get("reject", {}):
        return [said]
    proba, labels = cell.proba[TEST], results.labels[TEST]
    right = np.array(results.classes)[proba.argmax(axis=1)] == labels
    warm = with_temperature(proba, calibration["temperature"]).max(axis=1)
    kept = warm >= calibration["reject"]["threshold"]
    before, after = (metrics.expected_calibration_error(sure, right) for sure in (proba.max(axis=1), warm))
    sure = f"{right[kept].mean():.4f}" if kept.any() else "none"
    return [
        f"{said}\n- On {TEST}: calibration error {before:.4f} before and {after:.4f} after; {kept.mean():.1%} of the "
        f"answers are certain, with an accuracy of {sure} (all: {right.mean():.4f})."
    ]


def _split(cell: Measured) -> str:
    """Return the split for the detailed tables: PrivateTest, or PublicTest if PrivateTest was not opened."""
    return TEST if TEST in cell.proba else VALIDATION


def _costs(cell: Measured, results: Results) -> str:
    record, latency = cell.record, results.latency_of(cell)
    figures = latency.milliseconds
    p90 = "" if figures["p90"] is None else f", p90 {figures['p90']:.2f} ms"
    run = f", measured in the run {latency.run}" if latency.run else ""
    return (
        f"One image: median {figures['median']:.2f} ms{p90} (n = {figures['n']}){run}; in batches: "
        f"{record['timings']['throughput_images_per_s']:,.0f} images/s. Size: {record['size_bytes'] / 1e6:.2f} MB."
    )


def _classes(cell: Measured, results: Results) -> str:
    split = _split(cell)
    scores = metrics.score(
        results.labels[split], cell.proba[split], list(results.classes), n_bootstrap=N_BOOTSTRAP, seed=SEED
    )
    lines = ["| class | images | precision | recall | F1 |", "| :-- | --: | --: | --: | --: |"]
    for row in scores.per_class().to_dict("records"):
        figures = " | ".join(f"{row[name]:.3f}" for name in ("precision", "recall", "f1"))
        lines.append(f"| {row['class']} | {int(row['support']):,} | {figures} |")
    return "\n".join(lines)


def _weaknesses(cell: Measured, results: Results) -> str:
    """Return the three most frequent confusions, and how often wrong answers are confident."""
    split = _split(cell)
    classes, true = np.array(results.classes), results.labels[split]
    answer = classes[cell.proba[split].argmax(axis=1)]
    wrong = answer != true
    pairs, counts = np.unique(np.stack([true[wrong], answer[wrong]]), axis=1, return_counts=True)
    lines = []
    for i in np.argsort(-counts, kind="stable")[:3]:
        share = counts[i] / (true == pairs[0, i]).sum()
        lines.append(f"- {share:.0%} of the {pairs[0, i]} faces are classified as {pairs[1, i]}.")
    sure = float((cell.proba[split].max(axis=1)[wrong] > 0.8).mean()) if wrong.any() else 0.0
    lines.append(f"- {sure:.0%} of its wrong answers have a probability above 0.8 without a calibration.")
    lines.append("- It was measured on still, cropped faces, not on other cameras, ages or cultures.")
    return "\n".join(lines)
