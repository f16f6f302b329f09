"""Export a bundle with its model card, and calibrate it."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ferbench.benchmarks.choose.bundles import find_bundle
from ferbench.benchmarks.choose.calibration import calibrate_on, measure_calibration
from ferbench.benchmarks.choose.cards import CARD, card_text, notes_of, with_calibration
from ferbench.benchmarks.choose.export_points import points_card
from ferbench.benchmarks.choose.recognizer_card import card
from ferbench.benchmarks.choose.records import find_record, is_measured
from ferbench.benchmarks.report import VALIDATION, Measured, Results, read_results
from ferbench.benchmarks.tables import listed
from ferbench.datasets import Dataset
from ferbench.models import load_bundle
from ferbench.models.base import CLASS_SHARES
from ferbench.models.bundles import LoadedBundle, add_calibration, shipped_name
from ferbench.utils import atomic_folder


def export_bundle(
    name: str,
    results: Path,
    target: Path,
    *,
    notes: Sequence[str] = (),
    calibrate: float | None = None,
    dataset: Dataset | None = None,
) -> Path:
    """Copy a bundle into `target` and write its model card.

    The card has the measurements of the bundle's record. It is found beside the bundle, or in `results` by the checksum
    of the weights, as for a bundle that ships. Without a record, a bundle can be copied to calibrate it; it then keeps
    its card.

    Parameters
    ----------
    name : str
        A name that :func:`find_bundle` accepts: a bundle's folder, a recipe, a shipped bundle or ``winner``.
    results : Path
        A results folder, or one of its data sets.
    target : Path
        Folder to create; an older bundle there is replaced. It can be the folder of the bundle itself.
    notes : sequence of str
        Further paragraphs for the card, such as the license of the data; by default those of the bundle's own card.
    calibrate : float, optional
        Coverage of the reject option. The copy gets a temperature and the threshold of this coverage, in place of those
        that the bundle has; see :func:`measure_calibration`.
    dataset : Dataset, optional
        Data whose PublicTest calibrates; by default the stored probabilities of the record. Copies of training images
        are left out.

    Returns
    -------
    Path
        The card.

    Raises
    ------
    FileNotFoundError
        If there is no such bundle.
    ValueError
        If the bundle has neither measured results nor data to calibrate it on, it finds key points and is to be
        calibrated, or `target` exists and is no bundle, or is the bundle of a record.
    """
    bundle = find_bundle(name, results)
    if target.exists() and not (target / "bundle.json").is_file():
        raise ValueError(f"{target} exists and is no bundle; choose another folder")
    if is_measured(target):
        raise ValueError(f"{target} is the bundle of a record, which has its checksum; choose another folder")
    found = find_record(bundle, results)
    if found is None and dataset is None:
        raise ValueError(
            f"{bundle} has no record beside it or in {results}, which the model card needs; name a bundle in a results "
            "folder, or add a calibration with --calibrate --source PATH"
        )
    loaded = load_bundle(bundle)
    if loaded.info.get("task") == "keypoints":
        if calibrate is not None:
            raise ValueError(f"{bundle} finds key points, which have no probabilities to calibrate; leave it out")
        if found is None:
            raise ValueError(f"{bundle} has no record beside it, which the model card needs")
        text, calibration = points_card(found[1], found[0], notes), None
    else:
        measured = None if found is None else _measured(*found)
        calibration = None if calibrate is None else _calibration(loaded, measured, calibrate, dataset)
        text = _text(loaded, measured, notes, calibration, opened=calibrate is not None and dataset is None)
    with atomic_folder(target) as scratch:
        shutil.copytree(bundle, scratch, dirs_exist_ok=True)
        if calibration is not None:
            add_calibration(scratch, calibration)
        (scratch / CARD).write_text(text, encoding="utf-8")
    return target / CARD


def _calibration(
    bundle: LoadedBundle, measured: tuple[Results, Measured] | None, coverage: float, dataset: Dataset | None
) -> dict[str, Any]:
    """Temperature and threshold on the validation split: of given data, or from the probabilities of the record."""
    if dataset is not None:
        return calibrate_on(bundle, dataset, coverage=coverage)
    assert measured is not None, "without data, the bundle has a record"
    results, cell = measured
    labels, copies = results.labels[VALIDATION], results.leaked.get(VALIDATION)
    calibration = measure_calibration(
        labels, cell.proba[VALIDATION], results.classes, coverage=coverage, split=VALIDATION, copies=copies
    )
    data = cell.record["dataset"]
    return {**calibration, "dataset": data["name"], "fingerprint": data["fingerprint"]}


def _measured(folder: Path, cell_id: str) -> tuple[Results, Measured]:
    """Read the results that hold a record, and its cell."""
    results = read_results(folder)
    return results, next(cell for cell in results.measured if cell.record["cell_id"] == cell_id)


def _text(
    bundle: LoadedBundle,
    measured: tuple[Results, Measured] | None,
    notes: Sequence[str],
    calibration: Mapping[str, Any] | None,
    *,
    opened: bool,
) -> str:
    """Return the card of a copy: from the record, or the bundle's own with a section about the calibration."""
    file = bundle.path / CARD
    own = file.read_text(encoding="utf-8") if file.is_file() else ""
    stated = calibration or bundle.info.get("calibration")
    if measured is not None:
        results, cell = measured
        shares = bundle.info.get(CLASS_SHARES)
        name = shipped_name(bundle.path)
        return card(cell, results, notes or notes_of(own), stated, shares, name=name, opened=opened)
    plain = f"# {bundle.name}\n\nRecognizes {listed(bundle.classes_.tolist())} in a gray picture of one face.\n"
    text = card_text([(own or plain).rstrip("\n")], notes)
    return text if stated is None else with_calibration(text, stated)
