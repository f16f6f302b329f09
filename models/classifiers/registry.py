"""Look up classifiers of feature rows by name: built-in classifiers and those of other packages."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ferbench.utils import Plugin, find_plugins, find_registered

GROUP = "ferbench.classifiers"

#: Names and unfitted estimators of the pipeline steps after the extractor.
Steps = list[tuple[str, Any]]

#: What the modules of this folder register.
BUILT_IN: dict[str, Callable[[], Any]] = find_registered("ferbench.models.classifiers")


def classifier_steps() -> dict[str, Callable[[], Steps]]:
    """Return the pipeline steps after the extractor, by the last part of a recipe's name.

    A module of this folder registers a classifier with ``REGISTERED = {"mine": make}``. Another package uses an entry
    point of the group ``ferbench.classifiers``. `make` returns a classifier or a list of steps. Names of built-in
    classifiers cannot be redefined.

    Examples
    --------
    >>> from ferbench.models import classifier_steps
    >>> classifier_steps()["tree"]()
    [('classifier', Tree())]
    """
    found: dict[str, Callable[[], Steps]] = {
        name: partial(_third_party, plugin) for name, plugin in find_plugins(GROUP, "classifier").items()
    }
    return dict(sorted((found | {name: partial(_steps, make) for name, make in BUILT_IN.items()}).items()))


def _steps(make: Callable[[], Any]) -> Steps:
    made = make()
    return made if isinstance(made, list) else [("classifier", made)]


def _third_party(plugin: Plugin) -> Steps:
    steps = _steps(plugin.make)
    plugin.demand(steps[-1][-1], ("fit", "predict_proba", "get_params"), "a scikit-learn classifier of rows")
    return steps
