"""Label and split names as people write them, and mappings from a data set's labels to others."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from ferbench.utils import naming

_LABELS = {
    "angry": "angry anger ang",
    "contempt": "contempt contemptuous",
    "disgust": "disgust disgusted disgusting",
    "fear": "fear fearful afraid scared",
    "happy": "happy happiness joy joyful",
    "neutral": "neutral neutrality natural",
    "sad": "sad sadness",
    "surprise": "surprise surprised suprise suprised",
}
_SPLITS = {
    "train": "train training",
    "validation": "validation valid val dev publictest",
    "test": "test testing eval privatetest",
}
_LABEL_OF = {word: label for label, words in _LABELS.items() for word in words.split()}
_SPLIT_OF = {word: split for split, words in _SPLITS.items() for word in words.split()}
_DROPPED = ("drop", "")
#: What to do where a mapping leaves no image.
MAP_ONE = "map one label at least to a name"

# The integer codes of FER2013's CSV.
CODES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def plain_label(text: str) -> str:
    """Name of a label without its leading number, in lower case: ``0_Anger`` is ``anger``."""
    return re.sub(r"^\d+[\s._-]+", "", text.strip()).casefold()


def canonical_label(text: str) -> str | None:
    """Return the label for a folder or CSV name such as ``Surprised`` or ``0_anger``; None if unknown."""
    return _LABEL_OF.get(plain_label(text))


def canonical_split(text: str) -> str | None:
    """Return train, validation or test for a folder name such as ``val``; None if unknown."""
    return _SPLIT_OF.get(re.sub(r"[\s_-]+(set|data)?$|[\s_-]", "", text.strip().casefold()))


def parse_mapping(labels: object) -> dict[str, str] | None:
    """Read a mapping of labels: a dict, ``anger=angry,contempt=drop``, or the path of a TOML file of such lines.

    Returns
    -------
    dict of str to str, or None
        New label of each; ``"drop"`` leaves the images out, and labels that are not named stay.
        None where `labels` is no mapping but a list of labels.

    Raises
    ------
    ValueError
        If the mapping is empty, or maps from or to something other than text; the message says what came.
    FileNotFoundError
        If there is no such TOML file.
    """
    if isinstance(labels, Path) or (isinstance(labels, str) and labels.endswith(".toml")):
        labels = _read_toml(Path(labels))
    elif isinstance(labels, str) and "=" in labels:
        labels = _read_pairs(labels)
    if not isinstance(labels, Mapping):
        return None
    expected = "labels must map labels of the source to new ones, such as {'anger': 'angry', 'contempt': 'drop'}"
    if not labels:
        raise ValueError(f"{expected}; got an empty mapping")
    for old, new in labels.items():
        if not isinstance(old, str | int) or isinstance(old, bool) or not isinstance(new, str):
            raise ValueError(f"{expected}; got {old!r} = {new!r}")
    return {plain_label(str(old)) or str(old): new.strip() for old, new in labels.items()}


def _read_toml(path: Path) -> dict[str, object]:
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file; expected a TOML file with lines such as anger = "angry"')
    try:
        with naming(path):
            content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from error
    inner = content.get("labels", content)
    return inner if isinstance(inner, dict) else content


def _read_pairs(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    for old, sign, new in pairs:
        if not sign or not old.strip() or not new.strip():
            raise ValueError(f"labels must be pairs such as anger=angry,contempt=drop; got {old + sign + new!r}")
    return {old.strip(): new.strip() for old, _, new in pairs}


class LabelReader:
    """Turns labels as a source writes them into those of the data set, and counts what it changes.

    Parameters
    ----------
    mapping : mapping of str to str, optional
        New label by old one, read first; ``"drop"`` leaves images out.
    codes : mapping of str to str, optional
        What the numbers of this source mean, where its layout says so.

    Examples
    --------
    >>> reader = LabelReader({"contempt": "drop"})
    >>> reader.read("Anger"), reader.read("contempt"), reader.read("bored")
    ('angry', None, 'bored')
    """

    def __init__(self, mapping: Mapping[str, str] | None = None, codes: Mapping[str, str] | None = None) -> None:
        self.mapping = dict(mapping or {})
        self._codes = dict(codes or {})
        self._renamed: Counter[tuple[str, str]] = Counter()
        self._dropped: Counter[str] = Counter()
        self._used: set[str] = set()

    def knows(self, text: str) -> bool:
        """Whether the mapping, the codes or the usual synonyms name this label."""
        return self._lookup(text) is not None

    def target(self, text: str) -> str | None:
        """New label, ``"drop"`` for none, or None where neither mapping nor synonyms name it."""
        found = self._lookup(text)
        return None if found is None else found[1]

    def read(self, text: str) -> str | None:
        """Label of an image, or None where it is left out; counted.

        Raises
        ------
        ValueError
            If the label is a number that no mapping explains.
        """
        found = self._lookup(text)
        if found is None:
            name = plain_label(text)
            if not name or name.isdecimal():
                raise ValueError(
                    f"label {text!r} is a number that nothing explains; give its meaning, such as "
                    f"labels={{{text!r}: 'happy'}} (on the command line --labels {text or 0}=happy,...)"
                )
            found = name, name
        old, new = found
        if new in _DROPPED:
            self._dropped[old] += 1
            return None
        if old != new and old not in self._codes:
            self._renamed[old, new] += 1
        return new

    def notes(self) -> list[str]:
        """What was renamed and left out, in sentences.

        Raises
        ------
        ValueError
            If the mapping names a label that the source does not have.
        """
        if unused := [old for old in self.mapping if old not in self._used]:
            raise ValueError(
                f"labels maps {', '.join(map(repr, unused))}, which the source does not have; "
                "correct the name or leave it out"
            )
        found = []
        if self._renamed:
            pairs = ", ".join(f"{old} to {new} ({count:,})" for (old, new), count in sorted(self._renamed.items()))
            found.append(f"Labels renamed: {pairs}.")
        if merged := self._merged():
            found.append(f"Labels merged: {merged}.")
        if self._dropped:
            names = ", ".join(f"{old} ({count:,})" for old, count in sorted(self._dropped.items()))
            found.append(f"Labels left out: {names}.")
        return found

    def _merged(self) -> str:
        sources: dict[str, list[str]] = {}
        for old, new in sorted(self._renamed):
            sources.setdefault(new, []).append(old)
        return "; ".join(f"{' and '.join(olds)} into {new}" for new, olds in sources.items() if len(olds) > 1)

    def _lookup(self, text: str) -> tuple[str, str] | None:
        stripped = text.strip().casefold()
        for name in (stripped, plain_label(text)):
            if name in self.mapping:
                self._used.add(name)
                new = self.mapping[name]
                return name, new
            if name in self._codes:
                return self._mapped_code(name)
        name = plain_label(text)
        known = _LABEL_OF.get(name)
        if known is not None and known in self.mapping:
            self._used.add(known)
            return name, self.mapping[known]
        return None if known is None else (name, known)

    def _mapped_code(self, code: str) -> tuple[str, str]:
        label = self._codes[code]
        if label in self.mapping:
            self._used.add(label)
            return label, self.mapping[label]
        return code, label
