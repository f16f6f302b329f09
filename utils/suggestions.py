"""Suggest known names for a mistyped name."""

import difflib
from collections.abc import Iterable


def closest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known name that is most similar to `name`, or None if none is similar enough.

    Examples
    --------
    >>> closest("hgo", ["hog", "lbp"])
    'hog'
    """
    match = difflib.get_close_matches(name, list(known), 1, cutoff)
    return match[0] if match else None


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the most similar known name, or with all known names.

    Examples
    --------
    >>> suggest("hgo", ["hog", "lbp"])
    'did you mean hog?'
    >>> suggest("xyz", ["hog", "lbp"])
    'known: hog, lbp'
    """
    names = list(known)
    match = closest(name, names)
    return f"did you mean {match}?" if match else f"known: {', '.join(names)}"
