"""Extract face shape features from fifteen key points for a classical classifier."""

from pathlib import Path
from typing import ClassVar

from ferbench.features import Rows, point_feature_names, point_features
from ferbench.models.bundles import DEFAULT_POINTS, POINTS
from ferbench.models.extractors.network import NetworkExtractor


class KeypointExtractor(NetworkExtractor):
    """Face shape features from the fifteen key points that the network of a bundle finds.

    The features are 30 coordinates normalized for position, scale and roll, distances between points, and angles in
    radians. Images are resized to the input size of the network. The whole image is used as the crop of the face; the
    crops of FER2013 are slightly tighter than those the network was trained on.

    Parameters
    ----------
    bundle : str or Path, default="ferbench-points"
        Folder of a key-point network's bundle, the name of a bundle that ships with ferbench, or an ``.onnx`` file.
    n_jobs : int or None, default=None
        Threads for large batches, as in joblib: None is one, -1 is all cores.

    See Also
    --------
    ferbench.features.LandmarkExtractor : Face shape features from 68 landmarks of dlib.
    PointNet : Train a network that finds key points.
    ferbench.models.extractors.network.NetworkExtractor : Base class; it documents `network_sha256_` and `origin_`.
    ferbench.features.ImageExtractor : Base class; it documents the attributes that all extractors have.

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
