"""Export a measured bundle with its model card."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks import scores as metrics
from ferbench.benchmarks.choose.bundles import find_bundle
from ferbench.benchmarks.choose.calibration import measure_calibration
from ferbench.benchmarks.choose.cards import card_text, data_text, fit_text, shares_text
from ferbench.benchmarks.choose.export_points import points_card
from ferbench.benchmarks.identity import recorded_checksum, shipped_names
from ferbench.benchmarks.report import (
    N_BOOTSTRAP,
    SEED,
    TEST,
    VALIDATION,
    Accuracy,
    Measured,
    Results,
    accuracies,
    read_results,
)
from ferbench.benchmarks.tables import listed
from ferbench.models import load_bundle
from ferbench.models.base import CLASS_SHARES
from ferbench.models.bundles import DEVELOPMENT, add_calibration, read_description, with_temperature

CARD = "MODEL_CARD.md"


def export_bundle(
    name: str, results: Path, target: Path, *, notes: Sequence[str] = (), calibrate: float | None = None
) -> Path:
    """Copy a measured bundle into `target` and write its model card.

    Parameters
    ----------
    name : str
        A name that :func:`find_bundle` accepts: a bundle's folder within `results`, a recipe or ``winner``.
    results : Path
        A results folder, or one of its data sets.
    target : Path
        Folder to create; an older bundle there is replaced.
    notes : sequence of str
        Further paragraphs for the card, such as the license of the data.
    calibrate : float, optional
        Coverage of the reject option. The copy gets a temperature, fitted on the stored probabilities of PublicTest,
        and the threshold of this coverage; see :func:`measure_calibration`.

    Returns
    -------
    Path
        The card.

    Raises
    ------
    FileNotFoundError
        If there is no such bundle.
    ValueError
        If the bundle has no measured results, or `target` exists and is no bundle.
    """
    bundle = find_bundle(name, results)
    if target.exists() and not (target / "bundle.json").is_file():
        raise ValueError(f"{target} exists and is no bundle; choose another folder")
    measured = bundle.parents[1]
    if not (measured / "records" / f"{bundle.name}.json").is_file():
        raise ValueError(
            f"{bundle} has no record beside it, which the model card needs; name a bundle in a results folder"
        )
    if load_bundle(bundle).info.get("task") == "keypoints":
        if calibrate is not None:
            raise ValueError(f"{bundle} finds key points, which have no probabilities to calibrate; leave it out")
        text, calibration = points_card(bundle.name, measured, notes), None
    else:
        results_read = read_results(measured)
        cell = next(cell for cell in results_read.measured if cell.record["cell_id"] == bundle.name)
        calibration = None if calibrate is None else _calibration(bundle, cell, results_read, calibrate)
        shares = read_description(bundle).get(CLASS_SHARES)
        text = card(cell, results_read, notes, calibration, shares)
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(bundle, target)
    if calibration is not None:
        add_calibration(target, calibration)
    (target / CARD).write_text(text, encoding="utf-8")
    return target / CARD


def _calibration(bundle: Path, cell: Measured, results: Results, coverage: float) -> dict[str, Any]:
    """Temperature and threshold on the validation split, from the probabilities that were measured."""
    if "calibration" in read_description(bundle):
        raise ValueError(f"{bundle} is calibrated already; leave out --calibrate")
    labels = results.labels[VALIDATION]
    return measure_calibration(labels, cell.proba[VALIDATION], results.classes, coverage=coverage, split=VALIDATION)


def card(
    cell: Measured,
    results: Results,
    notes: Sequence[str] = (),
    calibration: Mapping[str, Any] | None = None,
    shares: Mapping[str, float] | None = None,
) -> str:
    """Return the model card of a measured recognizer in Markdown; all metrics come from its stored probabilities."""
    record = cell.record
    data, recipe = record["dataset"], record["recipe"]
    parts = [
        f"# {recipe['name']}",
        f"Recognizes {listed(results.classes)} in a gray picture of one face.",
        "## Training\n\n"
        f"- Data: {data_text(data)}; "
        f"{data['counts']['Training']:,} training images; model selection on {data['counts']['PublicTest']:,} others.\n"
        f"- Recipe: `{recipe['name']}`, {recipe['implementation']}; probabilities: {recipe['probabilities']}.\n"
        f"{fit_text(record)}{shares_text(shares)}",
        "## Measured\n\n" + _scores(cell, results) + "\n" + _costs(cell, results) + _development(cell),
        f"## By class, on {_split(cell)}\n\n" + _classes(cell, results),
        *([] if calibration is None else ["## Calibration\n\n" + _calibration_text(cell, results, calibration)]),
        "## Known weaknesses\n\n" + _weaknesses(cell, results),
    ]
    return card_text(parts, notes)


def _development(cell: Measured) -> str:
    """On what it was chosen, for exactly the weights that ship."""
    return f"\n\n{DEVELOPMENT}" if recorded_checksum(cell.record) in shipped_names() else ""


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


def _calibration_text(cell: Measured, results: Results, calibration: Mapping[str, Any]) -> str:
    """What temperature and threshold do, on the validation split and, if that was opened, on PrivateTest."""
    reject, temperature = calibration["reject"], calibration["temperature"]
    lines = [
        f"- Temperature {temperature:.3f}, fitted on {calibration['n_images']:,} images of {calibration['split']}. "
        f"Calibration error there {calibration['ece_before']:.4f} before and {calibration['ece_after']:.4f} after, "
        "each half of the images with the temperature of the other half.",
        f"- An answer below {reject['threshold']:.3f} is uncertain. On {calibration['split']} "
        f"{reject['coverage']:.1%} of the answers are certain, with an accuracy of {reject['accuracy']:.4f} "
        f"(all: {reject['accuracy_all']:.4f}). The threshold was chosen there, so these figures are optimistic.",
    ]
    if TEST in cell.proba:
        proba, labels = cell.proba[TEST], results.labels[TEST]
        right = np.array(results.classes)[proba.argmax(axis=1)] == labels
        warm = with_temperature(proba, temperature).max(axis=1)
        kept = warm >= reject["threshold"]
        before, after = (metrics.expected_calibration_error(sure, right) for sure in (proba.max(axis=1), warm))
        sure = f"{right[kept].mean():.4f}" if kept.any() else "none"
        lines.append(
            f"- On {TEST}: calibration error {before:.4f} before and {after:.4f} after; {kept.mean():.1%} of the "
            f"answers are certain, with an accuracy of {sure} (all: {right.mean():.4f})."
        )
    return "\n".join(lines)


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
    lines.append(f"- {sure:.0%} of its wrong answers have a probability above 0.8.")
    lines.append("- It was measured on still, cropped faces, not on other cameras, ages or cultures.")
    return "\n".join(lines)
