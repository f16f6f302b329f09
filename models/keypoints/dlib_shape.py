"""Classical key-point regressor: dlib's shape predictor, trained on the fifteen key points."""

import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.features import MIRRORED, mark_offset
from ferbench.models.bundles import ShapePredictor, enlarged, reduced
from ferbench.models.keypoints.base import PointRegressor, Points, check_points, check_unmixed
from ferbench.models.networks import Augmentation
from ferbench.utils import BOOLEAN, SEED, Above, Constraint, UpTo, Whole, check_parameters


class DlibShape(PointRegressor):
    """Cascade of regression trees that refines a mean shape step by step (dlib's shape predictor).

    The bounding box of the face is the whole image. Augmentation rotates, shifts, scales and mirrors the training
    faces.

    Parameters
    ----------
    cascades : int, default=10
        Number of refinement steps, starting from the mean shape.
    trees : int, default=200
        Number of trees in each step.
    depth : int, default=4
        Depth of the trees.
    nu : float, default=0.1
        Learning rate of the boosting.
    oversampling : int, default=2
        Number of initial shapes for each training image.
    shrinkage : float, default=0.1
        dlib's ``lambda_param``; smaller values prefer pairs of pixels that are close to each other.
    pool : int, default=500
        Number of pixels sampled in each step.
    splits : int, default=30
        Number of random splits tried for each node.
    copies : int, default=3
        Number of augmented copies of each training image, in addition to the image itself.
    augmentation : Augmentation, mapping or bool, default=True
        Augmentation of the copies.
    n_threads : int, default=1
        Threads that dlib uses for training; the result does not depend on it.
    random_state : int, default=0
        Seed of the augmentation and of dlib's random choices.
    verbose : bool, default=False
        Whether dlib prints its progress.

    Attributes
    ----------
    shape_predictor_ : bytes
        Content of the trained predictor's file in dlib's format.
    mark_offset_ : float
        Constant horizontal offset of the training annotations, in pixels to the right; the augmentation corrects it.

    See Also
    --------
    PointNet : Key-point network.
    MeanShape : Baseline.
    ferbench.models.keypoints.base.PointRegressor : Base class; it documents the attributes that all regressors have.

    References
    ----------
    Kazemi and Sullivan, "One millisecond face alignment with an ensemble of regression trees", CVPR 2014.

    Examples
    --------
    >>> from ferbench.models import DlibShape
    >>> DlibShape(trees=50).get_params()["trees"]
    50
    """

    behavior_libraries: ClassVar[tuple[str, ...]] = ("dlib-bin",)
    constraints: ClassVar[Mapping[str, Constraint]] = {
        **{name: Whole(1) for name in ("cascades", "trees", "depth", "oversampling", "splits", "n_threads")},
        "nu": UpTo(0, 1),
        "shrinkage": Above(0),
        "pool": Whole(2),
        "copies": Whole(0),
        "random_state": SEED,
        "verbose": BOOLEAN,
    }

    def __init__(
        self,
        *,
        cascades: int = 10,
        trees: int = 200,
        depth: int = 4,
        nu: float = 0.1,
        oversampling: int = 2,
        shrinkage: float = 0.1,
        pool: int = 500,
        splits: int = 30,
        copies: int = 3,
        augmentation: Augmentation | Mapping[str, Any] | bool = True,
        n_threads: int = 1,
        random_state: int = 0,
        verbose: bool = False,
    ) -> None:
        self.cascades = cascades
        self.trees = trees
        self.depth = depth
        self.nu = nu
        self.oversampling = oversampling
        self.shrinkage = shrinkage
        self.pool = pool
        self.splits = splits
        self.copies = copies
        self.augmentation = augmentation
        self.n_threads = n_threads
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X: ArrayLike,
        points: ArrayLike,
        X_val: ArrayLike | None = None,
        points_val: ArrayLike | None = None,
    ) -> Self:
        """Train the predictor.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width), uint8
            Gray faces.
        points : array-like of shape (n_samples, 15, 2)
            Points (x, y) in pixels; NaN where one is missing. dlib requires complete shapes, so a missing point is
            taken from the mean shape, aligned to the known points of the row. Rows with fewer than two points are
            omitted.
        X_val, points_val : ignored
            Present for consistency with the other regressors.

        Raises
        ------
        ValueError
            If images, points or parameters are not as described.
        """
        import dlib

        # dlib would crash on these values.
        check_parameters(self)
        check_unmixed(Augmentation.of(self.augmentation))
        images = self._first_images(X)
        targets = check_points(points, images)
        rows = np.isfinite(targets).all(axis=2).sum(axis=1) >= 2
        self.mark_offset_ = mark_offset(images, targets)
        faces, shapes = self._material(images[rows], completed(targets)[rows])
        predictor = dlib.train_shape_predictor(faces, shapes, self._options())
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "points.dat"
            predictor.save(str(file))
            self.shape_predictor_ = file.read_bytes()
        self._open = ShapePredictor(self.shape_predictor_)
        self.implementation_ = f"dlib {version('dlib-bin')} shape predictor, {len(faces):,} images"
        return self

    def _material(self, images: NDArray[np.uint8], points: Points) -> tuple[list[NDArray[np.uint8]], list[list[Any]]]:
        """Return the enlarged images and their annotations for dlib: the image border as the box, and the points."""
        rng = np.random.default_rng(self.random_state)
        augmentation = Augmentation.of(self.augmentation)
        parts = [(images, points)]
        if augmentation is not None:
            given = (images, points, MIRRORED, rng, self.mark_offset_)
            parts += [augmentation.with_points(*given) for _ in range(self.copies)]
        faces = [face for part, _ in parts for face in enlarged(part)]
        places = np.concatenate([reduced(part, self.image_shape_, inverse=True) for _, part in parts])
        whole = np.rint(places).astype(int).tolist()
        return faces, [[_detection(face, row)] for face, row in zip(faces, whole, strict=True)]

    def _options(self) -> Any:
        import dlib

        options = dlib.shape_predictor_training_options()
        options.cascade_depth = self.cascades
        options.num_trees_per_cascade_level = self.trees
        options.tree_depth = self.depth
        options.nu = self.nu
        options.oversampling_amount = self.oversampling
        options.lambda_param = self.shrinkage
        options.feature_pool_size = self.pool
        options.num_test_splits = self.splits
        options.random_seed = str(self.random_state)
        options.num_threads = self.n_threads
        options.be_verbose = self.verbose
        return options

    def _find(self, images: NDArray[np.uint8]) -> Points:
        return self._open.find(images)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_open"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "shape_predictor_" in state:
            self._open = ShapePredictor(self.shape_predictor_)


def completed(points: Points) -> Points:
    """Fill missing points from the mean shape, aligned to the known points by a similarity transform.

    Parameters
    ----------
    points : ndarray of shape (n_samples, n_points, 2), float32
        Points (x, y); NaN where one is missing.

    Returns
    -------
    ndarray of shape (n_samples, n_points, 2), float32
        Completed shapes; rows with fewer than two known points are unchanged.
    """
    filled = points.copy()
    known = np.asarray(np.isfinite(points).all(axis=2))
    z = points[..., 0].astype(np.float64) + 1j * points[..., 1]
    shape = np.array([column[has].mean() for column, has in zip(z.T, known.T, strict=True)])
    for row in np.flatnonzero(~known.all(axis=1) & (known.sum(axis=1) >= 2)):
        has = known[row]
        # With complex numbers, a similarity transform is one slope and one offset, fitted by least squares.
        own, other = z[row, has] - z[row, has].mean(), shape[has] - shape[has].mean()
        slope = (own @ other.conj()) / (np.abs(other) ** 2).sum()
        place = z[row, has].mean() + slope * (shape[~has] - shape[has].mean())
        filled[row, ~has] = np.stack([place.real, place.imag], axis=1)
    return filled


def _detection(face: NDArray[np.uint8], points: list[list[int]]) -> Any:
    import dlib

    box = dlib.rectangle(0, 0, face.shape[1] - 1, face.shape[0] - 1)
    return dlib.full_object_detection(box, [dlib.point(x, y) for x, y in points])
