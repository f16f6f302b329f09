"""Rows of a source that are image files, and what the folders say of them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from ferbench.datasets.base import DROP, NONE, SPLITS, LabelReader, Problems, SplitReader, ask_for_names
from ferbench.utils import Decoded, resize
from ferbench.utils.pictures import open_picture, to_gray

# CK+ names a frame by person, sequence and number: S010_004_00000017.png.
CK_NAME = re.compile(r"(S\d{3})_(\d{3})_\d{8}\.\w+$")


class Entry(NamedTuple):
    """One labeled image file: its path in the source, its label and part, and what else the source says of it.

    `box` (left, top, right, bottom, in pixels) is the face where the image shows more; `id` replaces the path where
    one file holds several rows. `attributes` are its values in the group columns of the source.
    """

    path: str
    label: str
    part: str
    person: str = ""
    sequence: str = ""
    box: tuple[int, int, int, int] | None = None
    id: str = ""
    attributes: tuple[str, ...] = ()


def cut_out(data: bytes, box: tuple[int, int, int, int], size: int) -> Decoded:
    """Decode an image file and cut a face out of it.

    Raises
    ------
    ValueError
        If the bytes are no image, or the box lies outside of it.
    """
    image = to_gray(open_picture(data))
    left, top, right, bottom = box
    face = image[max(top, 0) : bottom, max(left, 0) : right]
    if face.size == 0:
        raise ValueError(f"the box {box} of the face lies outside the image of {image.shape[1]} x {image.shape[0]}")
    return Decoded(resize(face, size), face.shape[1], face.shape[0])


def keep_entries(rows: Iterable[tuple[Entry, str]], labels: LabelReader, problems: Problems) -> list[Entry]:
    """Entries of a layout with their labels read; those with a reason are left out and counted by it.

    Parameters
    ----------
    rows : iterable of (Entry, str)
        Entries whose label is as the source writes it, and why each is left out: empty for those that stay.
    """
    left_out: Counter[str] = Counter()
    entries, fits = [], False
    for entry, reason in rows:
        if reason:
            left_out[reason] += 1
            continue
        fits = True
        label = _read(entry.path, entry.label, labels, problems)
        if label is not None:
            entries.append(entry._replace(label=label))
    problems.notes.extend(f"{count:,} images were left out: {reason}." for reason, count in sorted(left_out.items()))
    if not fits and not problems.found:
        raise ValueError(f"{problems.source}: no image fits the layout; check the path, or load it without a layout")
    return entries


def match_names(paths: Sequence[str], pattern: re.Pattern[str]) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Each path with the match of its file name, None where the name does not fit."""
    for path in paths:
        yield path, pattern.fullmatch(path.rpartition("/")[2])


def place_by_folder(
    paths: Sequence[str], labels: LabelReader, problems: Problems, splits: SplitReader | None = None
) -> list[Entry]:
    """Read label and part of each file from its path: <label>/…, <split>/<label>/… and FER2013's prefixes.

    Labels come from the folders: the innermost name that is a known label, or else the first folder that is no split.

    Raises
    ------
    ValueError
        If folders that look like splits have unknown names; the message asks for them.
    """
    splits = splits or SplitReader()
    common = _common_folder(paths)
    _ask_where_unclear(paths, common, labels, splits, problems)
    people = all(CK_NAME.search(path) for path in paths)
    folders: dict[str, tuple[str, str]] = {}
    entries = []
    for path in paths:
        folder, _, file_name = path.rpartition("/")
        if folder not in folders:
            folders[folder] = _label_and_part(folder, common, labels, splits)
        text, part = folders[folder]
        splits.count(PurePosixPath(folder).parts)
        if part == DROP:
            continue
        prefix, mark, _ = file_name.partition("_")
        if mark:
            splits.see(prefix)
        part = prefix if prefix in SPLITS and mark else part
        splits.tally(part)
        label = _read(path, text, labels, problems)
        if label is None:
            continue
        entry = Entry(path, label, part)
        match = CK_NAME.search(path) if people else None
        entries.append(entry if match is None else entry._replace(person=match[1], sequence=f"{match[1]}_{match[2]}"))
    return entries


def _ask_where_unclear(
    paths: Sequence[str], common: int, labels: LabelReader, splits: SplitReader, problems: Problems
) -> None:
    """Raise where the folders above the labels look like splits whose names are not known.

    They do where folders with other names are beside known splits, or where two or three folders hold the same names.
    """
    below: dict[str, set[str]] = {}
    tops = set()
    bare = known = False
    for folder in {path.rpartition("/")[0] for path in paths}:
        names = PurePosixPath(folder).parts
        if splits.first(names):
            known = True
        elif len(rest := names[common:]) < 2 or labels.knows(rest[0]) or splits.read(rest[0]) == NONE:
            bare = True
        else:
            tops.add(rest[0])
            below.setdefault(rest[0], set()).add(rest[1])
    shared = set.intersection(*below.values()) if below else set()
    if not tops or _have_prefixes(paths):
        return
    if known or (not bare and len(tops) in (2, 3) and len(shared) > 1):
        raise ask_for_names(tops, problems.source)


def _have_prefixes(paths: Sequence[str]) -> bool:
    """Whether the file names begin with a split, as FER2013's do."""
    return all(path.rpartition("/")[2].partition("_")[0] in SPLITS for path in paths)


def _read(path: str, text: str, labels: LabelReader, problems: Problems) -> str | None:
    if not text:
        problems.add(
            path,
            "the image lies in no label folder; expected <label>/<image> or <split>/<label>/<image>, such as "
            "train/happy/1.jpg",
        )
        return None
    try:
        return labels.read(text)
    except ValueError as error:
        problems.add(path, str(error))
        return None


def _common_folder(paths: Sequence[str]) -> int:
    """Number of folders that all paths begin with."""
    first = PurePosixPath(paths[0]).parts[:-1] if paths else ()
    for depth in range(len(first), 0, -1):
        start = "/".join(first[:depth]) + "/"
        if all(path.startswith(start) for path in paths):
            return depth
    return 0


def _label_and_part(folder: str, common: int, labels: LabelReader, splits: SplitReader) -> tuple[str, str]:
    """Name of the label folder, empty where there is none, and the part that the path names."""
    names = PurePosixPath(folder).parts[::-1]
    part = splits.first(names)
    if not names:
        return "", ""
    if labels.knows(names[0]):
        return names[0], part
    if len(names) > 1 and splits.read(names[1]) is None:
        # Below a label there may be folders of persons or sources; below a split there may not.
        known = next((name for name in names[1:] if labels.knows(name)), None)
        if known is not None:
            return known, part
    return _unknown_folder(names[::-1], common, splits), part


def _unknown_folder(names: tuple[str, ...], common: int, splits: SplitReader) -> str:
    """First folder below the innermost split, or below what all paths share: a label of the data set's own."""
    places = [number for number, name in enumerate(names) if splits.read(name)]
    below = names[places[-1] + 1 :] if places else names[common:]
    return below[0] if below else ""
