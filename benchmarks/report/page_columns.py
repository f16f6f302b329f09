"""The columns of the page's leaderboard: what each shows, how it is written, and in which view it stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.scores import Metric, plugin_metrics

if TYPE_CHECKING:
    import pandas as pd

VIEWS = {
    "scores": "Scores",
    "probabilities": "Probabilities",
    "cost": "Cost",
    "origin": "Origin",
    "all": "Everything",
}


@dataclass(frozen=True)
class Column:
    """One column of the page's leaderboard.

    Attributes
    ----------
    key : str
        Column of the frame.
    title, help : str
        Head of the column, and what it means.
    view : str
        One of :data:`VIEWS`.
    write : callable
        Turns a figure into text.
    better : str
        ``high`` or ``low``; empty when no value is better. Decides the first sorting order.
    unit : str
        Shown under the title.
    """

    key: str
    title: str
    help: str
    view: str
    write: Callable[[Any], str]
    better: str = ""
    unit: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it is flush right and sorted by size."""
        return self.write is not str

    def cell(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        """Text, sorting value and interval of one row; all blank where nothing was measured."""
        value = row[self.key]
        if _blank(value):
            return {"text": "", "sort": "", "interval": ""}
        low, high = row.get(f"{self.key}_low"), row.get(f"{self.key}_high")
        interval = "" if _blank(low) or _blank(high) else f"{self.write(low)}–{self.write(high)}"
        return {"text": self.write(value), "sort": str(value), "interval": interval}


def columns(frame: "pd.DataFrame") -> list[Column]:
    """The columns that hold something for at least one row; those of plug-in metrics follow the other scores."""
    added = tuple(_metric_column(metric) for metric in plugin_metrics().values())
    before = 1 + max(place for place, column in enumerate(_COLUMNS) if column.view == "scores")
    known = (*_COLUMNS[:before], *added, *_COLUMNS[before:])
    return [column for column in known if column.key in frame and not frame[column.key].isna().all()]


def _metric_column(metric: Metric) -> Column:
    better = "high" if metric.higher_is_better else "low"
    return Column(metric.name, metric.label, metric.help or metric.label, "scores", metric.write, better)


def share(value: float) -> str:
    """A fraction with three digits, as in the CSV."""
    return f"{value:.3f}"


def seconds(value: float) -> str:
    """Seconds with about three significant digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def milliseconds(value: float) -> str:
    """Milliseconds with two digits behind the point, fewer when there are many before it."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def whole(value: float) -> str:
    """A whole number with separators."""
    return f"{value:,.0f}"


def megabytes(value: float) -> str:
    """Bytes as megabytes."""
    return f"{value / 1e6:,.2f}" if value < 1e8 else f"{value / 1e6:,.0f}"


def _blank(value: Any) -> bool:
    import pandas as pd

    return value is None or value == "" or bool(pd.isna(value))


_COLUMNS = (
    Column("accuracy", "Accuracy", "Share of the test images that are right", "always", share, "high"),
    Column("macro_f1", "Macro F1", "Mean F1 of the classes, each counting alike", "scores", share, "high"),
    Column("balanced_accuracy", "Balanced", "Mean recall of the classes", "scores", share, "high"),
    Column(
        *("leak_free_accuracy", "Without leaks", "Accuracy without test images that stand in Training too"),
        *("scores", share, "high"),
    ),
    Column(
        *("public_accuracy", "PublicTest", "Accuracy on the split where everything is chosen", "scores", share),
        better="high",
    ),
    Column("top2_accuracy", "Top 2", "The label is among the two most probable", "scores", share, "high"),
    Column("weighted_f1", "Weighted F1", "Mean F1 weighted by class size", "probabilities", share, "high"),
    Column("macro_auc", "AUC", "ROC area, one class against the rest, mean", "probabilities", share, "high"),
    Column("macro_average_precision", "AP", "Average precision, mean of classes", "probabilities", share, "high"),
    Column("log_loss", "Log loss", "Mean of -ln p(label)", "probabilities", share, "low", "nats"),
    Column("brier", "Brier", "Squared distance of the probabilities, 0 to 2", "probabilities", share, "low"),
    Column("ece", "ECE", "Gap between sure and right, in 15 bins", "probabilities", share, "low"),
    Column("fit_s", "Fit", "Fitting, without feature extraction", "cost", seconds, "low", "s"),
    Column("extract_s", "Extract", "Extracting all features, once", "cost", seconds, "low", "s"),
    Column("latency_ms_median", "Latency", "One image, features included: median", "cost", milliseconds, "low", "ms"),
    Column("latency_ms_p90", "p90", "Nine of ten single images are faster", "cost", milliseconds, "low", "ms"),
    Column("latency_ms_p99", "p99", "99 of 100 single images are faster", "cost", milliseconds, "low", "ms"),
    Column(
        *("throughput_images_per_s", "Throughput", "All images handed over at once", "cost", whole, "high"),
        unit="images/s",
    ),
    Column("size_bytes", "Size", "The bundle on disk", "cost", megabytes, "low", "MB"),
    Column("peak_memory_bytes", "Memory", "Peak of the process that measured", "cost", megabytes, "low", "MB"),
    Column("seed", "Seed", "Seed of everything random", "origin", whole),
    Column("family", "Family", "Kind of recognizer", "origin", str),
    Column("implementation", "Implementation", "The library that did the work", "origin", str),
    Column("probabilities", "Probabilities", "How they are obtained", "origin", str),
    Column("suite", "Suite", "The suite it was measured in", "origin", str),
    Column("status", "Status", "How the measurement ended", "always", str),
)
