"""Histograms of uniform local binary patterns over a grid."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ferbench.features.base import ImageExtractor, Rows
from ferbench.features.local import edges
from ferbench.utils import BOOLEAN, Constraint, Images, Whole, Wholes, WorkerCount, equalize_histograms, whole_numbers

NEIGHBORS = 8
# Each of the 58 uniform patterns (at most two changes around the circle) has its own bin; the others share the last.
BINS = NEIGHBORS * (NEIGHBORS - 1) + 3
# Tolerance in gray levels: in a flat region, rounding may make an interpolated neighbor darker than the center.
ROUNDING = np.float32(1e-3)


class LBPExtractor(ImageExtractor):
    """Histograms of uniform local binary patterns (LBP) over a grid.

    The pattern of a pixel records which of eight neighbors on a circle are at least as bright as the pixel. It is
    invariant to changes of lighting that keep the order of the gray levels. Each uniform pattern (at most two changes
    around the circle: edges, corners, spots, flat regions) has its own bin. All other patterns share one bin.

    Parameters
    ----------
    radii : int, sequence of int or str, default=2
        Radius of the circle, in pixels; each of several radii gives its own histograms.
    grid : int, default=8
        Number of cells across and down; each cell has a histogram.
    sqrt : bool, default=True
        Whether to take the square root of the frequencies, so that Euclidean distance becomes the Hellinger distance.
        Use False for histogram kernels (chi-square, intersection).
    equalize : bool, default=False
        Whether to equalize the histogram of each image first. This changes a pattern only if it merges gray levels.
    n_jobs : int or None, default=None
        Threads for large batches, as in joblib: None is one, -1 is all cores.

    See Also
    --------
    ferbench.models.SVM : Has histogram kernels for these features.
    ImageExtractor : Base class; it documents the attributes that all extractors have.

    References
    ----------
    Ojala, Pietikäinen and Mäenpää, "Multiresolution gray-scale and rotation invariant texture classification with
    local binary patterns", TPAMI 2002; Ahonen, Hadid and Pietikäinen, "Face description with local binary patterns",
    TPAMI 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.features import LBPExtractor
    >>> X = np.zeros((3, 48, 48), np.uint8)
    >>> LBPExtractor(radii=(1, 2), grid=4).fit_transform(X).shape
    (3, 1888)
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {
        "radii": Wholes(1),
        "grid": Whole(1),
        "sqrt": BOOLEAN,
        "equalize": BOOLEAN,
        "n_jobs": WorkerCount(),
    }

    def __init__(
        self,
        *,
        radii: int | str | Sequence[int] = 2,
        grid: int = 8,
        sqrt: bool = True,
        equalize: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.radii = radii
        self.grid = grid
        self.sqrt = sqrt
        self.equalize = equalize
        self.n_jobs = n_jobs

    def _names(self) -> list[str]:
        if min(self.image_shape_) < self.grid:
            height, width = self.image_shape_
            raise ValueError(
                f"LBPExtractor: a grid of {self.grid} cells needs images of at least {self.grid} x {self.grid} "
                f"pixels; got {height} x {width}; choose a smaller grid"
            )
        return [
            f"lbp_radius{radius}_cell{row}_{column}_pattern{bin_}"
            for radius in whole_numbers(self.radii)
            for row in range(self.grid)
            for column in range(self.grid)
            for bin_ in range(BINS)
        ]

    def _extract(self, images: Images) -> Rows:
        if self.equalize:
            images = equalize_histograms(images)
        rows = np.concatenate([self._histograms(images, radius) for radius in whole_numbers(self.radii)], axis=1)
        return np.sqrt(rows, out=rows) if self.sqrt else rows

    def _histograms(self, images: Images, radius: int) -> Rows:
        row_of, column_of = (np.repeat(np.arange(self.grid), np.diff(edges(n, self.grid))) for n in self.image_shape_)
        cells = row_of[:, np.newaxis] * self.grid + column_of
        n_cells = self.grid**2
        places = np.arange(len(images))[:, np.newaxis, np.newaxis] * n_cells + cells
        places *= BINS
        places += uniform_bins()[binary_patterns(images, radius)]
        counts = np.bincount(places.ravel(), minlength=len(images) * n_cells * BINS).reshape(len(images), n_cells, BINS)
        shares = counts / np.bincount(cells.ravel(), minlength=n_cells)[:, np.newaxis]
        return shares.reshape(len(images), -1).astype(np.float32)


def binary_patterns(images: Images, radius: int) -> NDArray[np.uint8]:
    """Return the pattern of each pixel: bit k is set if the neighbor at k * 45 degrees, anticlockwise, is not darker.

    Neighbors between pixels are interpolated; images are padded by repeating the border pixels.
    """
    gray = np.pad(images.astype(np.float32), [(0, 0), (radius, radius), (radius, radius)], mode="edge")
    center = _shifted(gray, radius, 0, 0) - ROUNDING
    patterns = np.zeros(images.shape, np.uint8)
    for bit in range(NEIGHBORS):
        angle = 2 * np.pi * bit / NEIGHBORS
        down, right = (round(float(value), 9) for value in (-radius * np.sin(angle), radius * np.cos(angle)))
        patterns |= (_between(gray, radius, down, right) >= center).astype(np.uint8) << np.uint8(bit)
    return patterns


def _between(gray: Rows, margin: int, down: float, right: float) -> Rows:
    """Shift the images by a fraction of a pixel, with bilinear interpolation."""
    top, left = int(np.floor(down)), int(np.floor(right))
    low, far = down - top, right - left
    weights = {(0, 0): (1 - low) * (1 - far), (0, 1): (1 - low) * far, (1, 0): low * (1 - far), (1, 1): low * far}
    parts = [
        np.float32(weight) * _shifted(gray, margin, top + y, left + x) for (y, x), weight in weights.items() if weight
    ]
    return sum(parts[1:], start=parts[0])


def _shifted(gray: Rows, margin: int, down: int, right: int) -> Rows:
    height, width = (side - 2 * margin for side in gray.shape[1:])
    return gray[:, margin + down : margin + down + height, margin + right : margin + right + width]


def uniform_bins() -> NDArray[np.intp]:
    """Return the bin of each of the 256 patterns: uniform patterns in numerical order, then one bin for the others."""
    patterns = np.arange(2**NEIGHBORS)
    turned = (patterns >> 1) | ((patterns & 1) << (NEIGHBORS - 1))
    uniform = np.bitwise_count(patterns ^ turned) <= 2
    return np.where(uniform, np.cumsum(uniform) - 1, BINS - 1)


REGISTERED = {"lbp": LBPExtractor}
