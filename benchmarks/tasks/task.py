"""Base class of tasks, which hold everything that differs between expressions and key points."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ferbench.datasets.readers import ANY_SOURCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ferbench.benchmarks.fit import Fitted
    from ferbench.benchmarks.store import Suite

Predict = Callable[["NDArray[np.uint8]"], "NDArray[np.floating]"]


class Task(ABC):
    """Base class of a task: how to load data, predict and score.

    Attributes
    ----------
    name : str
        Name in suites and records.
    folder : str
        Folder of its results in the output folder; empty for the output folder itself.
    companion : str
        Folder of the array files that belong to the records.
    validation, test : str
        Names of the split for choices and of the split for final scores.
    columns : tuple of str
        Arrays of a data set whose Training and validation rows are passed to the measuring process.
    families : tuple of str or None
        Families of its recipes; None for all families without another task.
    one_core : bool
        Whether latency is measured on a single core.
    figure_name : str
        What :meth:`figure` returns.
    """

    name: ClassVar[str]
    folder: ClassVar[str]
    companion: ClassVar[str]
    validation: ClassVar[str]
    test: ClassVar[str]
    figure_name: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    families: ClassVar[tuple[str, ...] | None] = None
    one_core: ClassVar[bool] = False
    #: Version of the steps from predictions to scores; see ``behavior_version`` of the estimators.
    behavior_version: ClassVar[int] = 1

    def load(self, source: str, suite: "Suite") -> Any:
        """Load the data of a suite."""
        options = dict(suite.options)
        if suite.source not in (None, source):
            # The number of drawn faces does not apply to another source, but labels and the names of splits do.
            options = {name: value for name, value in options.items() if name in ANY_SOURCE}
        try:
            return self._load(source, suite, options)
        except TypeError as error:
            raise ValueError(f"{suite.origin}: [dataset] options: {error}") from error

    @abstractmethod
    def _load(self, source: str, suite: "Suite", options: dict[str, Any]) -> Any:
        """Load a source with the size, seed and options of a suite."""

    def handed(self, dataset: Any) -> tuple[str, ...]:
        """Return the columns of a data set that are passed to the measuring process."""
        return self.columns

    @abstractmethod
    def check(self, dataset: Any) -> None:
        """Raise ValueError if a suite cannot be measured on a data set."""

    @abstractmethod
    def counts(self, dataset: Any) -> dict[str, Any]:
        """Return the numbers of the data for a record: ``counts`` by split, and more."""

    @abstractmethod
    def rows(self, dataset: Any) -> dict[str, Any]:
        """Return the arrays of ``rows.npz``, from which all tables can be rebuilt without the data."""

    @abstractmethod
    def restore(self, arrays: Mapping[str, Any], fingerprint: str) -> Any:
        """Rebuild a data set from :attr:`columns`."""

    @abstractmethod
    def predict(self, fitted: "Fitted", dataset: Any) -> tuple[dict[str, Any], dict[str, Any], float]:
        """Predict and score the validation split, which is used for choices.

        Returns
        -------
        arrays : dict
            The arrays to store.
        scores : dict
            Flat rows of scores, by split.
        seconds : float
        """

    @abstractmethod
    def figure(self, arrays: "Mapping[str, NDArray[Any]]", dataset: Any) -> float:
        """Return one score on the validation split, by which a cell is shown, from its stored arrays."""

    @abstractmethod
    def blind(self, fitted: "Fitted", images: "NDArray[np.uint8]") -> "tuple[NDArray[np.float32], float]":
        """Predict the images of the test split, whose labels this process does not have.

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
        """Compare the predictions of :meth:`blind` with the labels of the test split, only in the runner's process.

        Returns
        -------
        ndarray
            The array of the test split to store.
        dict
            A flat row of scores.

        Raises
        ------
        ValueError
            If the predictions do not match the images.
        """

    @abstractmethod
    def answer(self, recognizer: Any) -> Predict:
        """Return the recognizer's method for numeric predictions."""

    @abstractmethod
    def tolerance(self, dataset: Any) -> float:
        """Return the largest allowed difference between the predictions of a bundle and of its recognizer."""

    @abstractmethod
    def outputs(self, recognizer: Any, dataset: Any) -> dict[str, Any]:
        """Return the description of the prediction columns for a record."""

    def block(self, dataset: Any) -> dict[str, Any]:
        """Return the description of the data for a record."""
        return {
            **{name: getattr(dataset, name) for name in ("name", "fingerprint", "drawn")},
            "notes": list(dataset.notes),
            **self.counts(dataset),
        }
