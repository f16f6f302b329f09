"""Whitened image patches, encoded by a k-means dictionary and pooled over a grid."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ferbench.features.base import Rows
from ferbench.features.learned import LearnedExtractor
from ferbench.features.local import draw, learn_words, max_pooling, mean_pooling
from ferbench.utils import BOOLEAN, Between, Constraint, Images, OneOf, OrNone, Whole, WorkerCount, equalize_histograms


class PatchExtractor(LearnedExtractor):
    """Triangle codes of whitened patches with a k-means dictionary, pooled over a grid.

    Each patch is normalized to zero mean and unit variance and whitened (ZCA). For each word of the dictionary, its
    code is the mean distance to all words minus the distance to this word, or zero if that is negative. This soft
    assignment sets about half of the codes to zero. Codes are pooled over the cells of a grid. Whitening and dictionary
    are learned from patches of the training images, without labels.

    Parameters
    ----------
    patch_size : int, default=8
        Width and height of a patch, in pixels.
    stride : int, default=2
        Distance between neighboring patches, in pixels.
    words : int, default=400
        Size of the dictionary.
    grid : int, default=5
        Cells across and down over which codes are pooled.
    pooling : {"mean", "max"}, default="mean"
        How to pool the codes of a cell.
    sqrt : bool, default=True
        Whether to take the square root of the pooled codes, which reduces the influence of frequent words.
    contrast : float, default=10.0
        Constant added to the variance of a patch, in squared gray levels, before the patch is normalized. It keeps the
        noise of flat patches from being amplified.
    whitening : float, default=0.1
        Constant added to the variances of the principal components of the patches before whitening.
    equalize : bool, default=True
        Whether to equalize the histogram of each image first.
    samples : int, default=200_000
        Number of patches to learn from, drawn at random; all patches if there are fewer.
    components : int or None, default=None
        Number of principal components of the pooled codes to keep, at most the number of images; None keeps the codes.
    normalize : bool, default=False
        Whether to scale the rows to unit length as the last step.
    random_state : int, default=0
        Seed of all random choices.
    n_jobs : int or None, default=None
        Threads for large batches, as in joblib: None is one, -1 is all cores.

    Attributes
    ----------
    whitening_ : ndarray of shape (patch_size ** 2, patch_size ** 2), float32
        ZCA matrix.
    offset_ : ndarray of shape (patch_size ** 2,), float32
        Whitened mean patch.
    words_ : ndarray of shape (words, patch_size ** 2), float32
        Dictionary of whitened patches.

    See Also
    --------
    SIFTExtractor : Encodes SIFT descriptors with a learned vocabulary.
    ferbench.features.learned.LearnedExtractor : Base class; it documents `mean_` and `components_`.
    ImageExtractor : Base class; it documents the attributes that all extractors have.

    References
    ----------
    Coates and Ng, "The importance of encoding versus training with sparse coding and vector quantization", ICML 2011;
    Coates, Lee and Ng, "An analysis of single-layer networks in unsupervised feature learning", AISTATS 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.features import PatchExtractor
    >>> X = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    >>> PatchExtractor(words=50, grid=4).fit_transform(X).shape
    (3, 800)
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {
        "patch_size": Whole(2),
        "stride": Whole(1),
        "words": Whole(2),
        "grid": Whole(1),
        "pooling": OneOf(("mean", "max")),
        "sqrt": BOOLEAN,
        "contrast": Between(0),
        "whitening": Between(0),
        "equalize": BOOLEAN,
        "samples": Whole(2),
        "components": OrNone(Whole(1)),
        "normalize": BOOLEAN,
        "random_state": Whole(0),
        "n_jobs": WorkerCount(),
    }
    prefix: ClassVar[str] = "patches"
    batch_size: ClassVar[int] = 128

    whitening_: NDArray[np.float32]
    offset_: NDArray[np.float32]
    words_: NDArray[np.float32]

    def __init__(
        self,
        *,
        patch_size: int = 8,
        stride: int = 2,
        words: int = 400,
        grid: int = 5,
        pooling: str = "mean",
        sqrt: bool = True,
        contrast: float = 10.0,
        whitening: float = 0.1,
        equalize: bool = True,
        samples: int = 200_000,
        components: int | None = None,
        normalize: bool = False,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.patch_size = patch_size
        self.stride = stride
        self.words = words
        self.grid = grid
        self.pooling = pooling
        self.sqrt = sqrt
        self.contrast = contrast
        self.whitening = whitening
        self.equalize = equalize
        self.samples = samples
        self.components = components
        self.normalize = normalize
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _places(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        height, width = self.image_shape_
        smallest = self.patch_size + (self.grid - 1) * self.stride
        if min(height, width) < smallest:
            raise ValueError(
                f"PatchExtractor: a grid of {self.grid} cells over patches of {self.patch_size} pixels at a stride of "
                f"{self.stride} needs images of at least {smallest} x {smallest} pixels; got {height} x {width}; "
                "choose a smaller patch_size or grid"
            )
        return (height - self.patch_size) // self.stride + 1, (width - self.patch_size) // self.stride + 1

    def _code_names(self) -> list[str]:
        cells = [f"cell{row}_{column}" for row in range(self.grid) for column in range(self.grid)]
        return [f"patches_{cell}_word{word}" for cell in cells for word in range(self.words)]

    def _windows(self, images: Images) -> NDArray[np.uint8]:
        """Return a view of the patches, (n_images, rows, columns, patch_size, patch_size), centered in the images."""
        rows, columns = self._places()
        sizes = (n * self.stride + self.patch_size - self.stride for n in (rows, columns))
        top, left = ((side - size) // 2 for side, size in zip(self.image_shape_, sizes, strict=True))
        windows = np.lib.stride_tricks.sliding_window_view(images, (self.patch_size, self.patch_size), axis=(1, 2))
        return windows[:, top :: self.stride, left :: self.stride][:, :rows, :columns]

    def _contrasted(self, patches: NDArray[np.uint8]) -> Rows:
        """Normalize patches of shape (n, size, size) to rows of zero mean and about unit variance."""
        rows = patches.reshape(len(patches), -1).astype(np.float32)
        rows -= rows.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", rows, rows) / np.float32(rows.shape[1])
        rows /= np.sqrt(variance + np.float32(self.contrast))[:, np.newaxis]
        return rows

    def _learn_words(self, images: Images) -> None:
        patches = self._contrasted(self._sample(images))
        mean = patches.mean(axis=0, dtype=np.float64)
        # Not np.cov: it would copy all patches as float64.
        products = (patches.T @ patches).astype(np.float64) / len(patches)
        variances, axes = np.linalg.eigh(products - np.outer(mean, mean))
        # Rounding may make a zero variance slightly negative.
        scales = 1 / np.sqrt(np.maximum(variances, 0) + self.whitening)
        zca = (axes * scales) @ axes.T
        self.whitening_, self.offset_ = zca.astype(np.float32), (mean @ zca).astype(np.float32)
        whitened = patches @ self.whitening_ - self.offset_
        self.words_ = learn_words("PatchExtractor", whitened, self.words, self.random_state)

    def _sample(self, images: Images) -> NDArray[np.uint8]:
        windows, (rows, columns) = self._windows(images), self._places()
        chosen = draw((len(images), rows * columns), self.samples, self.random_state)
        parts = []
        for image, places in chosen:
            seen = windows[image] if not self.equalize else self._windows(equalize_histograms(images[[image]]))[0]
            parts.append(seen[places // columns, places % columns])
        return np.concatenate(parts)

    def _encode(self, images: Images) -> Rows:
        windows = self._windows(equalize_histograms(images) if self.equalize else images)
        shape = self._places()
        # |x - w|² as one product: (x, |x|², 1) times (-2w, 1, |w|²).
        squares = np.einsum("ij,ij->i", self.words_, self.words_)
        matrix = np.concatenate([-2 * self.words_.T, np.ones((1, self.words), np.float32), squares[np.newaxis]])
        pool = mean_pooling(shape, self.grid)
        codes = np.empty((len(images), self.grid**2, self.words), np.float32)
        # One image at a time: its distances fit into the processor cache, and the product always has the same shape.
        for code, patches in zip(codes, windows, strict=True):
            triangles = self._triangles(patches.reshape(-1, self.patch_size, self.patch_size), matrix)
            if self.pooling == "mean":
                np.matmul(pool, triangles, out=code)
            else:
                code[:] = max_pooling(triangles.reshape(*shape, -1), self.grid)
        return np.sqrt(codes, out=codes).reshape(len(images), -1) if self.sqrt else codes.reshape(len(images), -1)

    def _triangles(self, patches: NDArray[np.uint8], matrix: Rows) -> Rows:
        rows = np.ones((len(patches), len(matrix)), np.float32)
        whitened = self._contrasted(patches) @ self.whitening_
        whitened -= self.offset_
        rows[:, :-2] = whitened
        rows[:, -2] = np.einsum("ij,ij->i", whitened, whitened)
        distances = rows @ matrix
        np.sqrt(np.maximum(distances, 0, out=distances), out=distances)
        np.subtract(distances.mean(axis=1, keepdims=True), distances, out=distances)
        return np.maximum(distances, 0, out=distances)


REGISTERED = {"patches": PatchExtractor}
