"""Read and write ``bundle.json``, and check its fields. Live mode imports this module, so it avoids heavy imports."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from operator import eq
from pathlib import Path
from typing import Any

from ferbench.models.base import CLASS_SHARES, check_class_shares
from ferbench.models.bundles.calibration import MAX_TEXT, check_calibration
from ferbench.utils import write_atomically

FORMAT = 1
EXPRESSIONS, TASK = "expressions", "keypoints"
# Largest file that is parsed; the descriptions of ferbench are smaller.
MAX_BYTES = 4 * 2**20
MAX_DEPTH = 40
MAX_NAMES, MAX_SIDE, MAX_FILES = 1000, 4096, 64

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PLUGIN = re.compile(r"[A-Za-z0-9][\w.-]{0,99}==[\w.+!-]{1,40}")
# Fields that change no answer of the recognizer as it was measured.
_ADDED = (CLASS_SHARES, "calibration")
# Stands for the hash of a description until its fields are checked.
_UNKNOWN = "0" * 64
_VERSION = re.compile(r"\d+(\.\d+)?[\w.+!-]{0,40}")


def read_description(path: Path) -> dict[str, Any]:
    """Read a bundle's ``bundle.json``, check every field that ferbench reads, and compare it with its own hash.

    Raises
    ------
    FileNotFoundError
        If there is no ``bundle.json``.
    ValueError
        If the file is damaged, its format is not supported, or the type or range of a field is wrong. The message names
        the file and the field.
    """
    file = path / "bundle.json"
    if not file.is_file():
        raise FileNotFoundError(f"{path} is no bundle: it has no bundle.json")
    try:
        info = _parse(file)
        check_description(info)
        if info["sha256"] != digest(info):
            raise ValueError("its content does not match its own hash; copy the bundle again")
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    return info


def write_description(folder: Path, description: Mapping[str, Any]) -> None:
    """Write the ``bundle.json`` of a folder with its hash, after checking every field that ferbench reads.

    Raises
    ------
    ValueError
        If the type or range of a field is wrong; the message names the field.
    """
    described = {**description, "sha256": _UNKNOWN}
    check_description(described)
    described["sha256"] = digest(described)
    content = json.dumps(described, indent=1, sort_keys=True) + "\n"
    write_atomically(folder / "bundle.json", content.encode())


def digest(description: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a description without its field ``sha256``."""
    rest = {key: value for key, value in description.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def recognizer_sha256(description: Mapping[str, Any]) -> str:
    """Return the SHA-256 by which records and other bundles refer to a bundle: without what can be added later.

    The shares of its classes and its calibration are left out. Both can be added to a finished bundle. Members,
    teachers and rows of a suite use a bundle without its calibration (see :meth:`LoadedBundle.without_calibration`), so
    what they get stays the same, and so does this checksum.
    """
    if not any(name in description for name in _ADDED):
        return str(description["sha256"])
    return digest({key: value for key, value in description.items() if key not in _ADDED})


def check_description(info: Any) -> None:
    """Raise ValueError, naming the field, if `info` is not a valid description.

    Fields that ferbench does not read are not checked.
    """
    _expect(isinstance(info, dict), "the whole file", "an object {…}", info)
    _lacks(info, "format")
    if info["format"] != FORMAT or not isinstance(info["format"], int) or isinstance(info["format"], bool):
        raise ValueError(f"format {_shown(info['format'])}, this version reads {FORMAT}; install a matching ferbench")
    _field(info, "sha256", "a SHA-256 in hex", _is_sha256)
    task = info.get("task", EXPRESSIONS)
    if task not in (EXPRESSIONS, TASK):
        raise ValueError(
            f"it is for the task {_shown(task)}, which this version does not know; install a newer ferbench"
        )
    _field(info, "points" if task == TASK else "labels", f"1 to {MAX_NAMES} distinct strings", _are_names)
    _check_input(info)
    _field(info, "files", "an object {…}", lambda value: isinstance(value, dict))
    if strange := sorted(name for name in info["files"] if not _FILE_NAME.fullmatch(name)):
        raise ValueError(f"names the files {_shown(strange)}; expected names without a folder; do not use this bundle")
    _field(info, "files", f"1 to {MAX_FILES} file names with their SHA-256 in hex", _are_files)
    _field(info, "versions", "names of packages with their versions", _are_versions)
    if task == TASK:
        _field(info, "margin", "a number above -0.9 and below 9", lambda value: _is_between(value, -0.9, 9))
        _field(info, "offset", "a number above -9 and below 9", lambda value: _is_between(value, -9, 9))
    if "contract" in info:
        _field(info, "contract", "an object {…}", lambda value: isinstance(value, dict))
    if "plugins" in info:
        _field(info, "plugins", "names of modules with their packages, such as 'faces==1.0'", _are_plugins)
    _check_notes(info)


def _check_input(info: dict[str, Any]) -> None:
    """Check the input contract: how to convert a face to an input image of the model."""
    _field(info, "input", "an object {…}", lambda value: isinstance(value, dict))
    given = info["input"]
    for side in ("height", "width"):
        _field(given, side, "a whole number of pixels", _is_whole, within="input")
        if not 0 < given[side] <= MAX_SIDE:
            raise ValueError(f"input.{side} {_shown(given[side])} is out of range; expected 1 to {MAX_SIDE} pixels")
    fixed: dict[str, Any] = {"colour": "grey", "dtype": "uint8", "range": [0, 255]}
    for name, only in fixed.items():
        if name in given:
            _field(given, name, f"{only!r}", partial(eq, only), within="input")
    if "crop_margin" in given:
        crop = given["crop_margin"]
        _expect(_is_between(crop, -0.9, 9), "input.crop_margin", "a number above -0.9 and below 9", crop)


def _check_notes(info: dict[str, Any]) -> None:
    """Check the optional fields about recipe, data set and scores."""
    for name in ("recipe", "dataset", "scores", "precision"):
        if name in info:
            _field(info, name, "an object {…}", lambda value: isinstance(value, dict))
    texts = [("recipe", "name"), ("dataset", "name"), ("dataset", "fingerprint"), ("precision", "type")]
    texts.append(("precision", "of"))
    for part, name in texts:
        if name in info.get(part, {}):
            _field(info[part], name, f"a string of at most {MAX_TEXT} characters", _is_text, within=part)
    if "drawn" in info.get("dataset", {}):
        _field(info["dataset"], "drawn", "true or false", lambda value: isinstance(value, bool), within="dataset")
    if "calibration" in info and (problem := check_calibration(info["calibration"])):
        raise ValueError(f"{problem}; get the bundle from its maker")
    if CLASS_SHARES in info and (problem := check_class_shares(info[CLASS_SHARES], info.get("labels", ()))):
        raise ValueError(f"{problem}; get the bundle from its maker")
    for part, scores in info.get("scores", {}).items():
        if isinstance(scores, dict):
            for name, value in scores.items():
                _expect(_is_score(value), f"scores.{part}.{name}", "a number, a text or null", value)


def _parse(file: Path) -> Any:
    if (size := file.stat().st_size) > MAX_BYTES:
        raise ValueError(f"it is {size:,} bytes long; expected at most {MAX_BYTES:,}; get the bundle from its maker")
    content = file.read_bytes()
    try:
        info = json.loads(content)
    except UnicodeDecodeError:
        raise ValueError("it is no UTF-8 text; copy the bundle again") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if depth_of(info, MAX_DEPTH) > MAX_DEPTH:
        raise ValueError(_TOO_DEEP)
    return info


_TOO_DEEP = f"it is nested more than {MAX_DEPTH} levels deep; get the bundle from its maker"


def depth_of(value: Any, limit: int) -> int:
    """Return the nesting depth of parsed JSON, at most `limit` + 1; the function is not recursive."""
    level, depth = [value], 0
    while level and depth <= limit:
        inner = [each for each in level if isinstance(each, dict | list)]
        depth += bool(inner)
        level = [child for each in inner for child in (each.values() if isinstance(each, dict) else each)]
    return depth


def _field(
    table: Mapping[str, Any], name: str, expected: str, fits: Callable[[Any], bool], *, within: str = ""
) -> None:
    full = f"{within}.{name}" if within else name
    _lacks(table, name, full)
    _expect(fits(table[name]), full, expected, table[name])


def _lacks(table: Mapping[str, Any], name: str, full: str | None = None) -> None:
    if name not in table:
        raise ValueError(f"lacks {full or name!r}; copy the bundle again")


def _expect(good: bool, field: str, expected: str, got: Any) -> None:
    if not good:
        raise ValueError(f"{field} must be {expected}; got {_shown(got)}; get the bundle from its maker")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _is_sha256(value: Any) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _is_between(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low < value < high


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_score(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isinf(value)
    return value is None or _is_text(value) or (isinstance(value, int) and abs(value) < 2**63)


def _are_names(value: Any) -> bool:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_NAMES:
        return False
    return all(_is_text(name) and name for name in value) and len(set(value)) == len(value)


def _are_files(value: Any) -> bool:
    if not isinstance(value, dict) or not 0 < len(value) <= MAX_FILES:
        return False
    return all(map(_is_sha256, value.values()))


def _are_plugins(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) > MAX_FILES:
        return False
    return all(isinstance(each, str) and _PLUGIN.fullmatch(each) for each in value.values())


def _are_versions(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return all(isinstance(each, str) and _VERSION.fullmatch(each) for each in value.values())
