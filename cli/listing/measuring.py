"""Suites, data sets and metrics: what is measured, on what, and by which figures."""

import warnings

from ferbench import models
from ferbench.benchmarks import scores, store
from ferbench.cli.listing.methods import needs_of
from ferbench.cli.listing.part import OURS, Part, make_part, packages_of, problem_of

# Columns of every leaderboard; what plug-ins add follows them.
_COLUMNS = {
    "accuracy": "share of images with the right label",
    "macro_f1": "F1 averaged over the classes",
    "balanced_accuracy": "recall averaged over the classes",
    "weighted_f1": "F1 weighted by the images of each class",
    "macro_auc": "area under the ROC curve, one class against the rest",
    "macro_average_precision": "average precision, one class against the rest",
    "log_loss": "mean of -ln p(label), in nats",
    "brier": "squared distance between probabilities and label",
    "ece": "expected calibration error, 15 bins",
    "top2_accuracy": "share of images whose label is among the two most probable",
}


def suites() -> list[Part]:
    """Return every suite that ships."""
    return [_suite(name) for name in store.available_suites()]


def datasets() -> list[Part]:
    """Return every data set that has a name."""
    known = [
        make_part("faces", "faces drawn by ferbench; no download"),
        make_part("fer2013", "Kaggle's release, by `ferbench data fetch fer2013`; or give a path", needs=["fetch"]),
    ]
    for name, plugin in packages_of("ferbench.datasets", "data set").items():
        if name != "faces":
            problem = ""
            try:
                plugin.load()
            except ImportError as error:
                problem = problem_of(error)
            known.append(make_part(name, "data set of another package", package=plugin.package, problem=problem))
    return known


def metrics() -> list[Part]:
    """Return every metric: the columns of each leaderboard, then what plug-ins add."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # each broken one gets a line of its own below
        known = scores.plugin_metrics()
    parts = [make_part(name, about) for name, about in _COLUMNS.items()]
    added = packages_of("ferbench.metrics", "metric")
    packages, broken = {}, []
    for name, plugin in added.items():
        try:
            packages[plugin.load().name] = plugin.package
        except (ImportError, AttributeError) as error:
            broken.append(Part(name, "cannot be used", plugin.package, problem=problem_of(error)))
    parts += [
        make_part(metric.name, metric.help.rstrip(".") or metric.label, package=packages.get(metric.name, OURS))
        for metric in known.values()
    ]
    return parts + broken


def _suite(name: str) -> Part:
    suite = store.load_suite(name)
    data = f"on {suite.source}" if suite.source else "on your data (--source PATH)"
    needs = {extra for recipe in suite.recipes for extra in needs_of(models.get_recipe(recipe))}
    return make_part(name, f"{len(suite.recipes)} recipes {data}", needs=sorted(needs))
