"""Raw gray levels as features."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ferbench.features.base import ImageExtractor, Rows
from ferbench.utils import BOOLEAN, Constraint, Images, WorkerCount, equalize_histograms


class PixelExtractor(ImageExtractor):
    """Gray levels of all pixels, scaled to the range 0 to 1.

    Use it as a baseline for the other extractors.

    Parameters
    ----------
    equalize : bool, default=False
        Whether to equalize the histogram of each image first.
    n_jobs : int or None, default=None
        Threads for large batches, as in joblib: None is one, -1 is all cores.

    See Also
    --------
    ImageExtractor : Base class; it documents the attributes that all extractors have.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.features import PixelExtractor
    >>> X = np.full((3, 48, 48), 255, np.uint8)
    >>> PixelExtractor().fit_transform(X)[0, :3]
    array([1., 1., 1.], dtype=float32)
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {"equalize": BOOLEAN, "n_jobs": WorkerCount()}

    def __init__(self, *, equalize: bool = False, n_jobs: int | None = None) -> None:
        self.equalize = equalize
        self.n_jobs = n_jobs

    def _names(self) -> list[str]:
        height, width = self.image_shape_
        return [f"pixel_y{y}_x{x}" for y in range(height) for x in range(width)]

    def _extract(self, images: Images) -> Rows:
        if self.equalize:
            images = equalize_histograms(images)
        return np.divide(images.reshape(len(images), -1), np.float32(255), dtype=np.float32)


REGISTERED = {"pixels": PixelExtractor}
