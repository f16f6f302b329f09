"""Magnitudes of a bank of Gabor filters, pooled over a grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ferbench.features.base import ImageExtractor, Rows
from ferbench.features.local import max_pooling, mean_pooling
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

# Radius, in standard deviations, at which the Gaussian is truncated.
REACH = 3.0


@dataclass(frozen=True)
class Bank:
    """Gabor filters as matrices.

    The Gaussian is isotropic, so each filter is the product of one factor along the rows and one along the columns.

    Attributes
    ----------
    rows : ndarray of shape (n_waves + n_scales, n_rows, height), complex64
        Factors along the rows of the image, for each row of filter positions. The factors of all waves come first,
        then the Gaussian of each scale.
    columns : ndarray of shape (width, n_waves + n_scales, n_columns), complex64
        The same factors along the columns.
    flat : ndarray of shape (n_scales, n_orientations, 1, 1), float32
        Response of each wave to a constant image of brightness one.
    """

    rows: NDArray[np.complex64]
    columns: NDArray[np.complex64]
    flat: NDArray[np.float32]

    def magnitudes(self, image: Images) -> Rows:
        """Return the magnitude of each wave at each position: (n_rows, n_columns, n_scales * n_orientations)."""
        # Subtracting the mean makes the features of a flat image exactly zero, without rounding errors.
        gray = image - image.mean(dtype=np.float32)
        n_scales, n_orientations = self.flat.shape[:2]
        width, n_filters, n_columns = self.columns.shape
        # The image is real: a real product with twice as many columns takes half the time of a complex product.
        across = (gray @ self.columns.reshape(width, -1).view(np.float32)).view(np.complex64)
        answers = np.matmul(self.rows, across.reshape(-1, n_filters, n_columns).transpose(1, 0, 2))
        waves, brightness = np.split(answers, [n_scales * n_orientations])
        waves = waves.reshape(n_scales, n_orientations, *answers.shape[1:])
        magnitudes = np.abs(waves - self.flat * brightness.real[:, np.newaxis])
        return np.moveaxis(magnitudes, (2, 3), (0, 1)).reshape(*answers.shape[1:], -1)


class GaborExtractor(ImageExtractor):
    """Magnitudes of Gabor filters, pooled over a grid.

    A Gabor filter is a sine wave multiplied by a Gaussian. It responds to lines and edges of one width and one
    direction. The magnitude of the complex response measures their strength, independent of exact position and sign.

    Parameters
    ----------
    wavelengths : float, sequence of float or str, default=(4.0, 6.0, 8.0, 12.0)
        Wavelength of each scale, in pixels; at least 2.
    orientations : int, default=8
        Number of directions over 180 degrees.
    bandwidth : float, default=0.56
        Standard deviation of the Gaussian as a share of the wavelength; 0.56 is a bandwidth of one octave.
    stride : int, default=2
        Distance between neighboring filter positions, in pixels.
    grid : int, default=8
        Cells across and down over which magnitudes are pooled.
    pooling : {"mean", "max"}, default="mean"
        How to pool the magnitudes of a cell.
    sqrt : bool, default=True
        Whether to take the square root of the pooled magnitudes.
    equalize : bool, default=False
        Whether to equalize the histogram of each image first.
    n_jobs : int or None, default=None
        Threads for large batches, as in joblib: None is one, -1 is all cores.

    See Also
    --------
    HOGExtractor : Histograms of gradient directions.
    ImageExtractor : Base class; it documents the attributes that all extractors have.

    Notes
    -----
    The Gaussian is isotropic, so each filter is applied as two products with small matrices, only at the positions on
    the stride. The response to constant brightness is subtracted, so a flat image gives zeros. Images are padded by
    reflection.

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
        # Reflection at the borders keeps all of the filter's weight at every position, so one response holds for all.
        flat = (sides[0].sum(axis=2)[:, 0] * sides[1].sum(axis=2)[:, 0]).real[: len(lengths) * n_turns]
        rows, columns = (side.astype(np.complex64) for side in sides)
        columns = np.ascontiguousarray(columns.transpose(2, 0, 1))
        return Bank(rows, columns, flat.reshape(len(lengths), n_turns, 1, 1).astype(np.float32))

    def _factor(self, side: int, wavelength: float, share: float) -> NDArray[np.complex128]:
        """Return one axis of a filter at each position, (n_positions, side), with reflection at the borders."""
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
