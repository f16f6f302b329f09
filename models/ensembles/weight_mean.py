"""Average the weights of several trainings of one network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ferbench.models.base import common_shares
from ferbench.models.bundles import DEFAULT_FLOAT32
from ferbench.models.ensembles.compiled import Compiled, plain_network
from ferbench.models.ensembles.pretrained import Pretrained
from ferbench.utils import AtLeast, Each, OrNone, require


class WeightMean(Compiled, Pretrained):
    """One network whose weights are the mean of those of several bundles (a model soup; Wortsman et al., 2022).

    It takes the time of one network. It pays if all of them were trained on from the same weights: for images of
    other sources, the mean of a network and of the same network trained on is often better than either.

    Parameters
    ----------
    bundles : str, Path or sequence of them, default="ferbench-net-l"
        Folders of bundles of networks of one architecture, or names of such bundles that ship with ferbench.
    shares : sequence of float, default=None
        Weight of each bundle in the mean; divided by their sum. None weights all alike.

    Attributes
    ----------
    network_ : bytes
        ONNX file of the network.
    class_shares_ : dict of str to float or None
        Shares of the classes in the training data, where the bundles state the same ones.

    See Also
    --------
    Joined : Mean of the probabilities, at the time of all networks.

    Notes
    -----
    Means of networks that were trained from different random weights are useless: their filters do not correspond.
    """

    constraints: ClassVar[Any] = {
        "shares": OrNone(Each(AtLeast(0), "numbers of at least 0, in a list")),
    }
    test_time = None
    adapt = False

    def __init__(
        self, bundles: str | Path | Sequence[str | Path] = DEFAULT_FLOAT32, *, shares: Sequence[float] | None = None
    ) -> None:
        self.bundles = bundles
        self.shares = shares

    def fit(self, X: NDArray[np.uint8], y: Any) -> Self:
        """Load the bundles and average their weights; nothing is trained.

        Raises
        ------
        ValueError
            If a bundle has no network of ferbench, is of another architecture than the first, or does not match the
            images and labels.
        ImportError
            If the package onnx is not installed.
        """
        require("onnx", "WeightMean", extra="deep")
        super().fit(X, y)
        shares = np.ones(len(self.members_)) if self.shares is None else np.asarray(self.shares, np.float64)
        if len(shares) != len(self.members_) or not shares.sum() > 0:
            raise ValueError(f"shares must hold {len(self.members_)} numbers, not all of them zero; got {self.shares}")
        files = []
        for member in self.members_:
            fits = list(member.classes_) == list(self.classes_)
            files.append(plain_network(member, fits=fits, wanted="these labels"))
        self._replace(mean_network(files, shares / shares.sum()))
        self.class_shares_ = common_shares((member.info for member in self.members_), self.classes_)
        self.probabilities_ = f"softmax of one network with the mean weights of {len(self.members_)}"
        return self


def mean_network(files: Sequence[Path], shares: NDArray[np.float64]) -> bytes:
    """Return the network of the first of several ONNX files, with the weighted mean of the weights of all.

    Each export names its tensors anew, so tensors correspond by the place where they are used.

    Raises
    ------
    ValueError
        If the files hold different networks, or 8-bit weights.
    """
    import onnx
    from onnx import TensorProto, numpy_helper

    networks = [onnx.load(file) for file in files]
    places = [_places(network) for network in networks]
    tensors = [[tensor for _, used in own for tensor in used if tensor is not None] for own in places]
    for file, own, used in zip(files, places, tensors, strict=True):
        if list(map(_form, own)) != list(map(_form, places[0])):
            raise ValueError(f"{file} is a network of another architecture than the first one")
        if any(tensor.data_type in (TensorProto.UINT8, TensorProto.INT8) for tensor in used):
            raise ValueError(f"{file} has 8-bit weights; average the float32 network and export it with --int8")
    same = {each[0].name: each for each in zip(*tensors, strict=True) if each[0].data_type == TensorProto.FLOAT}
    for tensor in networks[0].graph.initializer:
        if tensor.name in same:
            values = map(numpy_helper.to_array, same[tensor.name])
            mean = sum(share * value for share, value in zip(shares, values, strict=True))
            tensor.CopyFrom(numpy_helper.from_array(np.asarray(mean, np.float32), tensor.name))
    onnx.checker.check_model(networks[0])
    return bytes(networks[0].SerializeToString())


def _places(network: Any) -> list[tuple[str, list[Any]]]:
    """Return the type of each operation of a network, and the tensor of each of its inputs, None for a value."""
    known = {tensor.name: tensor for tensor in network.graph.initializer}
    return [(node.op_type, [known.get(name) for name in node.input]) for node in network.graph.node]


def _form(place: tuple[str, list[Any]]) -> tuple[str, list[tuple[int, ...] | None]]:
    """Return what the same place has in each training of one network."""
    operation, tensors = place
    return operation, [None if tensor is None else (tensor.data_type, *tensor.dims) for tensor in tensors]
