"""Read rows of memory maps whose pages do not stay in memory."""

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Smaller maps may stay: giving pages back takes time.
_KEPT_BYTES = 2**26
# Scattered rows that are read at once: for each of them, the system may map two megabytes of the file.
_SCATTERED = 64
# Rows of a block.
_BLOCK = 8192


def read_rows(array: NDArray[Any], places: Any) -> NDArray[Any]:
    """Return some rows of an array, and give back the memory of a large memory map that they were read from.

    Parameters
    ----------
    array : ndarray
        Rows; can be a memory map.
    places : slice or ndarray of int
        The rows to read.

    Returns
    -------
    ndarray
        The rows; of a large memory map a copy.
    """
    if (mapped := _mapping(array)) is None:
        return np.asarray(array)[places]
    values = np.asarray(array)
    if isinstance(places, slice):
        rows = np.array(values[places])
        mapped.madvise(mmap.MADV_DONTNEED)
        return rows
    places = np.asarray(places)
    rows = np.empty((len(places), *values.shape[1:]), values.dtype)
    for first in range(0, len(places), _SCATTERED):
        part = slice(first, first + _SCATTERED)
        rows[part] = values[places[part]]
        mapped.madvise(mmap.MADV_DONTNEED)
    return rows


def row_blocks(array: NDArray[Any], size: int = _BLOCK) -> Iterator[NDArray[Any]]:
    """Yield the rows of an array in blocks of at most `size`; see `read_rows`."""
    for first in range(0, len(array), size):
        yield read_rows(array, slice(first, first + size))


def update_digest(digest: Any, array: NDArray[Any]) -> None:
    """Update a hash with the bytes of an array, such as a memory map, block by block."""
    for block in row_blocks(array):
        digest.update(np.ascontiguousarray(block).data)


def _mapping(array: Any) -> mmap.mmap | None:
    """Return the memory map behind a large array, if its pages can be read again from the file."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap) and array.mode in ("r", "r+"):
            base = array.base
            while isinstance(base, np.ndarray):
                base = base.base
            large = isinstance(base, mmap.mmap) and len(base) > _KEPT_BYTES
            return base if large and hasattr(mmap, "MADV_DONTNEED") else None
        array = array.base
    return None


def spread_rows(rows: NDArray[np.intp], number: int | None) -> NDArray[np.intp]:
    """Return `number` rows at equal distances; all if there are no more, or without a number.

    Data sets are often sorted by label, so the first rows would be those of one label.

    Examples
    --------
    >>> spread_rows(np.arange(10), 4).tolist(), spread_rows(np.arange(3), None).tolist()
    ([0, 2, 5, 7], [0, 1, 2])
    """
    if number is None or number >= len(rows):
        return rows
    return rows[np.arange(number) * len(rows) // number]
