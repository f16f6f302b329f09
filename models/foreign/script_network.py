"""Run a TorchScript file by its contract, in a process of its own."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.models.foreign.by_contract import BLOCK, ByContract
from ferbench.models.foreign.contract import Contract
from ferbench.models.foreign.torchscript_adapter import TorchScriptFile
from ferbench.models.peers import Adapter, KeptProcess, PeerProcess, named_interpreters

NAME = "torchscript"
ADAPTER = Path(__file__).with_name("torchscript_adapter.py")
# Bytes of the images that go to the process at once.
MAX_BLOCK_BYTES = 2**26


class ScriptNetwork(ByContract):
    """Fitted classifier of gray images: a TorchScript file that was trained elsewhere, used by its contract.

    The file's code runs in a child process. That keeps a crash away, but is no sandbox.

    Parameters
    ----------
    file : Path
        TorchScript file.
    contract : Contract
        Its input and output.
    labels : sequence of str, optional
        Labels in the order of the columns of `predict_proba`; by default those of the contract.
    python : str or None
        Interpreter that has PyTorch; None takes the one that ``--torch`` names, or else this one.
    timeout_s : float or None
        Seconds for each answer; None takes 300 for the first and 120 for each later one.

    Raises
    ------
    ImportError
        If PyTorch is not installed there.
    ValueError
        If PyTorch cannot open the file, the model contradicts the contract, its outputs are no distribution, or the
        process ends or is late.
    """

    def __init__(
        self,
        file: Path,
        contract: Contract,
        labels: Sequence[str] | None = None,
        *,
        python: str | None = None,
        timeout_s: float | None = None,
    ) -> None:
        super().__init__(file, contract)
        image_bytes = 4 * contract.height * contract.width * contract.channels
        self._block = max(1, min(BLOCK, MAX_BLOCK_BYTES // image_bytes))
        self.process = KeptProcess(_adapter(file, contract), _interpreter(python), timeout_s=timeout_s)
        try:
            self.release = self.process.running().release()[0]
            self._begin(labels)
        except BaseException:
            self.process.close()
            raise

    def _outputs(self, inputs: NDArray[Any]) -> NDArray[Any]:
        return self.process.running().faces(np.asarray(inputs, np.float32))


def torch_release(file: Path, contract: Contract) -> str:
    """Return the version of PyTorch that would run a file; nothing of the file is opened."""
    with PeerProcess(_adapter(file, contract), _interpreter(None)) as process:
        return process.release()[0]


def _adapter(file: Path, contract: Contract) -> Adapter:
    kind = TorchScriptFile
    return Adapter(
        NAME,
        kind.package,
        kind.project,
        kind.install,
        contract.trained_on,
        contract.labels,
        ADAPTER,
        kind.__qualname__,
        options={"path": str(file.absolute()), "labels": list(contract.labels)},
        model=str(file),
    )


def _interpreter(python: str | None) -> str:
    return python or named_interpreters().get(NAME) or sys.executable
