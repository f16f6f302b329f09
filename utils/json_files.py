"""Read untrusted JSON files, with limits on size and depth, and errors that name file and field."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench.utils.files import naming
from ferbench.utils.regular import check_regular

MAX_JSON_BYTES = 64 * 2**20
MAX_JSON_DEPTH = 100


def read_json(path: str | Path, *, max_bytes: int = MAX_JSON_BYTES, max_depth: int = MAX_JSON_DEPTH) -> Any:
    """Read a JSON file.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no regular file, too large, too deeply nested or not JSON; the message names the file.
    """
    check_regular(path, "a JSON file")
    with naming(path), Path(path).open("rb") as stream:
        data = stream.read(max_bytes + 1)
    return parse_json(data, str(path), max_bytes=max_bytes, max_depth=max_depth)


def parse_json(
    data: bytes | str, source: str, *, max_bytes: int = MAX_JSON_BYTES, max_depth: int = MAX_JSON_DEPTH
) -> Any:
    """Parse JSON text; `source` is its name in messages.

    Examples
    --------
    >>> parse_json(b'{"seed": 1}', "suite.json")
    {'seed': 1}
    >>> parse_json("{", "suite.json")
    Traceback (most recent call last):
    ...
    ValueError: suite.json: expected JSON; got Expecting property name enclosed in double quotes at line 1
    """
    if len(data) > max_bytes:
        raise ValueError(f"{source}: expected JSON of at most {max_bytes:,} bytes; got more")
    try:
        content = json.loads(data)
    except json.JSONDecodeError as error:
        raise ValueError(f"{source}: expected JSON; got {error.msg} at line {error.lineno}") from None
    except RecursionError:
        raise ValueError(f"{source}: expected JSON nested at most {max_depth} deep; got more") from None
    except ValueError as error:
        raise ValueError(f"{source}: expected JSON; got {error}") from None
    if _deeper(content, max_depth):
        raise ValueError(f"{source}: expected JSON nested at most {max_depth} deep; got more")
    return content


def json_field(content: Any, name: str, kind: type | tuple[type, ...], source: str) -> Any:
    """Return one field of a JSON object.

    Parameters
    ----------
    content : object
        Result of :func:`read_json`.
    name : str
        Name of the field; dots separate the names of nested objects, as in ``input.height``.
    kind : type or tuple of type
        Expected type. True and False are not accepted as numbers.
    source : str
        Name of the file, for messages.

    Raises
    ------
    ValueError
        If the field is missing or has another type; the message names file and field.

    Examples
    --------
    >>> json_field({"input": {"height": 48}}, "input.height", int, "bundle.json")
    48
    """
    value = content
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise ValueError(f"{source}: lacks the field {name!r}")
        value = value[part]
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        expected = " or ".join(each.__name__ for each in kinds)
        raise ValueError(f"{source}: field {name!r} must be {expected}; got {type(value).__name__}")
    return value


def _deeper(content: Any, limit: int) -> bool:
    level = [content]
    for _ in range(limit + 1):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        if not inner:
            return False
        level = inner
    return True
