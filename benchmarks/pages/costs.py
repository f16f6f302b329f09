"""Add up the whole cost of a fit: extraction, members and teachers included."""

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from ferbench.benchmarks.fit import bundle_names
from ferbench.benchmarks.identity import shipped_names
from ferbench.models import bundle_name, pretrained, recipe_name
from ferbench.models.bundles import read_description

_INT8 = "-int8"


def total_fit_seconds(records: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    """Seconds that each cell takes from nothing, by its id.

    The sum of its own fit and extraction, and of those of every cell that it needs: its teachers, its members and the
    network of its extractor, and what these need in turn, each once. They are found by name among the records of the
    same seed. None where one of them was not measured here or has no fit time: a part of a sum is no cost. A network in
    8-bit integers costs what the network that it was made from cost: nothing is fitted to make it, and the seconds of
    the conversion are not counted.

    Parameters
    ----------
    records : iterable of mapping
        All records of one data set, such as those of :meth:`ferbench.benchmarks.store.Store.records`.
    """
    known = [record for record in records if record["status"] == "ok"]
    cells = {(str(record["recipe"]["name"]), record.get("seed")): record for record in known}
    return {str(record["cell_id"]): _total(record, cells) for record in known}


_Cells = Mapping[tuple[str, Any], Mapping[str, Any]]


def _total(record: Mapping[str, Any], cells: _Cells) -> float | None:
    needed: dict[str, Mapping[str, Any]] = {}
    waiting = [record]
    while waiting:
        part = waiting.pop()
        if part["cell_id"] in needed:
            continue
        needed[part["cell_id"]] = part
        for found in _needs(part, cells):
            if found is None:
                return None
            waiting.append(found)
    own = [_own(part) for part in needed.values()]
    known = [value for value in own if value is not None]
    return sum(known) if len(known) == len(own) else None


def _own(record: Mapping[str, Any]) -> float | None:
    """Fit and extraction of one cell; a recognizer without an extractor has nothing to extract."""
    timings = record.get("timings") or {}
    fit = timings.get("fit_s")
    return None if fit is None else float(fit) + float(timings.get("extract_s") or 0.0)


def _needs(record: Mapping[str, Any], cells: _Cells) -> list[Mapping[str, Any] | None]:
    """The record of each bundle in the parameters of a cell; None for one that was not measured here."""
    recipe, seed, own = record["recipe"], record.get("seed"), str(record["recipe"]["name"])
    known = {**(recipe.get("all_params") or {}), **(recipe.get("params") or {})}
    start = _plain(known.get("initial_weights"))
    if start and not bundle_names({"initial_weights": start}):
        return [None]  # Weights that were trained elsewhere, at a cost that is not known here.
    asked = bundle_names(recipe.get("params") or {})
    every = bundle_names({name: _plain(value) for name, value in (recipe.get("all_params") or {}).items()})
    # What a suite names is first of all a recipe of it; a default names what ships.
    found = [_find(_maker(name, record), seed, cells, (recipe_name, bundle_name), own) for name in asked]
    defaults = [name for name in every if name not in asked]
    return found + [_find(_maker(name, record), seed, cells, (bundle_name,), own) for name in defaults]


def _maker(name: str, record: Mapping[str, Any]) -> str:
    """The recipe that made a bundle, where the record holds the weights that ship now; else the name of the bundle.

    A network in 8-bit integers is made from another one, without a fit.
    """
    digest = ((record.get("identity") or {}).get("members") or {}).get(name)
    if digest is not None and shipped_names().get(digest) == bundle_name(name):
        described = read_description(pretrained()[name])
        return str((described.get("precision") or {}).get("of") or described["recipe"]["name"])
    return name.removesuffix(_INT8)


def _find(name: str, seed: Any, cells: _Cells, renamings: Iterable[Any], own: str) -> Mapping[str, Any] | None:
    # Under the name of the cell itself something else was taken: a bundle that ships, fitted elsewhere.
    for rename in renamings:
        if rename(name) != own and (record := cells.get((rename(name), seed))) is not None:
            return record
    return None


def _plain(value: Any) -> Any:
    """A list of names, which a record holds as the text of a list; nothing where there is no value."""
    if value is None:
        return ()
    if not isinstance(value, str) or value[:1] not in ("[", "("):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
