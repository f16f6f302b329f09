"""A TorchScript file that was trained elsewhere, as a scikit-learn classifier of images."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from ferbench.models.foreign.from_file import FromFile
from ferbench.models.foreign.script_network import ScriptNetwork
from ferbench.models.foreign.trust import check_trusted
from ferbench.utils import BOOLEAN, Above, Constraint, OrNone, Type


class TorchScriptModel(FromFile):
    """Recognizer that was trained elsewhere: a TorchScript file with a contract of its input and output.

    Use it to measure a model that cannot be exported to ONNX; the recipe ``torchscript:PATH`` makes one. Opening the
    file runs code from it, in a child process that is no sandbox, so it must be trusted.

    Parameters
    ----------
    path : str or Path
        File of the model: ``*.pt``, ``*.torchscript`` or ``*.ts``, written by ``torch.jit.save``.
    contract : str, Path or None, default=None
        TOML file of the contract; None takes the one beside the model, ``my.toml`` for ``my.pt``.
    checksum : str or None, default=None
        Expected checksum of model and contract. A suite sets it, so that a changed file is another cell.
    release : str or None, default=None
        Expected version of PyTorch. A suite sets it, so that another version is another cell.
    python : str or None, default=None
        Interpreter that has PyTorch; None takes the one that ``--torch`` names, or else this one. A suite cannot set
        it.
    timeout_s : float or None, default=None
        Seconds for each answer; None takes 300 for the first and 120 for each later one.
    trust : bool, default=False
        Run the code of the file; False needs ``--trust`` on the command line. A suite cannot set it.

    See Also
    --------
    ForeignModel : The same for an ONNX or Keras file, which runs no code.
    ferbench.models.foreign.from_file.FromFile : Base class; it documents the attributes.

    Notes
    -----
    `fit` trains nothing. The data that the model was trained on may include the test images; the record says so.
    """

    behavior_libraries: ClassVar[tuple[str, ...]] = ("opencv-python-headless",)
    constraints: ClassVar[Mapping[str, Constraint]] = {
        **FromFile.constraints,
        "release": OrNone(Type((str,), "a version")),
        "python": OrNone(Type((str,), "a path")),
        "timeout_s": OrNone(Above(0)),
        "trust": BOOLEAN,
    }
    cannot_travel: ClassVar[str] = (
        "it runs code from its file; export that with torch.onnx.export(model, images, 'model.onnx'), and save the "
        "recipe onnx:model.onnx"
    )

    network_: ScriptNetwork

    def __init__(
        self,
        path: str | Path,
        *,
        contract: str | Path | None = None,
        checksum: str | None = None,
        release: str | None = None,
        python: str | None = None,
        timeout_s: float | None = None,
        trust: bool = False,
    ) -> None:
        self.path = path
        self.contract = contract
        self.checksum = checksum
        self.release = release
        self.python = python
        self.timeout_s = timeout_s
        self.trust = trust

    def close(self) -> None:
        """End the process of the model; the next prediction starts it again."""
        if hasattr(self, "network_"):
            self.network_.process.close()

    def _check_file(self, path: Path) -> None:
        if not self.trust:
            check_trusted(path)

    def _open(self) -> None:
        path = Path(self.path)
        network = ScriptNetwork(
            path, self.contract_, self.classes_.tolist(), python=self.python, timeout_s=self.timeout_s
        )
        if self.release not in (None, network.release):
            network.process.close()
            raise ValueError(f"{path}: expected PyTorch {self.release}, got {network.release}; run it again")
        self.network_ = network

    def _origin(self, checksum: str) -> str:
        return f"{super()._origin(checksum)}, torch {self.network_.release}"
