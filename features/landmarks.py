"""Detect 68 facial landmarks with dlib and extract the shape of the face as features."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.features.base import ImageExtractor, Rows
from ferbench.features.landmark_geometry import N_POINTS, shape_features, shape_names
from ferbench.utils import (
    Between,
    Constraint,
    Images,
    OrNone,
    Type,
    WorkerCount,
    check_images,
    check_parameters,
    sha256_of,
)

DEFAULT_MODEL = "landmarks68.dat"
# Smaller images are enlarged to this side, in pixels, since dlib returns whole pixels and compares single ones. On
# held-out 48 x 48 faces this reduced the mean error from 0.0535 to 0.0489 of the inter-ocular distance. A larger side
# gave no further gain.
RESOLUTION = 192


class _Model(NamedTuple):
    predictor: Any
    sha256: str


class LandmarkExtractor(ImageExtractor):
    """Face shape features from 68 landmarks (iBUG order).

    dlib's ensemble of regression trees locates the landmarks. The bounding box of the face is the whole image. The
    features are 136 coordinates normalized for position, scale and roll, 44 distances between landmarks and 21 angles
    in radians.

    Parameters
    ----------
    model : path-like or None, default=None
        A 68-point model in dlib's format (``.dat``); None uses the model that ships with ferbench.
    margin : float, default=0.0
        Distance from the border of the image to the bounding box of the face on each side, as a fraction of width and
        height. Use a negative value if the images cut off parts of the face. The model of ferbench is trained for 0.
    n_jobs : int or None, default=None
        Processes for large batches, as in joblib: None is one, -1 is all cores. dlib does not release the global
        interpreter lock, so threads would not help.

    Attributes
    ----------
    model_sha256_ : str
        SHA-256 (hex) of the model file used in `fit`; `transform` raises ValueError if the file has changed.

    See Also
    --------
    ferbench.models.KeypointExtractor : Face shape features from the fifteen key points of a network.
    ImageExtractor : Base class; it documents the attributes that all extractors have.

    References
    ----------
    Kazemi and Sullivan, "One millisecond face alignment with an ensemble of regression trees", CVPR 2014.
    Sagonas et al., "300 faces in-the-wild challenge", ICCV workshops 2013 (the 68 points).

    Examples
    --------
    >>> from ferbench.features import LandmarkExtractor
    >>> LandmarkExtractor(model="mine.dat").get_params()
    {'margin': 0.0, 'model': 'mine.dat', 'n_jobs': None}
    """

    behavior_libraries: ClassVar[tuple[str, ...]] = ("dlib-bin", "opencv-python-headless")
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "model": OrNone(Type((str, Path), "the path of a .dat file")),
        "margin": Between(-0.5, 0.5),
        "n_jobs": WorkerCount(),
    }
    prefer: ClassVar[Literal["threads", "processes"]] = "processes"
    # Starting the workers takes about a second; in that time one core processes thousands of faces.
    batch_size: ClassVar[int] = 1024

    model_sha256_: str

    def __init__(self, *, model: str | Path | None = None, margin: float = 0.0, n_jobs: int | None = None) -> None:
        self.model = model
        self.margin = margin
        self.n_jobs = n_jobs

    def predict_landmarks(self, X: ArrayLike) -> NDArray[np.float32]:
        """Locate the landmarks of each image; `fit` is not required.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width), uint8
            Gray faces, of any size.

        Returns
        -------
        ndarray of shape (n_samples, 68, 2), float32
            Points (x, y) in pixels of the image; the center of the top left pixel is (0, 0).

        Raises
        ------
        FileNotFoundError
            If the model file does not exist.
        ValueError
            If the file is not a 68-point model, or `X` is not a batch of gray images.
        """
        check_parameters(self, self.constraints)
        images = check_images(X)
        self._load()
        return self._in_batches(self._find, images, (N_POINTS, 2))

    def carried_files(self) -> dict[str, tuple[Path, str]]:
        """Return the files to copy into a bundle: parameter -> (file, name there); none for ferbench's own model."""
        return {} if self.model is None else {"model": (Path(self.model), "landmarks.dat")}

    def _learn(self, images: Images) -> None:
        self.model_sha256_ = self._load().sha256

    def _names(self) -> list[str]:
        return shape_names()

    def _extract(self, images: Images) -> Rows:
        model = self._load()
        if model.sha256 != self.model_sha256_:
            raise ValueError(
                f"LandmarkExtractor: {self._path()} is not the landmark model seen in fit (SHA-256 "
                f"{model.sha256[:12]}, expected {self.model_sha256_[:12]}); restore that file, or fit again"
            )
        return shape_features(self._find(images))

    def _find(self, images: Images) -> NDArray[np.float32]:
        import dlib

        predictor = self._load().predictor
        height, width = images.shape[1:]
        scale = max(1.0, RESOLUTION / min(height, width))
        new_width, new_height = round(width * scale), round(height * scale)
        x, y = round(self.margin * new_width), round(self.margin * new_height)
        box = dlib.rectangle(x, y, new_width - 1 - x, new_height - 1 - y)
        points = np.empty((len(images), N_POINTS, 2), np.float32)
        for image, row in zip(images, points, strict=True):
            enlarged = cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_CUBIC)
            row[:] = [(point.x, point.y) for point in predictor(enlarged, box).parts()]
        # Coordinates refer to pixel centers, so half a pixel is added before scaling and subtracted after it.
        shrink = np.array([width / new_width, height / new_height], np.float32)
        return (points + np.float32(0.5)) * shrink - np.float32(0.5)

    def _path(self) -> Path:
        return Path(__file__).with_name(DEFAULT_MODEL) if self.model is None else Path(self.model)

    def _load(self) -> _Model:
        path = self._path()
        if not path.is_file():
            remedy = (
                "reinstall ferbench, or train one with: ferbench landmarks train"
                if self.model is None
                else "correct the path, or leave model=None for the one that comes with ferbench"
            )
            raise FileNotFoundError(f"LandmarkExtractor: no landmark model at {path}; {remedy}")
        status = path.stat()
        return _read_model(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4)
def _read_model(path: Path, _mtime_ns: int, _size: int) -> _Model:
    """Read a model file and cache it until the file changes; extractors do not store it, so their pickles are small."""
    import dlib

    remedy = "pass a 68-point dlib shape predictor, or leave model=None for the one that comes with ferbench"
    try:
        predictor = dlib.shape_predictor(str(path))
    except (RuntimeError, MemoryError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"LandmarkExtractor: {path} is damaged or no dlib model ({reason}); {remedy}") from None
    n_points = predictor(np.zeros((8, 8), np.uint8), dlib.rectangle(0, 0, 7, 7)).num_parts
    if n_points != N_POINTS:
        raise ValueError(f"LandmarkExtractor: {path} finds {n_points} points; expected {N_POINTS}; {remedy}")
    return _Model(predictor, sha256_of(path))


REGISTERED = {"landmarks": LandmarkExtractor}
