"""Find the bundles that a cell depends on, such as teachers and ensemble members named in its parameters."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ferbench.benchmarks.store import Cell, Store, Suite
from ferbench.models import pretrained, recipe_name
from ferbench.models.bundles import read_description, recognizer_sha256

# Last part of the parameter names that hold bundles: teachers of a network, members of an ensemble, the network of an
# extractor.
_PARAMETERS = ("teachers", "bundles", "bundle")
# This one holds a bundle, the name of other weights, or a file of weights.
_START, _OTHER_WEIGHTS = "initial_weights", "imagenet"


def bundle_names(params: Mapping[str, Any]) -> list[str]:
    """Return the bundle names in a cell's parameters (recipes, shipped bundles or folders) without repeats."""
    values = [value for name, value in params.items() if _names_bundles(name, value)]
    listed = [[value] if isinstance(value, str | Path) else list(value) for value in values]
    return list(dict.fromkeys(str(name) for names in listed for name in names))


def with_folders(params: Mapping[str, Any], folders: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters with each bundle name replaced by its folder."""

    def place(value: Any) -> Any:
        return folders.get(str(value), value) if isinstance(value, str | Path) else [place(part) for part in value]

    return {name: place(value) if _names_bundles(name, value) else value for name, value in params.items()}


def with_names(plain: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters for a record, with bundle names instead of folders, which differ between machines."""
    named = {name: value for name, value in params.items() if _names_bundles(name, value)}
    return dict(plain) | {name: value if isinstance(value, str) else repr(value) for name, value in named.items()}


def describe_bundles(folders: Mapping[str, str], fingerprint: str) -> tuple[dict[str, str], str | None]:
    """Return the checksum of each bundle, and a warning if some may have been trained on the test images."""
    described = {name: read_description(Path(folder)) for name, folder in folders.items()}
    data = {name: info.get("dataset", {}).get("fingerprint", "") for name, info in described.items()}
    foreign = [f"{name} ({trained[:12] or 'unknown data'})" for name, trained in data.items() if trained != fingerprint]
    warning = f"depends on bundles trained on other rows, {', '.join(foreign)}: these may include the test images"
    return {name: recognizer_sha256(info) for name, info in described.items()}, warning if foreign else None


def in_order(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Split cells into rounds, so that each cell comes after the cells of its seed that it depends on.

    Raises
    ------
    ValueError
        If the dependencies form a cycle.
    """
    rounds: list[list[Cell]] = []
    waiting = list(cells)
    while waiting:
        open_names = {(cell.recipe, cell.seed) for cell in waiting}
        ready = [cell for cell in waiting if not open_names & _needs(cell)]
        if not ready:
            raise ValueError(f"recipes with circular dependencies: {', '.join(cell.recipe for cell in waiting)}")
        rounds.append(ready)
        waiting = [cell for cell in waiting if cell not in ready]
    return rounds


def find_named(cell: Cell, suite: Suite, cells: Sequence[Cell], store: Store) -> dict[str, str]:
    """Return the folder of each bundle that a cell's parameters name.

    A name is looked up in this order: cells of the suite with the same seed, other results with that seed in the same
    folder, bundles that ship with ferbench, and folders.

    Raises
    ------
    FileNotFoundError
        If a bundle is not found; the message says what to run first.
    ValueError
        If a bundle was itself taught by this recipe or made of it: the recipe would learn from its own answers.
    """
    folders = {name: _find(name, cell, suite, cells, store).resolve() for name in bundle_names(cell.params)}
    for name, folder in folders.items():
        if recipe_name(cell.recipe) in _made_of(folder, cell.seed, store):
            raise ValueError(
                f"{cell.recipe} cannot learn from {name!r}: that was itself taught by {cell.recipe} or made of it; "
                "name a bundle that was fitted without it"
            )
    return {name: str(folder) for name, folder in folders.items()}


def _made_of(folder: Path, seed: int, store: Store) -> set[str]:
    """Return the recipes of the teachers and members of a bundle, from its description and the records."""
    records = {record["recipe"]["name"]: record["recipe"] for record in store.records() if record["seed"] == seed}
    found: set[str] = set()
    waiting: list[Mapping[str, Any]] = [read_description(folder).get("recipe") or {}]
    while waiting:
        for name in map(recipe_name, bundle_names(waiting.pop().get("params") or {})):
            if name in found:
                continue
            found.add(name)
            if name in records:
                waiting.append(records[name])
            elif name in pretrained():
                waiting.append(read_description(pretrained()[name]).get("recipe") or {})
    return found


def _find(name: str, cell: Cell, suite: Suite, cells: Sequence[Cell], store: Store) -> Path:
    if name != cell.recipe and (measured := _measured(name, cell.seed, cells, store)):
        return measured
    if name in pretrained():
        return pretrained()[name]
    if (Path(name) / "bundle.json").is_file():
        return Path(name)
    start = f"{cell.recipe} needs the bundle of {name!r}, "
    if name in suite.recipes and name != cell.recipe:
        raise FileNotFoundError(
            f"{start}which is not measured with seed {cell.seed} in {store.root}; measure it first: "
            f"ferbench run {suite.name} --only '{name}'"
        )
    raise FileNotFoundError(
        f"{start}which is not a recipe of suite {suite.name}, not measured with seed {cell.seed} in {store.root}, "
        f"not shipped ({', '.join(pretrained())}) and not the folder of a bundle; add the recipe to the suite or name "
        "a folder"
    )


def _measured(name: str, seed: int, cells: Sequence[Cell], store: Store) -> Path | None:
    name = recipe_name(name)
    wanted = {cell.cell_id for cell in cells if (cell.recipe, cell.seed) == (name, seed)}
    for record in store.records():
        same = record["recipe"]["name"] == name and record["seed"] == seed
        if same and (not wanted or record["cell_id"] in wanted) and record["bundle"] and store.problem(record) is None:
            return store.root / record["bundle"]
    return None


def _needs(cell: Cell) -> set[tuple[str, int]]:
    """Return the recipes and seeds that a cell depends on. Its own name means the shipped bundle of that name."""
    return {(name, cell.seed) for name in bundle_names(cell.params) if name != cell.recipe}


def _names_bundles(parameter: str, value: Any) -> bool:
    last = parameter.rpartition("__")[2]
    if last == _START:
        return isinstance(value, str | Path) and str(value) != _OTHER_WEIGHTS and not Path(value).suffix
    return last in _PARAMETERS
