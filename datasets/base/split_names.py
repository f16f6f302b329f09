"""Map unusual names of split folders to splits, with the options of the user."""

from collections import Counter
from collections.abc import Iterable, Mapping

from ferbench.datasets.base.dataset import FER2013_SIZES, SPLITS
from ferbench.datasets.base.labels import canonical_split

# What a folder can be besides a split: left out, or a folder without a meaning for the split.
DROP, NONE = "drop", "none"
_OFFICIAL = {name.casefold(): name for name in SPLITS}
_EXPECTED = (
    "split_names must say which folder is which split, such as Training=tr,PublicTest=val,PrivateTest=te "
    "(none=FOLDER for a folder that is no split, drop=FOLDER to leave it out)"
)


def parse_split_names(value: object) -> dict[str, str]:
    """Read what folders are: pairs ``SPLIT=FOLDER`` as text, or a mapping of a split to one folder or several.

    Parameters
    ----------
    value : str, mapping or None
        Splits are ``Training``, ``PublicTest`` and ``PrivateTest``, or their usual names such as ``train``; ``none``
        is a folder that is no split, and ``drop`` one to leave out. ``FOLDER=SPLIT`` is understood as well.

    Returns
    -------
    dict of str to str
        Split, ``"none"`` or ``"drop"`` by name of the folder in lower case.

    Raises
    ------
    ValueError
        If it is something else, names no split, or names a folder twice.

    Examples
    --------
    >>> parse_split_names("Training=tr, test=te, drop=old")
    {'tr': 'Training', 'te': 'PrivateTest', 'old': 'drop'}
    """
    if value is None:
        return {}
    found: dict[str, str] = {}
    for left, right in _pairs(value):
        split, folder = (_split(left), right) if _split(left) else (_split(right), left)
        folder = folder.strip().casefold()
        if not split or not folder:
            raise ValueError(f"{_EXPECTED}; got {left}={right}")
        if folder in found:
            raise ValueError(f"{_EXPECTED}; got the folder {folder!r} twice")
        found[folder] = split
    if not found:
        raise ValueError(f"{_EXPECTED}; got {value!r}")
    return found


def _pairs(value: object) -> list[tuple[str, str]]:
    if isinstance(value, str):
        parts = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        return [(left.strip(), right.strip()) for left, _, right in parts]
    if not isinstance(value, Mapping):
        raise ValueError(f"{_EXPECTED}; got {value!r}")
    several = [(left, right if isinstance(right, list | tuple) else [right]) for left, right in value.items()]
    return [(str(left), str(right)) for left, rights in several for right in rights]


def _split(text: str) -> str | None:
    """Official name of a split, ``"none"`` or ``"drop"``; None for other names."""
    plain = text.strip().casefold()
    if plain in (DROP, NONE):
        return plain
    usual = {"train": SPLITS[0], "validation": SPLITS[1], "test": SPLITS[2]}
    return _OFFICIAL.get(plain) or usual.get(canonical_split(text) or "")


class SplitReader:
    """Map names to splits, and count the names that the user has mapped.

    Parameters
    ----------
    names : mapping of str to str, optional
        As :func:`parse_split_names` returns it.

    Examples
    --------
    >>> reader = SplitReader({"te": "PrivateTest"})
    >>> reader.read("te"), reader.read("val"), reader.read("happy")
    ('PrivateTest', 'validation', None)
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self.names = dict(names or {})
        self._counts: Counter[str] = Counter()
        self._parts: Counter[str] = Counter()
        self._named = False

    def read(self, name: str) -> str | None:
        """Split of a name, ``"none"``, ``"drop"``, or None where the name is no split that is known."""
        found = self.names.get(name.strip().casefold())
        return canonical_split(name) if found is None else found

    def first(self, names: Iterable[str]) -> str:
        """The first split among names, ``"drop"`` where one of them is left out, or an empty text."""
        found = [part for name in names if (part := self.read(name)) and part != NONE]
        return DROP if DROP in found else next(iter(found), "")

    def count(self, names: Iterable[str]) -> None:
        """Count a row with the names of its folders."""
        for name in names:
            if (plain := name.strip().casefold()) in self.names:
                self._counts[plain] += 1
            self.see(name)

    def see(self, name: str) -> None:
        """Take note of a name that a row bears, which may be FER2013's own."""
        plain = name.strip().casefold()
        self._named |= plain == SPLITS[2].casefold() and self.names.get(plain) != DROP

    def tally(self, part: str) -> None:
        """Count a row by its part, whether its label stays or not."""
        self._parts[part] += 1

    @property
    def fer2013(self) -> bool:
        """Whether the rows seen so far bear FER2013's own name of its test split, or are as many as there."""
        sizes: Counter[str] = Counter()
        for part, count in self._parts.items():
            sizes[canonical_split(part) or ""] += count
        return self._named or (sizes["validation"], sizes["test"]) == FER2013_SIZES

    def notes(self) -> list[str]:
        """What the names meant, in one sentence.

        Raises
        ------
        ValueError
            If the user named a folder that the source does not have.
        """
        if unused := [name for name in self.names if not self._counts[name]]:
            raise ValueError(
                f"split_names (--split-names) names {', '.join(map(repr, unused))}, which the source does not have; "
                "correct the name or leave it out"
            )
        words = {DROP: "is left out", NONE: "is no split"}
        named = [
            f"{name} {words.get(split, f'is {split}')} ({self._counts[name]:,} rows)"
            for name, split in self.names.items()
        ]
        return [f"Splits as named by the user: {', '.join(named)}."] if named else []


def ask_for_names(names: Iterable[str], source: str) -> ValueError:
    """The error that asks what folders are."""
    known = sorted(names)
    shown = ", ".join(map(repr, known[:5])) + (f" and {len(known) - 5:,} more" if len(known) > 5 else "")
    splits = ("Training", "PrivateTest", "PublicTest", *["Training"] * len(known))
    example = ",".join(f"{split}={name}" for split, name in zip(splits, known[:3], strict=False))
    return ValueError(
        f"{source}: {shown}: expected the names of splits (train, validation, test), since the same labels are below "
        f"each; say which split each is, such as --split-names {example} (in Python and suites split_names=...; "
        f"none=NAME if it is no split)"
    )
