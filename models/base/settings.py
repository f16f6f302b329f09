"""Decide which parameters of a recipe a suite file, a search, a command line or a job may set."""

from collections.abc import Iterable, Mapping
from typing import Any

from ferbench.utils import did_you_mean

# Last parts of the names of parameters that may not be set. `memory` names a folder whose files joblib unpickles, which
# can run arbitrary code; `python` names a program, and `trust` lets the code of a file run. The next three name places
# that are written to. The others replace or wrap the steps.
FORBIDDEN = frozenset(
    {
        "memory",
        "cachedir",
        "python",
        "trust",
        "checkpoint_dir",
        "log_dir",
        "tensorboard",
        "estimators",
        "members",
        "steps",
        "transformer_list",
        "transformers",
        "callbacks",
        "transform_input",
        "verbose",
        "verbose_feature_names_out",
    }
)


def settable(recognizer: Any) -> list[str]:
    """Return the names of the parameters that may be set, named as in ``get_params``, in alphabetical order.

    Names in `FORBIDDEN`, at any depth, are excluded. Parameters whose value is an estimator are excluded too: the
    recipe defines the estimators, and the user sets only their numbers and strings.
    """
    return sorted(
        name for name, value in recognizer.get_params().items() if not forbidden(name) and not _holds_estimators(value)
    )


def forbidden(name: str) -> bool:
    """Return whether a parameter may not be set in any recipe.

    Examples
    --------
    >>> forbidden("features__memory"), forbidden("classifier__C")
    (True, False)
    """
    return name.rpartition("__")[2] in FORBIDDEN


def refuse_forbidden(where: str, names: Iterable[str]) -> None:
    """Raise ValueError for the first name that may not be set; the message starts with `where`."""
    for name in names:
        if forbidden(str(name)):
            raise ValueError(
                f"{where}: {name!r} must not be set: it names a place that is read or written, or a part of the "
                f"recognizer; only numbers and strings of the recipe's own steps can be set; leave it out"
            )


def check_settable(recipe: str, recognizer: Any, parameters: Mapping[str, Any]) -> None:
    """Check all parameters of a recipe before any of them is set.

    Raises
    ------
    ValueError
        If a parameter is unknown or may not be set, or if its value is not a number, a string, or a list or table of
        them. The message names the recipe and the parameter, and the closest or all parameters that may be set.
    """
    allowed, known = settable(recognizer), recognizer.get_params()
    for name, value in parameters.items():
        if name not in allowed:
            problem = f"has no parameter {name!r}" if name not in known else f"does not let {name!r} be set"
            hint = did_you_mean(name, allowed) or f"settable parameters: {', '.join(allowed) or 'none'}"
            raise ValueError(f"recipe {recipe} {problem}; {hint}")
        if _holds_estimators(value):
            raise ValueError(
                f"recipe {recipe}: {name} must be a number, a string, or a list or table of them; "
                f"got {type(value).__name__}; to replace its parts, build the recognizer in Python"
            )


def _holds_estimators(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_holds_estimators(part) for part in value)
    if isinstance(value, dict):
        return any(_holds_estimators(part) for part in value.values())
    return hasattr(value, "get_params")
