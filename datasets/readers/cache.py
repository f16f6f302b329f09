"""Cache decoded images on disk as a memory map, keyed by the fingerprint of the source."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ferbench.datasets.base import MAP_ONE, Batch, Problems, Source, cache_dir
from ferbench.utils import PartFolder, remove_folder, update_digest

# Part of the key: increase it when decoding or the files below change.
_FORMAT = 6


class Table(NamedTuple):
    """All decoded rows of a source, with the columns of :class:`Batch`.

    `attributes` has a column for each group column. `fer2013` is one truth value: whether the source has FER2013's own
    test split, also where its rows are left out.
    """

    ids: NDArray[np.str_]
    labels: NDArray[np.str_]
    parts: NDArray[np.str_]
    images: NDArray[np.uint8]
    shapes: NDArray[np.int32]
    notes: NDArray[np.str_]
    people: NDArray[np.str_]
    sequences: NDArray[np.str_]
    votes: NDArray[np.float32]
    fer2013: NDArray[np.bool_]
    attributes: NDArray[np.str_]


def read_table(source: Source, size: int, problems: Problems) -> Table:
    """Decode a source, or open its cache entry.

    Only sources without problems are cached. A damaged entry is rebuilt. Several processes may build the same
    entry at the same time.
    """
    key = hashlib.sha256(f"{_FORMAT} {cv2.__version__} {size} {source.fingerprint()}".encode()).hexdigest()
    folder = cache_dir() / "datasets" / f"{key[:32]}"
    table = _open(folder)
    if table is None:
        with _writing(folder) as draft:
            _decode_into(draft.part, source, size, problems)
            table = _open(draft.part) if problems.found else _publish(draft)
    if table is None:
        raise OSError(f"the cache in {folder.parent} keeps changing under this process; remove it and try again")
    return table


def _open(folder: Path) -> Table | None:
    """Return the memory-mapped entry; None if it is missing or damaged."""
    if not all((folder / name).is_file() for name in ("images.npy", "rows.npz")):  # a named pipe would never end
        return None
    try:
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        with np.load(folder / "rows.npz", allow_pickle=False) as rows:
            columns = {name: rows[name] for name in (*Table._fields[:3], *Table._fields[4:], "digest")}
    except Exception:  # a damaged file can raise almost any error; in each case the entry is rebuilt
        return None
    digest = hashlib.sha256()
    update_digest(digest, images)
    if digest.hexdigest() != str(columns.pop("digest")):
        return None
    return Table(images=images, **columns)


def _decode_into(draft: Path, source: Source, size: int, problems: Problems) -> None:
    """Write images batch by batch: this needs little memory, and a full disk raises an error instead of a crash."""
    batches: list[Batch] = []
    digest = hashlib.sha256()
    with (draft / "images.npy").open("wb") as file, _progress(source) as bar:
        _write_header(file, (0, size, size))
        for batch in source.batches(size, problems):
            file.write(batch.images.tobytes())
            digest.update(batch.images.data)
            batches.append(batch._replace(images=batch.images[:0]))
            bar.update(len(batch.ids))
        file.seek(0)
        # NumPy pads the header, so it can be rewritten with the final length of the first axis.
        _write_header(file, (sum(len(batch.ids) for batch in batches), size, size))
    if not any(batch.ids for batch in batches):
        if not problems.found:
            raise ValueError(f"{problems.source}: the mapping of labels leaves no image; {MAP_ONE}")
        raise ValueError(f"{problems.source}: no row could be read; the first: {': '.join(problems.found[0])}")
    np.savez(
        draft / "rows.npz",
        ids=np.array([row for batch in batches for row in batch.ids], str),
        labels=np.array([label for batch in batches for label in batch.labels], str),
        parts=np.array([part for batch in batches for part in batch.parts], str),
        shapes=np.concatenate([batch.shapes for batch in batches] or [np.empty((0, 2), np.int32)]),
        notes=np.array(problems.notes, str),
        people=np.array([person for batch in batches for person in batch.people], str),
        sequences=np.array([name for batch in batches for name in batch.sequences], str),
        votes=_stack_votes(batches),
        fer2013=np.array(getattr(source, "fer2013", False)),
        attributes=_stack_attributes(batches),
        digest=np.array(digest.hexdigest()),
    )


def _stack_votes(batches: Sequence[Batch]) -> NDArray[np.float32]:
    votes = [batch.votes for batch in batches if batch.votes is not None]
    return np.concatenate(votes) if votes else np.empty((0, 0), np.float32)


def _stack_attributes(batches: Sequence[Batch]) -> NDArray[np.str_]:
    rows = [values for batch in batches for values in batch.attributes]
    return np.array(rows, str) if rows and rows[0] else np.empty((0, 0), "U1")


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _progress(source: Source) -> "tqdm[None]":
    return tqdm(total=len(source) or None, desc=f"decoding {source.name}", unit=" images", disable=None, leave=False)


@contextmanager
def _writing(folder: Path) -> Iterator[PartFolder]:
    """Yield a temporary folder that is removed at the end, also after an error."""
    parent, draft = folder.parent, None
    try:
        draft = PartFolder(folder)
        yield draft
    except OSError as error:
        if error.errno is None or not str(error.filename or parent).startswith(str(parent)):
            raise
        raise OSError(
            f"cannot write the cache of decoded images in {parent}: {error.strerror}; "
            f"set FERBENCH_CACHE to a folder with room"
        ) from error
    finally:
        if draft is not None:
            draft.discard()


def _publish(draft: PartFolder) -> Table | None:
    """Move a finished draft to its final path; if another process was first, use its entry."""
    for _ in range(3):
        try:
            draft.commit()
        except OSError:
            if (table := _open(draft.path)) is not None:
                return table
            # The entry is damaged. Other processes that have mapped it keep valid maps.
            remove_folder(draft.path)
        else:
            return _open(draft.path)
    return None
