"""Read suites: recipes, data, seeds, parameters and limits from a TOML file."""

import hashlib
import json
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from ferbench.benchmarks.store.identified import identified
from ferbench.benchmarks.store.suite_checks import OFFICIAL, check_final, check_list, check_protocol, closest_of
from ferbench.models.base import refuse_forbidden
from ferbench.models.bundles import former_recipe_name, recipe_name, with_members
from ferbench.utils import did_you_mean, naming

# Keys and types of each table of a suite file. An unknown key is an error, so that a typo does not become a default.
_NUMBER = (int, float)
# Tasks of a suite, with their default image size in pixels.
TASKS = {"expressions": 48, "keypoints": 96}
_KEYS: dict[str, dict[str, tuple[type, ...]]] = {
    "": {
        "name": (str,),
        "task": (str,),
        "recipes": (list,),
        "reference": (str,),
        "seeds": (list,),
        "final": (bool, list),
        "protocol": (str,),
        "test_sources": (list,),
        "dataset": (dict,),
        "budget": (dict,),
        "params": (dict,),
    },
    "dataset": {"source": (str,), "size": (int,), "seed": (int,), "options": (dict,)},
    "budget": {"time_s": _NUMBER, "memory_mb": _NUMBER},
}


@dataclass(frozen=True)
class Cell:
    """One measurement of a suite: a recipe with parameters and a seed on one data set.

    Attributes
    ----------
    cell_id : str
        ``<recipe>-s<seed>-<8 hex>``; the digits are a hash of the parameters and the fingerprint of the data.
    recipe : str
        Name of the recipe.
    params : mapping
        Parameters of the recipe.
    seed : int
        Random seed of the cell.
    """

    cell_id: str
    recipe: str
    params: Mapping[str, Any]
    seed: int

    def matches(self, patterns: Sequence[str]) -> bool:
        """Return whether a pattern such as ``hog+*`` matches the recipe or the cell id; without patterns, True."""
        names = (self.recipe, former_recipe_name(self.recipe), self.cell_id)
        return not patterns or any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


@dataclass(frozen=True)
class Suite:
    """A suite of recipes and seeds to measure on one data set, with limits for each cell.

    Attributes
    ----------
    name : str
        Name of the suite.
    recipes : tuple of str
        Names of recipes, as in ``ferbench.models.recipes()``; ``NAME@VARIANT`` is the recipe NAME with its own
        parameters.
    task : {"expressions", "keypoints"}
        The task of the recipes.
    reference : str or None
        The reference recipe of an ablation; the report then shows the effect of each change.
    source : str or None
        A data source for :func:`ferbench.datasets.load` or, for key points, :func:`ferbench.datasets.load_points`;
        None if it must be given on the command line.
    size, dataset_seed, options
        Further arguments of :func:`ferbench.datasets.load`.
    seeds : tuple of int
        Seeds; there is one cell for each recipe and seed.
    params : mapping
        Parameters by recipe name.
    time_s, memory_mb : float
        Limits of one cell: wall time in seconds and memory in MiB.
    origin : str
        The file of the suite, for messages.
    final : bool, tuple of str or None
        Cells whose choice is final, so that the test split may be opened for them: all, none, or those whose recipe
        fits a pattern such as ``hog+*``. None: all on drawn faces, which can be drawn anew, and none on other data.
    protocol : str
        How the data are divided, as in :func:`ferbench.datasets.protocol`: the official split, or folds.
    test_sources : tuple of str
        Sources of the data sets that the protocol ``cross`` tests on.
    shared_people : bool
        Whether the official split was asked for by name (``official:shared``), although people are in two parts.
    """

    name: str
    recipes: tuple[str, ...]
    task: str = "expressions"
    reference: str | None = None
    source: str | None = None
    size: int = 48
    dataset_seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    time_s: float = 3600.0
    memory_mb: float = 8192.0
    origin: str = ""
    final: bool | tuple[str, ...] | None = None
    protocol: str = OFFICIAL
    test_sources: tuple[str, ...] = ()
    shared_people: bool = False

    def is_final(self, cell: Cell, *, drawn: bool) -> bool:
        """Return whether the test split may be opened for a cell; `drawn` says whether the data are drawn faces."""
        if self.final is None:
            return drawn
        return self.final if isinstance(self.final, bool) else bool(self.final) and cell.matches(self.final)

    def __post_init__(self) -> None:
        """Replace older recipe names by the current ones; names of bundles that are no recipes here are kept."""
        renamed = {name: recipe_name(name) for name in self.recipes}
        if repeated := [name for name, count in Counter(renamed.values()).items() if count > 1]:
            raise ValueError(f"{self.origin or self.name}: 'recipes' names {repeated[0]!r} under an older name as well")
        params = {
            renamed.get(recipe, recipe): with_members(values, partial(_member_name, renamed, recipe))
            for recipe, values in self.params.items()
        }
        object.__setattr__(self, "recipes", tuple(renamed.values()))
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "reference", renamed.get(self.reference or "", self.reference))

    def cells(self, fingerprint: str) -> list[Cell]:
        """Return all cells of the suite for the data with this fingerprint, in the order of the file."""
        return [
            Cell(_cell_id(recipe, params, seed, fingerprint), recipe, params, seed)
            for seed in self.seeds
            for recipe in self.recipes
            for params in (identified(recipe, self.params.get(recipe, {})),)
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the definition of the suite, for ``suite.json``."""
        content = asdict(self)
        del content["origin"]
        if not self.shared_people:
            del content["shared_people"]
        if self.protocol == OFFICIAL:
            del content["protocol"], content["test_sources"]
        else:
            # File names alone: the file is published, and folders of this machine are private.
            content["test_sources"] = tuple(map(_file_name, self.test_sources))
        return content


def _file_name(source: str) -> str:
    """Return a source without its folder, with the name of its layout."""
    layout, colon, path = source.rpartition(":")
    return f"{layout}{colon}{Path(path).name}"


def _member_name(renamed: Mapping[str, str], own: str, name: str) -> str:
    """Current name of a member; a recipe that names itself means a bundle."""
    return renamed.get(name, name) if name != own else name


def available_suites() -> list[str]:
    """Return the names of the suites that ship with ferbench."""
    folder = resources.files("ferbench.benchmarks.suites")
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def load_suite(name_or_path: str | Path) -> Suite:
    """Read a suite by name, if it ships with ferbench, or by the path of a TOML file.

    Parameters
    ----------
    name_or_path : str or Path
        ``"faces"``, ``"fer2013"`` or the path of a TOML file.

    Returns
    -------
    Suite

    Raises
    ------
    FileNotFoundError
        If there is neither such a suite nor such a file.
    ValueError
        If the file is not TOML, has an unknown key, or a value of the wrong type; the message names the file,
        the key and the closest known key.

    Examples
    --------
    >>> load_suite("faces").source
    'faces'
    """
    text = str(name_or_path)
    if text in available_suites():
        content = resources.files("ferbench.benchmarks.suites").joinpath(f"{text}.toml").read_bytes()
        return _parse(content, f"{text}.toml")
    path = Path(name_or_path)
    if path.is_file():
        with naming(path):
            content = path.read_bytes()
        return _parse(content, str(path))
    known = available_suites()
    hint = did_you_mean(text, known, quoted=True) or "name one"
    raise FileNotFoundError(f"suite {text!r}: neither a shipped suite ({', '.join(known)}) nor a TOML file; {hint}")


def _parse(content: bytes, origin: str) -> Suite:
    try:
        tables = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{origin}: not a TOML file: {error}") from error
    _check_table(origin, "", tables)
    dataset, budget = tables.get("dataset", {}), tables.get("budget", {})
    _check_table(origin, "dataset", dataset)
    _check_table(origin, "budget", budget)
    recipes = check_list(origin, "recipes", tables.get("recipes"), str)
    if (task := tables.get("task", Suite.task)) not in TASKS:
        raise ValueError(f"{origin}: 'task' must be one of {', '.join(TASKS)}; got {task!r}")
    reference = tables.get("reference")
    if reference is not None and reference not in recipes:
        hint = closest_of(reference, recipes)
        raise ValueError(f"{origin}: 'reference' must be one of the recipes; got {reference!r}; {hint}")
    _check_params(origin, tables.get("params", {}), recipes)
    for key, limit in budget.items():
        if not limit > 0:
            raise ValueError(f"{origin}: budget.{key} must be above 0; got {limit!r}")
    default_name = re.sub(r"\.toml$", "", Path(origin).name)
    return Suite(
        name=tables.get("name", default_name),
        recipes=recipes,
        task=task,
        reference=reference,
        source=dataset.get("source"),
        size=dataset.get("size", TASKS[task]),
        dataset_seed=dataset.get("seed", Suite.dataset_seed),
        options=dataset.get("options", {}),
        seeds=check_list(origin, "seeds", tables.get("seeds", [0]), int),
        params=tables.get("params", {}),
        time_s=float(budget.get("time_s", Suite.time_s)),
        memory_mb=float(budget.get("memory_mb", Suite.memory_mb)),
        origin=origin,
        final=check_final(origin, tables.get("final"), recipes),
        **check_protocol(origin, task, tables.get("protocol", Suite.protocol), tables.get("test_sources", [])),
    )


def _check_table(origin: str, table: str, content: Mapping[str, Any]) -> None:
    known = _KEYS[table]
    where = f"[{table}]" if table else "the top level"
    for key, value in content.items():
        if key not in known:
            raise ValueError(f"{origin}: unknown key {key!r} at {where}; {closest_of(key, known)}")
        if not isinstance(value, known[key]) or (isinstance(value, bool) and bool not in known[key]):
            expected = " or ".join(kind.__name__ for kind in known[key])
            raise ValueError(f"{origin}: {key!r} at {where} must be {expected}; got {value!r}")


def _check_params(origin: str, params: Mapping[str, Any], recipes: Sequence[str]) -> None:
    for recipe, values in params.items():
        if recipe not in recipes:
            raise ValueError(f"{origin}: unknown key {recipe!r} at [params]; {closest_of(recipe, recipes)}")
        if not isinstance(values, dict):
            raise ValueError(f"{origin}: [params.{recipe!r}] must be a table of parameters; got {values!r}")
        refuse_forbidden(f"{origin}: [params.{recipe!r}]", values)


def _cell_id(recipe: str, params: Mapping[str, Any], seed: int, fingerprint: str) -> str:
    # The hash uses the original names of recipes, so that existing results stay valid.
    recipe, params = former_recipe_name(recipe), with_members(params, former_recipe_name)
    content = json.dumps({"params": params, "fingerprint": fingerprint}, sort_keys=True, default=str)
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9+._@-]', '_', recipe)}-s{seed}-{digest}"
