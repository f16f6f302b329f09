"""Matrix products whose rows do not depend on the other rows of the batch, to the last bit."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

# Rows in one product. The result of a row must not depend on its position in a slice. Some OpenBLAS kernels (Haswell,
# Zen) process twelve rows at once and add the remaining rows in another order, but all kernels treat eight rows alike.
# Larger slices would be faster for large batches, but slower for a single image, which is padded to a whole slice.
ROWS = 8

_lock = threading.Lock()
_inside: list[Any] = []


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread, since the number of threads changes the last bits of a product.

    The setting applies to the whole process. If several threads use this context at once, the first one sets the limit,
    and the last one restores the previous setting.
    """
    with _lock:
        _inside.append(None if _inside else _controller().limit(limits=1, user_api="blas"))
    try:
        yield
    finally:
        with _lock:
            # The context that stores the previous setting is closed by the last thread.
            _inside.pop() if len(_inside) > 1 else _inside.pop().restore_original_limits()


def multiply(rows: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Multiply in slices of one fixed shape, since the order of summation in BLAS depends on the shape."""
    product = np.empty((len(rows), matrix.shape[1]), np.float32)
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        if (missing := ROWS - len(part)) > 0:
            part = np.concatenate([part, np.zeros((missing, rows.shape[1]), np.float32)])
        product[start : start + ROWS] = (part @ matrix)[: len(rows) - start]
    return product


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    # Cached, since finding the libraries takes as long as the features of an image.
    return ThreadpoolController()
