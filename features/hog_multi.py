"""Histograms of oriented gradients at several scales, with signed and unsigned directions."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from ferbench.features.base import ImageExtractor, Rows
from ferbench.features.hog import HOGExtractor
from ferbench.utils import (
    BOOLEAN,
    Between,
    Constraint,
    Images,
    OrNone,
    Whole,
    Wholes,
    WorkerCount,
    equalize_histograms,
    whole_numbers,
)


class MultiHOGExtractor(ImageExtractor):
    """HOG features of several cell sizes, with signed and unsigned directions, concatenated.

    Small cells locate an edge precisely; large cells tolerate small shifts. Signed directions distinguish a dark mouth
    on bright skin from bright teeth between dark lips.

    Parameters
    ----------
    cell_sizes : int, sequence of int or str, default=(6, 12)
        Width and height of a cell, in pixels, for each scale.
    block_size : int, default=2
        Width and height of a block, in cells.
    block_stride : int, default=1
        Distance between neighboring blocks, in cells.
    bins : int or None, default=9
        Number of unsigned direction bins, over 180 degrees; None omits the unsigned features.
    signed_bins : int or None, default=16
        Number of signed direction bins, over 360 degrees; None omits the signed features.
    gamma_correction : bool, default=False
        Whether to take the square root of the gray levels first.
    window_sigma : float or None, default=None
        Standard deviation, in pixels, of the Gaussian that weights the pixels of a block. None uses a quarter of the
        block's width.
    equalize : bool, default=False
        Whether to equalize the histogram of each image first.
    n_jobs : int or None, default=None
        Threads for large batches, as in joblib: None is one, -1 is all cores.

    See Also
    --------
    HOGExtractor : HOG features of one cell size.
    ImageExtractor : Base class; it documents the attributes that all extractors have.

    References
    ----------
    Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.features import MultiHOGExtractor
    >>> X = np.zeros((3, 48, 48), np.uint8)
    >>> MultiHOGExtractor(cell_sizes=(8, 16), signed_bins=None).fit_transform(X).shape
    (3, 1044)
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {
        "cell_sizes": Wholes(2),
        "block_size": Whole(1),
        "block_stride": Whole(1),
        "bins": OrNone(Whole(2)),
        "signed_bins": OrNone(Whole(2)),
        "gamma_correction": BOOLEAN,
        "window_sigma": OrNone(Between(0)),
        "equalize": BOOLEAN,
        "n_jobs": WorkerCount(),
    }

    def __init__(
        self,
        *,
        cell_sizes: int | str | Sequence[int] = (6, 12),
        block_size: int = 2,
        block_stride: int = 1,
        bins: int | None = 9,
        signed_bins: int | None = 16,
        gamma_correction: bool = False,
        window_sigma: float | None = None,
        equalize: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.cell_sizes = cell_sizes
        self.block_size = block_size
        self.block_stride = block_stride
        self.bins = bins
        self.signed_bins = signed_bins
        self.gamma_correction = gamma_correction
        self.window_sigma = window_sigma
        self.equalize = equalize
        self.n_jobs = n_jobs

    def _parts(self) -> dict[str, HOGExtractor]:
        """Return one extractor for each cell size and kind of direction, keyed by the prefix of its columns."""
        kinds = {"": self.bins, "signed_": self.signed_bins}
        if self.bins is None and self.signed_bins is None:
            raise ValueError("MultiHOGExtractor: bins and signed_bins must not both be None; set one of them")
        parts = {}
        for cell_size in whole_numbers(self.cell_sizes):
            for kind, bins in kinds.items():
                if bins is not None:
                    parts[f"{kind}cells{cell_size}"] = self._part(cell_size, bins, signed=kind != "")
        return parts

    def _part(self, cell_size: int, bins: int, *, signed: bool) -> HOGExtractor:
        (height, width), block = self.image_shape_, self.block_size * cell_size
        if min(height, width) < block:
            raise ValueError(
                f"MultiHOGExtractor: a block of {self.block_size} cells of {cell_size} pixels needs images of at least "
                f"{block} x {block} pixels; got {height} x {width}; choose smaller cell_sizes or a smaller block_size"
            )
        part = HOGExtractor(
            cell_size=cell_size,
            block_size=self.block_size,
            block_stride=self.block_stride,
            bins=bins,
            signed=signed,
            gamma_correction=self.gamma_correction,
            window_sigma=self.window_sigma,
        )
        part.image_shape_ = self.image_shape_
        return part

    def _names(self) -> list[str]:
        return [f"{prefix}_{name}" for prefix, part in self._parts().items() for name in part._names()]

    def _extract(self, images: Images) -> Rows:
        if self.equalize:
            images = equalize_histograms(images)
        return np.concatenate([part._extract(images) for part in self._parts().values()], axis=1)


REGISTERED = {"hog-multi": MultiHOGExtractor}
