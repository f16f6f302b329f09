"""Mixin of the recognizers that run as one network in ONNX format."""

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ferbench.features import ImageInput
from ferbench.models.bundles import NETWORK, LoadedBundle, OnnxRecognizer
from ferbench.utils import Graph


class Compiled(ImageInput):
    """Mixin of the recognizers that `fit` compiles to a network.

    `predict_proba` runs the network, so what is measured is what the bundle contains.

    Attributes
    ----------
    network_ : bytes
        ONNX file of the network, which takes float32 gray values 0 to 255 of shape (n_samples, height, width).
    """

    network_: bytes
    classes_: NDArray[Any]

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "network_")
        if "_session" not in self.__dict__:
            self._session = OnnxRecognizer(self.network_, self.classes_.tolist())
        return self._session.predict_proba(self._same_images(X))

    def write_model(self, file: Path) -> None:
        """Write the network of a bundle."""
        file.write_bytes(self.network_)

    def __getstate__(self) -> dict[str, Any]:
        # An open session cannot be pickled; it is opened again.
        state = cast("dict[str, Any]", super().__getstate__())
        return {name: value for name, value in state.items() if name != "_session"}

    def _compile(self, graph: Graph, result: str) -> None:
        """Replace the network by that of a graph with the probabilities `result`."""
        self._replace(graph.content(result, len(self.classes_)))

    def _replace(self, network: bytes) -> None:
        """Replace the network by that of an ONNX file, and forget the session of the one before."""
        self.network_ = network
        self.__dict__.pop("_session", None)


def plain_network(member: LoadedBundle, *, fits: bool, wanted: str) -> Path:
    """Return the ONNX file of a bundle that is to become part of one network, without the temperature of the bundle.

    Parameters
    ----------
    member : LoadedBundle
    fits : bool
        Whether the bundle suits the others; `wanted` says what it would have to be for.
    wanted : str
        End of the message for a bundle that does not suit.

    Raises
    ------
    ValueError
        If the bundle has no network of ferbench, or does not suit.
    """
    if type(member.estimator) is not OnnxRecognizer or not fits:
        raise ValueError(f"{member.path} is no network of ferbench for {wanted}; use Pretrained")
    return member.path / NETWORK
