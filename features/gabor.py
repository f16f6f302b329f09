"""Magnitudes of a bank of Gabor filters, pooled over a grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ferbench.features.base import ImageExtractor, Rows
from ferbench.features.pooling import max_pooling, mean_pooling
from ferbench.utils import (
    BOOLEAN,
    Between,
    Constraint,
    Images,
    OneOf,
    Reals,
    Whole,
    WorkerCount,
    equalize_histograms,
    real_numbers,
)

# Standard deviations after which a Gaussian is cut off.
REACH = 3.0


@dataclass(frozen=True)
class Bank:
    """Filters as matrices: a wave under a round Gaussian is the product of one along each axis.

    Attributes
    ----------
    rows : ndarray of shape (n_waves + n_scales, n_rows, height), complex64
        Factor along the rows of the image at each row of places; for all waves, then for the Gaussian of each scale.
    columns : ndarray of shape (width, n_waves + n_scales, n_columns), complex64
        The same along its columns.
    flat : ndarray of shape (n_scales, n_orientations, 1, 1), float32
        What each wave answers to brightness one.
    """

    rows: NDArray[np.complex64]
    columns: NDArray[np.complex64]
    flat: NDArray[np.float32]

    def magnitudes(self, image: Images) -> Rows:
        """Magnitude of each wave at each place: (n_rows, n_columns, n_scales * n_orientations)."""
        # Without its mean a flat image gives zeros to the last bit; the waves differ from that by their rounding.
        gray = image - image.mean(dtype=np.float32)
        n_scales, n_orientations = self.flat.shape[:2]
        width, n_filters, n_columns = self.columns.shape
        # Real times complex: twice as many real columns are half the work of a complex product.
        across = (gray @ self.columns.reshape(width, -1).view(np.float32)).view(np.complex64)
        answers = np.matmul(self.rows, across.reshape(-1, n_filters, n_columns).transpose(1, 0, 2))
        waves, brightness = np.split(answers, [n_scales * n_orientations])
        waves = waves.reshape(n_scales, n_orientations, *answers.shape[1:])
        magnitudes = np.abs(waves - self.flat * brightness.real[:, np.newaxis])
        return np.moveaxis(magnitudes, (2, 3), (0, 1)).reshape(*answers.shape[1:], -1)


class GaborExtractor(ImageExtractor):
    """Magnitudes of Gabor filters, pooled over a grid.

    A Gabor filter is a wave under a Gaussian: it answers to lines and edges of one width in one direction. The
    magnitude of its two phases says how strong they are whatever their exact place and sign.

    Parameters
    ----------
    wavelengths : float, sequence of float or str, default=(4.0, 6.0, 8.0, 12.0)
        Length of a wave, in pixels, of each scale; at least 2.
    orientations : int, default=8
        Directions over 180 degrees.
    bandwidth : float, default=0.56
        Standard deviation of the Gaussian as a share of the wavelength; 0.56 is a bandwidth of one octave.
    stride : int, default=2
        Distance between neighboring places at which filters are applied, in pixels.
    grid : int, default=8
        Cells across and down over which magnitudes are pooled.
    pooling : {"mean", "max"}, default="mean"
        What represents the magnitudes of a cell.
    sqrt : bool, default=True
        Whether to take the square root of the pooled magnitudes.
    equalize : bool, default=False
        Whether to equalize the histogram of each image first.
    n_jobs : int or None, default=None
        Threads for large batches, as in joblib: None is one, -1 is all cores.

    Attributes
    ----------
    image_shape_ : tuple of (int, int)
        Height and width of the images that `fit` saw, in pixels.
    n_features_out_ : int
        Number of columns of `transform`.

    Notes
    -----
    The Gaussian is round, so that each filter is applied by two products with small matrices, only at the places
    wanted. A flat image gives zeros: what a filter answers to brightness is taken off. Images go on beyond their
    edges as in a mirror.

    References
    ----------
    Lyons, Akamatsu, Kamachi and Gyoba, "Coding facial expressions with Gabor wavelets", FG 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.features import GaborExtractor
    >>> X = np.zeros((3, 48, 48), np.uint8)
    >>> GaborExtractor(wavelengths=(4, 8), orientations=6, grid=6).fit_transform(X).shape
    (3, 432)
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {
        "wavelengths": Reals(2),
        "orientations": Whole(1),
        "bandwidth": Between(0, 4),
        "stride": Whole(1),
        "grid": Whole(1),
        "pooling": OneOf(("mean", "max")),
        "sqrt": BOOLEAN,
        "equalize": BOOLEAN,
        "n_jobs": WorkerCount(),
    }
    uses_blas: ClassVar[bool] = True

    def __init__(
        self,
        *,
        wavelengths: float | str | Sequence[float] = (4.0, 6.0, 8.0, 12.0),
        orientations: int = 8,
        bandwidth: float = 0.56,
        stride: int = 2,
        grid: int = 8,
        pooling: str = "mean",
        sqrt: bool = True,
        equalize: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.wavelengths = wavelengths
        self.orientations = orientations
        self.bandwidth = bandwidth
        self.stride = stride
        self.grid = grid
        self.pooling = pooling
        self.sqrt = sqrt
        self.equalize = equalize
        self.n_jobs = n_jobs

    def _names(self) -> list[str]:
        smallest = (self.grid - 1) * self.stride + 1
        if min(self.image_shape_) < smallest:
            height, width = self.image_shape_
            raise ValueError(
                f"GaborExtractor: a grid of {self.grid} cells at a stride of {self.stride} needs images of at least "
                f"{smallest} x {smallest} pixels; got {height} x {width}; choose a smaller grid or stride"
            )
        return [
            f"gabor_cell{row}_{column}_wave{wavelength:g}_turn{turn}"
            for row in range(self.grid)
            for column in range(self.grid)
            for wavelength in real_numbers(self.wavelengths)
            for turn in range(self.orientations)
        ]

    def _bank(self) -> Bank:
        lengths, n_turns = real_numbers(self.wavelengths), self.orientations
        turns = np.pi * np.arange(n_turns) / n_turns
        sides = []
        for side, shares in zip(self.image_shape_, (np.sin(turns), np.cos(turns)), strict=True):
            waves = [self._factor(side, length, share) for length in lengths for share in shares]
            sides.append(np.stack([*waves, *(self._factor(side, length, 0) for length in lengths)]))
        # With the edges folded back every place sees the whole filter.
        flat = (sides[0].sum(axis=2)[:, 0] * sides[1].sum(axis=2)[:, 0]).real[: len(lengths) * n_turns]
        rows, columns = (side.astype(np.complex64) for side in sides)
        columns = np.ascontiguousarray(columns.transpose(2, 0, 1))
        return Bank(rows, columns, flat.reshape(len(lengths), n_turns, 1, 1).astype(np.float32))

    def _factor(self, side: int, wavelength: float, share: float) -> NDArray[np.complex128]:
        """One axis of a filter at each place: (n_places, side), with the pixels beyond the edges folded back."""
        deviation = self.bandwidth * wavelength
        reach = int(np.ceil(REACH * deviation))
        offsets = np.arange(-reach, reach + 1)
        gaussian = np.exp(-(offsets**2) / (2 * deviation**2))
        wave = gaussian / gaussian.sum() * np.exp(2j * np.pi * share * offsets / wavelength)
        places = np.arange((side - 1) % self.stride // 2, side, self.stride)
        pixels = np.pad(np.arange(side), reach, mode="symmetric")[places[:, np.newaxis] + reach + offsets]
        factor = np.zeros((len(places), side), np.complex128)
        np.add.at(factor, (np.arange(len(places))[:, np.newaxis], pixels), wave)
        return factor

    def _extract(self, images: Images) -> Rows:
        if self.equalize:
            images = equalize_histograms(images)
        bank = self._bank()
        pool = mean_pooling((bank.rows.shape[1], bank.columns.shape[2]), self.grid)
        rows = []
        for image in images:
            maps = bank.magnitudes(image)
            cells = pool @ maps.reshape(pool.shape[1], -1) if self.pooling == "mean" else max_pooling(maps, self.grid)
            rows.append(cells.ravel())
        return np.sqrt(np.stack(rows)) if self.sqrt else np.stack(rows)


REGISTERED = {"gabor": GaborExtractor}
