"""A network that was trained elsewhere, as a scikit-learn classifier of images."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ferbench.features import ImageInput
from ferbench.models.base import CLASS_SHARES, MostProbable, kept_shares
from ferbench.models.foreign.files import checksum_of, load_contract
from ferbench.models.foreign.keras_file import convert_keras
from ferbench.models.foreign.network import ForeignNetwork
from ferbench.utils import Constraint, OrNone, Type, check_parameters


class ForeignModel(ImageInput, MostProbable, BaseEstimator):
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

    Attributes
    ----------
    contract_ : Contract
        The contract as read.
    network_ : ForeignNetwork
        The opened model.
    origin_ : str
        File and checksum.
    size_bytes_ : int
        Size of the file.
    warning_ : str
        What the record says about the data that the model was trained on.
    class_shares_ : dict of str to float or None
        Shares of the classes in that data, where the contract states them.

    See Also
    --------
    Pretrained : Bundles as a recognizer.
    save_bundle : Save a fitted recognizer as a bundle.

    Notes
    -----
    `fit` trains nothing. The data that the model was trained on may include the test images; the record says so.
    """

    behavior_libraries: ClassVar[tuple[str, ...]] = ("onnxruntime", "opencv-python-headless")
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "path": Type((str, Path), "a path"),
        "contract": OrNone(Type((str, Path), "a path")),
        "checksum": OrNone(Type((str,), "a checksum")),
    }

    def __init__(self, path: str | Path, *, contract: str | Path | None = None, checksum: str | None = None) -> None:
        self.path = path
        self.contract = contract
        self.checksum = checksum

    def fit(self, X: NDArray[np.uint8], y: Sequence[str]) -> Self:
        """Open the model and check that it knows the labels; nothing is trained.

        Parameters
        ----------
        X : ndarray of shape (n_samples, height, width), uint8
            Gray faces of any size; they are resized to the size in the contract.
        y : sequence of str, length n_samples

        Raises
        ------
        FileNotFoundError
            If the model or its contract is missing.
        ValueError
            If the model contradicts its contract, lacks a label of `y`, or changed since the suite was read.
        """
        check_parameters(self)
        images = self._first_images(X)
        path = Path(self.path)
        self.contract_ = load_contract(path, self.contract)
        found = checksum_of(path, self.contract_)
        if self.checksum not in (None, found):
            raise ValueError(f"{path} or its contract changed: expected {self.checksum}, got {found}; run it again")
        self.classes_ = np.unique(np.asarray(y))
        self._open()
        stated = dict(zip(self.contract_.labels, self.contract_.class_shares, strict=False))
        self.class_shares_ = kept_shares(stated, self.classes_)
        self.origin_ = f"{path.name} ({found})"
        known = self.contract_.trained_on or "unknown data"
        self.warning_ = f"trained elsewhere, on {known}: it may have seen these test images"
        self.size_bytes_ = path.stat().st_size
        self.probabilities_ = ", ".join([f"{self.contract_.output} of the model", *self._adaptations(images.shape[1:])])
        return self

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return probabilities of shape (n_samples, n_classes) for images of shape (n_samples, height, width)."""
        check_is_fitted(self, "network_")
        return self.network_.predict_proba(self._same_images(X))

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

    def _adaptations(self, shape: tuple[int, ...]) -> list[str]:
        """Describe how images and labels are adapted, for the result record."""
        contract, notes = self.contract_, []
        if (contract.height, contract.width) != shape:
            size = f"{contract.width} x {contract.height}"
            notes.append(f"images of {shape[1]} x {shape[0]} pixels resized to {size}")
        if contract.channels > 1:
            notes.append(f"gray repeated as {contract.color.upper()}")
        if len(self.classes_) < len(contract.labels):
            notes.append(f"those of {len(self.classes_)} of {len(contract.labels)} labels, made to sum to one")
        return notes

    def __getstate__(self) -> dict[str, Any]:
        # An open network cannot be pickled; it is opened again.
        return {
            name: value for name, value in dict(super().__getstate__()).items() if name not in ("network_", "_onnx")
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "contract_" in state:
            self._open()
