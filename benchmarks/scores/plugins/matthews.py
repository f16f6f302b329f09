"""Matthews correlation of labels and predictions, for any number of classes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ferbench.benchmarks.scores import Metric, check_predictions


def matthews(y_true: ArrayLike, proba: ArrayLike, classes: Sequence[str]) -> float:
    """Correlation of labels and predictions: 1 is perfect, 0 what a constant answer reaches.

    Unlike accuracy, it is low if rare classes are missed (Gorodkin, 2004).
    """
    true, probabilities = check_predictions(y_true, proba, classes)
    given, n = probabilities.argmax(axis=1), len(true)
    labels, answers = (np.bincount(of, minlength=len(classes)).astype(np.float64) for of in (true, given))
    covariance = float((true == given).sum()) * n - labels @ answers
    spread = np.sqrt((n**2 - labels @ labels) * (n**2 - answers @ answers))
    return float(covariance / spread) if spread else 0.0


METRIC = Metric("matthews", "Matthews", matthews, help="Correlation of labels and predictions, -1 to 1")
