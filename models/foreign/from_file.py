"""What recognizers from a file have in common: a contract, a checksum, and notes for the record."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ferbench.features import ImageInput
from ferbench.models.base import MostProbable, kept_shares
from ferbench.models.foreign.by_contract import ByContract
from ferbench.models.foreign.contract import Contract
from ferbench.models.foreign.files import checksum_of, load_contract
from ferbench.utils import Constraint, OrNone, Type, check_parameters


class FromFile(ImageInput, MostProbable, BaseEstimator):
    """Recognizer that was trained elsewhere, in a file with a contract; a subclass opens it.

    Attributes
    ----------
    contract_ : Contract
        The contract as read.
    network_ : ByContract
        The opened model.
    origin_ : str
        File and checksum, and for TorchScript the version of PyTorch.
    size_bytes_ : int
        Size of the file.
    warning_ : str
        What the record says about the data that the model was trained on.
    class_shares_ : dict of str to float or None
        Shares of the classes in that data, where the contract states them.
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {
        "path": Type((str, Path), "a path"),
        "contract": OrNone(Type((str, Path), "a path")),
        "checksum": OrNone(Type((str,), "a checksum")),
    }

    path: str | Path
    contract: str | Path | None
    checksum: str | None
    contract_: Contract
    network_: ByContract
    # Further attributes that `_open` makes.
    _opened: ClassVar[tuple[str, ...]] = ()

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
        self._check_file(path)
        self.contract_ = load_contract(path, self.contract)
        found = checksum_of(path, self.contract_)
        if self.checksum not in (None, found):
            raise ValueError(f"{path} or its contract changed: expected {self.checksum}, got {found}; run it again")
        self.classes_ = np.unique(np.asarray(y))
        self._open()
        stated = dict(zip(self.contract_.labels, self.contract_.class_shares, strict=False))
        self.class_shares_ = kept_shares(stated, self.classes_)
        self.origin_ = self._origin(found)
        known = self.contract_.trained_on or "unknown data"
        self.warning_ = f"trained elsewhere, on {known}: it may have seen these test images"
        self.size_bytes_ = path.stat().st_size
        self.probabilities_ = ", ".join([f"{self.contract_.output} of the model", *self._adaptations(images.shape[1:])])
        return self

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return probabilities of shape (n_samples, n_classes) for images of shape (n_samples, height, width)."""
        check_is_fitted(self, "network_")
        return self.network_.predict_proba(self._same_images(X))

    @abstractmethod
    def _open(self) -> None:
        """Open the model as `network_`."""

    def _origin(self, checksum: str) -> str:
        return f"{Path(self.path).name} ({checksum})"

    def _check_file(self, path: Path) -> None:
        """Raise ValueError where the file must not be opened."""

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
        opened = ("network_", *self._opened)
        return {name: value for name, value in dict(super().__getstate__()).items() if name not in opened}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "contract_" in state:
            self._open()
