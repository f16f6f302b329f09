"""Apply the contract of a foreign model: images to its input, and its output to probabilities.

Live mode imports this module, so it does not import scikit-learn.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.models.foreign.contract import Contract
from ferbench.utils import Images, check_images, resize_faces

BLOCK = 64
# Distance of the sum of a row of probabilities from one, and of a probability below zero, that rounding may cause.
TOLERANCE = 1e-3


class ByContract(ABC):
    """Fitted classifier of gray images that uses a model by its contract; a subclass runs the model.

    Parameters
    ----------
    file : Path
        File of the model, for messages.
    contract : Contract
        Its input and output.
    """

    #: Type of the numbers that go into the model, and how many images go in at once.
    _type: type[np.generic] = np.float32
    _block: int = BLOCK

    def __init__(self, file: Path, contract: Contract) -> None:
        self.file, self.contract = file, contract

    @abstractmethod
    def _outputs(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Return what the model gives for its input."""

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return probabilities of shape (n_samples, n_classes) for gray images of any size."""
        images, size = check_images(X), (self.contract.height, self.contract.width)
        found = []
        for start in range(0, len(images), self._block):
            block = resize_faces(images[start : start + self._block], size)
            outputs = np.asarray(self._outputs(self._prepared(block)), np.float64)
            found.append(self._probabilities(outputs, len(block)))
        chosen = np.concatenate(found)[:, self._columns]
        if len(self._columns) == len(self.contract.labels):
            return chosen
        # If the dropped labels have all of the probability, the remaining labels get equal probabilities.
        chosen = np.maximum(chosen, np.finfo(np.float32).tiny)
        return np.asarray(chosen / chosen.sum(axis=1, keepdims=True))

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.str_]:
        """Return the most probable label of each image."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def _begin(self, labels: Sequence[str] | None) -> None:
        """Find the columns of the labels, by default all of the contract, and ask for a few images: dark, gray, a ramp.

        The probabilities of labels that are left out are dropped, and the others made to sum to one.
        """
        contract = self.contract
        self.classes_ = np.asarray(contract.labels if labels is None else labels)
        if missing := [name for name in self.classes_.tolist() if name not in contract.labels]:
            known = ", ".join(contract.labels)
            raise ValueError(f"{self.file}: its labels are {known}; {missing[0]!r} is none of them")
        self._columns = [contract.labels.index(name) for name in self.classes_.tolist()]
        images = np.zeros((3, contract.height, contract.width), np.uint8)
        images[1] = 128
        images[2] = np.linspace(0, 255, contract.width, dtype=np.uint8)
        self.predict_proba(images)

    def _prepared(self, images: Images) -> NDArray[Any]:
        """Return the input of the model for images of its size."""
        contract = self.contract
        values = images.astype(np.float32) / np.float32(contract.scale)
        if contract.layout == "nhw":
            values = (values - np.float32(contract.mean[0])) / np.float32(contract.deviation[0])
        else:
            axis = 1 if contract.layout == "nchw" else 3
            shape = [1, 1, 1, 1]
            shape[axis] = -1
            values = np.repeat(np.expand_dims(values, axis), contract.channels, axis=axis)
            values = values - np.asarray(contract.mean, np.float32).reshape(shape)
            values = values / np.asarray(contract.deviation, np.float32).reshape(shape)
        return values.astype(self._type)

    def _probabilities(self, outputs: NDArray[np.float64], n_images: int) -> NDArray[np.float64]:
        n_labels = len(self.contract.labels)
        if outputs.shape != (n_images, n_labels):
            raise ValueError(
                f"{self.file}: its output has the shape {outputs.shape} for {n_images} images; the contract's "
                f"{n_labels} labels expect {(n_images, n_labels)}"
            )
        if not np.isfinite(outputs).all():
            raise ValueError(f"{self.file}: its output holds numbers that are not finite; export it again")
        if self.contract.output == "logits":
            outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        else:
            _check_distribution(self.file, outputs)
        clipped = np.maximum(outputs, 0.0)
        return np.asarray(clipped / clipped.sum(axis=1, keepdims=True))


def _check_distribution(file: Path, outputs: NDArray[np.float64]) -> None:
    sums = outputs.sum(axis=1)
    worst = int(np.abs(sums - 1).argmax())
    if outputs.min() < -TOLERANCE or abs(sums[worst] - 1) > TOLERANCE:
        raise ValueError(
            f"{file}: its output is no distribution: a row from {outputs[worst].min():.3g} to "
            f'{outputs[worst].max():.3g} sums to {sums[worst]:.3g}; if these are logits, write output = "logits"'
        )
