"""The end of a run in three lines: the most accurate, a cheaper one that is as good, and what to type next."""

import shlex
from pathlib import Path

from ferbench.benchmarks import choose
from ferbench.utils import printable


def verdict_lines(folder: Path) -> str:
    """Return the verdict on a results folder of expressions; one line where there is nothing to choose from.

    Parameters
    ----------
    folder : Path
        Such as ``results/faces``.
    """
    try:
        choice = choose.choose_best(folder)
    except (ValueError, OSError) as error:
        return f"best:    none: {' '.join(str(error).split())}"
    lines = [f"best:    {_best(choice)}", f"cheaper: {_cheaper(choice)}"]
    lines.append(_next(choice))
    return "\n".join(lines)


def _best(choice: "choose.Choice") -> str:
    figures = [f"accuracy {choice.public.value:.3f} [{choice.public.low:.3f}, {choice.public.high:.3f}] on PublicTest"]
    figures += [f"{choice.latency_ms:.2f} ms"] if choice.latency_ms is not None else []
    return f"{printable(choice.label)}, {', '.join(figures)}"


def _cheaper(choice: "choose.Choice") -> str:
    """The fastest that is inside the noise of the winner, and in no cost worse."""
    for tie in choice.ties:
        if tie.cheaper and tie.latency_ms_median is not None:
            return f"{printable(tie.label)}, accuracy {tie.public_accuracy:.3f}, {tie.latency_ms_median:.2f} ms"
    return "none"


def _next(choice: "choose.Choice") -> str:
    if choice.bundle is None or not choice.bundle_exists:
        return "try it:  not possible, it has no bundle"
    return f"try it:  ferbench image me.jpg --model {shlex.quote(choice.bundle)}"
