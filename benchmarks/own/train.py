"""Fit one recipe on one's own faces, score it, and save it as a bundle."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ferbench import models
from ferbench.benchmarks.choose import CARD, COVERAGE, calibrate_on, check_coverage
from ferbench.benchmarks.fit import FitData, OnEpoch, fit_recognizer, seed_recognizer
from ferbench.benchmarks.own.cards import own_card
from ferbench.benchmarks.own.starts import fine_tuning
from ferbench.benchmarks.scores import Scores, score
from ferbench.datasets import Dataset, find_leaks
from ferbench.models.bundles import add_calibration, find_shipped, read_description, recognizer_sha256

TRAINING, VALIDATION, TEST = "Training", "PublicTest", "PrivateTest"
#: Fewest validation images, without copies of training images, from which a temperature and a threshold are taken.
LEAST = 20


@dataclass(frozen=True)
class Trained:
    """A recognizer that was fitted and saved.

    Attributes
    ----------
    bundle : Path
        Folder of the bundle.
    scores : dict of str to Scores
        Scores by split: PublicTest, and PrivateTest if it was opened.
    fit_s : float
        Seconds of the fit, with the extraction of features.
    recipe : str
        Name of the recipe that was fitted: for a former name of the network to start from, the name of today.
    uncalibrated : str
        Why the bundle has no calibration; empty if it has one, or none was asked for.
    """

    bundle: Path
    scores: dict[str, Scores] = field(default_factory=dict)
    fit_s: float = 0.0
    recipe: str = ""
    uncalibrated: str = ""

    def text(self) -> str:
        """Return accuracies with their 95 % intervals as lines for the terminal."""
        lines = []
        for split, scores in self.scores.items():
            low, high = scores.interval("accuracy")
            flag = f"; {scores.flag}" if scores.flag else ""
            what = "validation" if split == VALIDATION else "test"
            lines.append(
                f"{what}: accuracy {scores.accuracy:.3f} [{low:.3f}, {high:.3f}], n = {scores.n_images:,}{flag}"
            )
        return "\n".join(lines)


def train_bundle(
    recipe: str,
    dataset: Dataset,
    output: str | Path,
    *,
    start: str | Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    test: bool = False,
    calibrate: float | None = COVERAGE,
    on_step: Callable[[str], None] = lambda name: None,
    on_epoch: OnEpoch | None = None,
) -> Trained:
    """Fit a recipe on the training part of a data set, and save it as a bundle.

    Parameters
    ----------
    recipe : str
        Name of a recipe, such as ``hog+svm`` or ``ferbench-net-xs``.
    dataset : Dataset
        Labeled faces. PublicTest is the validation part, for choices such as the epoch.
    output : str or Path
        Folder to create; an existing one is never replaced.
    start : str or Path, optional
        Bundle whose weights a network starts from (fine-tuning): the name of a shipped one, or a folder.
    parameters : mapping, optional
        Parameters of the recipe.
    seed : int, default=0
        Seed of the fit.
    test : bool, default=False
        Also score the test part, PrivateTest. Open it once, when all choices are made. That of FER2013 stays closed.
    calibrate : float or None, default=0.8
        Share of the validation images that get a certain answer: the bundle gets a temperature and the threshold of
        this coverage, both from PublicTest without copies of training images. None gives no calibration; a validation
        part of fewer than 20 such images gives none either. The labels are the same with it and without it.
    on_step : callable
        Called with ``fit``, ``score`` and ``save`` before each step.
    on_epoch : callable, optional
        Called after each epoch of a network with its number, from 1, and its metrics.

    Returns
    -------
    Trained

    Raises
    ------
    ValueError
        If the output exists, the recipe is unknown or finds key points, `start` has another network than the recipe or
        none that can be trained further, or `test` asks for the test part of FER2013.
    FileNotFoundError
        If there is no bundle at `start`.

    Examples
    --------
    >>> from ferbench.benchmarks.own import train_bundle
    >>> from ferbench.datasets import make_faces
    >>> print(train_bundle("hog+logreg", make_faces(210, random_state=0), "mine").text())  # doctest: +SKIP
    """
    output = Path(output)
    if output.exists():
        raise ValueError(f"{output} exists and is not replaced; choose another folder, or remove it")
    if calibrate is not None:
        check_coverage(calibrate)
    if test and dataset.has_fer2013_test:
        # Each use of it is recorded, which only the suites do.
        raise ValueError(
            f"--test does not open the PrivateTest of FER2013, which {dataset.name} seems to hold; use a suite and "
            "ferbench score-final (for data of your own, name the parts train, validation and test)"
        )
    recipe, tuned = (recipe, {}) if start is None else fine_tuning(recipe, start)
    found, asked = models.get_recipe(recipe), {**tuned, **(parameters or {})}
    if found.family not in ("classical", "deep"):
        raise ValueError(f"{recipe} is not trained on labels; choose another recipe (ferbench list recipes)")
    recognizer = seed_recognizer(found.build(**asked), seed)
    on_step("fit")
    fitted = fit_recognizer(recognizer, found.family, FitData.of(dataset), on_epoch=on_epoch)
    on_step("score")
    splits = [VALIDATION, *([TEST] if test else [])]
    scores = {split: _score(fitted.recognizer, dataset, split) for split in splits}
    on_step("save")
    images, labels = dataset.part(TRAINING)
    info = {**_info(recipe, asked, dataset, scores), "seed": seed}
    if start is not None:
        info["started_from"] = recognizer_sha256(read_description(find_shipped(start)))
    trained_on: dict[str, Any] = {"image_shape": images.shape[1:], "images": images, "labels": labels}
    models.save_bundle(output, fitted.recognizer, info=info, **trained_on)
    missing = "" if calibrate is None else _calibrate(output, dataset, calibrate)
    trained = Trained(output, scores, fitted.fit_s + (fitted.extract_s or 0.0), recipe, missing)
    card = own_card(recipe, dataset, scores, fitted.recognizer, start, description=read_description(output))
    (output / CARD).write_text(card, encoding="utf-8")
    return trained


def _calibrate(bundle: Path, dataset: Dataset, coverage: float) -> str:
    """Add a calibration to a new bundle; return why it gets none, or an empty string."""
    copies = find_leaks(dataset)[dataset.rows(VALIDATION)]
    n_images = int((~copies).sum())
    if n_images < LEAST:
        return f"{VALIDATION} has {n_images} images that are not in Training, and a calibration needs {LEAST}"
    add_calibration(bundle, calibrate_on(models.load_bundle(bundle), dataset, coverage=coverage, copies=copies))
    return ""


def _score(recognizer: Any, dataset: Dataset, split: str) -> Scores:
    images, labels = dataset.part(split)
    proba = np.asarray(recognizer.predict_proba(images), np.float64)
    return score(labels, proba, [str(label) for label in recognizer.classes_])


def _info(recipe: str, parameters: Mapping[str, Any], dataset: Dataset, scores: Mapping[str, Scores]) -> dict[str, Any]:
    plain = {name: value for name, value in parameters.items() if isinstance(value, int | float | str | None)}
    return {
        "recipe": {"name": recipe, "params": plain},
        "dataset": {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "drawn": dataset.drawn,
            "notes": list(dataset.notes),
        },
        "scores": {split: each.as_dict() for split, each in scores.items()},
    }
