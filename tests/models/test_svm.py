"""The SVM has the decision values of scikit-learn's machines, and calibrated probabilities."""

import pickle

import numpy as np
import pytest
from sklearn.metrics import log_loss
from sklearn.svm import SVC, LinearSVC

from ferbench.models import SVM


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 12)).astype(np.float32)
    quadrant = (X[:, :2] > 0) @ [1, 2]
    y = np.array(["angry", "happy", "sad", "surprise"])[
        np.where(rng.random(1200) < 0.1, rng.integers(4, size=1200), quadrant)
    ]
    return X[:800], y[:800], X[800:], y[800:]


@pytest.mark.parametrize("accelerate", [False, True])
def test_decision_values_equal_the_library_machine(blobs: tuple, accelerate: bool) -> None:
    X, y, X_new, _ = blobs
    if accelerate:
        pytest.importorskip("sklearnex", reason="scikit-learn-intelex is not installed")
    machine = SVM("rbf", C=2.0, accelerate=accelerate).fit(X, y)
    reference = SVC(C=2.0, gamma=machine.gamma_, decision_function_shape="ovo").fit(X, y)
    np.testing.assert_allclose(
        machine._decide(X_new), reference.decision_function(X_new), atol=0.02 if accelerate else 1e-3
    )
    assert ("intelex" in machine.implementation_) == accelerate


def test_the_linear_machine_finds_liblinear_s_optimum(blobs: tuple) -> None:
    X, y, X_new, _ = blobs
    machine = SVM("linear", C=0.1).fit(X, y)
    reference = LinearSVC(C=0.1, dual=False, tol=1e-8).fit(X, y)
    np.testing.assert_allclose(machine._decide(X_new), reference.decision_function(X_new), atol=5e-3)


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_probabilities_are_calibrated_and_decide_the_label(blobs: tuple, kernel: str) -> None:
    X, y, X_new, y_new = blobs
    machine = SVM(kernel, C=1.0).fit(X, y)
    proba = machine.predict_proba(X_new)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-9)
    assert (machine.predict(X_new) == machine.classes_[proba.argmax(axis=1)]).all()
    correct = machine.predict(X_new) == y_new
    assert correct.mean() > 0.75
    # Said confidence and hits agree, and the log loss beats the class shares by far.
    assert abs(proba.max(axis=1).mean() - correct.mean()) < 0.12
    assert log_loss(y_new, proba, labels=machine.classes_) < 0.75 * np.log(4)
    assert "160 held-out" in machine.probabilities_


def test_float32_support_vectors_only(blobs: tuple) -> None:
    X, y, _, _ = blobs
    machine = SVM("rbf").fit(X, y)
    assert machine.support_vectors_.dtype == machine.coefficients_.dtype == np.float32


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"kernel": "cubic"}, "kernel must be one of 'rbf', 'linear', 'chi2', 'intersection'; got 'cubic'"),
        ({"C": 0}, "C must be a number above 0"),
        ({"gamma": "auto"}, "gamma must be"),
    ],
)
def test_wrong_parameters_are_named(blobs: tuple, parameters: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SVM(**parameters).fit(*blobs[:2])


@pytest.mark.parametrize("kernel", ["chi2", "intersection"])
def test_histogram_kernels_separate_classes_of_histograms(kernel: str) -> None:
    rng = np.random.default_rng(0)
    # Classes differ in small bins, beside large ones that mean nothing: the chi-square distance looks at ratios.
    y = rng.choice(["happy", "sad", "angry"], 900)
    shares = {"happy": [5, 1, 1], "sad": [1, 5, 1], "angry": [1, 1, 5]}
    X = rng.poisson([[200, 200, *shares[label]] for label in y]).astype(np.float32)
    machine = SVM(kernel, C=3.0, accelerate=False).fit(X[:600], y[:600])
    assert machine.support_vectors_.shape[1] == 5
    assert set(machine.support_vectors_.ravel()) <= set(X.ravel())
    assert (machine.predict(X[600:]) == y[600:]).mean() > 0.7
    # What a pickle or bundle leaves out is made again, and rows are compared by their shares alone.
    again = pickle.loads(pickle.dumps(machine))
    assert not hasattr(again, "_support_cache")
    np.testing.assert_allclose(again.predict_proba(X[600:]), machine.predict_proba(X[600:]), atol=1e-9)
    np.testing.assert_allclose(machine.predict_proba(X[600:] / 7), machine.predict_proba(X[600:]), atol=1e-3)
