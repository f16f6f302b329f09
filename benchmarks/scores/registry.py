"""Define metric plug-ins and find them."""

import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.benchmarks.scores.discovery import one_line, usable_plugins

GROUP = "ferbench.metrics"
FOLDER = "ferbench.benchmarks.scores.plugins"

Function = Callable[[NDArray[np.str_], NDArray[np.float64], tuple[str, ...]], float]


@dataclass(frozen=True)
class Metric:
    """A metric that a plug-in adds to the tables, computed from stored probabilities.

    Attributes
    ----------
    name : str
        Column name in ``leaderboard.csv``: lowercase letters, digits and underscores.
    label : str
        Column heading on pages.
    function : callable
        Takes the labels (n_images,) as text, the probabilities (n_images, n_classes) and the classes in the order of
        the columns. Returns the value, or NaN if it is undefined.
    higher_is_better : bool, default=True
    format : str, default=".3f"
        Format of the value, as for :func:`format`.
    help : str, default=""
        One sentence on what it means.

    Raises
    ------
    ValueError
        If the name is not a valid column name, the label is empty, or the format is not for numbers.

    See Also
    --------
    plugin_metrics : Find the known metric plug-ins.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.benchmarks.scores import Metric
    >>> def median_certainty(y_true, proba, classes):
    ...     return float(np.median(proba.max(axis=1)))
    >>> metric = Metric("median_certainty", "Median certainty", median_certainty)
    >>> metric(["happy", "sad"], [[0.9, 0.1], [0.3, 0.7]], ["happy", "sad"])
    0.8
    >>> metric.write(0.8)
    '0.800'
    """

    name: str
    label: str
    function: Function
    higher_is_better: bool = True
    format: str = ".3f"
    help: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"name of a metric must be small letters, digits and underscores; got {self.name!r}")
        if not self.label or not callable(self.function):
            raise ValueError(
                f"metric {self.name!r} needs a label and a function; got {self.label!r}, {self.function!r}"
            )
        try:
            format(0.5, self.format)
        except ValueError as error:
            raise ValueError(f"format of metric {self.name!r} must write a number; got {self.format!r}") from error

    def __call__(self, y_true: ArrayLike, proba: ArrayLike, classes: Sequence[str]) -> float:
        """Compute the metric; NaN if it is not finite."""
        value = float(self.function(np.asarray(y_true).astype(str), np.asarray(proba, np.float64), tuple(classes)))
        return value if np.isfinite(value) else float("nan")

    def write(self, value: float) -> str:
        """Format a value as text."""
        return format(value, self.format)


def plugin_metrics() -> dict[str, Metric]:
    """Return the metric plug-ins: those of ferbench, then those of the entry-point group ``ferbench.metrics``.

    A metric of another package is left out with a warning if it cannot be loaded or its name is taken.

    Returns
    -------
    dict of str to Metric

    Examples
    --------
    >>> from ferbench.benchmarks.scores import plugin_metrics
    >>> {"cohen_kappa", "matthews"} <= set(plugin_metrics())
    True
    """
    found: dict[str, Metric] = {}
    for plugin in usable_plugins(GROUP, FOLDER, "METRIC", _problem):
        metric: Metric = plugin.content
        if metric.name in found:
            warnings.warn(
                f"metric {metric.name!r} of {plugin.origin} is left out: the name is taken; rename it", stacklevel=2
            )
        else:
            found[metric.name] = metric
    return found


def refuse_taken(known: Mapping[str, Metric], columns: Iterable[str]) -> None:
    """Raise ValueError if a metric has the name of a column that a table has already."""
    if taken := sorted(set(known).intersection(columns)):
        raise ValueError(f"metric {taken[0]!r}: the leaderboard has such a column already; give it another name")


def metric_values(
    known: Mapping[str, Metric], y_true: ArrayLike, proba: ArrayLike, classes: Sequence[str]
) -> dict[str, float]:
    """Return the value of each metric by name; NaN with a warning if it fails."""
    return {name: _value(metric, y_true, proba, classes) for name, metric in known.items()}


def _value(metric: Metric, y_true: ArrayLike, proba: ArrayLike, classes: Sequence[str]) -> float:
    try:
        return metric(y_true, proba, classes)
    except Exception as error:
        warnings.warn(f"metric {metric.name!r} is left blank: {one_line(error)}; correct its function", stacklevel=3)
        return float("nan")


def _problem(content: Any) -> str:
    return "" if isinstance(content, Metric) else f"must be a Metric of ferbench.benchmarks.scores; got {content!r}"
