"""Extract the penultimate features of a trained network for a classical classifier."""

from pathlib import Path
from typing import ClassVar

from ferbench.features import Rows
from ferbench.models.bundles import DEFAULT_FLOAT32, FEATURES
from ferbench.models.extractors.network import NetworkExtractor
from ferbench.utils import Images


class DeepExtractor(NetworkExtractor):
    """Penultimate features of the network of a bundle.

    Use it before a classical classifier, such as an SVM (Tang, 2013). `fit` only loads the network; it does not train
    it. Images are resized to the input size of the network.

    Parameters
    ----------
    bundle : str or Path, default="ferbench-net-l"
        Folder of a network's bundle, the name of a bundle that ships with ferbench, or an ``.onnx`` file with an output
        ``features``, such as the one in a bundle made with this extractor.
    n_jobs : int or None, default=None
        Threads for large batches, as in joblib: None is one, -1 is all cores.

    Attributes
    ----------
    trained_on_ : str
        Fingerprint of the data set that the network was trained on; empty if it is unknown.

    See Also
    --------
    KeypointExtractor : Face shape features from the key points of a network.
    ferbench.models.extractors.network.NetworkExtractor : Base class; it documents `network_sha256_` and `origin_`.
    ferbench.features.ImageExtractor : Base class; it documents the attributes that all extractors have.

    Notes
    -----
    If the network was trained on other data than the training images, its training data may include the test images,
    and the score of the classifier is then meaningless (leakage). `trained_on_` identifies the training data. A result
    record warns if it differs from the data and split of the suite. Use a bundle that the suite trained on the same
    data.

    References
    ----------
    Tang, "Deep learning using linear support vector machines", ICML 2013 workshop on representation learning.

    Examples
    --------
    >>> from ferbench.models import make_recipe
    >>> make_recipe("deep+svm", features__bundle="results/fer2013/bundles/mine")["features"]
    DeepExtractor(bundle='results/fer2013/bundles/mine')
    """

    output: ClassVar[str] = FEATURES
    carried_as: ClassVar[str] = "features.onnx"
    lacking: ClassVar[str] = (
        "an older ferbench exported it, or it averages over views of the image; fit the network again without "
        "test_time, and use that bundle"
    )

    trained_on_: str

    def __init__(self, *, bundle: str | Path = DEFAULT_FLOAT32, n_jobs: int | None = None) -> None:
        self.bundle = bundle
        self.n_jobs = n_jobs

    def _learn(self, images: Images) -> None:
        self.trained_on_ = self._meet().get("dataset", {}).get("fingerprint", "")

    def _names(self) -> list[str]:
        return [f"deep_{place}" for place in range(self._open().n_features)]

    def _rows(self, answers: Rows) -> Rows:
        return answers
