"""The leaderboard as Markdown, for a README and for reading on a code host."""

from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.pages import markdown_head, row_labels, slug, status_text
from ferbench.benchmarks.report.leaderboard import headline, seed_means
from ferbench.benchmarks.report.results import TEST, Results
from ferbench.benchmarks.report.scores import ScoreBoard
from ferbench.benchmarks.scores import Metric, plugin_metrics
from ferbench.benchmarks.tables import interval_text, is_missing, markdown_table, markdown_text, number_text

if TYPE_CHECKING:
    import pandas as pd

_SCORES = ("recipe", "accuracy [95 %]", "macro F1", "without leaks [95 %]", "PublicTest", "AUC", "log loss", "ECE")
_COSTS = ("fit, s", "latency, ms", "images/s", "size, MB", "status")
_NOTES = """\
Rates are fractions, with the 95 % bootstrap interval in brackets. Rows are sorted by accuracy on {test}; everything
that is chosen is chosen on PublicTest. `=`: the difference from the first row is inside the noise (McNemar's test and
a paired bootstrap on the same images, Holm-corrected over all pairs; `comparisons.csv` has them all).
*Without leaks*: {test} without the images that stand in Training too{leaks}. Latency is the median for one
image, features included. A blank was not measured. Rebuilt by `ferbench report` from the records; never edited by
hand. All columns: `leaderboard.csv`; plots and error analysis: `index.html`.
"""


def leaderboard_markdown(results: Results, board: ScoreBoard, frame: "pd.DataFrame") -> str:
    """Markdown page: what was measured, the table, means over seeds where there are several, and how to read it."""
    parts = markdown_head(results, "Leaderboard", headline(results))
    if (best := board.best(results)) is not None:
        parts.append(_best(best.label, results, board))
    added = tuple(plugin_metrics().values())
    header = (*_SCORES, *(metric.label for metric in added), *_COSTS)
    rows = zip(row_labels(frame), frame.to_dict("records"), strict=True)
    parts.append(markdown_table(header, [_row(*pair, added) for pair in rows]))
    if len(means := seed_means(frame)):
        parts += ["## Mean over seeds", _means_table(means)]
    parts += ["## How to read it", _NOTES.format(test=results.split, leaks=_leaks(results)).rstrip()]
    if board.private:
        parts.append("![Leaderboard](leaderboard.png)")
    if best is not None and best.label in board.private:
        parts.append(f"![Confusion matrix](confusion_{slug(best.label)}.png)")
    return "\n\n".join(parts) + "\n"


def _best(label: str, results: Results, board: ScoreBoard) -> str:
    public = board.public[label]
    text = f"Best on PublicTest: **{markdown_text(label)}** with {interval_text(public.value, public.low, public.high)}"
    if results.split != TEST:
        return (
            f"{text}. **{TEST} is closed:** every figure is on {results.split}, where things are chosen, and so is too "
            "good."
        )
    if label not in board.private:
        return f"{text}; {TEST} was not opened for it."
    private = board.private[label]
    return f"{text}; on {TEST} it reaches {interval_text(private.accuracy, *private.interval('accuracy'))}."


def _row(label: str, row: dict[Any, Any], added: tuple[Metric, ...]) -> list[str]:
    mark = " =" if row["against_first"] == "tie" else ""
    leak_free = (row[f"leak_free_accuracy{end}"] for end in ("", "_low", "_high"))
    return [
        label,
        interval_text(row["accuracy"], row["accuracy_low"], row["accuracy_high"]) + mark,
        number_text(row["macro_f1"], 3),
        interval_text(*leak_free),
        *(number_text(row[key], 3) for key in ("public_accuracy", "macro_auc", "log_loss", "ece")),
        *("" if is_missing(row[metric.name]) else metric.write(row[metric.name]) for metric in added),
        *(number_text(row[key], 1) for key in ("fit_s",)),
        number_text(row["latency_ms_median"], 2),
        number_text(row["throughput_images_per_s"], 0),
        "" if is_missing(row["size_bytes"]) else f"{row['size_bytes'] / 1e6:.2f}",
        status_text(row, ("flag", "reason")),
    ]


def _means_table(means: "pd.DataFrame") -> str:
    header = ("recipe", "seeds", "accuracy, mean ± sd", "lowest", "highest", "macro F1, mean ± sd")
    rows = [
        [
            row["recipe"],
            str(row["seeds"]),
            f"{row['accuracy']:.3f} ± {row['accuracy_sd']:.3f}",
            f"{row['accuracy_min']:.3f}",
            f"{row['accuracy_max']:.3f}",
            f"{row['macro_f1']:.3f} ± {row['macro_f1_sd']:.3f}",
        ]
        for row in means.to_dict("records")
    ]
    return markdown_table(header, rows)


def _leaks(results: Results) -> str:
    if TEST not in results.leaked:
        return " (nobody looked for them here)"
    leaked = results.leaked[TEST]
    return f" ({int(leaked.sum()):,} of {len(leaked):,} here)"
