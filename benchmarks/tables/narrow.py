"""Fit a table of text into the window of a terminal: cells are broken, nothing is cut."""

import re
import textwrap
from collections.abc import Sequence
from itertools import zip_longest

# The name of a recognizer is broken at these signs, and kept this wide while other columns can still be narrower.
_NAME_ENDS = re.compile(r"(?<=[+@ -])")
_NAME, _LEAST_NAME, _INDENT = 22, 12, "  "


def narrow_table(lines: Sequence[Sequence[str]], right: Sequence[int], width: int) -> list[str]:
    """Return lines with aligned columns, of which none is wider than the window if that is possible.

    Cells are broken between words, names also after ``+``, ``@`` and ``-``. What follows a semicolon in the last
    column stands below its row. In a row without figures, the last cell begins beside the name.

    Parameters
    ----------
    lines : sequence of sequence of str
        The header and the rows.
    right : sequence of int
        Indices of the right-aligned columns.
    width : int
        Columns of the window.
    """
    widths = _widths(lines, width)
    return [line for place, row in enumerate(lines) for line in _row(row, widths, right, width, is_head=not place)]


def _row(row: Sequence[str], widths: list[int], right: Sequence[int], width: int, *, is_head: bool) -> list[str]:
    name, *figures, last = row
    if not any(figures) and not is_head:
        room = max(20, width - widths[0] - len(_INDENT))
        return _beside([_broken_name(name, widths[0]), _broken(last, room)], [widths[0], room], ())
    last, _, notes = last.partition("; ")
    cells = [_broken_name(name, widths[0])]
    cells += [_broken(cell, size) for cell, size in zip([*figures, last], widths[1:], strict=True)]
    return [*_beside(cells, widths, right), *(_INDENT + line for line in _broken(notes, width - len(_INDENT)))]


def _beside(cells: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[int]) -> list[str]:
    """Put cells of several lines beside each other."""
    rows = zip_longest(*cells, fillvalue="")
    aligned = (
        [text.rjust(size) if place in right else text.ljust(size) for place, (text, size) in enumerate(both)]
        for both in (zip(row, widths, strict=True) for row in rows)
    )
    return ["  ".join(row).rstrip() for row in aligned]


def _widths(lines: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return the width of each column: headers are broken first, then long names, then the widest cells."""
    head, *rows = lines
    rows = [row for row in rows if any(row[1:-1])]
    body = [[*row[:-1], row[-1].partition("; ")[0]] for row in rows]
    columns = list(zip(head, *body, strict=True))
    # Names of rows without figures count too.
    columns[0] = tuple(line[0] for line in lines)
    widths = [max(map(len, column)) for column in columns]
    words = [max(map(_longest_word, column)) for column in columns]
    without_head = [max(words[place], *map(len, column[1:]), 0) for place, column in enumerate(columns)]
    names = [widths[0], min(widths[0], _NAME), min(widths[0], _LEAST_NAME)]
    steps = zip([*names[:2], *names[1:]], [without_head, without_head, words, words], strict=True)
    for least in ([name, *others[1:]] for name, others in steps):
        while sum(widths) + 2 * (len(widths) - 1) > width:
            wide = [place for place, size in enumerate(widths) if size > least[place]]
            if not wide:
                break
            widths[max(wide, key=lambda place: widths[place])] -= 1
    return widths


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def _broken(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(1, width), break_long_words=False, break_on_hyphens=False)


def _broken_name(name: str, width: int) -> list[str]:
    """Break a name so that each line is at most `width` wide; further lines are indented."""
    if len(name) <= width:
        return [name]
    room = max(1, width - len(_INDENT))
    lines = [""]
    for part in _NAME_ENDS.split(name):
        pieces = [part] if len(part) <= room else [part[at : at + room] for at in range(0, len(part), room)]
        for piece in pieces:
            if len(lines[-1]) + len(piece.rstrip()) <= width:
                lines[-1] += piece
            else:
                lines.append(_INDENT + piece)
    return [line.rstrip() for line in lines]
