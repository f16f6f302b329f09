"""The 95 % interval of each published score holds the true value about 95 times in 100, by simulation."""

from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray

from ferbench.benchmarks.scores import Scores, plugin_metrics, score

CLASSES = ("angry", "fear", "happy", "sad")
SHARES = (0.25, 0.15, 0.35, 0.25)
# With 200 resamples the bounds are narrower than the asked 95 %: at best 0.95 * 199 / 201 = 94.1 % are held.
SIMULATIONS, RESAMPLES, N_IMAGES = 500, 200, 300
SINGLE = {field.name for field in fields(Scores) if field.type is float}


def population(n_images: int = 20_000) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Labels in unequal shares, with the probabilities of a recognizer that is right on 70 % of them."""
    random = np.random.default_rng(0)
    numbers = random.choice(len(CLASSES), n_images, p=np.array(SHARES))
    logits = random.normal(size=(n_images, len(CLASSES))) + 1.5 * (numbers[:, None] == np.arange(len(CLASSES)))
    proba = np.exp(logits)
    return np.array(CLASSES)[numbers], proba / proba.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def held() -> dict[str, NDArray[np.float64]]:
    """Share of the simulated test sets whose interval holds the score of the population, by score."""
    labels, proba = population()
    whole = score(labels, proba, CLASSES, n_bootstrap=0)
    truth = {name: getattr(whole, name) for name in SINGLE} | dict(whole.class_values)
    random, found = np.random.default_rng(1), {}
    for seed in range(SIMULATIONS):
        rows = random.integers(0, len(labels), N_IMAGES)
        scores = score(labels[rows], proba[rows], CLASSES, n_bootstrap=RESAMPLES, seed=seed)
        for name, (low, high) in scores.intervals.items():
            inside = (low - 1e-6 <= truth[name]) & (truth[name] <= high + 1e-6)
            found.setdefault(name, []).append(inside)
    return {name: np.mean(each, axis=0) for name, each in found.items()}


def test_each_score_of_all_classes_is_held_93_to_97_times_in_100(held: dict[str, NDArray[np.float64]]) -> None:
    # ECE has no interval, as its documentation says; the metrics of plug-ins have none either.
    assert SINGLE - set(held) == {"ece"} and not set(plugin_metrics()) & set(held)
    shares = {name: float(held[name]) for name in sorted(SINGLE & set(held))}
    assert len(shares) == 13 and {"accuracy", "macro_f1", "macro_auc", "top2_accuracy"} <= set(shares)
    assert all(0.93 <= share <= 0.97 for share in shares.values()), shares


def test_scores_of_single_classes_are_held_a_little_less_often(held: dict[str, NDArray[np.float64]]) -> None:
    """Of 45 to 105 images; docs/protocol.md says so."""
    for name in ("precision", "recall", "f1", "auc", "average_precision"):
        assert held[name].shape == (4,) and (held[name] >= 0.90).all() and held[name].mean() <= 0.97, (name, held[name])
