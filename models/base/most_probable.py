"""Classifiers whose answer is their most probable class."""

from typing import Any

from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin


class MostProbable(ClassifierMixin):
    """Mixin of classifiers with `predict_proba` and `classes_`: `predict` can never contradict the probabilities.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of the columns of `predict_proba`, one column for each.
    implementation_ : str
        Library that fitted the classifier.
    probabilities_ : str
        How the probabilities come about.
    """

    classes_: NDArray[Any]
    implementation_: str
    probabilities_: str

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Class with the largest probability."""
        # Before `classes_`: what is not fitted says so here.
        places = self.predict_proba(X).argmax(axis=1)
        return self.classes_[places]
