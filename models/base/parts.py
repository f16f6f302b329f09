"""Iterate over the estimators inside a recognizer."""

from collections.abc import Iterator
from typing import Any

import numpy as np


def parts_of(recognizer: Any) -> Iterator[Any]:
    """Yield the recognizer and all estimators inside it, each once.

    These are parameters and fitted attributes: the steps of a pipeline, the estimators that an ensemble was given, and
    the copies that it fitted.
    """
    seen: set[int] = set()
    waiting = [recognizer]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, dict):
            waiting += list(part.values())
        elif isinstance(part, list | tuple) or (isinstance(part, np.ndarray) and part.dtype == object):
            waiting += list(np.ravel(part)) if isinstance(part, np.ndarray) else list(part)
        elif hasattr(part, "get_params") and not isinstance(part, type):
            yield part
            waiting += [value for value in vars(part).values() if not isinstance(value, str | int | float | None)]
