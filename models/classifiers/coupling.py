"""Compute class probabilities from the pairwise decision values of one-against-one classifiers."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression


def fit_sigmoids(
    decisions: NDArray[np.floating],
    targets: NDArray[np.intp],
    n_classes: int,
    sample_weight: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Fit a sigmoid for each pair of classes: the probability of the first class given the decision value.

    Parameters
    ----------
    decisions : ndarray of shape (n_samples, n_pairs)
        Decision values on images that the classifiers were not fitted on; pairs (0, 1), (0, 2), … as in LIBSVM.
    targets : ndarray of shape (n_samples,)
        Class indices; each class must occur.
    n_classes : int
    sample_weight : ndarray of shape (n_samples,), optional
        Weights of the images.

    Returns
    -------
    ndarray of shape (2, n_pairs), float64
        Slopes and offsets.

    References
    ----------
    Platt, "Probabilistic outputs for support vector machines", 1999.
    """
    sigmoids = np.empty((2, decisions.shape[1]))
    for pair, (first, second) in enumerate(combinations(range(n_classes), 2)):
        rows = (targets == first) | (targets == second)
        scale = decisions[rows, pair].std() + 1e-6
        weights = None if sample_weight is None else sample_weight[rows]
        fitted = LogisticRegression(C=100).fit(decisions[rows, pair, None] / scale, targets[rows] == first, weights)
        sigmoids[:, pair] = fitted.coef_[0, 0] / scale, fitted.intercept_[0]
    return sigmoids


def couple(decisions: NDArray[np.floating], sigmoids: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Compute the class probabilities that agree best with the pairwise probabilities.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), float64

    References
    ----------
    Wu, Lin and Weng, "Probability estimates for multi-class classification by pairwise coupling", JMLR 5, 2004 (the
    second method; it solves one linear system for each image).
    """
    n_samples, every = len(decisions), np.arange(n_classes)
    first, second = np.triu_indices(n_classes, 1)
    pairwise = np.zeros((n_samples, n_classes, n_classes))
    pairwise[:, first, second] = 1 / (1 + np.exp(-np.clip(decisions * sigmoids[0] + sigmoids[1], -30, 30)))
    pairwise[:, second, first] = 1 - pairwise[:, first, second]
    transposed = pairwise.transpose(0, 2, 1)
    # Minimize sum of (r_ji p_i - r_ij p_j)^2 subject to sum p = 1, the last row and column.
    system = np.ones((n_samples, n_classes + 1, n_classes + 1))
    system[:, :-1, :-1] = -pairwise * transposed
    system[:, every, every] = np.square(transposed).sum(axis=2)
    system[:, -1, -1] = 0
    right = np.zeros((n_samples, n_classes + 1, 1))
    right[:, -1] = 1
    probabilities = np.maximum(np.linalg.solve(system, right)[:, :-1, 0], 1e-9)
    return probabilities / probabilities.sum(axis=1, keepdims=True)
