"""Cohen's kappa: agreement of labels and predictions beyond chance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ferbench.benchmarks.scores import Metric, check_predictions


def cohen_kappa(y_true: ArrayLike, proba: ArrayLike, classes: Sequence[str]) -> float:
    """Agreement beyond that of two independent raters with the same answers: 1 is perfect, 0 chance (Cohen, 1960).

    NaN if all labels and predictions are of one class, because the agreement by chance is then complete.
    """
    true, probabilities = check_predictions(y_true, proba, classes)
    given, n = probabilities.argmax(axis=1), len(true)
    labels, answers = (np.bincount(of, minlength=len(classes)) / n for of in (true, given))
    chance = float(labels @ answers)
    return float(((true == given).mean() - chance) / (1 - chance)) if chance < 1 else float("nan")


METRIC = Metric("cohen_kappa", "Cohen's kappa", cohen_kappa, help="Agreement with the labels beyond chance")
