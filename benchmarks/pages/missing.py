"""Find the recipes of a suite that have no record, and describe each as a row of the tables."""

from collections.abc import Iterable, Mapping
from typing import Any

from ferbench.models import recipe_name

NOT_MEASURED = "not measured"
# Data sets that are read from one archive, which everyone has under this name.
_ARCHIVES = ("fer2013", "ck48")


def measure_command(suite: Mapping[str, Any], recipe: str) -> str:
    """Return the command that measures one recipe of a suite, and makes its bundle."""
    return f"ferbench run {suite.get('name')}{_source(suite)} --only '{recipe}'"


def _source(suite: Mapping[str, Any]) -> str:
    """Return the option with the data of a suite that names none: the archive of a known data set, else a blank."""
    if suite.get("source"):
        return ""
    # The five labels of fer2013-five are those of the same archive.
    name = str((suite.get("dataset_block") or {}).get("name") or "").partition("-")[0]
    return f" --source {name}.zip" if name in _ARCHIVES else " --source PATH"


def missing_records(suite: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Describe the cells of a suite without a record, in the form of a record.

    Parameters
    ----------
    suite : mapping
        Content of ``suite.json``; an empty mapping has no cells.
    records : iterable of mapping
        All readable records of the folder.

    Returns
    -------
    tuple of dict
        One for each recipe and seed without a record, in the order of the suite, with the status ``not measured``.
    """
    known = list(records)
    measured = {(str(record["recipe"]["name"]), record.get("seed")) for record in known}
    # A row without a seed, such as the derived constant predictor, stands for all seeds.
    whole = {name for name, seed in measured if seed is None}
    asked = [(recipe_name(name), seed) for seed in suite.get("seeds", ()) for name in suite.get("recipes", ())]
    ids = dict(zip(asked, suite.get("cells", ()), strict=False))
    dataset = known[0]["dataset"] if known else suite.get("dataset_block", {})
    return tuple(
        {
            "cell_id": ids.get((name, seed), ""),
            "status": NOT_MEASURED,
            "seed": seed,
            "dataset": dataset,
            "suite": suite.get("name"),
            "reason": f"no record; measure it: {measure_command(suite, name)}",
            "recipe": {"name": name, "params": (suite.get("params") or {}).get(name, {})},
        }
        for name, seed in asked
        if (name, seed) not in measured and name not in whole
    )
