"""Base class of the extractors that run the network of a bundle."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ferbench.features import ImageExtractor, Rows
from ferbench.models.base import open_session
from ferbench.models.bundles import DEFAULT_FLOAT32, NETWORK, file_sha256, find_shipped, read_description, recipe_name
from ferbench.utils import Constraint, Images, Type, WorkerCount, resize_faces


class NetworkExtractor(ImageExtractor):
    """Base class of the extractors whose features come from one output of a trained network.

    Parameters
    ----------
    bundle : str or Path
        Folder of a network's bundle, the name of a bundle that ships with ferbench, or an ``.onnx`` file.
    n_jobs : int or None, default=None
        Threads for large batches, as in joblib: None is one, -1 is all cores.

    Attributes
    ----------
    network_sha256_ : str
        SHA-256 (hex) of the network used in `fit`; `transform` raises ValueError if the file has changed.
    origin_ : str
        Origin of the network: recipe, data set with its fingerprint, and checksum.
    """

    behavior_libraries: ClassVar[tuple[str, ...]] = ("onnxruntime", "opencv-python-headless")
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "bundle": Type((str, Path), "a bundle's folder or name, or an .onnx file"),
        "n_jobs": WorkerCount(),
    }
    #: Name of the network's output.
    output: ClassVar[str]
    #: Name of the network's file in the bundle of a recognizer with this extractor.
    carried_as: ClassVar[str]
    #: End of the message for a network without this output: the likely reason and the remedy.
    lacking: ClassVar[str]

    network_sha256_: str
    origin_: str

    def __init__(self, *, bundle: str | Path = DEFAULT_FLOAT32, n_jobs: int | None = None) -> None:
        self.bundle = bundle
        self.n_jobs = n_jobs

    def network_file(self) -> Path:
        """Return the path of the ONNX file of `bundle`.

        Raises
        ------
        FileNotFoundError
            If the bundle or file does not exist.
        """
        path = find_shipped(self.bundle)
        return path if path.suffix == ".onnx" else path / NETWORK

    def carried_files(self) -> dict[str, tuple[Path, str]]:
        """Return the files to copy into a bundle: parameter -> (file, name there).

        Shipped networks are copied too, since another version of ferbench may ship another network.
        """
        return {"bundle": (self.network_file(), self.carried_as)}

    def _learn(self, images: Images) -> None:
        self._meet()

    def _meet(self) -> Mapping[str, Any]:
        """Load the network, set its checksum and origin, and return its bundle's description (empty without one)."""
        file = self.network_file()
        if file.name == NETWORK and (file.parent / "bundle.json").is_file():
            info: Mapping[str, Any] = read_description(file.parent)
            if NETWORK not in info["files"]:
                raise ValueError(
                    f"{type(self).__name__}: {file.parent} is a bundle of {_recipe(info)}, which is no network; "
                    f"name a network's bundle"
                )
            expected = info["files"][NETWORK]
        else:
            info, expected = {}, None
        network = self._open()
        if expected is not None and network.sha256 != expected:
            raise ValueError(f"{file}: the SHA-256 is not the one in bundle.json; copy the bundle again")
        self.network_sha256_, self.origin_ = network.sha256, _origin(info, network.sha256)
        return info

    def _extract(self, images: Images) -> Rows:
        network = self._open()
        if network.sha256 != self.network_sha256_:
            raise ValueError(
                f"{type(self).__name__}: {self.network_file()} is not the network seen in fit (SHA-256 "
                f"{network.sha256[:12]}, expected {self.network_sha256_[:12]}); restore that file, or fit again"
            )
        # One image at a time: rounding depends on the batch size, but a row must not depend on the other images.
        return self._rows(np.concatenate([network.run(image[None]) for image in images]))

    @abstractmethod
    def _rows(self, answers: Rows) -> Rows:
        """Return the rows of features for the network's output for each image."""

    def _open(self) -> "_Network":
        file = self.network_file()
        if not file.is_file():
            raise FileNotFoundError(
                f"{type(self).__name__}: no network at {file}; name the folder of a network's bundle as "
                f"features__bundle"
            )
        status = file.stat()
        try:
            return _open_network(file, self.output, self.lacking, status.st_mtime_ns, status.st_size)
        except ValueError as error:
            raise ValueError(f"{type(self).__name__}: {error}") from None


class _Network:
    """Open ONNX file and the requested output."""

    def __init__(self, file: Path, output: str, lacking: str) -> None:
        remedy = "name the folder of a network's bundle as features__bundle"
        try:
            # Several threads would add in another order, which changes the rounding.
            self.session = open_session(file, n_threads=1)
            (images,) = self.session.get_inputs()
            height, width = images.shape[1:]
        except Exception as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ValueError(f"{file} is damaged or no network of faces ({reason}); {remedy}") from None
        if output not in {known.name for known in self.session.get_outputs()}:
            raise ValueError(f"{file} has no output {output!r}: {lacking}")
        self.output = output
        self.input_name, self.image_shape, self.sha256 = images.name, (height, width), file_sha256(file)
        self.n_features = self.run(np.zeros((1, height, width), np.uint8)).shape[1]

    def run(self, images: Images) -> Rows:
        """Run the network on images after resizing them to its input size, in the same way as live mode."""
        faces = resize_faces(images, self.image_shape)
        (features,) = self.session.run([self.output], {self.input_name: faces.astype(np.float32)})
        return features


@lru_cache(maxsize=4)
def _open_network(file: Path, output: str, lacking: str, _mtime_ns: int, _size: int) -> _Network:
    """Open a network and cache it until the file changes; extractors do not store it, so their pickles are small."""
    return _Network(file, output, lacking)


def _origin(info: Mapping[str, Any], sha256: str) -> str:
    dataset = info.get("dataset", {})
    data = f"{dataset.get('name', 'unknown data')} {dataset.get('fingerprint', '')[:12]}".strip()
    return f"network of {_recipe(info)}, trained on {data} (SHA-256 {sha256[:12]})"


def _recipe(info: Mapping[str, Any]) -> str:
    return recipe_name(str(info.get("recipe", {}).get("name", "an unknown recipe")))
