"""Run a foreign ONNX model by its contract. Live mode imports this module, so it does not import scikit-learn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.models.base import CPU, open_session
from ferbench.models.foreign.by_contract import ByContract
from ferbench.models.foreign.contract import Contract
from ferbench.models.foreign.graph import check_graph

_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}


class ForeignNetwork(ByContract):
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
        super().__init__(file, contract)
        self.session = _open(file, n_threads, provider)
        self._check_input()
        self._check_output()
        self._begin(labels)

    def _outputs(self, inputs: NDArray[Any]) -> NDArray[Any]:
        outputs: NDArray[Any] = self.session.run([self.output_name], {self.input_name: inputs})[0]
        return outputs

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
        if isinstance(shape[0], int):
            self._block = 1

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
