"""Write the training time to an accuracy, from measured epochs and recorded learning curves."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ferbench import models
from ferbench.benchmarks import scores
from ferbench.benchmarks.report import VALIDATION, Measured, Results, read_results
from ferbench.benchmarks.tables import markdown_table, write_csv_files, write_text
from ferbench.benchmarks.training.epochs import TUTORIAL
from ferbench.utils import read_json

if TYPE_CHECKING:
    import pandas as pd

# Targets: images per second from the pipeline on two cores, and the ratio to the tutorial implementation.
PIPELINE_TARGET, RATIO_TARGET = 10_000, 15
_NOTES = """\
*Epoch*: seconds for one pass over all training images, including validation. It is extrapolated from short epochs of
{images} images, without the first one, which is a warm-up. For trainings with several image sizes it is the mean over
the epochs, with each size measured separately. The value is the median over rounds in which the networks took turns
(rounds: {rounds}), on {cores} cores of {cpu}{load}. *Epochs to {target:.0%}*: the first epoch
at which the recorded training (in `{results}`) had an accuracy of {target:.0%} on {validation}; `more than` if it never
did. The last column is the accuracy of the finished recognizer on {validation}. The comparison uses the time of whole
trainings that end at the target or above. No figure here is on a test split. The row `{tutorial}` takes its number of
epochs from the record of `{reference}`, which is the same network trained by ferbench. The times do not include the
soft targets of teachers; the compared recipe has no teacher. Measured by `ferbench measure-training` in one run.
"""


def time_to_accuracy(measured: dict[str, Any], results: Path) -> "pd.DataFrame":
    """Join measured seconds of an epoch with recorded learning curves.

    Returns
    -------
    DataFrame
        One row per measured recipe: ``recipe``, ``epoch_s``, ``images_per_s``, ``epochs`` (of the recorded training),
        ``epochs_to_target`` (PublicTest), ``reached``, ``public_accuracy``, ``seconds_to_target``, ``seconds_in_all``,
        ``how``. If the target was not reached, ``seconds_to_target`` is the whole training, which is a lower bound.
    """
    import pandas as pd

    read = read_results(results)
    cells = {cell.recipe: cell for cell in read.measured}
    rows = []
    for entry in measured["epochs"]:
        name = measured["reference"] if entry["recipe"] == TUTORIAL else entry["recipe"]
        rows.append(_row(entry, cells.get(name), read, measured["target"]))
    return pd.DataFrame(rows)


def compare_times(table: "pd.DataFrame", measured: dict[str, Any]) -> dict[str, Any]:
    """Compare the training time of the compared recipe with that of the tutorial implementation.

    Returns
    -------
    dict
        ``ours_s``, ``theirs_s``, ``ratio``, ``ratios`` (of each round), ``at_least`` (whether the tutorial network ends
        below the target accuracy on PublicTest, so that the ratio is a lower bound) and ``said``, a summary text. The
        times are None if a record is missing or the compared recipe ends below the target.
    """
    rows = {row["recipe"]: row for row in table.to_dict("records")}
    ours, theirs, target = rows.get(measured["recipe"]), rows.get(TUTORIAL), measured["target"]
    nothing: dict[str, Any] = {"ours_s": None, "theirs_s": None, "ratio": None, "ratios": [], "at_least": False}
    if ours is None or theirs is None or not (ours["epochs"] > 0 and theirs["epochs"] > 0):
        return nothing | {"said": f"no comparison: {measured['recipe']} or {measured['reference']} has no record"}
    end = f"{measured['recipe']} is at {ours['public_accuracy']:.1%} on {VALIDATION}"
    if ours["public_accuracy"] < target:
        return nothing | {"said": f"no comparison: {end} when it ends, below {target:.0%}"}
    ratio, at_least = theirs["seconds_in_all"] / ours["seconds_in_all"], theirs["public_accuracy"] < target
    bound, only = ("at least ", "only ") if at_least else ("", "")
    turns = {entry["recipe"]: entry["epoch_s_of_rounds"] for entry in measured["epochs"]}
    ratios = [
        theirs["epochs"] * slow / (ours["epochs"] * fast)
        for fast, slow in zip(turns[measured["recipe"]], turns[TUTORIAL], strict=True)
    ]
    said = (
        f"{end} after {ours['epochs']:.0f} epochs of {ours['epoch_s']:.0f} s, "
        f"{ours['seconds_in_all'] / 60:.1f} minutes; the four-convolution network of the tutorials takes "
        f"{theirs['epoch_s']:.0f} s per epoch, and is {only}at {theirs['public_accuracy']:.1%} after "
        f"{theirs['epochs']:.0f}: {bound}{theirs['seconds_in_all'] / 60:.0f} minutes to {target:.0%}. "
        f"That is {bound}{ratio:.1f} times as long (target: {RATIO_TARGET}; "
        f"by round {', '.join(f'{each:.1f}' for each in ratios)})."
        + ("" if at_least else " It is not known whether it would reach this accuracy in fewer epochs.")
    )
    found = {"ours_s": ours["seconds_in_all"], "theirs_s": theirs["seconds_in_all"]}
    return found | {"ratio": ratio, "ratios": ratios, "at_least": at_least, "said": said}


def write_training_report(folder: Path, results: Path) -> str:
    """Write ``training.csv``, ``pipeline.csv`` and ``training.md`` from ``training.json`` and the records.

    Returns
    -------
    str
        A few lines for the terminal.

    Raises
    ------
    FileNotFoundError
        If `folder` has no measurements.
    """
    import pandas as pd

    file = folder / "training.json"
    if not file.is_file():
        raise FileNotFoundError(
            f"{file}: nothing was measured there; run ferbench measure-training --source PATH first"
        )
    measured = _with_current_names(read_json(file))
    table = time_to_accuracy(measured, results)
    verdict = compare_times(table, measured)
    pipeline = pd.DataFrame(measured["pipeline"])
    write_csv_files({"training": table, "pipeline": pipeline}, folder)
    slowest = pipeline[pipeline["threads"] == pipeline["threads"].max()]["images_per_s"].min()
    rate = (
        f"The input pipeline gives {slowest:,.0f} augmented images/s or more on {pipeline['threads'].max()} threads "
        f"(target: {PIPELINE_TARGET:,})."
    )
    notes = f"{_notes(measured, results)} {_detectable_text(measured, results)}"
    text = "\n\n".join([_markdown(table, pipeline, measured), rate, str(verdict["said"]), notes])
    write_text(folder / "training.md", f"{text}\n")
    return f"{rate}\n{verdict['said']}"


def _with_current_names(measured: dict[str, Any]) -> dict[str, Any]:
    """Return measurements with today's names of the recipes; earlier ones may have former names."""

    def renamed(entry: dict[str, Any], key: str) -> dict[str, Any]:
        name, mark, rest = entry[key].partition(": ")
        return {**entry, key: models.recipe_name(name) + mark + rest}

    return {
        **renamed(renamed(measured, "recipe"), "reference"),
        "epochs": [renamed(entry, "recipe") for entry in measured["epochs"]],
        "pipeline": [renamed(entry, "augmentation") for entry in measured["pipeline"]],
    }


def _row(entry: dict[str, Any], cell: Measured | None, read: Results, target: float) -> dict[str, Any]:
    history = (cell.record.get("history") or {}) if cell else {}
    curve = history.get("val_accuracy") or []
    reached = [epoch for epoch, value in enumerate(curve, 1) if value >= target]
    epochs = float(len(curve)) if curve else float("nan")
    to_target = float(reached[0]) if reached else epochs
    return {
        **{name: entry[name] for name in ("recipe", "epoch_s", "images_per_s")},
        "epochs": epochs,
        "epochs_to_target": to_target,
        "reached": bool(reached),
        "public_accuracy": float("nan") if cell is None else _accuracy(cell, read),
        "seconds_to_target": to_target * entry["epoch_s"],
        "seconds_in_all": epochs * entry["epoch_s"],
        "how": entry["how"],
    }


def _accuracy(cell: Measured, read: Results) -> float:
    return _right(read, cell.proba[VALIDATION])


def _right(read: Results, proba: NDArray[np.float64]) -> float:
    given = np.array(read.classes)[proba.argmax(axis=1)]
    return float((given == read.labels[VALIDATION]).mean())


def _markdown(table: "pd.DataFrame", pipeline: "pd.DataFrame", measured: dict[str, Any]) -> str:
    target = f"{measured['target']:.0%}"
    header = (
        "recipe",
        "epoch, s",
        "images/s",
        f"epochs to {target}",
        "minutes",
        "epochs in all",
        "minutes in all",
        VALIDATION,
    )
    rows = []
    for row in table.to_dict("records"):
        known = row["epochs"] > 0
        more = "" if row["reached"] or not known else "more than "
        minutes = [f"{more}{row['seconds_to_target'] / 60:.0f}", f"{row['seconds_in_all'] / 60:.0f}"]
        rows.append(
            [
                str(row["recipe"]),
                f"{row['epoch_s']:.1f}",
                f"{row['images_per_s']:,.0f}",
                f"{more}{row['epochs_to_target']:.0f}" if known else "",
                minutes[0] if known else "",
                f"{row['epochs']:.0f}" if known else "",
                minutes[1] if known else "",
                f"{row['public_accuracy']:.3f}" if known else "",
            ]
        )
    rates = [
        [str(row["augmentation"]), str(row["threads"]), f"{row['images_per_s']:,.0f}"]
        for row in pipeline.to_dict("records")
    ]
    return "\n\n".join(
        [
            f"# Training speed, and the time to {target}",
            markdown_table(header, rows),
            "## Input pipeline",
            markdown_table(("augmentation", "threads", "images/s"), rates),
        ]
    )


def _detectable_text(measured: dict[str, Any], results: Path) -> str:
    """The smallest difference in accuracy between two finished recognizers that PublicTest shows."""
    read = read_results(results)
    names = {entry["recipe"] for entry in measured["epochs"]}
    probas = {cell.label: cell.proba[VALIDATION] for cell in read.measured if cell.recipe in names}
    labels = read.labels[VALIDATION]
    best = max(probas, key=lambda name: _right(read, probas[name]), default=None)
    pairs = scores.compare(labels, probas, read.classes)
    family = None if best is None else scores.compare_with(pairs, best)
    said = scores.Detectable.of(family, len(labels)).text()
    return f"{said} (Sample size of McNemar's test: Connor, Biometrics 43, 1987.)"


def _notes(measured: dict[str, Any], results: Path) -> str:
    environment = measured["environment"]
    text = _NOTES.format(
        images=f"{min(entry['n_images'] for entry in measured['epochs']):,} to "
        f"{max(entry['n_images'] for entry in measured['epochs']):,}",
        rounds=max(len(entry["epoch_s_of_rounds"]) for entry in measured["epochs"]),
        cores=environment["cores"],
        cpu=environment["cpu"],
        # Windows reports no load average.
        load="" if (load := measured["load_before"]) is None else f", load before the start {load:.1f}",
        target=measured["target"],
        results=results.as_posix(),
        validation=VALIDATION,
        tutorial=TUTORIAL,
        reference=measured["reference"],
    )
    return "## How to read it\n\n" + text.rstrip()
