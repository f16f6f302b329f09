"""Shape of the face from fifteen key points, for a classical head."""

from pathlib import Path
from typing import ClassVar

from ferbench.features import Rows, point_feature_names, point_features
from ferbench.models.bundles import DEFAULT_POINTS, POINTS
from ferbench.models.extractors.network import NetworkExtractor


class KeypointExtractor(NetworkExtractor):
    """Shape of the face from the fifteen key points that a bundle's network finds.

    The features are the 30 coordinates normalized for position, scale and roll, distances between them and angles
    (radians). Images of another size than the network's are resized to it. The image is taken as the square that the
    network expects around a face; FER2013's faces are cut a little closer.

    Parameters
    ----------
    bundle : str or Path, default="ferbench-points"
        Folder of a key-point network's bundle, the name of one that ships with ferbench, or its ``.onnx`` file.
    n_jobs : int or None, default=None
        Threads for large batches, as in joblib: None is one, -1 is all cores.

    Attributes
    ----------
    image_shape_ : tuple of (int, int)
        Height and width of the images that `fit` saw, in pixels.
    n_features_out_ : int
        Number of columns of `transform`.
    network_sha256_ : str
        SHA-256 (hex) of the network that `fit` saw; `transform` refuses another.
    origin_ : str
        Where the network comes from: recipe, data set with its fingerprint, and checksum.

    Examples
    --------
    >>> from ferbench.models import make_recipe
    >>> make_recipe("keypoints+svm", features__bundle="mine")["features"]
    KeypointExtractor(bundle='mine')
    """

    output: ClassVar[str] = POINTS
    carried_as: ClassVar[str] = "points.onnx"
    lacking: ClassVar[str] = "it finds no key points; name the bundle of a key-point network, such as ferbench-points"

    def __init__(self, *, bundle: str | Path = DEFAULT_POINTS, n_jobs: int | None = None) -> None:
        self.bundle = bundle
        self.n_jobs = n_jobs

    def _names(self) -> list[str]:
        return point_feature_names()

    def _rows(self, answers: Rows) -> Rows:
        return point_features(answers)
