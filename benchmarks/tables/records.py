"""Read the records of measured runs, and describe their machine in one line."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ferbench.utils import finished_files, read_json


def read_runs(folder: Path, command: str) -> list[dict[str, Any]]:
    """Read all records in ``FOLDER/runs``, by name.

    Parameters
    ----------
    folder : Path
    command : str
        The command that measures them, for the message.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    files = finished_files(folder / "runs", "*.json")
    if not files:
        raise FileNotFoundError(f"{folder / 'runs'}: no records; measure first with `ferbench {command}`")
    return [read_json(file) for file in files]


def machine_text(last: Mapping[str, Any], packages: Sequence[str], load: str, note: str) -> str:
    """Return processor, cores, system, load, package versions and time of a record as one line."""
    about = last["environment"]
    versions = ", ".join(f"{name} {about['packages'][name]}" for name in packages if name in about["packages"])
    return f"{about['cpu']}, {about['cores']} cores, {about['platform']}{load}; {versions}. {last['session']}.{note}"
