"""The types of the fields of a record and of ``suite.json``, checked when the files are read.

These are checks of our own. Every command that opens a results folder would import a schema library: pydantic alone
takes as long to import as all that ``ferbench --help`` does, and its messages have several lines.
"""

from collections.abc import Callable, Mapping
from typing import Any

_Check = Callable[[str, Any], None]
_WORDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    list: "a list",
}


def check_record(source: str, content: Any) -> dict[str, Any]:
    """Return the content of a record.

    Raises
    ------
    ValueError
        Naming the file and the field, where a field is missing or of another type.
    """
    return _checked(source, content, _RECORD)


def check_suite(source: str, content: Any) -> dict[str, Any]:
    """Return the content of ``suite.json``; ValueError as :func:`check_record`."""
    return _checked(source, content, _SUITE)


def _checked(source: str, content: Any, check: _Check) -> dict[str, Any]:
    try:
        check("", content)
    except ValueError as error:
        raise ValueError(f"{source}: {error}; run the suite again to rewrite it") from None
    return dict(content)


def _of(*kinds: type) -> _Check:
    """A value of one of these types; a whole number is a number, and true is none."""
    taken = (*kinds, int) if float in kinds else kinds

    def check(where: str, value: Any) -> None:
        if not isinstance(value, taken) or (isinstance(value, bool) and bool not in kinds):
            expected = " or ".join(_WORDS[kind] for kind in kinds)
            raise ValueError(f"expected {where or 'the file'} to be {expected}; got {_short(value)}")

    return check


def _none_or(inner: _Check) -> _Check:
    return lambda where, value: None if value is None else inner(where, value)


def _list_of(inner: _Check) -> _Check:
    def check(where: str, value: Any) -> None:
        _of(list)(where, value)
        for place, item in enumerate(value):
            inner(f"{where}[{place}]", item)

    return check


def _map_of(inner: _Check) -> _Check:
    def check(where: str, value: Any) -> None:
        _of(dict)(where, value)
        for key, item in value.items():
            inner(f"{where}.{key}", item)

    return check


def _object(fields: Mapping[str, _Check], required: tuple[str, ...] = ()) -> _Check:
    """An object with these fields; other fields are not checked."""

    def check(where: str, value: Any) -> None:
        _of(dict)(where, value)
        for key in required:
            if key not in value:
                raise ValueError(f"expected {where or 'the file'} to have {key!r}; it has {_short(sorted(value))}")
        for key, inner in fields.items():
            if key in value:
                inner(f"{where}.{key}" if where else key, value[key])

    return check


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


_TEXT, _WHOLE, _NUMBER = _of(str), _of(int), _of(float)
_TEXTS, _COUNTS, _NUMBERS = _list_of(_TEXT), _map_of(_WHOLE), _map_of(_none_or(_NUMBER))
_DATASET = _object(
    {
        "name": _TEXT,
        "fingerprint": _TEXT,
        "drawn": _of(bool),
        "notes": _TEXTS,
        "counts": _COUNTS,
        "class_counts": _map_of(_COUNTS),
        "people": _COUNTS,
    },
    required=("fingerprint",),
)
_RECIPE = _object(
    {
        "name": _TEXT,
        "family": _none_or(_TEXT),
        "params": _of(dict),
        "all_params": _none_or(_of(dict)),
        "made_of": _none_or(_of(dict)),
        "implementation": _none_or(_TEXT),
        "probabilities": _none_or(_TEXT),
    },
    required=("name",),
)
_IDENTITY = _object(
    {
        "version": _WHOLE,
        "data": _object(dict.fromkeys(("fingerprint", "protocol"), _TEXT), required=("fingerprint", "protocol")),
        **dict.fromkeys(("params", "behavior", "libraries"), _map_of(_TEXT)),
        "members": _map_of(_none_or(_TEXT)),
    },
    required=("version", "data", "params", "members", "behavior", "libraries"),
)
_TIMINGS = _object(
    {
        **dict.fromkeys(("extract_s", "fit_s", "predict_s", "throughput_images_per_s"), _none_or(_NUMBER)),
        "latency_ms": _none_or(_NUMBERS),
    }
)
_ENVIRONMENT = _object(
    {**dict.fromkeys(("cpu", "platform", "python"), _none_or(_TEXT)), "cores": _none_or(_WHOLE), "packages": _of(dict)}
)
_PROTOCOL = _object(
    {**dict.fromkeys(("name", "fold", "data", "fingerprint"), _TEXT), "number": _WHOLE, "of": _WHOLE},
    required=("name", "fold", "fingerprint"),
)
_RECORD = _object(
    {
        "cell_id": _TEXT,
        "status": _TEXT,
        "reason": _none_or(_TEXT),
        "suite": _none_or(_TEXT),
        "run": _none_or(_TEXT),
        "task": _TEXT,
        "dataset": _DATASET,
        "recipe": _RECIPE,
        "identity": _none_or(_IDENTITY),
        "seed": _WHOLE,
        "classes": _TEXTS,
        "timings": _none_or(_TIMINGS),
        "size_bytes": _none_or(_WHOLE),
        "peak_memory_bytes": _none_or(_WHOLE),
        "history": _none_or(_map_of(_list_of(_none_or(_NUMBER)))),
        "environment": _none_or(_ENVIRONMENT),
        "started": _none_or(_TEXT),
        "finished": _none_or(_TEXT),
        "bundle": _none_or(_TEXT),
        "files": _map_of(_object({"bytes": _WHOLE, "sha256": _TEXT}, required=("bytes", "sha256"))),
        "traceback": _none_or(_TEXT),
        "protocol": _PROTOCOL,
    },
    required=("cell_id", "status", "reason", "dataset", "recipe", "seed", "classes", "files"),
)


def _final(where: str, value: Any) -> None:
    if not isinstance(value, bool | None):
        _TEXTS(where, value)


_SUITE = _object(
    {
        **dict.fromkeys(("name", "task"), _TEXT),
        **dict.fromkeys(("reference", "source"), _none_or(_TEXT)),
        **dict.fromkeys(("size", "dataset_seed"), _WHOLE),
        **dict.fromkeys(("time_s", "memory_mb"), _NUMBER),
        **dict.fromkeys(("recipes", "cells"), _TEXTS),
        **dict.fromkeys(("options", "dataset_block"), _of(dict)),
        "seeds": _list_of(_WHOLE),
        "params": _map_of(_of(dict)),
        "final": _final,
        "protocol": _TEXT,
        "test_sources": _TEXTS,
    }
)
