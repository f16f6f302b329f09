"""Features of a trained network, for a classical head."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ferbench.features import ImageExtractor
from ferbench.features._base import Rows
from ferbench.features._images import Images, resize_face
from ferbench.features._parameters import Constraint, Type, WorkerCount
from ferbench.models._bundle import NETWORK, file_sha256, read_description
from ferbench.models._onnx import FEATURES
from ferbench.models._shipped import DEFAULT, find_shipped


class DeepExtractor(ImageExtractor):
    """What a trained network's last layer sees: the penultimate layer of a bundle's network.

    Nothing of the network is trained: `fit` opens it. A classifier on top of it is fitted on these features, such as
    an SVM (Tang, 2013). Images of another size than the network's are resized to it.

    Parameters
    ----------
    bundle : str or Path, default="ferbench-net"
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

    constraints: ClassVar[Mapping[str, Constraint]] = {
        "bundle": Type((str, Path), "a bundle's folder or name, or an .onnx file"),
        "n_jobs": WorkerCount(),
    }

    network_sha256_: str
    trained_on_: str
    origin_: str

    def __init__(self, *, bundle: str | Path = DEFAULT, n_jobs: int | None = None) -> None:
        self.bundle = bundle
        self.n_jobs = n_jobs

    def network_file(self) -> Path:
        """Path of the ONNX file that `bundle` means.

        Raises
        ------
        FileNotFoundError
            If there is no such bundle or file.
        """
        path = find_shipped(self.bundle)
        return path if path.suffix == ".onnx" else path / NETWORK

    def _learn(self, images: Images) -> None:
        file = self.network_file()
        if file.name == NETWORK and (file.parent / "bundle.json").is_file():
            info = read_description(file.parent)
            if NETWORK not in info["files"]:
                raise ValueError(
                    f"DeepExtractor: {file.parent} is a bundle of {_recipe(info)}, which is no network; "
                    f"name a network's bundle"
                )
            expected = info["files"][NETWORK]
        else:
            info, expected = {}, None
        network = self._open()
        if expected is not None and network.sha256 != expected:
            raise ValueError(f"{file}: the SHA-256 is not the one in bundle.json; copy the bundle again")
        self.network_sha256_, self.origin_ = network.sha256, _origin(info, network.sha256)
        self.trained_on_ = info.get("dataset", {}).get("fingerprint", "")

    def _names(self) -> list[str]:
        return [f"deep_{place}" for place in range(self._open().n_features)]

    def _extract(self, images: Images) -> Rows:
        network = self._open()
        if network.sha256 != self.network_sha256_:
            raise ValueError(
                f"DeepExtractor: {self.network_file()} is not the network seen in fit (SHA-256 {network.sha256[:12]}, "
                f"expected {self.network_sha256_[:12]}); restore that file, or fit again"
            )
        # One by one: the sums of a batch are rounded in another order, and a row must not depend on its neighbours.
        return np.concatenate([network.run(image[None]) for image in images])

    def _open(self) -> "_Network":
        file = self.network_file()
        if not file.is_file():
            raise FileNotFoundError(
                f"DeepExtractor: no network at {file}; name the folder of a network's bundle as features__bundle"
            )
        status = file.stat()
        return _open_network(file, status.st_mtime_ns, status.st_size)


class _Network:
    """An open ONNX file with an output of features."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Threads that share one image's sums would round them in another order.
        options.intra_op_num_threads = 1
        remedy = "name the folder of a network's bundle as features__bundle"
        try:
            self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
            (images,) = self.session.get_inputs()
            height, width = images.shape[1:]
        except Exception as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ValueError(f"DeepExtractor: {file} is damaged or no network of faces ({reason}); {remedy}") from None
        if FEATURES not in {output.name for output in self.session.get_outputs()}:
            raise ValueError(
                f"DeepExtractor: {file} has no output {FEATURES!r}: an older ferbench exported it, or it averages over "
                f"views of the image; fit the network again without test_time, and use that bundle"
            )
        self.input_name, self.image_shape, self.sha256 = images.name, (height, width), file_sha256(file)
        self.n_features = self.run(np.zeros((1, height, width), np.uint8)).shape[1]

    def run(self, images: Images) -> Rows:
        """Features of images; those of another size are resized first, as live mode does with every face."""
        if images.shape[1:] != self.image_shape:
            images = np.stack([resize_face(image, self.image_shape) for image in images])
        (features,) = self.session.run([FEATURES], {self.input_name: images.astype(np.float32)})
        return features


@lru_cache(maxsize=4)
def _open_network(file: Path, _mtime_ns: int, _size: int) -> _Network:
    """Open a network once for each state of its file, outside of any extractor: extractors stay small pickles."""
    return _Network(file)


def _origin(info: Mapping[str, Any], sha256: str) -> str:
    dataset = info.get("dataset", {})
    data = f"{dataset.get('name', 'unknown data')} {dataset.get('fingerprint', '')[:12]}".strip()
    return f"network of {_recipe(info)}, trained on {data} (SHA-256 {sha256[:12]})"


def _recipe(info: Mapping[str, Any]) -> str:
    return str(info.get("recipe", {}).get("name", "an unknown recipe"))
