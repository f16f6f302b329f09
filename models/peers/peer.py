"""A recognizer of another package, as a scikit-learn classifier of images."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ferbench.features import ImageInput
from ferbench.models.base import MostProbable
from ferbench.models.peers.kept import KeptProcess
from ferbench.models.peers.process import PeerProcess
from ferbench.models.peers.registry import get_adapter, interpreter_of
from ferbench.utils import Above, Constraint, OrNone, Type, check_parameters

BLOCK = 64


class Peer(ImageInput, MostProbable, BaseEstimator):
    """Recognizer of another package, which answers in a Python interpreter of its own.

    Use it to measure what others install on the same faces; the recipes ``peer:NAME`` make one.

    Parameters
    ----------
    name : str, default="fer"
        Name of the adapter.
    python : str or None, default=None
        Interpreter of an environment with the package; None takes the one that ``--peer NAME=PYTHON`` names. A suite
        cannot set it.
    release : str or None, default=None
        Expected version of the package. A suite sets it, so that another version is another cell.
    timeout_s : float or None, default=None
        Seconds for each answer; None takes 300 for the first and 120 for each later one.

    Attributes
    ----------
    origin_ : str
        Package, version and project.
    size_bytes_ : int
        Size of the package's own files, without what it needs.
    warning_ : str
        What the record says about the data that the package was trained on, and images without an answer.

    See Also
    --------
    ForeignModel : A model in a file, by its contract.

    Notes
    -----
    `fit` trains nothing. Labels that the package lacks get the probability 0, and those that the data lack are dropped.
    An image without an answer, such as a face that its detector does not find, gets equal probabilities; `warning_`
    says how many there were. The process is bound to the cores that this process may use.
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {
        "name": Type((str,), "a name"),
        "python": OrNone(Type((str,), "a path")),
        "release": OrNone(Type((str,), "a version")),
        "timeout_s": OrNone(Above(0)),
    }
    cannot_travel: ClassVar[str] = "it answers in the interpreter of its package; install that where it is needed"

    _kept: KeptProcess

    def __init__(
        self,
        name: str = "fer",
        *,
        python: str | None = None,
        release: str | None = None,
        timeout_s: float | None = None,
    ) -> None:
        self.name = name
        self.python = python
        self.release = release
        self.timeout_s = timeout_s

    def fit(self, X: NDArray[np.uint8], y: Sequence[str]) -> Self:
        """Start the package and check that it knows labels of the data; nothing is trained.

        Parameters
        ----------
        X : ndarray of shape (n_samples, height, width), uint8
        y : sequence of str, length n_samples

        Raises
        ------
        ValueError
            If there is no such peer, no interpreter is named, its version is another one, or it shares fewer than two
            labels with `y`.
        ImportError
            If the package is not installed there; the message says how to install it.
        """
        check_parameters(self)
        self._first_images(X)
        self.adapter_ = get_adapter(self.name)
        self.classes_ = np.unique(np.asarray(y))
        if len(set(self.classes_) & set(self.adapter_.labels)) < 2:
            raise ValueError(
                f"peer {self.name} knows {', '.join(self.adapter_.labels)}; the data have {', '.join(self.classes_)}"
            )
        version, self.size_bytes_ = self._running().release()
        if self.release not in (None, version):
            raise ValueError(f"peer {self.name}: expected version {self.release}, got {version}; run it again")
        self.origin_ = f"{self.adapter_.package} {version} ({self.adapter_.project})"
        self.probabilities_ = "scores of the package, made to sum to one"
        self.n_silent_, self.n_asked_ = 0, 0
        return self

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return probabilities of shape (n_samples, n_classes) for images of shape (n_samples, height, width)."""
        check_is_fitted(self, "adapter_")
        images, process = self._same_images(X), self._running()
        rows = np.concatenate([process.faces(images[i : i + BLOCK]) for i in range(0, len(images), BLOCK)])
        silent = ~np.isfinite(rows).all(axis=1)
        self.n_silent_ += int(silent.sum())
        self.n_asked_ += len(images)
        answers = np.zeros((len(images), len(self.classes_)))
        for place, label in enumerate(self.classes_.tolist()):
            if label in self.adapter_.labels:
                answers[:, place] = np.maximum(rows[:, self.adapter_.labels.index(label)], 0.0)
        answers[silent] = 0.0
        # Where nothing is left, all labels are equally probable.
        answers[answers.sum(axis=1) == 0] = 1.0
        return np.asarray(answers / answers.sum(axis=1, keepdims=True))

    @property
    def warning_(self) -> str:
        """Note for the record: the training data, and the share of images without an answer."""
        note = f"trained elsewhere, on {self.adapter_.trained_on}: it may have seen these test images"
        if self.n_silent_:
            note += f"; no answer for {self.n_silent_} of {self.n_asked_} images, which count as equal probabilities"
        return note

    def close(self) -> None:
        """End the process of the package; the next prediction starts it again."""
        if "_kept" in vars(self):
            self._kept.close()
            del self._kept

    def _running(self) -> PeerProcess:
        if "_kept" not in vars(self):
            python = self.python or interpreter_of(self.adapter_)
            self._kept = KeptProcess(self.adapter_, python, timeout_s=self.timeout_s)
        return self._kept.running()

    def __getstate__(self) -> dict[str, Any]:
        # A process cannot be copied; a copy starts its own.
        return {name: value for name, value in dict(super().__getstate__()).items() if name != "_kept"}
