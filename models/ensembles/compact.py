"""Compile a classical recognizer to a network with 8-bit weights."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from tqdm import tqdm

from ferbench.models.base import MostProbable, check_classes, library_of
from ferbench.models.bundles import OnnxNetwork
from ferbench.models.ensembles.compiled import Compiled
from ferbench.utils import Constraint, Graph, OneOf, check_parameters, require

# Training images that give the ranges of 8-bit integers, and images of a batch.
SAMPLE, BLOCK = 256, 256


class Compact(Compiled, MostProbable, BaseEstimator):
    """Meta-estimator that fits a classical recognizer and compiles it to a network in ONNX format.

    A kernel machine on Fisher vectors is accurate, but its stored rows and principal components take hundreds of
    megabytes, and its many small steps take long in Python. The network computes the same in one graph. With 8-bit
    integers, the rows and components take a quarter of the memory, which limits the speed of one prediction.

    Parameters
    ----------
    recognizer : Pipeline
        Unfitted recipe whose extractor and classifier can write a graph: `SIFTExtractor` with Fisher vectors, also in
        `MirrorViews`, and `KernelRidge` with an RBF kernel. Other estimators that define `check_graph` and
        `write_graph` can be compiled, too.
    precision : {"int8", "float32"}, default="int8"
        Numbers in which the components and the stored rows are kept.

    Attributes
    ----------
    network_ : bytes
        ONNX file of the network.
    loo_probabilities_ : ndarray of shape (n_samples, n_classes)
        Leave-one-out probabilities of the training images in float32, if the classifier computes them for all.

    See Also
    --------
    ferbench.models.quantize_bundle : Do this for a trained network.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.

    Notes
    -----
    `predict_proba` runs the network, and `fit` extracts the features by the same nodes, in float32. `sample_weight` is
    not supported, since the recognizer is a pipeline, which takes weights only by the name of a step.

    Examples
    --------
    >>> from ferbench.models import make_recipe
    >>> make_recipe("compact:sift+kernel-ridge").precision
    'int8'
    """

    behavior_libraries: ClassVar[tuple[str, ...]] = ("onnxruntime",)
    constraints: ClassVar[Mapping[str, Constraint]] = {"precision": OneOf(("int8", "float32"))}

    def __init__(self, recognizer: Any, *, precision: Literal["int8", "float32"] = "int8") -> None:
        self.recognizer = recognizer
        self.precision = precision

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the recognizer on images of shape (n_samples, height, width), uint8, and labels, and compile it.

        Raises
        ------
        ValueError
            If a part of the recognizer cannot be compiled.
        ImportError
            If the package onnx is not installed.
        """
        require("onnx", "Compact", extra="deep")
        check_parameters(self)
        images, labels = self._first_images(X), np.asarray(y)
        self.classes_ = check_classes(labels)
        self._check_parts()
        extractor = clone(self.recognizer[0]).fit(images, labels)
        classifier = clone(self.recognizer[-1]).fit(self._features(extractor, images), labels)
        graph = Graph(self.image_shape_, int8=self.precision == "int8")
        result = classifier.write_graph(graph, extractor.write_graph(graph, "images", images[:SAMPLE]))
        self._compile(graph, result)
        self.__dict__.pop("loo_probabilities_", None)
        if (answers := getattr(classifier, "loo_probabilities_", None)) is not None:
            self.loo_probabilities_ = answers
        self.implementation_ = f"{library_of(classifier)}; compiled to ONNX, {self.precision}"
        self.probabilities_ = classifier.probabilities_
        return self

    def _features(self, extractor: Any, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the features of the training images, from the same nodes that the compiled network has."""
        graph = Graph(self.image_shape_)
        features = extractor.write_graph(graph, "images", images[:SAMPLE])
        network = OnnxNetwork(graph.content(features, len(extractor.get_feature_names_out())))
        starts = tqdm(range(0, len(images), BLOCK), desc="features", unit="batch", delay=2, leave=False, disable=None)
        return np.concatenate([network.run(images[start : start + BLOCK]) for start in starts])

    def _check_parts(self) -> None:
        steps = [step for _, step in getattr(self.recognizer, "steps", [])]
        if len(steps) != 2 or not all(hasattr(step, "write_graph") for step in steps):
            names = "+".join(type(step).__name__ for step in steps) or type(self.recognizer).__name__
            raise ValueError(f"{names} cannot be compiled to a network; sift+kernel-ridge with Fisher vectors can")
        # A fit takes long, so what cannot be compiled is refused before it.
        for step in steps:
            step.check_graph()
