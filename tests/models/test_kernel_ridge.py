"""Kernel ridge has the exact solution, exact leave-one-out scores, and scikit-learn's kernels."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss
from sklearn.metrics.pairwise import chi2_kernel, laplacian_kernel, rbf_kernel

from ferbench.models import KernelRidge
from ferbench.models.classifiers.cholesky import factor_in_place, last_of_inverse_diagonal, solve_factored
from ferbench.models.classifiers.kernels import kernel_block, map_additive, mean_squared_distances, normalize, prepare


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(900, 8)).astype(np.float32)
    quadrant = (X[:, :2] > 0) @ [1, 2]
    noisy = np.where(rng.random(900) < 0.1, rng.integers(4, size=900), quadrant)
    y = np.array(["angry", "happy", "sad", "surprise"])[noisy]
    return X[:600], y[:600], X[600:], y[600:]


@pytest.fixture(scope="module")
def histograms() -> np.ndarray:
    return np.random.default_rng(1).dirichlet(np.ones(40), 60).astype(np.float32)


@pytest.mark.parametrize("panel", [7, 64, 500])
def test_the_factor_in_panels_is_the_factor(panel: int) -> None:
    rng = np.random.default_rng(0)
    half = rng.normal(size=(200, 220))
    full = half @ half.T + np.eye(200)
    matrix = full.astype(np.float32)
    factor_in_place(matrix, panel=panel)
    np.testing.assert_allclose(np.tril(matrix), np.linalg.cholesky(full), atol=2e-3)
    np.testing.assert_array_equal(np.triu(matrix, 1), np.triu(full.astype(np.float32), 1))
    right = rng.normal(size=(200, 3))
    np.testing.assert_allclose(full @ solve_factored(matrix, right, panel=panel), right, atol=2e-3)
    expected = np.linalg.inv(full).diagonal()
    for count in (50, 200):
        entries = last_of_inverse_diagonal(matrix, count, panel=panel)
        np.testing.assert_allclose(entries, expected[-count:], rtol=1e-3)


def test_weights_and_leave_one_out_scores_are_those_of_the_definition(blobs: tuple) -> None:
    X, y, X_new, _ = blobs
    X, y = X[:150], y[:150]
    machine = KernelRidge(scaling=None, alpha=0.5, loo_rows=1000).fit(X, y)
    kernel = rbf_kernel(X.astype(float), gamma=machine.rates_[0])
    targets = (y[:, None] == machine.classes_) - machine.shares_
    weights = np.linalg.solve(kernel + 0.5 * np.eye(150), targets)
    expected = rbf_kernel(X_new, X, gamma=machine.rates_[0]) @ weights + machine.shares_
    np.testing.assert_allclose(machine.decision_function_of_classes(X_new), expected, atol=2e-4)

    rest = np.arange(150) != 7
    left_out = kernel[7, rest] @ np.linalg.solve(kernel[rest][:, rest] + 0.5 * np.eye(149), targets[rest])
    weights_7, inverse = weights[7], np.linalg.inv(kernel + 0.5 * np.eye(150))
    np.testing.assert_allclose(targets[7] - weights_7 / inverse[7, 7], left_out, atol=1e-8)
    # The same through the recognizer: the judgment of its probabilities is that of the left-out scores.
    scores = targets - weights / inverse.diagonal()[:, None] + machine.shares_
    loss = log_loss(y, machine.calibration_.predict_proba(scores / machine.score_scale_), labels=machine.classes_)
    np.testing.assert_allclose(machine.loo_scores_[0, 2], loss, atol=1e-3)


def test_leave_one_out_probabilities_of_all_rows_are_in_their_order(blobs: tuple) -> None:
    X, y = blobs[0][:150], blobs[1][:150]
    machine = KernelRidge(scaling=None, alpha=0.5, gamma=2.0, loo_rows=1000).fit(X, y)
    assert machine.loo_probabilities_.shape == (150, 4) and machine.loo_probabilities_.dtype == np.float32
    rest = np.arange(150) != 7
    without = KernelRidge(scaling=None, alpha=0.5, gamma=2.0, loo_rows=1000).fit(X[rest], y[rest])
    np.testing.assert_allclose(machine.loo_probabilities_[7], without.predict_proba(X[7:8])[0], atol=0.03)
    # Its own answers are surer of the labels it remembers than those of fits that have not seen them.
    columns = np.searchsorted(machine.classes_, y)
    seen, unseen = (
        answers[np.arange(150), columns].mean() for answers in (machine.predict_proba(X), machine.loo_probabilities_)
    )
    assert seen > unseen + 0.05
    assert not hasattr(machine.set_params(loo_rows=50).fit(X, y), "loo_probabilities_")


def test_the_best_of_several_alphas_gives_the_same_fit_as_alone(blobs: tuple) -> None:
    X, y, X_new, _ = blobs
    several = KernelRidge(alpha=(1e-3, 1.0, 1000.0), loo_rows=200).fit(X, y)
    assert several.loo_scores_.shape == (3, 3)
    assert several.alpha_ == several.loo_scores_[several.loo_scores_[:, 2].argmin(), 0]
    alone = KernelRidge(alpha=several.alpha_, loo_rows=200).fit(X, y)
    np.testing.assert_allclose(several.predict_proba(X_new), alone.predict_proba(X_new), atol=1e-4)


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_probabilities_are_calibrated_without_further_fits(blobs: tuple, kernel: str) -> None:
    X, y, X_new, y_new = blobs
    machine = KernelRidge(kernel, scaling=None, loo_rows=300).fit(X, y)
    proba = machine.predict_proba(X_new)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-9)
    hits = machine.classes_[proba.argmax(axis=1)] == y_new
    assert hits.mean() > 0.65
    assert abs(proba.max(axis=1).mean() - hits.mean()) < 0.14
    assert abs(hits.mean() - machine.loo_scores_[0, 1]) < 0.1
    assert "leave-one-out scores of 300 training images" in machine.probabilities_


@pytest.mark.parametrize(
    "kernel, exact, tolerance", [("chi2", chi2_kernel, 0.02), ("intersection", laplacian_kernel, 0.08)]
)
def test_mapped_histograms_give_the_kernel_of_histograms(
    histograms: np.ndarray, kernel: str, exact: Any, tolerance: float
) -> None:
    rows = prepare(histograms, kernel, [40], 1)
    distances = -np.log(exact(histograms, gamma=1.0))
    # The width of a kernel is always relative to the mean distance.
    got = kernel_block(rows, rows, [1 / mean_squared_distances(rows)[0]])
    expected = np.exp(-distances / distances.mean())
    np.testing.assert_allclose(got.diagonal(), 1, atol=1e-3)
    np.testing.assert_allclose(got, expected, atol=tolerance)
    assert np.ptp(expected) > 0.5
    mapped = map_additive(-histograms, kernel) @ map_additive(histograms, kernel).T
    np.testing.assert_allclose(mapped.diagonal(), -1, atol=1e-3)


def test_blocks_and_views_average_their_kernels() -> None:
    X = np.random.default_rng(2).normal(size=(20, 10)).astype(np.float32)
    kernels = {}
    for view_a in (0, 5):
        for view_b in (0, 5):
            for place, block in enumerate((slice(0, 2), slice(2, 5))):
                a, b = X[:, view_a : view_a + 5][:, block], X[:, view_b : view_b + 5][:, block]
                kernels[view_a, view_b, place] = rbf_kernel(a, b, gamma=(0.3, 0.7)[place])
    rows = prepare(X, "rbf", [2, 3], 2)
    got = kernel_block(rows, rows, [0.3, 0.7])
    np.testing.assert_allclose(got, np.mean(list(kernels.values()), axis=0), atol=1e-5)


def test_the_order_of_the_views_does_not_change_predictions(blobs: tuple) -> None:
    X, y, X_new, _ = blobs
    machine = KernelRidge(views=2).fit(X, y)
    swapped = np.roll(X_new, 4, axis=1)
    assert np.abs(swapped - X_new).max() > 1
    np.testing.assert_allclose(machine.predict_proba(swapped), machine.predict_proba(X_new), atol=1e-5)


def test_zero_rows_give_finite_predictions(histograms: np.ndarray) -> None:
    y = np.where(np.arange(60) % 2, "happy", "sad")
    X = np.vstack([np.zeros_like(histograms[:3]), histograms[3:]])
    for kernel in ("rbf", "chi2"):
        assert np.isfinite(KernelRidge(kernel).fit(X, y).predict_proba(X)).all()
    assert np.isfinite(normalize(np.zeros((2, 3), np.float32), "rbf")).all()


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"kernel": "cubic"}, "kernel must be one of 'rbf', 'linear', 'chi2', 'intersection'; got 'cubic'"),
        ({"alpha": 0}, "alpha must be a number above 0"),
        ({"alpha": ()}, "alpha must be a number above 0"),
        ({"gamma": -1}, "gamma must be 'scale' or a number above 0"),
        ({"scaling": "max"}, "scaling must be one of 'center', 'norm', or None"),
        ({"blocks": (3, 4)}, r"1 view\(s\) of blocks of \[3, 4\] columns need 7 columns; got 8"),
        ({"views": 3}, "3 view"),
        ({"loo_rows": 0}, "loo_rows must be"),
    ],
)
def test_wrong_parameters_are_named(blobs: tuple, parameters: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KernelRidge(**parameters).fit(*blobs[:2])


def test_a_matrix_larger_than_memory_is_refused_before_allocation(
    blobs: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferbench.models.classifiers.kernel_ridge.usable_memory", lambda: 1e6)
    with pytest.raises(MemoryError, match=r"the kernel matrix of 600 rows takes 0.0 GB.*at most 500 rows.*nystroem"):
        KernelRidge().fit(*blobs[:2])
