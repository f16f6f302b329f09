"""Which parameters of a recipe may be set from outside: by suite files, searches, command lines and jobs."""

from collections.abc import Iterable, Mapping
from typing import Any

from ferbench.utils import closest

# Last parts of the parameters that nobody sets. `memory` names a folder whose files joblib unpickles, which runs any
# code in them; the next three name places that are written to; the others exchange or decorate the steps themselves.
FORBIDDEN = frozenset(
    {
        *("memory", "cachedir"),
        *("checkpoint_dir", "log_dir", "tensorboard"),
        *("estimators", "members", "steps", "transformer_list", "transformers"),
        *("callbacks", "transform_input", "verbose", "verbose_feature_names_out"),
    }
)


def settable(recognizer: Any) -> list[str]:
    """Names of the parameters that may be set, as ``get_params`` calls them, in alphabetical order.

    Left out are those of `FORBIDDEN` at any depth, and those whose value is an estimator: the parts of a recognizer are
    its recipe's business, only their numbers and words are the user's.
    """
    return sorted(
        name for name, value in recognizer.get_params().items() if not forbidden(name) and not _holds_estimators(value)
    )


def forbidden(name: str) -> bool:
    """Whether a parameter must not be set, whatever the recipe.

    Examples
    --------
    >>> forbidden("features__memory"), forbidden("classifier__C")
    (True, False)
    """
    return name.rpartition("__")[2] in FORBIDDEN


def refuse_forbidden(where: str, names: Iterable[str]) -> None:
    """Raise a ValueError for the first name that must not be set; `where` begins the message."""
    for name in names:
        if forbidden(str(name)):
            raise ValueError(
                f"{where}: {name!r} must not be set: it names a place that is read or written, or a part of the "
                f"recognizer; only numbers and words of the recipe's own steps may be; leave it out"
            )


def check_settable(recipe: str, recognizer: Any, parameters: Mapping[str, Any]) -> None:
    """Check what is to be set before any of it is.

    Raises
    ------
    ValueError
        If a parameter is unknown, must not be set, or its value is an object that brings code along; the message names
        the recipe and the parameter, and the closest one that may be set, or all of them.
    """
    allowed, known = settable(recognizer), recognizer.get_params()
    for name, value in parameters.items():
        if name not in allowed:
            problem = f"has no parameter {name!r}" if name not in known else f"does not let {name!r} be set"
            close = closest(name, allowed)
            hint = f"did you mean {close}?" if close else f"what may be set: {', '.join(allowed) or 'nothing'}"
            raise ValueError(f"recipe {recipe} {problem}; {hint}")
        if _holds_estimators(value):
            raise ValueError(
                f"recipe {recipe}: {name} must be a number, a word, or a list or table of them; "
                f"got {type(value).__name__}; build the recognizer yourself to exchange its parts"
            )


def _holds_estimators(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_holds_estimators(part) for part in value)
    if isinstance(value, dict):
        return any(_holds_estimators(part) for part in value.values())
    return hasattr(value, "get_params")
