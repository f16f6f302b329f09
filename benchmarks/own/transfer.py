"""Measure what starting from a trained network gains, for small sets of faces with labels of their own."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ferbench import models
from ferbench.benchmarks import store
from ferbench.benchmarks.fit import FitData, fit_recognizer, seed_recognizer
from ferbench.benchmarks.own.display import TransferDisplay
from ferbench.benchmarks.own.starts import FINE_TUNING
from ferbench.benchmarks.scores import score
from ferbench.benchmarks.tables import machine_text, markdown_table, read_runs, write_csv, write_plots, write_text
from ferbench.datasets import Dataset, make_faces
from ferbench.utils import load_average

if TYPE_CHECKING:
    import pandas as pd

NETWORK = "ferbench-net-xs"
SIZES = (50, 200, 1000)
#: New labels of the drawn faces: no network that ships knows them.
LABELS = {
    **{"happy": "cheerful", "neutral": "calm", "sad": "gloomy", "surprise": "startled"},
    **dict.fromkeys(("angry", "disgust", "fear"), "tense"),
}
N_TEST, TEST_SEED = 700, 1000
# Without trained weights a network needs more epochs; the rest is the same as in fine-tuning.
SCRATCH = {**FINE_TUNING, "epochs": 30, "patience": 30}
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "constant": ("constant", {}),
    f"deep+logreg on {NETWORK}": ("deep+logreg", {"features__bundle": NETWORK}),
    f"{NETWORK} fine-tuned": (NETWORK, {**FINE_TUNING, "initial_weights": NETWORK}),
    f"{NETWORK} from scratch": (NETWORK, SCRATCH),
}
_NOTES = """\
Drawn faces with the five labels {labels}, which no network that ships knows; "tense" joins three expressions. Of n
images, {share} are for training and the rest for validation. Accuracy is on {n_test} other drawn faces with a 95 %
bootstrap interval. Figures are of one seed. Fine-tuning: {fine} epochs after a logistic regression for the new last
layer, normalization frozen. From scratch: {scratch} epochs with the same parameters; longer trainings may do better.
Drawn faces show how methods differ on
drawings, not how they perform on people. A blank cell was not measured.
"""


def measure_transfer(
    output: Path, *, sizes: Sequence[int] = SIZES, seed: int = 0, on_part: Callable[[str], None] = lambda name: None
) -> list[str]:
    """Measure each method at each number of images; those that have a record are kept.

    Parameters
    ----------
    output : Path
        Folder of the results; each measurement is a record in its folder ``runs``.
    sizes : sequence of int
        Numbers of images.
    seed : int, default=0
        Seed of faces and fits.
    on_part : callable
        Called with the name of each measurement after it.

    Returns
    -------
    list of str
        Names of the measurements.
    """
    if not sizes or min(sizes) < 21:
        raise ValueError(f"sizes must be whole numbers of at least 21, three for each drawn label; got {list(sizes)}")
    test = renamed(make_faces(N_TEST, random_state=TEST_SEED))
    names = []
    for n_images in sorted(sizes):
        dataset = own_faces(n_images, seed)
        for method, (recipe, parameters) in METHODS.items():
            names.append(f"{n_images:05d}-{'-'.join(method.split())}-s{seed}")
            file = output / "runs" / f"{names[-1]}.json"
            if not file.is_file():
                record = _measure(recipe, parameters, dataset, test, seed)
                about = {"name": names[-1], "method": method, "n_images": n_images, "seed": seed}
                store.write_record_file(file, {**about, **record})
            on_part(names[-1])
    return names


def own_faces(n_images: int, seed: int) -> Dataset:
    """Draw faces with new labels, 85 % for training and 15 % for validation, none to test."""
    faces = renamed(make_faces(n_images, random_state=seed))
    split = np.where(faces.split == "PrivateTest", "Training", faces.split)
    return replace(faces, split=split)


def renamed(faces: Dataset) -> Dataset:
    """Return drawn faces with the new labels."""
    return replace(faces, labels=np.array([LABELS[label] for label in faces.labels.tolist()]))


def _measure(recipe: str, parameters: dict[str, Any], dataset: Dataset, test: Dataset, seed: int) -> dict[str, Any]:
    load, start = load_average(), time.perf_counter()
    found = models.get_recipe(recipe)
    recognizer = seed_recognizer(found.build(**parameters), seed)
    fitted = fit_recognizer(recognizer, found.family, FitData.of(dataset)).recognizer
    seconds = time.perf_counter() - start
    scores = score(test.labels, fitted.predict_proba(test.images), [str(label) for label in fitted.classes_])
    low, high = scores.interval("accuracy")
    return {
        "accuracy": scores.accuracy,
        **{"accuracy_low": low, "accuracy_high": high, "n_test": scores.n_images, "flag": scores.flag},
        **{"fit_s": seconds, "load_before": load, "params": parameters, "environment": store.environment()},
        "session": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def _table(records: Sequence[dict[str, Any]]) -> "pd.DataFrame":
    """Return one row per measurement: method, number of images, accuracy with its interval, seconds."""
    import pandas as pd

    columns = ["method", "n_images", "seed", "accuracy", "accuracy_low", "accuracy_high", "n_test", "flag", "fit_s"]
    return pd.DataFrame([{name: record[name] for name in columns} for record in records], columns=columns)


def write_transfer_report(folder: Path) -> str:
    """Write ``transfer.csv``, ``transfer.png`` and ``transfer.md`` from the records; return the table as text.

    Raises
    ------
    FileNotFoundError
        If nothing was measured in the folder.
    """
    records = read_runs(folder, "measure-transfer")
    table = _table(records)
    write_csv(table, folder / "transfer.csv")
    write_plots({"transfer": lambda: TransferDisplay(table)}, folder)
    text = _markdown(table)
    # Windows does not know its load.
    loads = [each["load_before"] for each in records if each["load_before"] is not None]
    load = f", load before a fit {min(loads):.0f} to {max(loads):.0f}" if loads else ""
    machine = machine_text(records[-1], ("ferbench", "keras", "tensorflow", "scikit-learn"), load, "")
    notes = _NOTES.format(
        **{"labels": ", ".join(sorted(set(LABELS.values()))), "share": "about 85 %", "n_test": N_TEST},
        **{"fine": FINE_TUNING["epochs"], "scratch": SCRATCH["epochs"]},
    )
    parts = ["# Fine-tuning on few faces with new labels", text, "![Accuracy](transfer.png)", "## How to read it"]
    end = " ".join(notes.split()) + " Measured by `ferbench measure-transfer`."
    write_text(folder / "transfer.md", "\n\n".join([*parts, end, machine]) + "\n")
    return text


def _markdown(table: "pd.DataFrame") -> str:
    sizes = sorted(set(table["n_images"]))
    rows = []
    for method in METHODS:
        cells = [table[(table["method"] == method) & (table["n_images"] == size)] for size in sizes]
        rows.append([method, *(_cell(cell.iloc[0]) if len(cell) else "" for cell in cells)])
    return markdown_table(("method", *(f"{size:,} images" for size in sizes)), rows)


def _cell(row: "pd.Series") -> str:
    return f"{row['accuracy']:.3f} ({row['accuracy_low']:.3f} to {row['accuracy_high']:.3f})"
