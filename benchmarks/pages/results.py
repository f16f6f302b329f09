"""Read the records of one data set for a report, and give them unique labels."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ferbench.benchmarks.pages.costs import total_fit_seconds
from ferbench.benchmarks.pages.latencies import Latencies, Latency
from ferbench.benchmarks.pages.machines import machine_of, usual_machine
from ferbench.benchmarks.pages.missing import missing_records
from ferbench.benchmarks.store import OFFICIAL, Store, check_suite
from ferbench.utils import brief_repr, read_json


@dataclass(frozen=True, eq=False, repr=False)
class MeasuredCell:
    """One cell that was measured.

    Attributes
    ----------
    label : str
        Unique name in the report: the recipe, with its seed if there are several.
    record : mapping
        The record that the runner wrote.
    """

    label: str
    record: Mapping[str, Any]

    __repr__ = brief_repr

    @property
    def recipe(self) -> str:
        """Name of the recipe."""
        return str(self.record["recipe"]["name"])


@dataclass(frozen=True, eq=False, repr=False)
class BaseResults:
    """Everything measured on one data set.

    Attributes
    ----------
    root : Path
        The folder.
    suite : mapping
        Content of ``suite.json``; empty if the file is missing.
    measured : tuple of MeasuredCell
        The ok cells.
    failed : tuple of mapping
        The records of the other cells.
    """

    root: Path
    suite: Mapping[str, Any]
    measured: tuple[Any, ...]
    failed: tuple[Mapping[str, Any], ...]

    __repr__ = brief_repr

    @property
    def dataset(self) -> Mapping[str, Any]:
        """Description of the data in the records."""
        head = self.measured[0].record if self.measured else self.failed[0]
        content: Mapping[str, Any] = head["dataset"]
        return content

    @property
    def split(self) -> str:
        """The split of the tables: the test split, or the validation split if the test split was not opened."""
        raise NotImplementedError

    @cached_property
    def missing(self) -> tuple[Mapping[str, Any], ...]:
        """The recipes of the suite without a record, as :func:`missing_records` describes them."""
        return missing_records(self.suite, [*(cell.record for cell in self.measured), *self.failed])

    @cached_property
    def latencies(self) -> Latencies:
        """The latencies of the measured cells, with the run within which they are ranked."""
        return Latencies.of(self.root, [cell.record for cell in self.measured])

    def latency_of(self, cell: MeasuredCell) -> Latency:
        """Return the latency of one measured cell."""
        return self.latencies.of_cell(str(cell.record["cell_id"]))

    @cached_property
    def total_fits(self) -> Mapping[str, float | None]:
        """Seconds of the whole fit of each measured cell, with extraction, teachers and members, by cell id."""
        return total_fit_seconds(cell.record for cell in self.measured)

    def fit_ranked(self, cell: MeasuredCell) -> bool:
        """Whether the fit time of a cell may be ranked: it was measured on the machine of most cells."""
        return machine_of(cell.record) == self._usual_machine

    @cached_property
    def _usual_machine(self) -> str:
        return usual_machine(cell.record for cell in self.measured)

    @property
    def is_drawn(self) -> bool:
        """Whether the images are drawn faces instead of photographs."""
        return bool(self.dataset.get("drawn"))


def protocol_of(root: str | Path) -> str:
    """Return the name of the protocol of a results folder; ``official`` without one."""
    return str(read_suite(Path(root)).get("protocol", OFFICIAL))


def find_results(folder: str | Path | None = None) -> Path:
    """Find the folder of one data set: `folder` itself, or the only one in it (default ``results``).

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no records in it.
    ValueError
        If the folder holds several data sets; the message lists them.
    """
    root = Path(folder if folder is not None else "results")
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; expected results of 'ferbench run', such as results/faces")
    if (root / "records").is_dir():
        return root
    found = sorted(path.parent for path in root.glob("*/records") if path.is_dir())
    if not found:
        raise FileNotFoundError(f"{root}: no records in it; expected results of 'ferbench run': run a suite first")
    if len(found) > 1:
        raise ValueError(f"{root}: results of several data sets; name one of {', '.join(map(str, found))}")
    return found[0]


def open_results(folder: str | Path) -> tuple[Path, Store, list[dict[str, Any]], dict[str, NDArray[Any]]]:
    """Return the folder of one data set, its store, its readable records and its rows.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such folder, or no record in it.
    """
    root = find_results(folder)
    store = Store(root)
    records = store.records()
    if not records:
        raise ValueError(f"{root}: no readable record in {root / 'records'}; run the suite first")
    rows = store.rows()
    return root, store, records, rows


def read_suite(root: Path) -> dict[str, Any]:
    """Read ``suite.json``; return an empty mapping if the file is missing."""
    path = root / "suite.json"
    return check_suite(str(path), read_json(path)) if path.is_file() else {}


def unique_labels(records: list[dict[str, Any]]) -> dict[str, str]:
    """Return the recipe as label if it is unique, else with its seed, else with the cell id."""
    recipes = Counter(record["recipe"]["name"] for record in records)
    seeds = Counter((record["recipe"]["name"], record["seed"]) for record in records)
    names = {}
    for record in records:
        recipe, seed = record["recipe"]["name"], record["seed"]
        if recipes[recipe] == 1:
            names[record["cell_id"]] = recipe
        else:
            names[record["cell_id"]] = f"{recipe} (seed {seed})" if seeds[recipe, seed] == 1 else record["cell_id"]
    return names


def companion(store: Store, kind: str, cell_id: str) -> Path:
    """Return the path of the arrays that belong to an ok record.

    Raises
    ------
    FileNotFoundError
        If it is missing.
    """
    path = store.root / kind / f"{cell_id}.npz"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: missing, though its record is ok; run the suite again to redo this cell")
    return path


def check_shape(path: Path, split: str, values: NDArray[Any], expected: tuple[int, ...]) -> None:
    """Raise ValueError if an array does not match the rows."""
    if values.shape != expected:
        raise ValueError(
            f"{path}: {split} has shape {values.shape}, expected {expected} as in rows.npz; "
            "run the suite again to redo this cell"
        )
