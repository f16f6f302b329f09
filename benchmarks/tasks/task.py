"""What a suite asks of its recipes: labels of expressions, or key points. All else in the harness is the same."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ferbench.benchmarks.fit import Fitted
    from ferbench.benchmarks.store import Suite

Predict = Callable[["NDArray[np.uint8]"], "NDArray[np.floating]"]


class Task(ABC):
    """One kind of measurement.

    Attributes
    ----------
    name : str
        As suites and records write it.
    folder : str
        Folder of its results within the output folder; empty for the output folder itself.
    companion : str
        Folder of the arrays that stand beside each record.
    validation, test : str
        Splits of its data sets: where things are chosen, and where final choices are scored in the end.
    columns : tuple of str
        Arrays of a data set whose rows of Training and validation travel to the process that measures.
    families : tuple of str or None
        Families of its recipes; None for all that no other task claims.
    one_core : bool
        Whether latency is measured on a single core.
    """

    name: ClassVar[str]
    folder: ClassVar[str]
    companion: ClassVar[str]
    validation: ClassVar[str]
    test: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    families: ClassVar[tuple[str, ...] | None] = None
    one_core: ClassVar[bool] = False

    def load(self, source: str, suite: "Suite") -> Any:
        """Load the data that a suite is measured on."""
        options = dict(suite.options)
        if suite.source not in (None, source):
            # The number of drawn faces means nothing to another source; a part of the labels does.
            options = {name: value for name, value in options.items() if name == "labels"}
        try:
            return self._load(source, suite, options)
        except TypeError as error:
            raise ValueError(f"{suite.origin}: [dataset] options: {error}") from error

    @abstractmethod
    def _load(self, source: str, suite: "Suite", options: dict[str, Any]) -> Any:
        """Load a source with a suite's size, seed and options."""

    @abstractmethod
    def check(self, dataset: Any) -> None:
        """Raise ValueError where a suite cannot be measured on a data set."""

    @abstractmethod
    def counts(self, dataset: Any) -> dict[str, Any]:
        """What a record says of the data's numbers: ``counts`` by split, and more."""

    @abstractmethod
    def rows(self, dataset: Any) -> dict[str, Any]:
        """Arrays of ``rows.npz``: what is needed of the test rows to rebuild every table without the data."""

    @abstractmethod
    def restore(self, arrays: Mapping[str, Any], fingerprint: str) -> Any:
        """Turn :attr:`columns` into a data set again."""

    @abstractmethod
    def predict(self, fitted: "Fitted", dataset: Any) -> tuple[dict[str, Any], dict[str, Any], float]:
        """Predict and score the validation split, where things are chosen.

        Returns
        -------
        arrays : dict
            The companion's arrays.
        scores : dict
            Flat rows of figures, by split.
        seconds : float
        """

    @abstractmethod
    def blind(self, fitted: "Fitted", images: "NDArray[np.uint8]") -> "tuple[NDArray[np.float32], float]":
        """Predict the images of the test split, whose labels this process has not got.

        Returns
        -------
        ndarray of shape (n_images, ...), float32
            Probabilities in the order of the recognizer's classes, or points.
        float
            Seconds.
        """

    @abstractmethod
    def open_test(
        self, answers: "NDArray[np.float32]", classes: "Sequence[str]", dataset: Any
    ) -> "tuple[NDArray[np.floating], dict[str, Any]]":
        """Compare the answers of :meth:`blind` with the labels of the test split: in the runner's process only.

        Returns
        -------
        ndarray
            What the companion keeps of the test split.
        dict
            A flat row of figures.

        Raises
        ------
        ValueError
            If the answers do not fit the images.
        """

    @abstractmethod
    def answer(self, recognizer: Any) -> Predict:
        """The method that gives a recognizer's answers as numbers."""

    @abstractmethod
    def tolerance(self, dataset: Any) -> float:
        """How far a bundle's answers may lie from those of the recognizer it was made of."""

    @abstractmethod
    def outputs(self, recognizer: Any, dataset: Any) -> dict[str, Any]:
        """What a record says of the columns of the answers."""

    def block(self, dataset: Any) -> dict[str, Any]:
        """What a record says of the data."""
        return {
            **{name: getattr(dataset, name) for name in ("name", "fingerprint", "drawn")},
            "notes": list(dataset.notes),
            **self.counts(dataset),
        }
