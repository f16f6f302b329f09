"""Average the weights of several trainings of one network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ferbench.models.base import common_shares
from ferbench.models.bundles import DEFAULT_FLOAT32, NETWORK, OnnxRecognizer
from ferbench.models.ensembles.compiled import Compiled
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
            If a bundle has no network of ferbench, is calibrated, is of another architecture than the first, or does
            not match the images and labels.
        ImportError
            If the package onnx is not installed.
        """
        require("onnx", "WeightMean", extra="deep")
        super().fit(X, y)
        shares = np.ones(len(self.members_)) if self.shares is None else np.asarray(self.shares, np.float64)
        if len(shares) != len(self.members_) or not shares.sum() > 0:
            raise ValueError(f"shares must hold {len(self.members_)} numbers, not all of them zero; got {self.shares}")
        for member in self.members_:
            if type(member.estimator) is not OnnxRecognizer or list(member.classes_) != list(self.classes_):
                raise ValueError(f"{member.path} is no network of ferbench for these labels; use Pretrained")
            if "calibration" in member.info:
                raise ValueError(f"{member.path} is calibrated; average the bundle without a temperature")
        self.network_ = mean_network([member.path / NETWORK for member in self.members_], shares / shares.sum())
        self.__dict__.pop("_session", None)
        self.class_shares_ = common_shares((member.info for member in self.members_), self.classes_)
        self.probabilities_ = f"softmax of one network with the mean weights of {len(self.members_)}"
        return self


def mean_network(files: Sequence[Path], shares: NDArray[np.float64]) -> bytes:
    """Return the network of the first of several ONNX files, with the weighted mean of the weights of all.

    Raises
    ------
    ValueError
        If the files hold different networks, or 8-bit weights.
    """
    import onnx
    from onnx import numpy_helper

    network = onnx.load(files[0])
    mean: dict[str, NDArray[Any]] = {}
    for file, share in zip(files, shares, strict=True):
        for name, value in _weights_as_in(network, onnx.load(file), file).items():
            if value.dtype == np.float32:
                mean[name] = mean.get(name, np.zeros(value.shape)) + share * value
            elif value.dtype in (np.uint8, np.int8):
                raise ValueError(f"{file} has 8-bit weights; average the float32 network and export it with --int8")
    for tensor in network.graph.initializer:
        if tensor.name in mean:
            tensor.CopyFrom(numpy_helper.from_array(mean[tensor.name].astype(np.float32), tensor.name))
    onnx.checker.check_model(network)
    return bytes(network.SerializeToString())


def _weights_as_in(first: Any, model: Any, file: Path) -> dict[str, NDArray[Any]]:
    """Return the weights of a network under the names that they have in the first one.

    Each export names its tensors anew, so tensors correspond by the place where they are used.
    """
    from onnx import numpy_helper

    own, known = ({tensor.name: tensor for tensor in each.graph.initializer} for each in (model, first))
    found: dict[str, NDArray[Any]] = {}
    operations = [[node.op_type for node in each.graph.node] for each in (model, first)]
    alike = operations[0] == operations[1]
    for here, there in zip(model.graph.node, first.graph.node, strict=False):
        for name, place in zip(here.input, there.input, strict=False):
            alike = alike and (name in own) == (place in known)
            if alike and name in own:
                alike = list(own[name].dims) == list(known[place].dims)
                found[place] = numpy_helper.to_array(own[name])
    if not alike:
        raise ValueError(f"{file} is a network of another architecture than the first one")
    return found
