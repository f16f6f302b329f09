from .columns import Column, duration, if_not_ok, megabytes, milliseconds, seconds, share, shown, whole
from .costs import total_fit_seconds
from .drawings import Drawings, about, no_math, slug, stacked, trained, training_display, training_makers
from .family import family_rows
from .find import find_cell, unknown
from .groups import ByGroup, gap_table, group_table, groups_for_page, groups_markdown, score_groups
from .landing import suite_folders, write_landing
from .latencies import Latencies, Latency
from .leaderboard import (
    add_measured_columns,
    build_frame,
    headline_text,
    identity_text,
    record_columns,
    row_labels,
    stale_notes,
    status_text,
)
from .markdown import markdown_head
from .missing import NOT_MEASURED, measure_command, missing_records
from .page import leaderboard_rows, page_drawings, page_values, render_page
from .report import Report
from .results import (
    BaseResults,
    MeasuredCell,
    check_shape,
    companion,
    find_results,
    open_results,
    protocol_of,
    read_suite,
    unique_labels,
)
from .source import load_again, refuse_other

__all__ = [
    "NOT_MEASURED",
    "BaseResults",
    "ByGroup",
    "Column",
    "Drawings",
    "Latencies",
    "Latency",
    "MeasuredCell",
    "Report",
    "about",
    "add_measured_columns",
    "build_frame",
    "check_shape",
    "companion",
    "duration",
    "family_rows",
    "find_cell",
    "find_results",
    "gap_table",
    "group_table",
    "groups_for_page",
    "groups_markdown",
    "headline_text",
    "identity_text",
    "if_not_ok",
    "leaderboard_rows",
    "load_again",
    "markdown_head",
    "measure_command",
    "megabytes",
    "milliseconds",
    "missing_records",
    "no_math",
    "open_results",
    "page_drawings",
    "page_values",
    "protocol_of",
    "read_suite",
    "record_columns",
    "refuse_other",
    "render_page",
    "row_labels",
    "score_groups",
    "seconds",
    "share",
    "shown",
    "slug",
    "stacked",
    "stale_notes",
    "status_text",
    "suite_folders",
    "total_fit_seconds",
    "trained",
    "training_display",
    "training_makers",
    "unique_labels",
    "unknown",
    "whole",
    "write_landing",
]
