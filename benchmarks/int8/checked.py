"""Export an int8 bundle, and compare it with its float32 bundle on the validation split."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.choose import CARD, calibrate_on
from ferbench.benchmarks.int8.cards import int8_card
from ferbench.benchmarks.scores import Scores, compare, score
from ferbench.datasets import Dataset
from ferbench.models import load_bundle
from ferbench.models.bundles import (
    CALIBRATION,
    NETWORK,
    add_calibration,
    add_scores,
    quantize_bundle,
    read_description,
)

VALIDATION = "PublicTest"
N_BOOTSTRAP, SEED = 1000, 0


@dataclass(frozen=True)
class Checked:
    """A float32 network beside its int8 version, on the same images.

    Attributes
    ----------
    name : str
        Name of the float32 bundle.
    split : str
        The part of the data that both were compared on.
    n_images : int
        Number of images in it.
    same_labels : float
        Share of the images on which both give the same label.
    float_accuracy, int8_accuracy : dict of str to float
        ``value``, ``low`` and ``high`` (95 % interval).
    difference : dict of str to float
        int8 less float32, paired: ``value``, ``low``, ``high``, and ``p_mcnemar``.
    verdict : str
        ``better``, ``worse`` or ``not shown to differ``.
    float_bytes, int8_bytes : int
        Sizes of the networks.
    calibration_images : int
        Training images that the ranges come from.
    """

    name: str
    split: str
    n_images: int
    same_labels: float
    float_accuracy: dict[str, float]
    int8_accuracy: dict[str, float]
    difference: dict[str, float]
    verdict: str
    float_bytes: int
    int8_bytes: int
    calibration_images: int

    def as_dict(self) -> dict[str, Any]:
        """Return all fields, for a record."""
        return asdict(self)


def export_int8(
    source: Path,
    target: Path,
    dataset: Dataset,
    *,
    notes: Sequence[str] = (),
    n_images: int = CALIBRATION,
    calibrate: float | None = None,
) -> Checked:
    """Write the int8 version of a bundle with its model card, and compare both on PublicTest.

    Parameters
    ----------
    source, target : Path
        The float32 bundle, and the folder to create.
    dataset : Dataset
        Training gives the images for the ranges, PublicTest the comparison. PrivateTest is not used.
    notes : sequence of str
        Further paragraphs for the card, such as the license of the data.
    n_images : int, default=256
        Training images that the ranges of the activations come from.
    calibrate : float, optional
        Coverage of the reject option. The int8 network gets a temperature and a threshold of its own, from PublicTest;
        see :func:`ferbench.benchmarks.choose.calibrate_on`.

    Raises
    ------
    ValueError
        If the bundle cannot be quantized, or the data have other labels or another image size.
    """
    _check_data(load_bundle(source), dataset)
    quantize_bundle(source, target, calibration(dataset, n_images), progress=True)
    try:
        if calibrate is not None:
            add_calibration(target, calibrate_on(load_bundle(target), dataset, coverage=calibrate))
        return publish_int8(source, target, dataset, notes)
    except BaseException:
        shutil.rmtree(target)
        raise


def publish_int8(source: Path, target: Path, dataset: Dataset, notes: Sequence[str]) -> Checked:
    """Compare an int8 bundle with its float32 bundle, and write its scores and its card."""
    checked, scores = _compared(source, target, dataset)
    add_scores(target, {VALIDATION: scores.as_dict()})
    card = int8_card(checked, read_description(target), notes)
    (target / CARD).write_text(card, encoding="utf-8")
    return checked


def check_int8(source: Path, target: Path, dataset: Dataset) -> Checked:
    """Compare an int8 bundle with its float32 bundle on PublicTest."""
    return _compared(source, target, dataset)[0]


def _compared(source: Path, target: Path, dataset: Dataset) -> tuple[Checked, Scores]:
    images, labels = dataset.part(VALIDATION)
    plain, small = (load_bundle(folder).without_calibration() for folder in (source, target))
    classes = [str(label) for label in plain.classes_]
    probas = {"float32": plain.predict_proba(images), "int8": small.predict_proba(images)}
    row = compare(labels, {"int8": probas["int8"], "float32": probas["float32"]}, classes).iloc[0]
    same = probas["float32"].argmax(axis=1) == probas["int8"].argmax(axis=1)
    scores = {name: score(labels, proba, classes, n_bootstrap=N_BOOTSTRAP, seed=SEED) for name, proba in probas.items()}
    checked = Checked(
        name=source.name,
        split=VALIDATION,
        n_images=len(images),
        same_labels=float(same.mean()),
        float_accuracy=_accuracy(scores["float32"]),
        int8_accuracy=_accuracy(scores["int8"]),
        difference={
            "value": float(row["difference"]),
            "low": float(row["difference_low"]),
            "high": float(row["difference_high"]),
            "p_mcnemar": float(row["p_mcnemar"]),
        },
        verdict={"A": "better", "B": "worse"}.get(row["verdict"], str(row["verdict"])),
        float_bytes=(source / NETWORK).stat().st_size,
        int8_bytes=(target / NETWORK).stat().st_size,
        calibration_images=int(read_description(target)["precision"]["calibration_images"]),
    )
    return checked, scores["int8"]


def _accuracy(scores: Scores) -> dict[str, float]:
    low, high = scores.interval("accuracy")
    return {"value": scores.accuracy, "low": low, "high": high}


def calibration(dataset: Dataset, n_images: int = CALIBRATION) -> NDArray[np.uint8]:
    """Return training images, drawn without regard to their labels."""
    images, _ = dataset.part("Training")
    if n_images < 16 or len(images) < 16:
        raise ValueError(f"calibration needs at least 16 training images; got {min(n_images, len(images))}")
    rows = np.random.default_rng(SEED).choice(len(images), min(n_images, len(images)), replace=False)
    return np.ascontiguousarray(images[np.sort(rows)])


def _check_data(bundle: Any, dataset: Dataset) -> None:
    if bundle.info.get("task") == "keypoints":
        raise ValueError(f"{bundle.path}: int8 is for networks of expressions; this bundle finds key points")
    if unknown := sorted(set(dataset.label_names) - set(map(str, bundle.classes_))):
        raise ValueError(
            f"{dataset.name} has the label {unknown[0]!r}, and {bundle.path} knows {', '.join(bundle.classes_)}; give "
            "the data that the bundle was trained on"
        )
