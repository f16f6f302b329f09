"""Find the record of a bundle: beside it, or in a results folder by the checksum of its weights."""

from pathlib import Path

from ferbench.benchmarks.identity import recorded_checksum, weights_checksum
from ferbench.benchmarks.store import Store
from ferbench.models.bundles import read_description


def is_measured(bundle: Path) -> bool:
    """Whether a folder is the bundle of a record beside it; it must not change, since the record has its checksum."""
    folder = bundle.resolve()
    return folder.parent.name == "bundles" and (folder.parents[1] / "records" / f"{folder.name}.json").is_file()


def find_record(bundle: Path, results: Path) -> tuple[Path, str] | None:
    """Return the results folder and the cell id of the record that measured a bundle, or None.

    Parameters
    ----------
    bundle : Path
        A bundle in a results folder, or a copy of one, such as a bundle that ships.
    results : Path
        A results folder, or one of its data sets, in which the record of a copy is looked up.
    """
    if is_measured(bundle):
        return bundle.resolve().parents[1], bundle.resolve().name
    weights = weights_checksum(read_description(bundle)["files"])
    for root in (results, *sorted(path for path in results.glob("*") if (path / "records").is_dir())):
        for record in Store(root).records() if (root / "records").is_dir() else ():
            if record["status"] == "ok" and recorded_checksum(record) == weights:
                return root, str(record["cell_id"])
    return None
