"""Build the identity of a cell, from which its record can be told to be stale."""

from collections.abc import Mapping
from typing import Any

from ferbench import models
from ferbench.benchmarks.fit import seed_recognizer
from ferbench.benchmarks.identity.behavior import (
    behavior_versions,
    library_versions,
    person_versions,
    plain_parameters,
)
from ferbench.benchmarks.identity.members import bundle_checksum, member_names
from ferbench.benchmarks.store import OFFICIAL, Cell
from ferbench.benchmarks.tasks import get_task

# Version of this block of a record.
IDENTITY = 1
# Beginnings of the notes by which older records say that people are known in Training.
_OF_PEOPLE = ("Protocol loso", "The missing parts were drawn by person")


def identify(
    cell: Cell,
    dataset: Mapping[str, Any],
    task: str,
    folders: Mapping[str, str] | None = None,
    protocol: str = OFFICIAL,
) -> dict[str, Any]:
    """Return the identity of a cell, as its record holds it.

    Parameters
    ----------
    cell : Cell
    dataset : mapping
        The part of a record about the data, with its fingerprint.
    task : str
    folders : mapping of str to str, optional
        Folder of each bundle that the cell's parameters name. By default, the bundles are looked up by their names,
        among those that ship with ferbench.
    protocol : str
        How the data are divided.

    Returns
    -------
    dict
        Data, protocol, seed, scoring, all parameters of the recipe, members by checksum, declared versions of its
        parts, and versions of the libraries that matter. Where people are known, also the versions of calibrations by
        person; without people the identity is the same as before there were any.

    Raises
    ------
    ImportError, ValueError
        If the recipe cannot be built here.
    """
    recognizer = seed_recognizer(models.get_recipe(cell.recipe).build(**cell.params), cell.seed)
    by_person = person_versions(recognizer) if _knows_people(dataset) else {}
    places = {name: (folders or {}).get(name, name) for name in member_names(recognizer)}
    return {
        "version": IDENTITY,
        "data": {"fingerprint": dataset["fingerprint"], "protocol": protocol},
        "recipe": cell.recipe,
        "seed": cell.seed,
        "params": plain_parameters(recognizer),
        "members": {name: bundle_checksum(place) for name, place in places.items()},
        "behavior": {
            **behavior_versions(recognizer),
            **by_person,
            f"scoring of {task}": str(get_task(task).behavior_version),
        },
        "libraries": library_versions(recognizer),
    }


def _knows_people(dataset: Mapping[str, Any]) -> bool:
    """Whether people are known in Training, so that calibrations draw their part by person.

    Older records do not count people; their notes say whether people are known. Under ``cross`` the notes do not say
    in which of the two data sets, so such records count as without people.
    """
    if "training_people" in dataset:
        return int(dataset["training_people"]) > 1
    notes = [str(note) for note in dataset.get("notes", ())]
    crossed = any(note.startswith("Protocol cross") for note in notes)
    return not crossed and any(note.startswith(_OF_PEOPLE) for note in notes)
