"""Mixin of the classifiers that predict their most probable class."""

from typing import Any

from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin


class MostProbable(ClassifierMixin):
    """Mixin of the classifiers with `predict_proba` and `classes_`.

    Its `predict` returns the class with the largest probability, so labels and probabilities are consistent.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels, in the order of the columns of `predict_proba`.
    implementation_ : str
        Library that fitted the classifier.
    probabilities_ : str
        How the probabilities were computed and calibrated.
    """

    classes_: NDArray[Any]
    implementation_: str
    probabilities_: str

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class with the largest probability for each sample."""
        # Call this before reading `classes_`: an unfitted classifier then raises NotFittedError.
        places = self.predict_proba(X).argmax(axis=1)
        return self.classes_[places]
