"""Scores are scikit-learn's figures, with intervals that hold what they promise."""

import json
from types import MappingProxyType

import numpy as np
import pytest
from sklearn import metrics
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from ferbench.benchmarks.scores.bootstrap import bootstrap_weights
from ferbench.benchmarks.scores.metrics import Scores, score

CLASSES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
# A tree ties many probabilities, naive Bayes is far too sure, the constant one ties them all.
RECOGNIZERS = MappingProxyType(
    {
        "logreg": LogisticRegression(max_iter=20, C=1e-4),
        "bayes": GaussianNB(),
        "tree": DecisionTreeClassifier(max_depth=4, random_state=0),
        "constant": DummyClassifier(),
    }
)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Labels of 600 photographed digits, and each recognizer's probabilities in the order of CLASSES."""
    images, numbers = load_digits(return_X_y=True)
    train, test = slice(0, 400), slice(400, 1000)
    probas = {}
    with np.errstate(all="ignore"):
        for name, recognizer in RECOGNIZERS.items():
            if name == "logreg":
                recognizer.set_params(max_iter=500)
            probas[name] = recognizer.fit(images[train], numbers[train]).predict_proba(images[test])
    return np.array(CLASSES)[numbers[test]], {k: p.astype(np.float32) for k, p in probas.items()}


def reference(y_true: np.ndarray, proba: np.ndarray) -> dict[str, float]:
    """The single figures as scikit-learn gives them; all classes have images."""
    predicted = np.array(CLASSES)[proba.argmax(axis=1)]
    hot = (y_true[:, None] == np.array(CLASSES)).astype(int)
    auc = metrics.roc_auc_score(hot, proba, average=None)
    figures = {
        "accuracy": metrics.accuracy_score(y_true, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(y_true, predicted),
        "macro_auc": auc.mean(),
        "macro_average_precision": metrics.average_precision_score(hot, proba, average="macro"),
        "brier": ((proba.astype(float) - hot) ** 2).sum(axis=1).mean(),
    }
    for average in ("macro", "weighted"):
        values = metrics.precision_recall_fscore_support(
            y_true, predicted, labels=CLASSES, average=average, zero_division=0
        )
        names = (f"{average}_precision", f"{average}_recall", f"{average}_f1")
        figures |= dict(zip(names, values[:3], strict=True))
    return figures


@pytest.mark.parametrize("name", RECOGNIZERS)
def test_single_figures_are_those_of_scikit_learn(digits, name: str) -> None:
    y_true, proba = digits[0], digits[1][name]
    scores = score(y_true, proba, CLASSES, n_bootstrap=0)
    for figure, expected in reference(y_true, proba).items():
        assert getattr(scores, figure) == pytest.approx(expected, abs=1e-6), figure
    # Logarithms of float32 probabilities: as near as the clipping at float32's epsilon allows.
    own = proba[np.arange(len(y_true)), [CLASSES.index(label) for label in y_true]].astype(float)
    eps = np.finfo(np.float32).eps
    assert scores.log_loss == pytest.approx(-np.log(np.clip(own, eps, 1 - eps)).mean(), rel=1e-5)


def test_log_loss_and_top2_are_scikit_learns_where_nothing_is_clipped_or_tied(digits) -> None:
    y_true, proba = digits[0], digits[1]["logreg"].astype(float)
    proba = 0.99 * proba / proba.sum(axis=1, keepdims=True) + 0.001
    scores = score(y_true, proba, CLASSES, n_bootstrap=0)
    numbers = np.array([CLASSES.index(label) for label in y_true])
    assert scores.log_loss == pytest.approx(metrics.log_loss(numbers, proba, labels=range(10)), rel=1e-6)
    assert scores.top2_accuracy == pytest.approx(metrics.top_k_accuracy_score(numbers, proba, k=2))


@pytest.mark.parametrize("name", RECOGNIZERS)
def test_class_figures_and_confusion_are_those_of_scikit_learn(digits, name: str) -> None:
    y_true, proba = digits[0], digits[1][name]
    predicted = np.array(CLASSES)[proba.argmax(axis=1)]
    table = score(y_true, proba, CLASSES, n_bootstrap=0).per_class().set_index("class")
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        y_true, predicted, labels=CLASSES, zero_division=0
    )
    hot = y_true[:, None] == np.array(CLASSES)
    assert list(table.index) == CLASSES
    np.testing.assert_array_equal(table["support"], support)
    np.testing.assert_allclose(table["precision"], precision)
    np.testing.assert_allclose(table["recall"], recall)
    np.testing.assert_allclose(table["f1"], f1)
    np.testing.assert_allclose(table["auc"], metrics.roc_auc_score(hot, proba, average=None), atol=1e-6)
    expected = metrics.average_precision_score(hot, proba, average=None)
    np.testing.assert_allclose(table["average_precision"], expected, atol=1e-6)
    confusion = score(y_true, proba, CLASSES, n_bootstrap=0).confusion
    np.testing.assert_array_equal(confusion, metrics.confusion_matrix(y_true, predicted, labels=CLASSES))


@pytest.mark.parametrize("name", RECOGNIZERS)
def test_intervals_are_percentiles_of_the_figures_of_real_resamples(digits, name: str) -> None:
    y_true, proba = digits[0][:150], digits[1][name][:150]
    scores = score(y_true, proba, CLASSES, n_bootstrap=20, seed=3)
    weights = np.concatenate(list(bootstrap_weights(150, 20, 3)), axis=1)
    resampled = []
    for column in weights.T.astype(int):
        rows = np.repeat(np.arange(150), column)
        resampled.append(reference(y_true[rows], proba[rows]))
    for figure in resampled[0]:
        expected = np.percentile([values[figure] for values in resampled], [2.5, 97.5])
        np.testing.assert_allclose(scores.interval(figure), expected, atol=1e-5, err_msg=figure)


def test_intervals_of_accuracy_hold_the_truth_about_95_times_in_100() -> None:
    random = np.random.default_rng(0)
    held = []
    for _ in range(300):
        right = random.random(200) < 0.6
        y_true = np.where(random.random(200) < 0.5, "sad", "happy")
        p_sad = np.where(right == (y_true == "sad"), 0.7, 0.3)
        low, high = score(y_true, np.column_stack([1 - p_sad, p_sad]), ["happy", "sad"], n_bootstrap=200).interval(
            "accuracy"
        )
        held.append(low <= 0.6 <= high)
    assert 0.91 <= np.mean(held) <= 0.98


def test_resamples_depend_on_the_seed_alone_so_that_recognizers_are_paired(digits) -> None:
    y_true, probas = digits
    first = score(y_true, probas["bayes"], CLASSES, n_bootstrap=50, seed=1)
    score(y_true, probas["tree"], CLASSES, n_bootstrap=50, seed=1)
    again = score(y_true, probas["bayes"], CLASSES, n_bootstrap=50, seed=1)
    other = score(y_true, probas["bayes"], CLASSES, n_bootstrap=50, seed=2)
    assert first.as_dict() == again.as_dict()
    assert first.interval("accuracy") != other.interval("accuracy")


def test_weights_are_draws_with_replacement_whatever_the_size_of_a_block() -> None:
    # 3,000 images need several blocks for 700 resamples.
    blocks = list(bootstrap_weights(3000, 700, 0))
    weights = np.concatenate(blocks, axis=1)
    assert len(blocks) > 1
    assert weights.shape == (3000, 700)
    assert (weights.sum(axis=0) == 3000).all()
    # The share of images that a resample misses tends to 1/e.
    assert (weights == 0).mean() == pytest.approx(np.exp(-1), abs=0.002)


def test_calibration_error_is_the_mean_gap_over_fifteen_bins() -> None:
    # Bin (14/15, 1]: confidence 0.95 twice, one right: gap 0.45. Bin (8/15, 9/15]: 0.6 is on its closed right end;
    # confidence 0.6 and 0.55, both right: gap 0.425.
    proba = [[0.95, 0.05], [0.05, 0.95], [0.6, 0.4], [0.45, 0.55]]
    scores = score(["happy", "happy", "happy", "sad"], proba, ["happy", "sad"], n_bootstrap=10)
    assert scores.ece == pytest.approx((2 * 0.45 + 2 * 0.425) / 4)
    assert "ece_low" not in scores.as_dict()


def test_a_sure_and_right_recognizer_is_calibrated_and_a_sure_and_wrong_one_is_not() -> None:
    y_true, right = ["happy", "sad"] * 10, [[1.0, 0.0], [0.0, 1.0]] * 10
    perfect = score(y_true, right, ["happy", "sad"], n_bootstrap=0)
    wrong = score(y_true, np.fliplr(right), ["happy", "sad"], n_bootstrap=0)
    assert (perfect.ece, perfect.brier, perfect.macro_auc) == (0, 0, 1)
    assert (wrong.ece, wrong.brier, wrong.macro_auc) == (1, 2, 0)


def test_fewer_predicted_than_known_classes_are_flagged(digits) -> None:
    y_true, probas = digits
    constant, bayes = (score(y_true, probas[name], CLASSES, n_bootstrap=0) for name in ("constant", "bayes"))
    assert (constant.predicted_classes, constant.flag) == (1, "predicts 1 of 10 classes")
    assert constant.macro_auc == 0.5
    assert (bayes.predicted_classes, bayes.flag) == (10, "")


def test_the_order_of_classes_is_the_callers(digits) -> None:
    y_true, proba = digits[0], digits[1]["bayes"]
    order = np.random.default_rng(0).permutation(10)
    shuffled = score(y_true, proba[:, order], [CLASSES[k] for k in order], n_bootstrap=0)
    straight = score(y_true, proba, CLASSES, n_bootstrap=0)
    assert shuffled.classes == tuple(CLASSES[k] for k in order)
    np.testing.assert_array_equal(shuffled.confusion, straight.confusion[np.ix_(order, order)])
    np.testing.assert_allclose(shuffled.class_values["auc"], straight.class_values["auc"][order])


def test_a_class_without_images_is_blank_and_averages_leave_it_out(digits) -> None:
    y_true, proba = digits[0], digits[1]["bayes"]
    keep = y_true != "four"
    y_true, proba = y_true[keep], proba[keep]
    scores = score(y_true, proba, CLASSES, n_bootstrap=30)
    table = scores.per_class().set_index("class")
    assert table.loc["four", "support"] == 0
    assert table.loc["four"].drop(["support", "predicted"]).isna().all()
    present = [name for name in CLASSES if name != "four"]
    predicted = np.array(CLASSES)[proba.argmax(axis=1)]
    expected = metrics.f1_score(y_true, predicted, labels=present, average="macro")
    assert scores.macro_f1 == pytest.approx(expected)
    assert all(value is not None for value in scores.as_dict().values())


def test_one_image_has_an_accuracy_but_no_ranking() -> None:
    scores = score(["sad"], [[0.2, 0.8]], ["happy", "sad"], n_bootstrap=20)
    row = scores.as_dict()
    assert (row["accuracy"], row["macro_auc"], row["macro_auc_low"]) == (1, None, None)


def test_a_row_begins_as_the_leaderboard_does_and_is_valid_json(digits) -> None:
    row = score(digits[0], digits[1]["tree"], CLASSES, n_bootstrap=20).as_dict()
    assert list(row)[:4] == ["accuracy", "accuracy_low", "accuracy_high", "macro_f1"]
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    assert row["n_images"] == 600


def test_without_bootstrap_there_are_no_intervals(digits) -> None:
    scores = score(digits[0], digits[1]["tree"], CLASSES, n_bootstrap=0)
    assert not [name for name in scores.as_dict() if name.endswith(("_low", "_high"))]
    assert np.isnan(scores.interval("accuracy")).all()


def test_scores_cannot_be_changed(digits) -> None:
    scores: Scores = score(digits[0], digits[1]["tree"], CLASSES, n_bootstrap=0)
    with pytest.raises(AttributeError):
        scores.accuracy = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("y_true", "proba", "classes", "message"),
    [
        (["sad", "angry"], [[1, 0], [1, 0]], ["happy", "sad"], "y_true row 1 is 'angry'; expected one of happy, sad"),
        (["sad"], [[1, 0], [1, 0]], ["happy", "sad"], r"\(1, 2\); got \(2, 2\)"),
        (["sad"], [[0.7, 0.7]], ["happy", "sad"], "row 0 is .*sum to 1"),
        (["sad"], [[1.5, -0.5]], ["happy", "sad"], "row 0 is .*non-negative"),
        (["sad", "sad"], [[0, 1], [np.nan, 1]], ["happy", "sad"], "row 1 is .*nan"),
        (["sad"], [[0, 1]], ["sad", "sad"], "different labels"),
        ([], np.empty((0, 2)), ["happy", "sad"], "non-empty"),
    ],
)
def test_predictions_that_do_not_fit_are_refused_with_the_row(y_true, proba, classes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score(y_true, proba, classes)


def test_a_negative_number_of_resamples_is_refused() -> None:
    with pytest.raises(ValueError, match="n_bootstrap must be 0"):
        score(["sad"], [[0, 1]], ["happy", "sad"], n_bootstrap=-1)
