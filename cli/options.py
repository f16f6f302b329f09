"""Convert parsed arguments into typed options."""

import argparse
from collections.abc import Callable
from dataclasses import fields
from typing import TypeVar

T = TypeVar("T")


def read_options(kind: type[T], args: argparse.Namespace) -> T:
    """Return an instance of the dataclass `kind`, each field set to the argument of the same name."""
    return kind(**{field.name: getattr(args, field.name) for field in fields(kind)})  # type: ignore[arg-type]


def command(kind: type[T], function: Callable[[T], int]) -> Callable[[argparse.Namespace], int]:
    """Return the callable for the parser: it calls `function` with the options as the dataclass `kind`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Options:
    ...     name: str
    >>> command(Options, lambda options: len(options.name))(argparse.Namespace(name="hog", traceback=False))
    3
    """

    def call(args: argparse.Namespace) -> int:
        return function(read_options(kind, args))

    return call
