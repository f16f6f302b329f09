"""Compare the identity in a record with that of the same cell now."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ferbench.benchmarks.fit import bundle_names
from ferbench.benchmarks.identity.cells import IDENTITY, identify
from ferbench.benchmarks.identity.members import bundle_checksum, recorded_checksum
from ferbench.benchmarks.store import OFFICIAL, Cell, Store
from ferbench.models import recipe_name

COMPLETE, INCOMPLETE, STALE, UNCHECKED = "complete", "incomplete", "stale", "unchecked"


@dataclass(frozen=True)
class Standing:
    """Whether a record is still valid for its cell.

    Attributes
    ----------
    kind : {"complete", "incomplete", "stale", "unchecked"}
        ``complete``: measured again, the cell would be the same measurement. ``incomplete``: the record is of an
        earlier version, which did not write the identity. ``unchecked``: the recipe cannot be built here.
    reasons : tuple of str
        What has changed, or why it was not checked.
    """

    kind: str
    reasons: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The reasons in one line."""
        return "; ".join(self.reasons)


def standings(store: Store, suite: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> dict[str, Standing]:
    """Return the standing of each ok record, by cell id.

    Parameters
    ----------
    store : Store
    suite : mapping
        Content of ``suite.json``: a record of one of its recipes whose cell it does not list was measured with other
        parameters, and is stale.
    records : iterable of mapping
        All readable records of the folder.
    """
    known = list(records)
    cells, recipes = set(suite.get("cells", ())), set(map(recipe_name, suite.get("recipes", ())))
    found = {}
    for record in known:
        standing = standing_of(record, store, known)
        replaced = recipes and record["recipe"]["name"] in recipes and record["seed"] in suite.get("seeds", ())
        if replaced and record["cell_id"] not in cells:
            standing = Standing(STALE, ("the suite has other parameters now", *standing.reasons))
        found[str(record["cell_id"])] = standing
    return found


def standing_of(record: Mapping[str, Any], store: Store, records: Iterable[Mapping[str, Any]]) -> Standing:
    """Return the standing of one record; `records` are all of its folder, in which members are looked up."""
    recorded = record.get("identity")
    if not isinstance(recorded, dict) or recorded.get("version") != IDENTITY:
        return Standing(INCOMPLETE)
    recipe = record["recipe"]
    cell = Cell(record["cell_id"], recipe["name"], recipe.get("params") or {}, record["seed"])
    try:
        with warnings.catch_warnings():
            # A deprecated name of a parameter is reported when the suite is read.
            warnings.simplefilter("ignore", FutureWarning)
            protocol = (record.get("protocol") or {}).get("name", OFFICIAL)
            now = identify(cell, record["dataset"], record.get("task", "expressions"), protocol=protocol)
    except (ImportError, ValueError, OSError) as error:
        return Standing(UNCHECKED, (f"not checked: {error}",))
    now["members"] = _members_now(cell, recorded, store, list(records))
    reasons = changes(recorded, now)
    return Standing(STALE, reasons) if reasons else Standing(COMPLETE)


def changes(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Say in words what differs between two identities.

    Versions of a library that differ only after their second number count as equal: such releases repair faults.
    """
    members = [
        f"member {name} has other weights now"
        for name, digest in now["members"].items()
        if digest is not None and digest != recorded["members"].get(name)
    ]
    libraries = {
        name: (_series(recorded["libraries"].get(name)), _series(text)) for name, text in now["libraries"].items()
    }
    return (
        *_changed("", {"data": recorded["data"]["fingerprint"][:12]}, {"data": now["data"]["fingerprint"][:12]}),
        *_changed("", {"protocol": recorded["data"]["protocol"]}, {"protocol": now["data"]["protocol"]}),
        *_changed("", recorded["params"], now["params"]),
        *members,
        *_changed("version of ", recorded["behavior"], now["behavior"]),
        *(f"{name} is {new} now, was {old or 'not used'}" for name, (old, new) in libraries.items() if old != new),
    )


def _changed(prefix: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    names = sorted({*old, *new})
    return [
        f"{prefix}{name} is {new.get(name, 'gone')} now, was {old.get(name, 'not there')}"
        for name in names
        if old.get(name) != new.get(name)
    ]


def _series(text: str | None) -> str:
    return ".".join((text or "").split(".")[:2])


def _members_now(
    cell: Cell, recorded: Mapping[str, Any], store: Store, records: list[Mapping[str, Any]]
) -> dict[str, str | None]:
    """Return the checksum of each recorded member now; None for one that cannot be found here."""
    found = {}
    for name, digest in recorded["members"].items():
        possible = [each for each in _candidates(name, cell, store, records) if each is not None]
        found[name] = digest if digest in possible else next(iter(possible), None)
    return found


def _candidates(name: str, cell: Cell, store: Store, records: list[Mapping[str, Any]]) -> Iterable[str | None]:
    """Checksums of the bundles that a name can mean: the cell's own bundle in the results, one that ships, a folder."""
    if name in bundle_names(cell.params):
        for record in records:
            same = record["recipe"]["name"] == recipe_name(name) and record["seed"] == cell.seed
            if same and name != cell.recipe and record["status"] == "ok":
                yield recorded_checksum(record)
                if record.get("bundle") and (store.root / record["bundle"]).is_dir():
                    return
    yield bundle_checksum(name)
