"""Read and check the contract of a foreign model: how a face becomes its input, and what its outputs mean."""

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from ferbench.models.base import check_class_shares
from ferbench.utils import suggest

MAX_BYTES = 64 * 2**10
MAX_LABELS, MAX_LABEL, MAX_SIDE, MAX_NUMBER = 1000, 100, 1024, 1e6
COLORS = {"gray": 1, "grey": 1, "rgb": 3, "bgr": 3}
LAYOUTS = ("nchw", "nhwc", "nhw")
OUTPUTS = ("logits", "probabilities")
_REQUIRED = ("size", "color", "layout", "labels", "output")


@dataclass(frozen=True)
class Contract:
    """Input and output of a foreign model.

    Attributes
    ----------
    height, width : int
        Size of the input, in pixels.
    color : {"gray", "rgb", "bgr"}
        Channels of the input; for ``rgb`` and ``bgr`` the gray image is repeated three times.
    layout : {"nchw", "nhwc", "nhw"}
        Order of the axes; ``nhw`` has no axis for the channel.
    scale : float
        Gray levels 0 to 255 are divided by it first.
    mean, deviation : tuple of float
        Then the mean is subtracted and the result divided by the deviation: one number, or one of each channel in the
        order of `color`.
    labels : tuple of str
        Labels in the order of the output columns, with the names that the data set uses.
    output : {"logits", "probabilities"}
        Kind of output; logits go through a softmax.
    crop_margin : float
        In live use, the share of the face box that is added on each side.
    trained_on : str
        Data that the model was trained on, for the record; empty if unknown.
    class_shares : tuple of float
        Shares of the classes in that data, in the order of `labels`, for class priors; empty if unknown.
    """

    height: int
    width: int
    color: str
    layout: str
    labels: tuple[str, ...]
    output: str
    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    deviation: tuple[float, ...] = (1.0,)
    crop_margin: float = 0.0
    trained_on: str = ""
    class_shares: tuple[float, ...] = ()

    @property
    def channels(self) -> int:
        """Number of channels of the input."""
        return COLORS[self.color]

    @classmethod
    def of(cls, table: Mapping[str, Any], source: str) -> Self:
        """Check a parsed table and return the contract; `source` is its name in messages.

        Raises
        ------
        ValueError
            If a key is missing, unknown, of the wrong type or out of range.
        """
        for key in table:
            if key not in _CHECKS:
                raise ValueError(f"{source}: unknown key {key!r}; {suggest(str(key), _CHECKS)}")
        if missing := [key for key in _REQUIRED if key not in table]:
            raise ValueError(f"{source}: lacks {missing[0]!r}: {_CHECKS[missing[0]][0]}")
        for key, value in table.items():
            expected, fits = _CHECKS[key]
            if not fits(value):
                raise ValueError(f"{source}: {key!r} must be {expected}; got {_shown(value)}")
        height, width = table["size"] if isinstance(table["size"], list) else (table["size"], table["size"])
        color = "gray" if table["color"] == "grey" else table["color"]
        contract = cls(height, width, color, table["layout"], tuple(table["labels"]), table["output"], **_rest(table))
        contract._check_channels(source)
        contract._check_shares(source)
        return contract

    def as_table(self) -> dict[str, Any]:
        """Return the contract as :meth:`of` reads it."""
        table = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        if not self.class_shares:
            # Models without shares keep the checksum that they had before there were any.
            del table["class_shares"]
        return {"size": [table.pop("height"), table.pop("width")], **table}

    def _check_channels(self, source: str) -> None:
        for key in ("mean", "deviation"):
            if (n := len(getattr(self, key))) not in (1, self.channels):
                expected = f"one number or {self.channels}, one of each channel of {self.color}"
                raise ValueError(f"{source}: {key!r} must be {expected}; got {n}")
        if self.layout == "nhw" and self.channels > 1:
            raise ValueError(f"{source}: layout 'nhw' has no channels, but color is {self.color!r}; name nchw or nhwc")

    def _check_shares(self, source: str) -> None:
        if not self.class_shares:
            return
        if len(self.class_shares) != len(self.labels):
            raise ValueError(
                f"{source}: 'class_shares' must be {len(self.labels)} numbers, one of each label; got "
                f"{len(self.class_shares)}"
            )
        if problem := check_class_shares(dict(zip(self.labels, self.class_shares, strict=True)), self.labels):
            raise ValueError(f"{source}: {problem}")


def contract_file(model: Path) -> Path:
    """Return the contract beside a model: the same name with the suffix ``.toml``."""
    return model.with_suffix(".toml")


def read_contract(file: Path, model: Path) -> Contract:
    """Read the contract of a model.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says what to write into it.
    ValueError
        If it is not TOML, or a key is missing, unknown or wrong.
    """
    if not file.is_file():
        raise FileNotFoundError(
            f"{model.name} needs a contract, and {file} does not exist; write it, or name another with --contract: "
            'size = 48, color = "gray", layout = "nchw", scale = 255, labels = ["angry", …], output = "logits"'
        )
    if file.stat().st_size > MAX_BYTES:
        raise ValueError(f"{file}: is larger than {MAX_BYTES:,} bytes; a contract holds a dozen short lines")
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{file}: not a TOML file: {error}") from error
    return Contract.of(table, str(file))


def _rest(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the optional keys that are given, with one type each."""
    found: dict[str, Any] = {}
    for key in ("scale", "crop_margin"):
        if key in table:
            found[key] = float(table[key])
    for key in ("mean", "deviation"):
        if key in table:
            values = table[key] if isinstance(table[key], list) else [table[key]]
            found[key] = tuple(map(float, values))
    if "class_shares" in table:
        found["class_shares"] = tuple(map(float, table["class_shares"]))
    return found | ({"trained_on": table["trained_on"]} if "trained_on" in table else {})


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _is_number(value: Any) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and math.isfinite(value) and abs(value) <= MAX_NUMBER


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value >= 1 / MAX_NUMBER


def _each(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: fits(value) or (isinstance(value, list) and 0 < len(value) <= 3 and all(map(fits, value)))


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_SIDE


def _is_size(value: Any) -> bool:
    return _is_side(value) or (isinstance(value, list) and len(value) == 2 and all(map(_is_side, value)))


def _are_labels(value: Any) -> bool:
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_LABELS:
        return False
    return all(isinstance(name, str) and 0 < len(name) <= MAX_LABEL for name in value) and len(set(value)) == len(value)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= MAX_LABELS and all(map(_is_number, value))


def _one_of(names: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in names


_CHECKS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "size": (f"a number of pixels, or [height, width], from 1 to {MAX_SIDE}", _is_size),
    "color": (f"one of {', '.join(COLORS)}", _one_of(tuple(COLORS))),
    "layout": (f"one of {', '.join(LAYOUTS)}", _one_of(LAYOUTS)),
    "labels": (f"2 to {MAX_LABELS} different names in the order of the outputs", _are_labels),
    "output": (f"one of {', '.join(OUTPUTS)}", _one_of(OUTPUTS)),
    "scale": ("a number above 0", _is_positive),
    "mean": ("one number, or one of each channel", _each(_is_number)),
    "deviation": ("one number above 0, or one of each channel", _each(_is_positive)),
    "crop_margin": (
        "a number above -0.9 and below 9",
        lambda value: _is_number(value) and -0.9 < value < 9,
    ),
    "class_shares": ("the shares of the labels in the training data", _are_numbers),
    "trained_on": ("a text of at most 200 characters", lambda value: isinstance(value, str) and len(value) <= 200),
}
