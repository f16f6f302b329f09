"""Run a foreign ONNX model by its contract. Live mode imports this module, so it does not import scikit-learn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.models.base import CPU, open_session
from ferbench.models.foreign.contract import Contract
from ferbench.models.foreign.graph import check_graph
from ferbench.utils import Images, check_images, resize_faces

BLOCK = 64
# Distance of the sum of a row of probabilities from one, and of a probability below zero, that rounding may cause.
TOLERANCE = 1e-3
_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}


class ForeignNetwork:
    """Fitted classifier of gray images: an ONNX model that was trained elsewhere, used by its contract.

    Parameters
    ----------
    file : Path
        ONNX model.
    contract : Contract
        Its input and output.
    labels : sequence of str, optional
        Labels in the order of the columns of `predict_proba`; by default those of the contract. The probabilities of
        labels that are left out are dropped, and the others made to sum to one.
    n_threads : int or None
        Threads for one call; None uses the default of ONNX Runtime.
    provider : {"cpu", "cuda", "openvino", "coreml"}, default="cpu"
        Execution provider of ONNX Runtime.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the model should not be opened, contradicts the contract, its outputs are no distribution, or the provider
        cannot be used here.
    """

    def __init__(
        self,
        file: Path,
        contract: Contract,
        labels: Sequence[str] | None = None,
        *,
        n_threads: int | None = None,
        provider: str = CPU,
    ) -> None:
        check_graph(file)
        self.file, self.contract = file, contract
        self.classes_ = np.asarray(contract.labels if labels is None else labels)
        self.session = _open(file, n_threads, provider)
        self._check_input()
        self._check_output()
        if missing := [name for name in self.classes_.tolist() if name not in contract.labels]:
            raise ValueError(f"{file}: its labels are {', '.join(contract.labels)}; {missing[0]!r} is none of them")
        self._columns = [contract.labels.index(name) for name in self.classes_.tolist()]
        self.predict_proba(_probes(contract))

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return probabilities of shape (n_samples, n_classes) for gray images of any size."""
        images, size = check_images(X), (self.contract.height, self.contract.width)
        step = 1 if self._one_by_one else BLOCK
        found = []
        for start in range(0, len(images), step):
            block = resize_faces(images[start : start + step], size)
            outputs = self.session.run([self.output_name], {self.input_name: self._prepared(block)})[0]
            found.append(self._probabilities(np.asarray(outputs, np.float64), len(block)))
        chosen = np.concatenate(found)[:, self._columns]
        if len(self._columns) == len(self.contract.labels):
            return chosen
        # If the dropped labels have all of the probability, the remaining labels get equal probabilities.
        chosen = np.maximum(chosen, np.finfo(np.float32).tiny)
        return np.asarray(chosen / chosen.sum(axis=1, keepdims=True))

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.str_]:
        """Return the most probable label of each image."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

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

    def _check_input(self) -> None:
        inputs = self.session.get_inputs()
        if len(inputs) != 1:
            raise ValueError(f"{self.file}: has {len(inputs)} inputs; expected one, the image")
        self.input_name, shape = inputs[0].name, list(inputs[0].shape)
        if inputs[0].type not in _TYPES:
            raise ValueError(f"{self.file}: its input is {inputs[0].type}; expected one of {', '.join(_TYPES)}")
        self._type = _TYPES[inputs[0].type]
        contract = self.contract
        changed = contract.scale != 1 or any(contract.mean) or set(contract.deviation) != {1.0}
        if self._type is np.uint8 and changed:
            raise ValueError(f"{self.file}: its input is tensor(uint8), so scale, mean and deviation must be left out")
        sides = {"h": contract.height, "w": contract.width, "c": contract.channels}
        expected = [sides.get(axis) for axis in contract.layout]
        fits = len(shape) == len(expected) and all(
            not isinstance(got, int) or wanted is None or got == wanted
            for got, wanted in zip(shape, expected, strict=True)
        )
        if not fits:
            shown = ", ".join("n" if side is None else str(side) for side in expected)
            raise ValueError(
                f"{self.file}: its input has the shape ({', '.join(map(str, shape))}), and the contract (layout, "
                f"size, color) gives ({shown}); correct the contract"
            )
        if isinstance(shape[0], int) and shape[0] != 1:
            raise ValueError(f"{self.file}: takes batches of exactly {shape[0]}; export it with a free batch dimension")
        self._one_by_one = isinstance(shape[0], int)

    def _check_output(self) -> None:
        output = self.session.get_outputs()[0]
        self.output_name, shape, n_labels = output.name, list(output.shape), len(self.contract.labels)
        width = shape[-1] if shape else None
        if len(shape) != 2 or (isinstance(width, int) and width != n_labels):
            raise ValueError(
                f"{self.file}: its output {output.name[:60]!r} has the shape ({', '.join(map(str, shape))}); the "
                f"contract's {n_labels} labels expect (n, {n_labels})"
            )


def _open(file: Path, n_threads: int | None, provider: str) -> Any:
    try:
        return open_session(file, n_threads, provider, quiet=True)
    except ValueError:
        raise  # It is about the provider, not about the file.
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(f"{file}: ONNX Runtime cannot open it: {reason}") from error


def _check_distribution(file: Path, outputs: NDArray[np.float64]) -> None:
    sums = outputs.sum(axis=1)
    worst = int(np.abs(sums - 1).argmax())
    if outputs.min() < -TOLERANCE or abs(sums[worst] - 1) > TOLERANCE:
        raise ValueError(
            f"{file}: its output is no distribution: a row from {outputs[worst].min():.3g} to "
            f'{outputs[worst].max():.3g} sums to {sums[worst]:.3g}; if these are logits, write output = "logits"'
        )


def _probes(contract: Contract) -> NDArray[np.uint8]:
    """Return a few images to try a model on: dark, gray and a ramp."""
    images = np.zeros((3, contract.height, contract.width), np.uint8)
    images[1] = 128
    images[2] = np.linspace(0, 255, contract.width, dtype=np.uint8)
    return images
