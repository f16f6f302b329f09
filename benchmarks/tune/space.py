"""Define search spaces: ranges and choices by parameter name, built in for each recipe or read from a file."""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ferbench.models import MIRROR_VIEWS, Augmentation, Recipe
from ferbench.models.base import refuse_forbidden, settable
from ferbench.utils import check_regular, naming, suggest

# The only parameter that is a table.
_TABLE = "augmentation"


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; integers if both are integers.

    Attributes
    ----------
    low, high : int or float
    log : bool
        Whether to sample on a logarithmic scale.
    """

    low: float
    high: float
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether the range has only integers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def holds(self, value: Any) -> bool:
        """Return whether a value is in the range."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and self.low <= value <= self.high and (isinstance(value, int) or not self.whole)

    def as_dict(self) -> dict[str, Any]:
        """Return the range as written in a file."""
        return {"low": self.low, "high": self.high, "log": self.log}


@dataclass(frozen=True)
class Choices:
    """A choice between a few values."""

    values: tuple[Any, ...]

    def holds(self, value: Any) -> bool:
        """Return whether a value is one of the choices."""
        return any(value == known and isinstance(value, bool) == isinstance(known, bool) for known in self.values)

    def as_dict(self) -> dict[str, Any]:
        """Return the choices as written in a file."""
        return {"choices": list(self.values)}


Space = dict[str, Range | Choices]

_KERNEL_RIDGE: Space = {
    "classifier__alpha": Range(0.005, 0.5, log=True),
    "classifier__gamma": Range(1.0, 12.0, log=True),
}
_CLASSIFIERS: dict[str, Space] = {
    "boosting": {
        "classifier__classifier__max_iter": Range(50, 600, log=True),
        "classifier__classifier__learning_rate": Range(0.02, 0.3, log=True),
        "classifier__classifier__max_leaf_nodes": Range(7, 63, log=True),
    },
    "chi2-svm": {"classifier__C": Range(0.3, 100.0, log=True), "classifier__gamma": Range(0.3, 10.0, log=True)},
    "forest": {
        "classifier__min_samples_leaf": Range(1, 50, log=True),
        "classifier__max_features": Choices(("sqrt", "log2")),
    },
    "intersection-svm": {"classifier__C": Range(0.3, 100.0, log=True), "classifier__gamma": Range(0.3, 10.0, log=True)},
    "kernel-ridge": _KERNEL_RIDGE,
    "knn": {"classifier__n_neighbors": Range(3, 300, log=True)},
    "lda": {"classifier__classifier__shrinkage": Range(0.01, 0.9, log=True)},
    "linear-svm": {"classifier__C": Range(1e-6, 1e-1, log=True)},
    "local-svm": {
        "classifier__C": Range(0.01, 10.0, log=True),
        "classifier__n_neighbors": Range(100, 2000, log=True),
    },
    "logreg": {"classifier__C": Range(1e-5, 1.0, log=True)},
    MIRROR_VIEWS: _KERNEL_RIDGE,
    "nystroem": {"classifier__C": Range(0.1, 1000.0, log=True), "map__gamma": Range(1.0, 12.0, log=True)},
    "sgd-logreg": {"classifier__alpha": Range(1e-6, 1e-1, log=True)},
    "sgd-svm": {"classifier__alpha": Range(1e-6, 1e-1, log=True)},
    "svm": {"classifier__C": Range(0.3, 100.0, log=True), "classifier__gamma": Range(1e-5, 1e-2, log=True)},
    "tree": {"classifier__max_depth": Range(3, 30), "classifier__min_samples_leaf": Range(1, 200, log=True)},
}
_EXTRACTORS: dict[str, Space] = {
    "gabor": {"grid": Choices((6, 8, 12)), "pooling": Choices(("mean", "max"))},
    "hog": {"cell_size": Choices((4, 6, 8)), "bins": Choices((6, 9, 12))},
    "hog-multi": {"cell_sizes": Choices(("6", "8", "6,12", "4,8")), "equalize": Choices((False, True))},
    "lbp": {"grid": Choices((6, 8, 10)), "radii": Choices(("1", "2", "1,2"))},
    "patches": {"words": Choices((200, 400)), "grid": Choices((4, 5))},
    "pixels": {"equalize": Choices((False, True))},
    "sift": {"encoding": Choices(("bag", "presence")), "bin_sizes": Choices(("2", "3"))},
}
# Parameters of networks, of ferbench or of a plug-in; names that a network does not have are left out.
_NETWORKS: Space = {
    "weight_decay": Range(1e-6, 1e-2, log=True),
    "label_smoothing": Range(0.0, 0.2),
    "augmentation__rotation": Range(0.0, 20.0),
    "augmentation__shift": Range(0.0, 0.15),
    "augmentation__zoom": Range(0.0, 0.25),
    "augmentation__erase": Range(0.0, 0.5),
    "augmentation__mixup": Range(0.0, 0.4),
}


def resolve_space(recipe: Recipe, space: Space | None, params: Mapping[str, Any]) -> Space:
    """Return the space of a search: `space`, or the built-in one of the recipe, without parameters fixed by `params`.

    Raises
    ------
    ValueError
        If a name is unknown or both varied and fixed, nothing is left to vary, or the recipe does not recognize
        expressions.
    """
    if recipe.family == "keypoints":
        raise ValueError(
            f"{recipe.name} finds key points; a search is for recognizers of expressions: name one of these"
        )
    if space is not None:
        return fit_space(space, params, recipe)
    return fit_space({key: of for key, of in default_space(recipe).items() if key not in params}, params, recipe)


def default_space(recipe: Recipe) -> Space:
    """Return the built-in search space of a recipe.

    A network's learning rate is searched from a tenth to ten times that of the recipe. Each combination of an
    extractor's parameters keeps its features in the cache: on FER2013 those of HOG take 2.4 GB in all, and no
    other extractor's more than 8 GB.

    Raises
    ------
    ValueError
        If ferbench has no space for it.
    """
    known = parameters(recipe.build())
    space: Space = {}
    if recipe.family == "deep":
        if isinstance(rate := known.get("learning_rate"), float):
            space["learning_rate"] = Range(rate / 10, rate * 10, log=True)
        space |= {name: values for name, values in _NETWORKS.items() if name in known}
    else:
        features, _, classifier = recipe.name.rpartition("+")
        names = features.split("+")
        extractor = "features__extractor__" if classifier == MIRROR_VIEWS else "features__"
        for name in names:
            prefix = f"{extractor}{name}__" if len(names) > 1 else extractor
            space |= {prefix + key: values for key, values in _EXTRACTORS.get(name, {}).items()}
        space |= _CLASSIFIERS.get(classifier, {})
    if not space:
        raise ValueError(
            f"there is no built-in search space for {recipe.name}; write one, [space] in a TOML file, "
            f"and name it with --space"
        )
    return space


def read_space(path: str | Path) -> tuple[Space, dict[str, Any]]:
    """Read a search space from a TOML file.

    Parameters
    ----------
    path : str or Path
        Its table ``[space]`` holds ``name = {low = 0.1, high = 10.0, log = true}`` or ``name = {choices = [4, 6]}`` for
        each parameter; the optional ``[params]`` holds parameters that all trials share.

    Returns
    -------
    space : dict of str to Range or Choices
    params : dict

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a TOML file, or a key is unknown or has an invalid value; the message names the file and the key.
    """
    check_regular(path, "a TOML file with a table [space]")
    try:
        with naming(path):
            tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file; expected a TOML file with a table [space]") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from error
    if unknown := sorted(set(tables) - {"space", "params"}):
        raise ValueError(f"{path}: unknown key {unknown[0]!r}; expected the tables [space] and [params]")
    space, params = tables.get("space"), tables.get("params", {})
    if not isinstance(space, dict) or not space or not isinstance(params, dict):
        raise ValueError(f"{path}: expected a table [space] with one entry for each parameter to vary")
    refuse_forbidden(f"{path}: [space]", space)
    refuse_forbidden(f"{path}: [params]", params)
    return {name: _parse(f"{path}: {name!r}", entry) for name, entry in space.items()}, params


def fit_space(space: Space, params: Mapping[str, Any], recipe: Recipe) -> Space:
    """Check a space against a recipe; integer bounds of a float parameter become floats.

    Raises
    ------
    ValueError
        If a name is unknown or also in `params`.
    """
    recognizer = assemble(recipe, params)
    known = parameters(recognizer)
    allowed = [*settable(recognizer), *(name for name in known if name.startswith(f"{_TABLE}__"))]
    fitted: Space = {}
    for name, asked in space.items():
        if name not in allowed:
            problem = f"does not let {name!r} be set" if name in known else f"has no parameter {name!r}"
            raise ValueError(f"recipe {recipe.name} {problem}; {_closest(name, allowed)}")
        if name in params:
            raise ValueError(f"{name} cannot be both varied and fixed to {params[name]!r}; leave it out of one table")
        fitted[name] = asked
        if isinstance(asked, Range) and isinstance(known[name], float | str):
            fitted[name] = replace(asked, low=float(asked.low), high=float(asked.high))
    return fitted


def parameters(recognizer: Any) -> dict[str, Any]:
    """Return all parameters of a recognizer by name, with fields of the augmentation as ``augmentation__rotation``."""
    found = dict(recognizer.get_params())
    if _TABLE in found:
        table = Augmentation.of(found[_TABLE])
        found |= {f"{_TABLE}__{field.name}": getattr(table, field.name, None) for field in fields(Augmentation)}
    return found


def merge(recipe: Recipe, params: Mapping[str, Any]) -> dict[str, Any]:
    """Collect fields such as ``augmentation__rotation`` into the table that recipes and suites accept."""
    prefix = f"{_TABLE}__"
    named = {name: value for name, value in params.items() if not name.startswith(prefix)}
    changed = {name.removeprefix(prefix): value for name, value in params.items() if name.startswith(prefix)}
    if changed:
        table = Augmentation.of(named.get(_TABLE, recipe.build().get_params().get(_TABLE, True))) or Augmentation()
        named[_TABLE] = asdict(table) | changed
    return named


def assemble(recipe: Recipe, params: Mapping[str, Any]) -> Any:
    """Build the recognizer of a recipe with parameters named as in a search."""
    return recipe.build(**merge(recipe, params))


def _parse(where: str, entry: Any) -> Range | Choices:
    expected = "{low = …, high = …, log = true or false} or {choices = […]}"
    if not isinstance(entry, dict) or not (set(entry) == {"choices"} or {"low", "high"} <= set(entry)):
        raise ValueError(f"{where} must be {expected}; got {entry!r}")
    if "choices" in entry:
        values = entry["choices"]
        plain = isinstance(values, list) and all(isinstance(value, int | float | str) for value in values)
        if not plain or len(set(map(repr, values))) != len(values) or not values:
            raise ValueError(f"{where}: choices must list different numbers, strings or booleans; got {values!r}")
        return Choices(tuple(values))
    if unknown := sorted(set(entry) - {"low", "high", "log"}):
        raise ValueError(f"{where}: unknown key {unknown[0]!r}; expected {expected}")
    return _parse_range(where, entry["low"], entry["high"], entry.get("log", False))


def _parse_range(where: str, low: Any, high: Any, log: Any) -> Range:
    for value in (low, high):
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise ValueError(f"{where}: low and high must be numbers; got {value!r}")
    if not low < high:
        raise ValueError(f"{where}: low must be below high; got {low!r} and {high!r}")
    if not isinstance(log, bool):
        raise ValueError(f"{where}: log must be true or false; got {log!r}")
    if log and low <= 0:
        raise ValueError(f"{where}: low must be above 0 on a logarithmic scale; got {low!r}")
    return Range(low, high, log)


def _closest(name: str, known: Iterable[str]) -> str:
    return suggest(name, sorted(known))
