"""Define the columns of the leaderboard on the page about expressions."""

from typing import TYPE_CHECKING

from ferbench.benchmarks.pages import Column, duration, if_not_ok, megabytes, milliseconds, seconds, share, shown, whole
from ferbench.benchmarks.scores import Metric, plugin_metrics

if TYPE_CHECKING:
    import pandas as pd

_WHOLE_FIT = "Fit and extraction, its own and those of its teachers, members and networks"

# The first view must fit into the page: accuracy and costs before everything else.
VIEWS = {
    "glance": "At a glance",
    "scores": "Scores",
    "probabilities": "Probabilities",
    "cost": "Cost",
    "origin": "Origin",
    "all": "Everything",
}


def columns(frame: "pd.DataFrame") -> list[Column]:
    """Return the columns with a value in at least one row; metric plug-ins follow the other scores."""
    added = tuple(_metric_column(metric) for metric in plugin_metrics().values())
    before = 1 + max(place for place, column in enumerate(_COLUMNS) if "scores" in column.view.split())
    known = (*_COLUMNS[:before], *added, *_COLUMNS[before:])
    return shown((column for column in known if column.key in frame), frame)


def _metric_column(metric: Metric) -> Column:
    better = "high" if metric.higher_is_better else "low"
    return Column(metric.name, metric.label, metric.help or metric.label, "scores", metric.write, better)


# Times are ranked within one run, fit times on one machine: columns that say whether a row belongs to it.
_RUN, _MACHINE = "latency_ranked", "fit_ranked"

_COLUMNS = (
    Column("accuracy", "Accuracy", "Share of correct predictions", "always", share, "high"),
    Column(
        "latency_ms_p90",
        "Latency, p90",
        "90th percentile for one image with features",
        "glance cost",
        milliseconds,
        better="low",
        unit="ms",
        limit="ms",
        ranked=_RUN,
    ),
    Column(
        "size_bytes",
        "Size",
        "Size of the bundle on disk",
        "glance cost",
        megabytes,
        "low",
        "MB",
        limit="mb",
    ),
    Column("total_fit_s", "Whole fit", _WHOLE_FIT, "glance cost", duration, "low", "", _MACHINE),
    Column("macro_f1", "Macro F1", "Mean F1 of the classes, with equal weights", "glance scores", share, "high"),
    Column("balanced_accuracy", "Balanced", "Mean recall of the classes", "scores", share, "high"),
    Column(
        "leak_free_accuracy",
        "Without leaks",
        "Accuracy without test images that are also in Training",
        "scores",
        share,
        "high",
    ),
    Column(
        "public_accuracy",
        "PublicTest",
        "Accuracy on the split used for model selection",
        "glance scores",
        share,
        better="high",
    ),
    Column("seed_mean", "Seed mean", "Mean accuracy over the seeds of the recipe", "scores", share),
    Column("seed_sd", "Seed sd", "Standard deviation over the seeds, not over images", "scores", share),
    Column("top2_accuracy", "Top 2", "The label is among the two most probable", "scores", share, "high"),
    Column("weighted_f1", "Weighted F1", "Mean F1 weighted by class size", "probabilities", share, "high"),
    Column("macro_auc", "AUC", "ROC area, one class against the rest, mean", "probabilities", share, "high"),
    Column("macro_average_precision", "AP", "Average precision, mean of classes", "probabilities", share, "high"),
    Column("log_loss", "Log loss", "Mean of -ln p(label)", "probabilities", share, "low", "nats"),
    Column("brier", "Brier", "Squared distance of the probabilities, 0 to 2", "probabilities", share, "low"),
    Column("ece", "ECE", "Gap between confidence and accuracy, in 15 bins", "probabilities", share, "low"),
    # Parts of a cost are never marked as best: only the whole is compared.
    Column("fit_s", "Fit", "Fitting, without feature extraction", "cost", seconds, "", "s", _MACHINE),
    Column("extract_s", "Extract", "Extracting all features, once", "cost", seconds, "", "s", _MACHINE),
    Column("latency_ms_median", "Latency", "Median, one image, features too", "cost", milliseconds, "low", "ms", _RUN),
    Column("latency_ms_p99", "p99", "99th percentile for one image", "cost", milliseconds, "low", "ms", _RUN),
    Column(
        "throughput_images_per_s",
        "Throughput",
        "All images in one batch",
        "cost",
        whole,
        "high",
        "images/s",
        _MACHINE,
    ),
    Column("peak_memory_bytes", "Memory", "Peak memory of the measuring process", "cost", megabytes, "low", "MB"),
    Column("seed", "Seed", "Random seed", "origin", whole),
    Column("family", "Family", "Kind of recognizer", "origin", str),
    Column("implementation", "Implementation", "The library with the implementation", "origin", str),
    Column("probabilities", "Probabilities", "How the probabilities are computed", "origin", str),
    Column("identity", "Identity", "Whether the record holds all that it depends on, and it is as then", "origin", str),
    Column("latency_run", "Latency from", "The run that measured the latency", "origin", str),
    Column("machine", "Machine", "Where it was fitted", "origin", str),
    Column("suite", "Suite", "The suite it was measured in", "origin", str),
    Column("status", "Status", "How the measurement ended, where it is not ok", "always", if_not_ok),
)
