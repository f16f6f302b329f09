"""Find one measured cell of some results by the name of its recipe."""

from collections.abc import Collection
from typing import Any

from ferbench.benchmarks.pages.missing import NOT_MEASURED
from ferbench.benchmarks.pages.results import BaseResults, MeasuredCell
from ferbench.utils import with_hint


def find_cell(results: BaseResults, recipe: str) -> Any:
    """Return the measured cell of a recipe, by its label, cell id or recipe.

    Raises
    ------
    ValueError
        If no cell or several have this name, or the measurement failed; the message gives the reason.
    """
    exact = [cell for cell in results.measured if recipe in (cell.label, cell.record["cell_id"])]
    found = exact or [cell for cell in results.measured if cell.recipe == recipe]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"recipe {recipe!r} was measured {len(found)} times; name one of {_listed(found)}")
    for record in (*results.failed, *results.missing):
        if recipe in (record["recipe"]["name"], record["cell_id"]):
            text = " ".join(str(record.get("reason") or "no reason").split())
            status = "" if record["status"] == NOT_MEASURED else f", {record['status']}"
            raise ValueError(f"recipe {recipe!r} was not measured{status}: {text}")
    raise ValueError(unknown("recipe", recipe, [cell.label for cell in results.measured]))


def unknown(what: str, name: str, known: Collection[str]) -> str:
    """Return the message about an unknown name, with the known ones and the closest one."""
    text = f"unknown {what} {name!r}; expected one of {', '.join(known)}"
    return with_hint(text, name, known, cutoff=0.5, quoted=True)


def _listed(cells: list[MeasuredCell]) -> str:
    return ", ".join(repr(cell.label) for cell in cells)
