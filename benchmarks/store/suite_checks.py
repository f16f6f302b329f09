"""Check the values of a suite file: lists, patterns of final recipes, and the protocol."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ferbench.datasets import protocol
from ferbench.datasets.protocols import SHARED
from ferbench.utils import did_you_mean

#: The protocol of a suite that does not name another: the split of the data set itself.
OFFICIAL = "official"


def check_list(origin: str, key: str, values: Any, kind: type) -> tuple[Any, ...]:
    """Different values of one type, at least one."""
    if not values:
        raise ValueError(f"{origin}: {key!r} must list at least one {kind.__name__}; got {values!r}")
    for value in values:
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"{origin}: {key!r} must list values of type {kind.__name__}; got {value!r}")
        if isinstance(value, int) and not 0 <= value < 2**32:
            raise ValueError(f"{origin}: {key!r} must lie between 0 and 2**32 - 1; got {value!r}")
    if repeated := {value for value in values if values.count(value) > 1}:
        raise ValueError(f"{origin}: {key!r} names {sorted(repeated)[0]!r} more than once")
    return tuple(values)


def check_final(origin: str, final: Any, recipes: Sequence[str]) -> bool | tuple[str, ...] | None:
    """Patterns of recipes that mean at least one recipe each; an empty list means none."""
    if not isinstance(final, list) or not final:
        return None if final is None else bool(final)
    for pattern in check_list(origin, "final", final, str):
        if not any(fnmatchcase(recipe, pattern) for recipe in recipes):
            raise ValueError(
                f"{origin}: 'final' must list patterns of the suite's recipes; {pattern!r} fits none; "
                f"{closest_of(pattern, recipes)}"
            )
    return tuple(final)


def check_protocol(origin: str, task: str, name: str, test_sources: Sequence[Any]) -> dict[str, Any]:
    """The protocol and its test sources, as attributes of a suite.

    Raises
    ------
    ValueError
        If there is no such protocol, it does not go with the task, or the test sources do not go with it.
    """
    name = name.strip()
    cross = name == "cross"
    if name == OFFICIAL and not test_sources:
        return {}
    if name == SHARED and task == "expressions" and not test_sources:
        return {"shared_people": True}
    if task != "expressions":
        raise ValueError(f"{origin}: protocol {name!r} divides faces with expressions; leave it out for task {task!r}")
    if not cross:
        try:
            protocol(name)
        except ValueError as error:
            raise ValueError(f"{origin}: {error}") from error
    if cross != bool(test_sources):
        remedy = "name the data to test on in test_sources (--test-source)" if cross else "leave test_sources out"
        raise ValueError(
            f"{origin}: protocol {name!r} {'tests on other data' if cross else 'has no other data'}; {remedy}"
        )
    return {"protocol": name, "test_sources": check_list(origin, "test_sources", test_sources, str) if cross else ()}


def closest_of(key: str, known: Iterable[str]) -> str:
    """A hint for a name that is not known."""
    names = list(known)
    return did_you_mean(key, names, quoted=True) or f"known are {', '.join(names)}"
