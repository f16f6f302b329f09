"""Declare constraints of parameters, and check them with one error format: parameter, expected, got."""

import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Constraint(Protocol):
    """Protocol of the constraints on the value of a parameter."""

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""

    def __str__(self) -> str:
        """Return the allowed values in words, to follow "must be" in an error."""


@dataclass(frozen=True)
class Whole:
    """A whole number of at least `low`."""

    low: int

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= self.low

    def __str__(self) -> str:
        return f"a whole number of at least {self.low}"


@dataclass(frozen=True)
class Wholes:
    """A whole number of at least `low`, or several different ones: a list, a tuple, or text such as ``"6,12"``."""

    low: int

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return _all_different(value, Whole(self.low), int)

    def __str__(self) -> str:
        return f"a whole number of at least {self.low}, or different ones as a list or as text with commas"


@dataclass(frozen=True)
class Reals:
    """A real number of at least `low`, or several different ones: a list, a tuple, or text such as ``"4,6.5"``."""

    low: float

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return _all_different(value, AtLeast(self.low), float)

    def __str__(self) -> str:
        return f"a number of at least {self.low:g}, or different ones as a list or as text with commas"


@dataclass(frozen=True)
class AtLeast:
    """A finite real number of at least `low`."""

    low: float

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return _is_real(value) and self.low <= float(value) < float("inf")

    def __str__(self) -> str:
        return f"a number of at least {self.low:g}"


@dataclass(frozen=True)
class Above:
    """A finite real number above `low`."""

    low: float

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return _is_real(value) and self.low < float(value) < float("inf")

    def __str__(self) -> str:
        return f"a number above {self.low:g}"


@dataclass(frozen=True)
class UpTo:
    """A real number above `low` and at most `high`."""

    low: float
    high: float

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return _is_real(value) and self.low < float(value) <= self.high

    def __str__(self) -> str:
        return f"a number above {self.low:g} and at most {self.high:g}"


@dataclass(frozen=True)
class Share:
    """A real number from 0 to 1; 1 is allowed only if `whole` is True."""

    whole: bool = False

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return _is_real(value) and (0 <= float(value) < 1 or (self.whole and float(value) == 1))

    def __str__(self) -> str:
        return "in [0, 1]" if self.whole else "in [0, 1)"


@dataclass(frozen=True)
class Between:
    """A real number strictly between two others."""

    low: float
    high: float = float("inf")

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return _is_real(value) and self.low < float(value) < self.high

    def __str__(self) -> str:
        return f"a number between {self.low:g} and {self.high:g}, both excluded"


@dataclass(frozen=True)
class Type:
    """An instance of one of the types; `name` describes them in messages."""

    types: tuple[type, ...]
    name: str

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return isinstance(value, self.types)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class OneOf:
    """One of several strings."""

    words: tuple[str, ...]

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return isinstance(value, str) and value in self.words

    def __str__(self) -> str:
        words = ", ".join(map(repr, self.words))
        return words if len(self.words) == 1 else f"one of {words}"


@dataclass(frozen=True)
class OrNone:
    """None, or a value that another constraint allows."""

    other: Constraint

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return value is None or self.other.accepts(value)

    def __str__(self) -> str:
        return f"{self.other}, or None"


@dataclass(frozen=True)
class Either:
    """A value that one of two other constraints allows."""

    first: Constraint
    second: Constraint

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return self.first.accepts(value) or self.second.accepts(value)

    def __str__(self) -> str:
        return f"{self.first} or {self.second}"


@dataclass(frozen=True)
class Each:
    """A list or tuple of at least `least` values that another constraint allows; `name` describes it in messages."""

    other: Constraint
    name: str
    least: int = 0

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        is_sequence = isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)
        return is_sequence and len(value) >= self.least and all(map(self.other.accepts, value))

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class WorkerCount:
    """A value of ``n_jobs`` as in joblib: None or any whole number except zero."""

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return value is None or (isinstance(value, numbers.Integral) and not isinstance(value, bool) and value != 0)

    def __str__(self) -> str:
        return "None, a number of workers, or -1 for all cores"


# Seeds are integers, so that results are reproducible; None, as in scikit-learn, draws a new seed in each fit.
SEED = OrNone(Whole(0))
BOOLEAN = Type((bool, np.bool_), "True or False")


def whole_numbers(value: int | str | Sequence[int]) -> list[int]:
    """Return a value that `Wholes` accepts as a list."""
    return [int(number) for number in _listed(value, int)]


def real_numbers(value: float | str | Sequence[float]) -> list[float]:
    """Return a value that `Reals` accepts as a list."""
    return [float(number) for number in _listed(value, float)]


def _listed(value: Any, kind: Callable[[str], Any]) -> list[Any]:
    # A parameter search draws scalar values, so lists are also accepted as text.
    if isinstance(value, str):
        return [kind(number) for number in value.split(",")]
    return list(value) if isinstance(value, list | tuple) else [value]


def _all_different(value: Any, constraint: Constraint, kind: Callable[[str], Any]) -> bool:
    try:
        values = _listed(value, kind)
    except ValueError:
        return False
    return bool(values) and all(map(constraint.accepts, values)) and len(set(map(float, values))) == len(values)


def check_parameters(owner: object, constraints: Mapping[str, Constraint] | None = None) -> None:
    """Raise a ValueError for the first attribute of `owner` that breaks its constraint.

    Parameters
    ----------
    owner : object
        An estimator, or another object with parameters as attributes.
    constraints : mapping of str to Constraint, optional
        Constraint of each parameter; by default ``owner.constraints``.
    """
    declared: Mapping[str, Constraint] = getattr(owner, "constraints", {}) if constraints is None else constraints
    for name, constraint in declared.items():
        value = getattr(owner, name)
        if not constraint.accepts(value):
            raise ValueError(f"{type(owner).__name__}: {name} must be {constraint}; got {value!r}")


def _is_real(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
