"""In-place Cholesky factorization of large symmetric float32 matrices."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from tqdm import tqdm

# Why not SciPy: an earlier version's float32 `cho_factor` crashed on a 28,709 x 28,709 matrix. SciPy 1.17.1 factors it,
# in 77 s of processor time. For 8,000 rows, on a transposed view and in place, it takes 1.4 s and 11 MiB beside the
# matrix, and these panels take 2.0 s and 81 MiB. They stay while older versions are allowed; they can also be
# interrupted, and show a bar.
#: Columns in a panel: enough for fast matrix products, and few enough for a float64 copy of the diagonal block.
PANEL = 1024

Matrix = NDArray[np.float32]


def factor_in_place(matrix: Matrix, *, panel: int = PANEL) -> None:
    """Replace the lower triangle of a symmetric positive definite matrix by its Cholesky factor.

    The panels are factored from left to right. The diagonal blocks are factored in float64; all other work is matrix
    products. The upper triangle is neither read nor written, so it can hold a copy of the matrix.

    Parameters
    ----------
    matrix : ndarray of shape (n, n), float32
        Only the lower triangle is read. The function needs temporary memory for one panel.
    panel : int, default=1024
        Columns worked on at once.

    Raises
    ------
    ValueError
        If the matrix is not positive definite.
    """
    n = len(matrix)
    for start in tqdm(range(0, n, panel), desc="Cholesky", unit="panel", delay=2, leave=False, disable=None):
        stop = min(start + panel, n)
        done = matrix[start:stop, :start]
        square = matrix[start:stop, start:stop].astype(np.float64) - done @ done.T
        try:
            factor = cholesky(square, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            raise ValueError("the matrix is not positive definite") from None
        below = matrix[stop:, start:stop]
        below -= matrix[stop:, :start] @ done.T
        inverse = solve_triangular(factor, np.eye(stop - start), lower=True, check_finite=False)
        below[...] = below @ inverse.T.astype(np.float32)
        lower = np.tril_indices(stop - start)
        matrix[start:stop, start:stop][lower] = factor[lower]


def solve_factored(matrix: Matrix, right: NDArray[np.floating], *, panel: int = PANEL) -> NDArray[np.float64]:
    """Solve ``A x = right`` with the factor of ``A`` from `factor_in_place`.

    Parameters
    ----------
    matrix : ndarray of shape (n, n), float32
        The factor in the lower triangle; the upper one is not read.
    right : ndarray of shape (n, k)

    Returns
    -------
    ndarray of shape (n, k), float64
    """
    solution = np.array(right, dtype=np.float64)
    starts = range(0, len(matrix), panel)
    for start in starts:
        stop = min(start + panel, len(matrix))
        solution[start:stop] -= matrix[start:stop, :start] @ solution[:start].astype(np.float32)
        solution[start:stop] = _substitute(matrix[start:stop, start:stop], solution[start:stop], "N")
    for start in reversed(starts):
        stop = min(start + panel, len(matrix))
        solution[start:stop] -= matrix[stop:, start:stop].T @ solution[stop:].astype(np.float32)
        solution[start:stop] = _substitute(matrix[start:stop, start:stop], solution[start:stop], "T")
    return solution


def last_of_inverse_diagonal(matrix: Matrix, count: int, *, panel: int = PANEL) -> NDArray[np.float64]:
    """Return the last `count` entries of the diagonal of the inverse of ``A``, from the factor of `factor_in_place`.

    ``inv(A) = inv(L).T @ inv(L)``, and the last columns of ``inv(L)`` depend only on the last diagonal block of ``L``.
    A few thousand entries are therefore cheap, while all entries take as long as the factorization.

    Parameters
    ----------
    matrix : ndarray of shape (n, n), float32
        The factor in the lower triangle; the upper one is not read. The function needs temporary memory for one panel.
    count : int
    panel : int, default=1024
        Columns worked on at once.

    Returns
    -------
    ndarray of shape (count,), float64
    """
    n = len(matrix)
    bounds = [(start, min(start + panel, n)) for start in range(n - count, n, panel)]
    squares = {
        start: _substitute(matrix[start:stop, start:stop], np.eye(stop - start), "N").astype(np.float32)
        for start, stop in bounds
    }
    entries = []
    for i, (start, stop) in enumerate(
        tqdm(bounds, desc="leave-one-out", unit="panel", delay=2, leave=False, disable=None)
    ):
        columns = np.empty((n - start, stop - start), np.float32)
        columns[: stop - start] = squares[start]
        for top, bottom in bounds[i + 1 :]:
            products = matrix[top:bottom, start:top] @ columns[: top - start]
            columns[top - start : bottom - start] = -squares[top] @ products
        entries.append(np.einsum("ij,ij->j", columns, columns, dtype=np.float64))
    return np.concatenate(entries)


def _substitute(square: Matrix, right: NDArray[np.float64], trans: str) -> NDArray[np.float64]:
    return solve_triangular(square.astype(np.float64), right, trans=trans, lower=True, check_finite=False)
