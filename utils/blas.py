"""Matrix products that give a row the same bits whatever else is in the batch."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

# Rows to one product. A row must give the same bits at each place of a slice: some of OpenBLAS' kernels (Haswell, Zen)
# take rows in twelves and sum what is left over in another order, but all of them take eight in one way. More would be
# quicker in large batches, and slower for a single image, which pays for all of them.
ROWS = 8

_lock = threading.Lock()
_inside: list[Any] = []


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread: several share a product in ways that change its last bits.

    The setting is the whole process's. Of several threads inside at once the first sets it and the last takes it back.
    """
    with _lock:
        _inside.append(None if _inside else _controller().limit(limits=1, user_api="blas"))
    try:
        yield
    finally:
        with _lock:
            # The one that knows the old setting stays until it is the last.
            _inside.pop() if len(_inside) > 1 else _inside.pop().restore_original_limits()


def multiply(rows: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Matrix product in slices of one fixed shape: BLAS sums in another order when the shape changes."""
    product = np.empty((len(rows), matrix.shape[1]), np.float32)
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        if (missing := ROWS - len(part)) > 0:
            part = np.concatenate([part, np.zeros((missing, rows.shape[1]), np.float32)])
        product[start : start + ROWS] = (part @ matrix)[: len(rows) - start]
    return product


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    # Looking for the libraries takes as long as the features of an image.
    return ThreadpoolController()
