"""Write tables and pages as Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

from ferbench.benchmarks.tables.text import printable


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]], n_text: int = 1) -> str:
    """Return a Markdown table; all columns except the first `n_text` are right-aligned. Cells are escaped."""
    rule = [":--" if place < n_text else "--:" for place in range(len(header))]
    lines = [header, rule, *([markdown_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown_text(text: Any) -> str:
    """Escape text so that Markdown shows it unchanged, without markup, HTML or new columns."""
    plain = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{letter}" if letter in "\\|`*_[]#!" else letter for letter in plain)


def markdown_page(
    start: Sequence[str], sections: Iterable[tuple[str, str, Sequence[str]]], plots: Sequence[str], end: str
) -> str:
    """Return a page of sections with their plots.

    Parameters
    ----------
    start : sequence of str
        Title and paragraphs before the first section.
    sections : iterable of (str, str, sequence of str)
        Title, text, and names of the plots below it; a section without text is left out.
    plots : sequence of str
        Names of the existing plots.
    end : str
        The last paragraph.
    """
    parts = [*start]
    for title, text, drawings in sections:
        if text:
            parts += [f"## {title}", text, *(f"![{title}]({name}.png)" for name in drawings if name in plots)]
    return "\n\n".join([*parts, end]) + "\n"
