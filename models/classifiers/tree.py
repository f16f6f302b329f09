"""Decision tree with smoothed probabilities."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, ClassVar, Self

from numpy.typing import ArrayLike
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import check_is_fitted, column_or_1d

from ferbench.utils import SEED, Constraint, OrNone, Whole, check_parameters

# Weight of the class frequencies of all training rows in the m-estimate of each leaf, as a number of rows.
PRIOR_IMAGES = 7


class Tree(DecisionTreeClassifier):
    """Decision tree of scikit-learn with smoothed leaf frequencies, so that no probability is zero.

    Parameters
    ----------
    max_depth : int or None, default=12
        Largest depth of the tree.
    min_samples_leaf : int, default=5
        Smallest number of training rows in a leaf.
    random_state : int, default=0
        Seed of the choice between equally good splits.

    See Also
    --------
    Forest : Random forest with calibrated probabilities.
    sklearn.tree.DecisionTreeClassifier : The same tree without smoothing.

    References
    ----------
    Cestnik, "Estimating probabilities: a crucial task in machine learning", ECAI 1990 (the m-estimate).

    Examples
    --------
    >>> from ferbench.models import Tree
    >>> Tree().fit([[0.0]] * 9 + [[1.0]], ["happy"] * 9 + ["sad"]).predict_proba([[0.0]])
    array([[0.9, 0.1]])
    """

    behavior_version: ClassVar[int] = 1
    behavior_libraries: ClassVar[tuple[str, ...]] = ("numpy", "scikit-learn")
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "max_depth": OrNone(Whole(1)),
        "min_samples_leaf": Whole(1),
        "random_state": SEED,
    }
    probabilities_ = "class shares of the leaf, drawn towards those of all training images (m-estimate)"

    def __init__(self, *, max_depth: int | None = 12, min_samples_leaf: int = 5, random_state: int = 0) -> None:
        super().__init__(max_depth=max_depth, min_samples_leaf=min_samples_leaf, random_state=random_state)

    @property
    def implementation_(self) -> str:
        """Library that grew the tree."""
        return f"scikit-learn {version('scikit-learn')} DecisionTreeClassifier"

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, check_input: bool = True) -> Self:
        """Grow the tree.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows.
        check_input : bool, default=True
            Whether to check `X`, as in scikit-learn.
        """
        check_parameters(self)
        if y is not None:
            y = column_or_1d(y, warn=True)
        return super().fit(X, y, sample_weight, check_input)

    def predict_proba(self, X: ArrayLike, check_input: bool = True) -> Any:
        """Return the smoothed class frequencies of the leaf of each row, ndarray of shape (n_samples, n_classes)."""
        check_is_fitted(self)
        shares = super().predict_proba(X, check_input)
        n_leaf = self.tree_.weighted_n_node_samples[self.apply(X)][:, None]
        prior = self.tree_.value[0, 0] / self.tree_.value[0, 0].sum()
        return (shares * n_leaf + PRIOR_IMAGES * prior) / (n_leaf + PRIOR_IMAGES)

    def predict(self, X: ArrayLike, check_input: bool = True) -> Any:
        """Return the class with the largest smoothed probability for each row."""
        places = self.predict_proba(X, check_input).argmax(axis=1)
        return self.classes_[places]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        tags.classifier_tags.multi_label = False
        return tags


REGISTERED = {"tree": Tree}
