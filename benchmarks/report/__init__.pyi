from .additions import Additions
from .expressions import rebuild_expressions
from .faces import load_source
from .leaderboard import (
    build_leaderboard,
    interval_text,
    leaderboard_text,
    markdown_table,
    markdown_text,
    printable,
    record_columns,
    row_labels,
    write_csv,
)
from .page import environments, measured_on, render_page, table_rows
from .page_columns import Column, megabytes, milliseconds, seconds, share, whole
from .plots import DPI, OF_A_CELL, Drawings, history_is_drawable, slug, svg_of
from .plugin_plots import PluginPlots
from .results import (
    TEST,
    VALIDATION,
    Measured,
    Results,
    find_results,
    open_results,
    read_results,
    read_suite,
    unique_labels,
)
from .scores import N_BOOTSTRAP, SEED, Accuracy, ScoreBoard, accuracies, best_on_validation, score_results, verdict

__all__ = [
    "DPI",
    "N_BOOTSTRAP",
    "OF_A_CELL",
    "SEED",
    "TEST",
    "VALIDATION",
    "Accuracy",
    "Additions",
    "Column",
    "Drawings",
    "Measured",
    "PluginPlots",
    "Results",
    "ScoreBoard",
    "accuracies",
    "best_on_validation",
    "build_leaderboard",
    "environments",
    "find_results",
    "history_is_drawable",
    "interval_text",
    "leaderboard_text",
    "load_source",
    "markdown_table",
    "markdown_text",
    "measured_on",
    "megabytes",
    "milliseconds",
    "open_results",
    "printable",
    "read_results",
    "read_suite",
    "rebuild_expressions",
    "record_columns",
    "render_page",
    "row_labels",
    "score_results",
    "seconds",
    "share",
    "slug",
    "svg_of",
    "table_rows",
    "unique_labels",
    "verdict",
    "whole",
    "write_csv",
]
