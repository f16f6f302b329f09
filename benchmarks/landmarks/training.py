"""Train a compact 68-point landmark model with dlib's ensemble of regression trees."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench import datasets
from ferbench.benchmarks.landmarks.faces import (
    MarkedFaces,
    coarsened,
    framed_boxes,
    jittered_boxes,
    mirrored,
    read_marked_faces,
    resized,
    turned,
)
from ferbench.benchmarks.landmarks.file_format import shorten_floats
from ferbench.utils import atomic_file

RESOLUTION = 192  # dlib rounds points to whole pixels, so images are enlarged to keep the rounding error small.


@dataclass(frozen=True)
class LandmarkSettings:
    """Settings for the training of a landmark model.

    Attributes
    ----------
    cascades, trees, depth : int
        Number of cascades, trees per cascade, and tree depth; the file has cascades x trees x 2**depth x 136 numbers.
    nu : float
        Learning rate of the boosting.
    oversampling : int
        Initial shapes for each box.
    shrinkage : float
        dlib's ``lambda_param``: smaller values prefer pixels that are close to each other.
    pool : int
        Pixels sampled in each cascade.
    splits : int
        Random splits tried for each node.
    drawn : int
        Number of drawn faces added to the photographs.
    seed : int
        Seed of the jitter, the drawn faces and dlib.
    """

    cascades: int = 10
    trees: int = 100
    depth: int = 4
    nu: float = 0.1
    oversampling: int = 2
    shrinkage: float = 0.1
    pool: int = 500
    splits: int = 30
    drawn: int = 700
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for values that would crash dlib."""
        least = {"cascades": 1, "trees": 1, "depth": 1, "oversampling": 1, "pool": 2, "splits": 1, "seed": 0}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be at least {low}; got {getattr(self, name)}")
        if self.drawn and self.drawn < 21:
            raise ValueError(f"drawn must be 0, or at least 21 faces; got {self.drawn}")
        if not 0 < self.nu <= 1 or self.shrinkage <= 0:
            raise ValueError(f"nu must be above 0 and at most 1, shrinkage above 0; got {self.nu} and {self.shrinkage}")


def train_landmarks(
    data: Path, output: Path, settings: LandmarkSettings | None = None, *, n_threads: int = 2, verbose: bool = True
) -> Path:
    """Train a landmark model on the training people of a landmark file and on drawn faces.

    The held-out people are not used. Each face is augmented: original, mirrored and rotated, at several resolutions,
    with tight boxes and with boxes that have a margin.

    Parameters
    ----------
    data : Path
        An ``.npz`` file in the format of :func:`read_marked_faces`.
    output : Path
        The model file to write (``.dat``); it is replaced only after the training has finished.
    settings : LandmarkSettings, optional
        Training settings; the default settings were used for the model that ships with ferbench.
    n_threads : int, default=2
        Threads that dlib uses.
    verbose : bool, default=True
        Whether dlib prints its progress.

    Returns
    -------
    Path
        `output`.
    """
    import dlib

    settings = settings or LandmarkSettings()
    if n_threads < 1:
        raise ValueError(f"threads must be at least 1; got {n_threads}")
    if not output.parent.is_dir():
        raise FileNotFoundError(f"{output.parent}: no such folder; create it, or choose another --output")
    training, _ = read_marked_faces(data)
    images, detections = _material(training, settings)
    print(f"ferbench: training on {len(images)} images, {settings.oversampling} starts a box", file=sys.stderr)
    predictor = dlib.train_shape_predictor(images, detections, _options(settings, n_threads, verbose))
    with atomic_file(output) as part:
        predictor.save(str(part))
        part.write_bytes(shorten_floats(part.read_bytes()))
    return output


def _options(settings: LandmarkSettings, n_threads: int, verbose: bool) -> Any:
    import dlib

    options = dlib.shape_predictor_training_options()
    options.cascade_depth = settings.cascades
    options.num_trees_per_cascade_level = settings.trees
    options.tree_depth = settings.depth
    options.nu = settings.nu
    options.oversampling_amount = settings.oversampling
    options.lambda_param = settings.shrinkage
    options.feature_pool_size = settings.pool
    options.num_test_splits = settings.splits
    options.random_seed = str(settings.seed)
    options.num_threads = n_threads
    options.be_verbose = verbose
    return options


def _material(training: MarkedFaces, settings: LandmarkSettings) -> tuple[list[NDArray[np.uint8]], list[list[Any]]]:
    """Return the images, and for each image its boxes with landmarks."""
    generator = np.random.default_rng(settings.seed)
    images: list[NDArray[np.uint8]] = []
    detections: list[list[Any]] = []
    for part in _variants(training, generator, settings):
        sizes = generator.choice([40, 48, 48, 64, 96, part.images.shape[2]], len(part))
        ready = resized(coarsened(part, np.minimum(sizes, part.images.shape[2])), RESOLUTION)
        boxes = [jittered_boxes(ready.points, generator), framed_boxes(ready.points, generator)]
        images += list(ready.images)
        detections += [_detections(points, row) for points, *row in zip(ready.points, *boxes, strict=True)]
    return images, detections


def _variants(
    training: MarkedFaces, generator: np.random.Generator, settings: LandmarkSettings
) -> Iterable[MarkedFaces]:
    """Return photographs rotated a little, mirrored ones rotated more (for tilted heads), and drawn faces."""
    yield turned(training, generator.normal(0, 5, len(training)))
    yield turned(mirrored(training), generator.normal(0, 12, len(training)))
    if settings.drawn:
        drawn = datasets.make_faces(settings.drawn, size=96, random_state=settings.seed, difficulty=0.4)
        assert drawn.landmarks is not None
        yield MarkedFaces(drawn.images, drawn.landmarks, drawn.ids)


def _detections(points: NDArray[np.float32], boxes: Iterable[NDArray[np.float64]]) -> list[Any]:
    import dlib

    parts = [dlib.point(int(x), int(y)) for x, y in np.rint(points)]
    return [dlib.full_object_detection(dlib.rectangle(*(round(edge) for edge in box)), parts) for box in boxes]
