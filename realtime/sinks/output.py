"""The checks of output files before a run starts."""

from collections.abc import Collection
from pathlib import Path

from ferbench.utils import check_outputs  # noqa: F401 (exported by the door)


def check_suffix(path: Path, known: Collection[str], what: str) -> None:
    """Refuse a file name whose ending says no known format.

    Raises
    ------
    ValueError
        With the list of the known ones.
    """
    if path.suffix.lower() not in known:
        ending = f"the ending {path.suffix!r}" if path.suffix else "no ending"
        raise ValueError(f"{path}: {what} has {ending}; expected one of {', '.join(sorted(known))}")
