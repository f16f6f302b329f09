"""The end of a run in three lines: the most accurate, a cheaper one that is as good, and what to type next."""

import shlex
from pathlib import Path

from ferbench.benchmarks import choose
from ferbench.cli.arguments import find_model
from ferbench.cli.running import shorten
from ferbench.utils import printable, wrap

_TRY = "try it:  ferbench image me.jpg --model "


def verdict_lines(folder: Path, columns: int | None = None) -> str:
    """Return the verdict on a results folder of expressions; one line where there is nothing to choose from.

    Parameters
    ----------
    folder : Path
        Such as ``results/faces``.
    columns : int, optional
        Width of the window. The two lines with figures fit into it; the command to copy is never cut, but names the
        recipe instead of the folder where that is shorter and finds the same bundle, and goes on in a second line.
    """
    try:
        choice = choose.choose_best(folder)
    except (ValueError, OSError) as error:
        line = f"best:    none: {' '.join(str(error).split())}"
        return line if columns is None else wrap(line, columns)
    return "\n".join([_best(choice, columns), _cheaper(choice, columns), _next(choice, folder, columns)])


def _best(choice: "choose.Choice", columns: int | None) -> str:
    figures = f"{choice.public.value:.3f} [{choice.public.low:.3f}, {choice.public.high:.3f}] on PublicTest"
    if choice.latency_ms is not None:
        figures += f", {choice.latency_ms:.2f} ms"
    line = f"best:    {printable(choice.label)}, accuracy {figures}"
    if columns is None or len(line) <= columns:
        return line
    return _named("best:    ", choice.label, f", {figures}", columns)


def _cheaper(choice: "choose.Choice", columns: int | None) -> str:
    """The fastest that is inside the noise of the winner, and in no cost worse."""
    for tie in choice.ties:
        if tie.cheaper and tie.latency_ms_median is not None:
            figures = f", accuracy {tie.public_accuracy:.3f}, {tie.latency_ms_median:.2f} ms"
            return _named("cheaper: ", tie.label, figures, columns)
    return "cheaper: none"


def _named(start: str, label: str, figures: str, columns: int | None) -> str:
    """A line with the name of a recognizer, which is shortened where the window is too narrow."""
    if columns is None:
        return f"{start}{printable(label)}{figures}"
    return f"{start}{shorten(label, max(12, columns - len(start) - len(figures)))}{figures}"


def _next(choice: "choose.Choice", folder: Path, columns: int | None) -> str:
    if choice.bundle is None or not choice.bundle_exists:
        return "try it:  not possible, it has no bundle"
    line = f"{_TRY}{shlex.quote(choice.bundle)}"
    if columns is None or len(line) <= columns:
        return line
    named = _next_by_name(choice, folder.parent)
    line = named if named is not None and len(named) < len(line) else line
    # A shell reads the two lines as one.
    return line if len(line) <= columns else line.replace(" --model ", " \\\n  --model ", 1)


def _next_by_name(choice: "choose.Choice", results: Path) -> str | None:
    """The command with the name of the recipe, if that finds the same bundle; it is shorter than the folder."""
    try:
        found = find_model(choice.recipe, results)
    except (ValueError, OSError):
        return None
    if choice.bundle is None or found.resolve() != Path(choice.bundle).resolve():
        return None
    where = "" if results == Path("results") else f" --results {shlex.quote(str(results))}"
    return f"{_TRY}{shlex.quote(choice.recipe)}{where}"
