"""Classifiers of feature rows by name: the built-in ones, and those that other packages add by an entry point."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ferbench.utils import Plugin, find_plugins, find_registered

GROUP = "ferbench.classifiers"

#: Steps of a pipeline that follow the extractor: names and unfitted estimators.
Steps = list[tuple[str, Any]]


def classifier_steps() -> dict[str, Callable[[], Steps]]:
    """Return the steps that follow the extractor, by the last part of a recipe's name.

    A module of this folder registers a classifier by ``REGISTERED = {"mine": make}``, another package by an entry point
    of the group ``ferbench.classifiers``; `make` returns a classifier, or a list of steps. Built-in names cannot be
    taken.

    Examples
    --------
    >>> from ferbench.models import classifier_steps
    >>> classifier_steps()["tree"]()
    [('classifier', Tree())]
    """
    found: dict[str, Callable[[], Steps]] = {
        name: partial(_third_party, plugin) for name, plugin in find_plugins(GROUP, "classifier").items()
    }
    built_in = find_registered("ferbench.models.classifiers")
    return dict(sorted((found | {name: partial(_steps, make) for name, make in built_in.items()}).items()))


def _steps(make: Callable[[], Any]) -> Steps:
    made = make()
    return made if isinstance(made, list) else [("classifier", made)]


def _third_party(plugin: Plugin) -> Steps:
    steps = _steps(plugin.make)
    plugin.demand(steps[-1][-1], ("fit", "predict_proba", "get_params"), "a scikit-learn classifier of rows")
    return steps
