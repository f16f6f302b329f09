"""Decoded images on disk: a memory map keyed by the fingerprint of the source."""

import hashlib
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ferbench.datasets.base import Batch, Problems, Source, cache_dir

# Part of the key: raise it when decoding or the files below change.
_FORMAT = 1
_DAY = 86_400.0


class Table(NamedTuple):
    """All rows of a source, decoded; columns as in :class:`Batch`."""

    ids: NDArray[np.str_]
    labels: NDArray[np.str_]
    parts: NDArray[np.str_]
    images: NDArray[np.uint8]
    shapes: NDArray[np.int32]


def read_table(source: Source, size: int, problems: Problems) -> Table:
    """Decode a source, or open what an earlier call decoded.

    Only a source without problems is cached. A damaged entry is built anew; two processes that build the
    same entry do not disturb each other.
    """
    key = hashlib.sha256(f"{_FORMAT} {cv2.__version__} {size} {source.fingerprint()}".encode()).hexdigest()
    folder = cache_dir() / "datasets" / f"{key[:32]}"
    table = _open(folder)
    if table is None:
        with _writing(folder.parent) as draft:
            _decode_into(draft, source, size, problems)
            table = _open(draft) if problems.found else _publish(draft, folder)
    if table is None:
        raise OSError(f"the cache in {folder.parent} keeps changing under this process; remove it and try again")
    return table


def _open(folder: Path) -> Table | None:
    """Map an entry, or None where it is missing or damaged."""
    try:
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        with np.load(folder / "rows.npz", allow_pickle=False) as rows:
            columns = {name: rows[name] for name in ("ids", "labels", "parts", "shapes", "digest")}
    except Exception:  # a damaged file raises nearly anything here; every one of them means: build it anew
        return None
    if hashlib.sha256(images).hexdigest() != str(columns.pop("digest")):
        return None
    return Table(images=images, **columns)


def _decode_into(draft: Path, source: Source, size: int, problems: Problems) -> None:
    """Write images as they come, so that memory stays small and a full disk is an error rather than a crash."""
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
        # NumPy leaves room in the header for the first axis to grow.
        _write_header(file, (sum(len(batch.ids) for batch in batches), size, size))
    if not any(batch.ids for batch in batches):
        raise ValueError(f"{problems.source}: no row could be read; the first: {': '.join(problems.found[0])}")
    np.savez(
        draft / "rows.npz",
        ids=np.array([row for batch in batches for row in batch.ids], str),
        labels=np.array([label for batch in batches for label in batch.labels], str),
        parts=np.array([part for batch in batches for part in batch.parts], str),
        shapes=np.concatenate([batch.shapes for batch in batches] or [np.empty((0, 2), np.int32)]),
        digest=np.array(digest.hexdigest()),
    )


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _progress(source: Source) -> "tqdm[None]":
    return tqdm(total=len(source) or None, desc=f"decoding {source.name}", unit=" images", disable=None, leave=False)


@contextmanager
def _writing(parent: Path) -> Iterator[Path]:
    """A draft folder, removed at the end whatever happens."""
    draft = parent / f"draft-{uuid.uuid4().hex}"
    try:
        draft.mkdir(parents=True)
        _remove_old_drafts(parent)
        yield draft
    except OSError as error:
        if error.errno is None or not str(error.filename or draft).startswith(str(parent)):
            raise
        raise OSError(
            f"cannot write the cache of decoded images in {parent}: {error.strerror}; "
            f"set FERBENCH_CACHE to a folder with room"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _publish(draft: Path, folder: Path) -> Table | None:
    """Move a finished draft to its place; whoever comes second takes the first one's entry."""
    for _ in range(3):
        try:
            draft.rename(folder)
        except OSError:
            if (table := _open(folder)) is not None:
                return table
            # Damaged: out of the way under a name of its own; maps that others hold of it stay valid.
            damaged = folder.with_name(f"draft-{uuid.uuid4().hex}")
            with suppress(FileNotFoundError):
                folder.rename(damaged)
            shutil.rmtree(damaged, ignore_errors=True)
        else:
            return _open(folder)
    return None


def _remove_old_drafts(parent: Path) -> None:
    """Remove what processes that were killed more than a day ago left behind."""
    for draft in parent.glob("draft-*"):
        with suppress(OSError):
            if time.time() - draft.stat().st_mtime > _DAY:
                shutil.rmtree(draft, ignore_errors=True)
