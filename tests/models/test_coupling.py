"""Pairwise coupling: exact for consistent pairs, and valid probabilities for inconsistent pairs."""

from itertools import combinations

import numpy as np

from ferbench.models.classifiers.coupling import couple, fit_sigmoids


def logits(probabilities: np.ndarray) -> np.ndarray:
    pairs = combinations(range(probabilities.shape[1]), 2)
    return np.stack([np.log(probabilities[:, i] / probabilities[:, j]) for i, j in pairs], axis=1)


def test_consistent_pairs_give_the_original_probabilities() -> None:
    expected = np.random.default_rng(0).dirichlet(np.ones(7), 50).clip(1e-4)
    expected /= expected.sum(axis=1, keepdims=True)
    identity = np.array([np.ones(21), np.zeros(21)])
    np.testing.assert_allclose(couple(logits(expected), identity, 7), expected, atol=1e-6)


def test_inconsistent_pairs_give_valid_probabilities() -> None:
    decisions = np.random.default_rng(0).normal(0, 20, (200, 21))
    found = couple(decisions, np.array([np.ones(21), np.zeros(21)]), 7)
    assert (found > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_sigmoids_fit_the_observed_frequencies() -> None:
    rng = np.random.default_rng(0)
    decisions = rng.normal(size=(20000, 1))
    targets = (rng.random(20000) > 1 / (1 + np.exp(-(2 * decisions[:, 0] + 0.5)))).astype(int)
    slope, offset = fit_sigmoids(decisions, targets, 2)[:, 0]
    assert abs(slope - 2) < 0.1 and abs(offset - 0.5) < 0.1
