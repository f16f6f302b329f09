"""dlib's shape predictor, trained on the fifteen key points: the classical side."""

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
    """Ensemble of regression trees that moves a mean shape into place (dlib's shape predictor).

    The image's border is the box of the face; training faces are turned, moved, scaled and mirrored within it.

    Parameters
    ----------
    cascades : int, default=10
        Steps from the mean shape to the answer.
    trees : int, default=200
        Trees in each.
    depth : int, default=4
        Depth of the trees.
    nu : float, default=0.1
        Learning rate of the boosting.
    oversampling : int, default=2
        Starting shapes tried for each training image.
    shrinkage : float, default=0.1
        dlib's ``lambda_param``: smaller prefers pixels close to each other.
    pool : int, default=500
        Pixels sampled in each cascade.
    splits : int, default=30
        Random splits tried for each node.
    copies : int, default=3
        Randomly changed copies of each training image, besides the image itself.
    augmentation : Augmentation, mapping or bool, default=True
        How the copies are changed.
    n_threads : int, default=1
        Threads that dlib uses for training; the result does not depend on it.
    random_state : int, default=0
        Seed of the copies and of dlib's own choices.
    verbose : bool, default=False
        Whether dlib prints how far it is.

    Attributes
    ----------
    shape_predictor_ : bytes
        The trained predictor, as dlib writes it into a file.
    image_shape_ : tuple of int
        Height and width of the images it was fitted on, in pixels.
    mark_offset_ : float
        Pixels by which the training marks stand right of what they mark, which the augmentation allows for.
    implementation_ : str
        Library and version.

    References
    ----------
    Kazemi and Sullivan, "One millisecond face alignment with an ensemble of regression trees", CVPR 2014.

    Examples
    --------
    >>> from ferbench.models import DlibShape
    >>> DlibShape(trees=50).get_params()["trees"]
    50
    """

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
            Points (x, y) in pixels; NaN where one is missing. dlib needs whole shapes: what a row lacks is put where
            the mean shape, fitted to the points it has, would have it; rows with fewer than two points are left out.
        X_val, points_val : ignored
            As for the other regressors: nothing is chosen here.

        Raises
        ------
        ValueError
            If images, points or parameters are not as described.
        """
        import dlib

        # dlib itself would crash on these.
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
        """Images in the size that dlib sees, and for each its face: the border as the box, and the points."""
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
    """Shapes whose missing points lie where the mean shape has them, once it is moved, turned and scaled into place.

    Parameters
    ----------
    points : ndarray of shape (n_samples, n_points, 2), float32
        Points (x, y); NaN where one is missing.

    Returns
    -------
    ndarray of shape (n_samples, n_points, 2), float32
        The same with the gaps of rows filled that have two points or more.
    """
    filled = points.copy()
    known = np.asarray(np.isfinite(points).all(axis=2))
    z = points[..., 0].astype(np.float64) + 1j * points[..., 1]
    shape = np.array([column[has].mean() for column, has in zip(z.T, known.T, strict=True)])
    for row in np.flatnonzero(~known.all(axis=1) & (known.sum(axis=1) >= 2)):
        has = known[row]
        # In complex numbers the similarity is one slope and one offset, by least squares.
        own, other = z[row, has] - z[row, has].mean(), shape[has] - shape[has].mean()
        slope = (own @ other.conj()) / (np.abs(other) ** 2).sum()
        place = z[row, has].mean() + slope * (shape[~has] - shape[has].mean())
        filled[row, ~has] = np.stack([place.real, place.imag], axis=1)
    return filled


def _detection(face: NDArray[np.uint8], points: list[list[int]]) -> Any:
    import dlib

    box = dlib.rectangle(0, 0, face.shape[1] - 1, face.shape[0] - 1)
    return dlib.full_object_detection(box, [dlib.point(x, y) for x, y in points])
