"""Check the names of output files before a run starts."""

from collections.abc import Collection
from pathlib import Path


def check_suffix(path: Path, known: Collection[str], what: str) -> None:
    """Raise ValueError if the file extension is not a known format.

    Raises
    ------
    ValueError
        If the extension is unknown; the message lists the known ones.
    """
    if path.suffix.lower() not in known:
        ending = f"the ending {path.suffix!r}" if path.suffix else "no ending"
        raise ValueError(f"{path}: {what} has {ending}; expected one of {', '.join(sorted(known))}")
