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


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = 0.6, quoted: bool = False) -> str:
    """Ask whether the most similar known name was meant; an empty text if none is similar enough.

    Examples
    --------
    >>> did_you_mean("hgo", ["hog", "lbp"]), did_you_mean("xyz", ["hog", "lbp"])
    ('did you mean hog?', '')
    """
    match = closest(name, known, cutoff=cutoff)
    return "" if match is None else f"did you mean {repr(match) if quoted else match}?"


def with_hint(text: str, name: str, known: Iterable[str], *, cutoff: float = 0.6, quoted: bool = False) -> str:
    """Return a message, with the question for the most similar known name at its end if there is one.

    Examples
    --------
    >>> with_hint("there is no extractor 'hgo'", "hgo", ["hog", "lbp"])
    "there is no extractor 'hgo'; did you mean hog?"
    """
    hint = did_you_mean(name, known, cutoff=cutoff, quoted=quoted)
    return f"{text}; {hint}" if hint else text


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
    return did_you_mean(name, names) or f"known: {', '.join(names)}"
