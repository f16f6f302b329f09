"""Read the records of measured runs, and say in a line on which machine they were measured."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def read_runs(folder: Path, command: str) -> list[dict[str, Any]]:
    """All records in ``FOLDER/runs``, by name.

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
    files = sorted((folder / "runs").glob("*.json"))
    if not files:
        raise FileNotFoundError(f"{folder / 'runs'}: no records; measure first with `ferbench {command}`")
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def machine_text(last: Mapping[str, Any], packages: Sequence[str], load: str, note: str) -> str:
    """Processor, cores, system, load, versions of some packages and time of a record's run."""
    about = last["environment"]
    versions = ", ".join(f"{name} {about['packages'][name]}" for name in packages if name in about["packages"])
    return f"{about['cpu']}, {about['cores']} cores, {about['platform']}{load}; {versions}. {last['session']}.{note}"
