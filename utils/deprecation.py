"""Support deprecated names of keyword arguments for one more version."""

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def renamed_keywords(**new_names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function or constructor accept deprecated names of its keywords, with a FutureWarning.

    Parameters
    ----------
    **new_names : str
        Current name of each keyword, by its deprecated name.

    Raises
    ------
    TypeError
        If the function is called with both names of a keyword.

    Examples
    --------
    >>> import warnings
    >>> @renamed_keywords(colour="color")
    ... def paint(*, color):
    ...     return color
    >>> with warnings.catch_warnings(record=True):
    ...     warnings.simplefilter("always")
    ...     paint(colour="red")
    'red'
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for old in new_names.keys() & kwargs.keys():
                new = new_names[old]
                if new in kwargs:
                    raise TypeError(
                        f"{function.__qualname__} got both {new!r} and its older name {old!r}; give {new!r}"
                    )
                warnings.warn(f"the parameter {old!r} is called {new!r} now; use that", FutureWarning, stacklevel=2)
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate
