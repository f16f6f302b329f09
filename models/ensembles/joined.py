"""Join several networks to one that gives their mean probabilities."""

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ferbench.models.base import common_shares
from ferbench.models.bundles import LoadedBundle
from ferbench.models.ensembles.compiled import Compiled, plain_network
from ferbench.models.ensembles.pretrained import Pretrained
from ferbench.utils import Graph, OneOf, OrNone, require


class Joined(Compiled, Pretrained):
    """Mean of the probabilities of several networks, as one network that a bundle can contain.

    Use it to ship an ensemble. `Pretrained` gives the same probabilities, but needs the bundles of all its members.

    Parameters
    ----------
    bundles : str, Path or sequence of them, default="ferbench-net-l"
        Folders of bundles whose model is a network of ferbench, or names of such bundles that ship with ferbench.
    test_time : {"flip"} or None, default=None
        ``flip`` also averages over the mirror image, at twice the time.
    adapt : bool, default=False
        Whether to accept fewer labels than those of the bundle; see `Pretrained`.

    Attributes
    ----------
    network_ : bytes
        ONNX file of the network.
    class_shares_ : dict of str to float or None
        Shares of the classes in the training data, where the bundles state the same ones.

    See Also
    --------
    Pretrained : Mean of any bundles, without a bundle of its own.
    Compact : Compiles a classical recognizer to a network, which can be a member.
    """

    constraints: ClassVar[Any] = {**Pretrained.constraints, "test_time": OrNone(OneOf(("flip",)))}

    def fit(self, X: NDArray[np.uint8], y: Any) -> Self:
        """Load the bundles and join their networks; nothing is trained.

        Raises
        ------
        ValueError
            If a bundle has no network of ferbench, or does not match the images and labels.
        ImportError
            If the package onnx is not installed.
        """
        require("onnx", "Joined", extra="deep")
        super().fit(X, y)
        graph = Graph(self.image_shape_)
        images = "images"
        if self.test_time is not None:
            images = graph.add("Concat", images, graph.mirror(images), axis=0)
        answers = [self._answer(graph, member, images) for member in self.members_]
        total = answers[0] if len(answers) == 1 else graph.add("Mean", *answers)
        if self.test_time is not None:
            views = graph.reshape(total, 2, -1, len(self.classes_))
            total = graph.add("ReduceMean", views, axes=[0], keepdims=0)
        self._compile(graph, total)
        self.class_shares_ = common_shares((member.info for member in self.members_), self.classes_)
        return self

    def _answer(self, graph: Graph, member: LoadedBundle, images: str) -> str:
        """Include the network of a bundle; return its probabilities in the order of `classes_`."""
        fits = member.image_shape == self.image_shape_
        file = plain_network(member, fits=fits, wanted="images of this size")
        columns = [list(member.classes_).index(label) for label in self.classes_]
        answer = graph.include(file, images)
        if columns != list(range(len(member.classes_))):
            answer = graph.add("Gather", answer, graph.constant(columns, np.int64), axis=1)
            answer = graph.add("Div", answer, graph.sum(answer, 1))
        return answer
