"""Features of a trained network, for a classical head."""

from pathlib import Path
from typing import ClassVar

from ferbench.features import Rows
from ferbench.models.bundles import DEFAULT, FEATURES
from ferbench.models.extractors.network import NetworkExtractor
from ferbench.utils import Images


class DeepExtractor(NetworkExtractor):
    """What a trained network's last layer sees: the penultimate layer of a bundle's network.

    Nothing of the network is trained: `fit` opens it. A classifier on top of it is fitted on these features, such as
    an SVM (Tang, 2013). Images of another size than the network's are resized to it.

    Parameters
    ----------
    bundle : str or Path, default="ferbench-net-l"
        Folder of a network's bundle, the name of one that ships with ferbench, or an ``.onnx`` file with an output
        ``features``, as a bundle made of this extractor holds it.
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
    trained_on_ : str
        Fingerprint of the data set that the network was trained on; empty where that is unknown.
    origin_ : str
        Where the network comes from: recipe, data set with its fingerprint, and checksum.

    Notes
    -----
    A network that was trained on other rows than the training images here may have seen the images that the head is
    scored on, and then the score means nothing. `trained_on_` says what it was trained on, and a record warns when that
    is not the suite's own data, split included: name a bundle that the suite has made from the same data.

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

    def __init__(self, *, bundle: str | Path = DEFAULT, n_jobs: int | None = None) -> None:
        self.bundle = bundle
        self.n_jobs = n_jobs

    def _learn(self, images: Images) -> None:
        self.trained_on_ = self._meet().get("dataset", {}).get("fingerprint", "")

    def _names(self) -> list[str]:
        return [f"deep_{place}" for place in range(self._open().n_features)]

    def _rows(self, answers: Rows) -> Rows:
        return answers
