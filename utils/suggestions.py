"""What a mistyped name may have meant."""

import difflib
from collections.abc import Iterable


def closest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known name that is most like `name`, or None if none is like it.

    Examples
    --------
    >>> closest("hgo", ["hog", "lbp"])
    'hog'
    """
    match = difflib.get_close_matches(name, list(known), 1, cutoff)
    return match[0] if match else None


def suggest(name: str, known: Iterable[str]) -> str:
    """Say which known name was meant, or name all of them.

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
