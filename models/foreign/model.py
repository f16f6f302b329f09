"""A network that was trained elsewhere, as a scikit-learn classifier of images."""

import tempfile
from pathlib import Path
from typing import Any, ClassVar

from sklearn.utils.validation import check_is_fitted

from ferbench.models.base import CLASS_SHARES
from ferbench.models.foreign.from_file import FromFile
from ferbench.models.foreign.keras_file import convert_keras
from ferbench.models.foreign.network import ForeignNetwork


class ForeignModel(FromFile):
    """Recognizer that was trained elsewhere: an ONNX or Keras file with a contract of its input and output.

    Use it to measure a model beside other recipes; the recipes ``onnx:PATH`` and ``keras:PATH`` make one. It can be
    saved as a bundle and run live.

    Parameters
    ----------
    path : str or Path
        File of the model: ``*.onnx`` or ``*.keras``.
    contract : str, Path or None, default=None
        TOML file of the contract; None takes the one beside the model, ``my.toml`` for ``my.onnx``.
    checksum : str or None, default=None
        Expected checksum of model and contract. A suite sets it, so that a changed file is another cell.

    See Also
    --------
    TorchScriptModel : The same for a TorchScript file.
    ferbench.models.foreign.from_file.FromFile : Base class; it documents the attributes.
    Pretrained : Bundles as a recognizer.
    save_bundle : Save a fitted recognizer as a bundle.

    Notes
    -----
    `fit` trains nothing. The data that the model was trained on may include the test images; the record says so.
    """

    behavior_libraries: ClassVar[tuple[str, ...]] = ("onnxruntime", "opencv-python-headless")
    _opened: ClassVar[tuple[str, ...]] = ("_onnx",)

    def __init__(self, path: str | Path, *, contract: str | Path | None = None, checksum: str | None = None) -> None:
        self.path = path
        self.contract = contract
        self.checksum = checksum

    def write_model(self, target: Path) -> dict[str, Any]:
        """Write the model as ONNX to a file; return the contract, for the description of a bundle."""
        check_is_fitted(self, "network_")
        target.write_bytes(self._onnx)
        # The description of the bundle has the shares in a field of their own.
        return {key: value for key, value in self.contract_.as_table().items() if key != CLASS_SHARES}

    def _open(self) -> None:
        path = Path(self.path)
        with tempfile.TemporaryDirectory(prefix="ferbench-") as folder:
            file = path
            if path.suffix.lower() == ".keras":
                file = Path(folder, path.with_suffix(".onnx").name)
                convert_keras(path, file, self.contract_)
            self.network_ = ForeignNetwork(file, self.contract_, self.classes_.tolist())
            self._onnx = file.read_bytes()
