"""Compute kernels between rows of features by float32 matrix products."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Kernel = Literal["rbf", "linear", "chi2", "intersection"]

KERNELS: tuple[Kernel, ...] = ("rbf", "linear", "chi2", "intersection")
#: Additive kernels of histograms: sums over the columns of a kernel of two numbers.
ADDITIVE: tuple[Kernel, ...] = ("chi2", "intersection")
# Sampling interval of the spectrum, and number of sampled frequencies besides 0. These intervals give the best
# approximation of the kernel of two numbers for ratios up to 30, with a map scaled to k(x, x) = x.
_SAMPLING: dict[str, tuple[float, int]] = {"chi2": (0.68, 1), "intersection": (0.75, 2)}
# Rows mapped at once; the intermediate results of more rows would exceed the processor cache.
_ROWS = 256


def map_additive(rows: Matrix, kernel: Kernel) -> Matrix:
    """Map rows to features whose inner product approximates an additive kernel of histograms.

    ``chi2`` is the sum over the columns of ``2 x y / (x + y)``, and ``intersection`` is the sum of ``min(x, y)``. The
    squared distance of mapped rows is the chi-square distance or the sum of absolute differences, respectively. An RBF
    kernel of mapped rows is therefore the exponential chi-square or the Laplacian kernel, and needs only matrix
    products. The map is an odd function: it keeps the sign of negative numbers.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features), float32
    kernel : {"chi2", "intersection"}

    Returns
    -------
    ndarray of shape (n_samples, 3 * n_features) for ``chi2`` or (n_samples, 5 * n_features) for ``intersection``
        Mapped rows, float32.

    References
    ----------
    Vedaldi and Zisserman, "Efficient additive kernels via explicit feature maps", PAMI 34, 2012. Sreekanth et al.,
    "Generalized RBF feature maps for efficient detection", BMVC 2010.
    """
    interval, n_waves = _SAMPLING[kernel]
    frequencies = interval * np.arange(n_waves + 1)
    density = 1 / np.cosh(np.pi * frequencies) if kernel == "chi2" else 2 / np.pi / (1 + 4 * frequencies**2)
    density[1:] *= 2
    amplitudes = np.sqrt(density / density.sum()).astype(np.float32)
    width = rows.shape[1]
    mapped = np.empty((len(rows), (2 * n_waves + 1) * width), np.float32)
    for start in range(0, len(rows), _ROWS):
        part, out = rows[start : start + _ROWS], mapped[start : start + _ROWS]
        size = np.abs(part)
        logarithm = np.log(np.maximum(size, np.float32(1e-30)))
        root = np.copysign(np.sqrt(size), part)
        out[:, :width] = amplitudes[0] * root
        for wave in range(1, n_waves + 1):
            angle = np.float32(frequencies[wave]) * logarithm
            for turn, values in enumerate((np.cos(angle), np.sin(angle))):
                place = (2 * wave - 1 + turn) * width
                out[:, place : place + width] = amplitudes[wave] * root * values
    return mapped


def normalize(rows: Matrix, kernel: Kernel, mean: Matrix | None = None) -> Matrix:
    """Subtract `mean` and scale rows to unit length (unit sum for histogram kernels); zero rows stay zero."""
    rows = rows if mean is None else rows - mean
    size = np.abs(rows).sum(axis=1) if kernel in ADDITIVE else np.sqrt(np.square(rows).sum(axis=1))
    return rows / np.maximum(size, np.float32(1e-12))[:, None]


@dataclass(frozen=True)
class Prepared:
    """Rows prepared for kernels: one matrix for each block of columns and each view of the image.

    Attributes
    ----------
    matrices : list of list of ndarray of shape (n_samples, n_columns), float32
        Matrices by block, then view.
    norms : list of list of ndarray of shape (n_samples,), float32
        Squared lengths of their rows.
    """

    matrices: list[list[Matrix]]
    norms: list[list[Matrix]]

    def __len__(self) -> int:
        return len(self.matrices[0][0])

    def __getitem__(self, part: slice) -> "Prepared":
        return Prepared(
            [[matrix[part] for matrix in views] for views in self.matrices],
            [[norm[part] for norm in views] for views in self.norms],
        )


def prepare(rows: Matrix, kernel: Kernel, blocks: Sequence[int], n_views: int) -> Prepared:
    """Split rows into views and blocks, and map them if the kernel is additive."""
    ends = np.cumsum(blocks)
    matrices: list[list[Matrix]] = []
    for width, end in zip(blocks, ends, strict=True):
        starts = [view * ends[-1] + end - width for view in range(n_views)]
        views = [rows[:, start : start + width] for start in starts]
        matrices.append([map_additive(view, kernel) for view in views] if kernel in ADDITIVE else views)
    norms = [[np.einsum("ij,ij->i", matrix, matrix) for matrix in views] for views in matrices]
    return Prepared(matrices, norms)


def mean_squared_distances(rows: Prepared) -> list[float]:
    """Return the mean squared distance between two rows in each block, or 1 if it is only a rounding error."""
    means = []
    for matrices, norms in zip(rows.matrices, rows.norms, strict=True):
        center = np.mean([matrix.mean(axis=0, dtype=np.float64) for matrix in matrices], axis=0)
        length = float(np.mean([norm.mean(dtype=np.float64) for norm in norms]))
        spread = 2 * (length - float(center @ center))
        means.append(spread if spread > 1e-6 * length else 1.0)
    return means


def kernel_block(left: Prepared, right: Prepared, rates: Sequence[float] | None) -> Matrix:
    """Compute the kernel between rows, averaged over blocks and over all pairs of views.

    Parameters
    ----------
    left, right : Prepared
    rates : sequence of float or None
        Factor of the squared distance in the exponential, for each block; None gives inner products.

    Returns
    -------
    ndarray of shape (len(left), len(right)), float32
    """
    total: Matrix | None = None
    count = 0
    for block in range(len(left.matrices)):
        for a, a_norm in zip(left.matrices[block], left.norms[block], strict=True):
            for b, b_norm in zip(right.matrices[block], right.norms[block], strict=True):
                part = a @ b.T
                if rates is not None:
                    _exponential(part, a_norm, b_norm, rates[block])
                total = part if total is None else np.add(total, part, out=total)
                count += 1
    assert total is not None
    return total if count == 1 else np.divide(total, np.float32(count), out=total)


def _exponential(products: Matrix, a_norm: Matrix, b_norm: Matrix, rate: float) -> None:
    products *= -2
    products += a_norm[:, None]
    products += b_norm
    np.maximum(products, 0, out=products)
    products *= np.float32(-rate)
    np.exp(products, out=products)
