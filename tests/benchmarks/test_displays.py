"""Displays show the numbers they were given, legibly, and give them back as a table."""

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from itertools import combinations
from pathlib import Path
from types import FrameType

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Annotation, Text
from scipy.stats import binom
from sklearn.metrics import roc_curve

import ferbench.benchmarks.displays as door
from ferbench.benchmarks.displays import (
    CedDisplay,
    ConfusionDisplay,
    Display,
    EffectsDisplay,
    F1Display,
    HistoryDisplay,
    LeaderboardDisplay,
    PerPointDisplay,
    PointFacesDisplay,
    PublishedDisplay,
    ReliabilityDisplay,
    RocDisplay,
    TradeoffDisplay,
)
from ferbench.benchmarks.displays.base import CLASSIFIERS, classifier_style, group_styles, ink_on, line_styles
from ferbench.benchmarks.displays.labels import label_ends
from ferbench.benchmarks.displays.plugins.coverage import CoverageDisplay
from ferbench.benchmarks.displays.registry import PluginDisplay
from ferbench.benchmarks.displays.tradeoff import pareto_front
from ferbench.benchmarks.folds.curve import Crossing
from ferbench.benchmarks.folds.displays import CurveDisplay, FoldsDisplay, ProtocolsDisplay
from ferbench.benchmarks.live.displays import LatencyDisplay
from ferbench.benchmarks.scores import score_points, wilson_interval
from ferbench.benchmarks.scores.metrics import Scores, score
from ferbench.benchmarks.scores.statistics import mcnemar
from ferbench.benchmarks.speed.displays import ExtractorSpeedDisplay, GrowthDisplay
from ferbench.benchmarks.stress.displays import StressDisplay
from ferbench.utils import POINT_NAMES

CLASSES = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
DATASET = "FER2013, PrivateTest"
HISTORY = {
    "loss": [1.8, 1.5, 1.3, 1.2],
    "val_loss": [1.7, 1.5, 1.5, 1.6],
    "accuracy": [0.3, 0.4, 0.5, 0.55],
    "val_accuracy": [0.32, 0.41, 0.46, 0.45],
    "learning_rate": [1e-3, 1e-3, 1e-3, 5e-4],
    "seconds": [9.0, 8.0, 8.0, 8.0],
}
EFFECTS = {
    "recipe": ["net", "net@no-flip", "net@wide"],
    "accuracy": [0.6, 0.58, 0.61],
    "effect": [0.0, -0.02, 0.01],
    "effect_low": [0.0, -0.03, -0.005],
    "effect_high": [0.0, -0.01, 0.02],
    "verdict": ["not shown to differ", "worse", "not shown to differ"],
    "n_images": [1200, 1200, 1200],
}
PUBLISHED = {
    "origin": ["published", "published", "measured", "published"],
    "accuracy": [0.73, 0.72, 0.71, 0.65],
    "low": [np.nan, np.nan, 0.69, np.nan],
    "high": [np.nan, np.nan, 0.73, np.nan],
    "what": ["a deep network", "another network", "ferbench-net", "people"],
    "selection": ["P", "T", "", ""],
}
# Modules that work figures out; drawing calls none of them.
COMPUTING = ("ferbench.benchmarks.scores", "sklearn.", "scipy.stats", "numpy.random")
SKLEARN_PLOTS = ("sklearn.metrics", "sklearn.calibration", "sklearn.model_selection", "sklearn.inspection")
# Eighteen recognizers much like each other, which is where names collide.
EXTRACTORS = ("pixels", "hog", "landmarks", "hog+landmarks")
NAMES = [f"{extractor}+{kind}" for extractor in EXTRACTORS for kind in ("logreg", "linear-svm", "svm", "tree")]
GROUPS = dict.fromkeys(NAMES, "classical") | {"cnn": "deep", "constant": "constant"}


def predictions(sharpness: float, seed: int, y: np.ndarray) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(size=(len(y), 7))
    logits[np.arange(len(y)), y] += sharpness
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return np.random.default_rng(0).choice(CLASSES, 1200, p=[0.14, 0.02, 0.14, 0.25, 0.17, 0.17, 0.11])


@pytest.fixture(scope="module")
def probas(labels: np.ndarray) -> dict[str, np.ndarray]:
    y = np.array([CLASSES.index(label) for label in labels])
    crowd = {name: predictions(0.9 + 0.05 * (k % 7), k, y) for k, name in enumerate(NAMES)}
    constant = np.tile([0.14, 0.02, 0.14, 0.25, 0.17, 0.17, 0.11], (len(y), 1))
    return crowd | {"cnn": predictions(2.2, 99, y), "constant": constant}


@pytest.fixture(scope="module")
def scores(labels: np.ndarray, probas: dict[str, np.ndarray]) -> dict[str, Scores]:
    return {name: score(labels, proba, CLASSES, n_bootstrap=40) for name, proba in probas.items()}


@pytest.fixture(scope="module")
def costs() -> dict[str, float | None]:
    random = np.random.default_rng(1)
    return {name: float(random.uniform(1, 3)) for name in NAMES} | {"cnn": 12.0, "constant": 0.01}


@pytest.fixture(scope="module")
def displays(labels, probas, scores, costs) -> dict[str, Display]:
    """One of each."""
    titles = {"name": "cnn", "dataset": DATASET}
    random = np.random.default_rng(2)
    errors = random.normal(size=(30, 15, 2)).astype(np.float32)
    eyes, people = np.full(30, 30, np.float32), np.arange(30)
    points = {name: score_points(spread * errors, eyes, people, 64) for name, spread in (("net", 1), ("mean", 4))}
    images, marked = (random.integers(0, 256, (30, 64, 64), np.uint8), random.uniform(8, 56, (30, 15, 2)))
    return {
        "calibration": ReliabilityDisplay.from_predictions(labels, probas["cnn"], CLASSES, **titles),
        "confusion": ConfusionDisplay.from_scores(scores["cnn"], **titles),
        "f1": F1Display.from_scores(scores, dataset=DATASET),
        "history": HistoryDisplay.from_history(HISTORY, **titles),
        "leaderboard": LeaderboardDisplay.from_scores(scores, groups=GROUPS, dataset=DATASET),
        "roc": RocDisplay.from_predictions(labels, probas["cnn"], CLASSES, **titles),
        "tradeoff": TradeoffDisplay.from_scores(scores, costs, groups=GROUPS, dataset=DATASET),
        "ced": CedDisplay.from_scores(points, dataset=DATASET),
        "effects": EffectsDisplay(pd.DataFrame(EFFECTS), DATASET),
        "faces": PointFacesDisplay.from_errors(images, marked, errors, eyes, n_faces=6, **titles),
        "per-point": PerPointDisplay.from_scores(points, POINT_NAMES, dataset=DATASET),
        "published": PublishedDisplay(pd.DataFrame(PUBLISHED), DATASET),
    }


@pytest.fixture(scope="module")
def others(labels, probas) -> dict[str, Display]:
    """Displays of other rooms."""
    crowd = pd.DataFrame({"recipe": ["net", "hog+svm"], "pooled": [0.8, 0.7], "n_images": [1200, 1200]})
    crowd = crowd.assign(pooled_low=crowd["pooled"] - 0.1, pooled_high=crowd["pooled"] + 0.1)
    lines = pd.DataFrame({"recipe": ["net", "net", "hog+svm", "hog+svm"], "accuracy": [0.7, 0.8, 0.75, 0.7]})
    lines = lines.assign(accuracy_low=lines["accuracy"] - 0.1, accuracy_high=lines["accuracy"] + 0.1)
    shares, protocols = lines.assign(share=[0.5, 1.0] * 2), lines.assign(protocol=["kfold:2", "random:2"] * 2)
    folds = lines.assign(seed=0, fold=["kfold2-1", "kfold2-2"] * 2, n_images=600)
    kinds = [
        {"recognizer": name, "side": side, "corruption": kind, "severity": level, "accuracy": 0.7, "n_images": 1200}
        for name, side in (("net", "deep"), ("hog+svm", "classical"))
        for kind, level in (("clean", 0), *(("contrast", level) for level in range(1, 6)))
    ]
    growth = pd.DataFrame({"classifier": ["svm"] * 2, "n_images": [1000, 4000], "seconds": [1.0, 9.0]})
    speed = pd.DataFrame({"extractor": ["hog", "lbp"], "images_per_s": [900.0, 90.0], "n_features": [1764, 59]})
    return {
        "coverage": CoverageDisplay.from_predictions(labels, {"cnn": probas["cnn"]}, CLASSES, dataset=DATASET),
        "folds": FoldsDisplay(crowd, folds, DATASET),
        "curve": CurveDisplay(shares, (Crossing("hog+svm", "net", 0.7, 0.6, 0.8, 800.0),), DATASET),
        "protocols": ProtocolsDisplay(protocols, DATASET),
        "stress": StressDisplay(pd.DataFrame(kinds), 0.25, DATASET),
        "growth": GrowthDisplay(growth, "Fit time", DATASET),
        "extractors": ExtractorSpeedDisplay(speed, DATASET),
    }


RECOGNIZERS = ["calibration", "confusion", "f1", "history", "leaderboard", "roc", "tradeoff"]
EACH = pytest.mark.parametrize("name", RECOGNIZERS)
EVERY = pytest.mark.parametrize("name", [*RECOGNIZERS, "ced", "effects", "faces", "per-point", "published"])


def test_every_display_of_the_door_is_tested_here(displays) -> None:
    exported = [getattr(door, name) for name in door.__all__]
    # The adapter draws by a plug-in's own code, which test_plugins.py looks at.
    no_drawing = {Display, PluginDisplay}
    classes = {item for item in exported if isinstance(item, type) and issubclass(item, Display)} - no_drawing
    assert len(classes) >= 12
    assert {type(display) for display in displays.values()} == classes


def test_no_display_takes_a_name_of_scikit_learn() -> None:
    taken = {name for module in SKLEARN_PLOTS for name in dir(import_module(module)) if name.endswith("Display")}
    assert {"ConfusionMatrixDisplay", "CalibrationDisplay", "RocCurveDisplay"} <= taken
    own = {getattr(door, name).__name__ for name in door.__all__ if name.endswith("Display")}
    assert not own & taken


def test_the_former_names_are_the_same_classes() -> None:
    assert door.ConfusionMatrixDisplay is ConfusionDisplay
    assert door.CalibrationDisplay is ReliabilityDisplay


@EVERY
def test_a_saved_display_is_a_picture_and_its_numbers_beside_it(displays, name: str, tmp_path: Path) -> None:
    picture = displays[name].save(tmp_path / name)
    assert picture == tmp_path / f"{name}.png"
    pixels = imread(picture)
    assert pixels.shape[0] > 400
    assert pixels.std() > 0.05
    table = pd.read_csv(tmp_path / f"{name}.csv", keep_default_na=True)
    expected = displays[name].frame()
    assert list(table.columns) == list(expected.columns)
    numbers = expected.select_dtypes("number").columns
    np.testing.assert_allclose(table[numbers], expected[numbers], rtol=1e-5)


class Computing(Display):
    """A display that breaks the rule, each time in another way."""

    def __init__(self, compute) -> None:
        self.compute = compute

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame()

    def _draw(self, ax: Axes) -> None:
        self.compute()


def draw_watched(display: Display) -> tuple[Axes, set[str]]:
    """Draw a display; return its axes, and what is called meanwhile although it computes: scores, random numbers…"""
    called: set[str] = set()
    # Constructors of displays compute, so that drawing must not call one.
    constructors = {getattr(type(display), name).__code__ for name in dir(type(display)) if name.startswith("from_")}

    def watch(frame: FrameType, event: str, _: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and (module.startswith(COMPUTING) or frame.f_code in constructors):
            called.add(f"{module}.{frame.f_code.co_name}")

    sys.setprofile(watch)
    try:
        ax = display.plot()
        ax.get_figure(root=True).draw_without_rendering()
    finally:
        sys.setprofile(None)
    return ax, called


@pytest.fixture(scope="module")
def watched(displays) -> Callable[[str], tuple[Axes, set[str]]]:
    """Each display drawn once, with what was called meanwhile."""
    return cache(lambda name: draw_watched(displays[name]))


@EVERY
def test_nothing_is_computed_while_drawing(watched, name: str) -> None:
    assert watched(name)[1] == set()


@pytest.mark.parametrize("name", ["coverage", "folds", "curve", "protocols", "stress", "growth", "extractors"])
def test_displays_of_other_rooms_compute_nothing_while_drawing(others, name: str) -> None:
    assert draw_watched(others[name])[1] == set()


@EACH
def test_the_title_names_the_data_and_the_number_of_images(watched, name: str) -> None:
    title = watched(name)[0].get_title(loc="left")
    assert "FER2013" in title
    assert name == "history" or "n = 1,200 images" in title


@pytest.mark.parametrize(
    "compute",
    [
        lambda: score(["a", "b"], [[0.9, 0.1], [0.2, 0.8]], ["a", "b"], n_bootstrap=0),
        lambda: roc_curve([0, 1], [0.2, 0.8]),
        lambda: mcnemar(np.array([1]), np.array([2])),
        lambda: binom.cdf(1, 2, 0.5),
    ],
)
def test_a_display_that_computes_while_drawing_is_found_out(compute) -> None:
    assert draw_watched(Computing(compute))[1]


def test_a_display_that_makes_itself_anew_while_drawing_is_found_out(scores) -> None:
    class Twice(ConfusionDisplay):
        def _draw(self, ax: Axes) -> None:
            type(self).from_scores(scores["cnn"])._write_cell(ax, 0, 0)

    assert draw_watched(Twice.from_scores(scores["cnn"]))[1] == {"ferbench.benchmarks.displays.confusion.from_scores"}


@EVERY
def test_nothing_is_cut_off_at_the_edge(watched, name: str) -> None:
    figure = watched(name)[0].get_figure(root=True)
    width, height = figure.get_size_inches()
    box = figure.get_tightbbox()
    assert box.x0 >= -0.01
    assert box.y0 >= -0.01
    assert box.x1 <= width + 0.01
    assert box.y1 <= height + 0.01


@pytest.mark.parametrize("name", ["coverage", "published"])
def test_the_layout_for_a_phone_is_narrow_complete_and_of_the_same_numbers(displays, others, name: str) -> None:
    display = (displays | others)[name]
    narrow = display.for_phone()
    assert narrow is not None and narrow.frame().equals(display.frame())
    figure = narrow.plot().figure
    assert figure.get_size_inches()[0] < 4.5
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x0 >= -0.01 and box.x1 <= width + 0.01 and box.y0 >= -0.01 and box.y1 <= height + 0.01
    named = {text.get_text() for text in figure.findobj(Text)}
    assert named >= (set(PUBLISHED["what"]) if name == "published" else set(display.names))
    assert displays["leaderboard"].for_phone() is None


@EVERY
def test_it_draws_into_the_callers_axes(displays, name: str) -> None:
    figure = Figure(figsize=(14, 6), layout="constrained")
    left, right = figure.subplots(1, 2)
    assert displays[name].plot(right) is right
    figure.draw_without_rendering()
    assert not left.has_data()


def test_the_same_numbers_give_the_same_file(displays) -> None:
    assert displays["roc"].png(dpi=40) == displays["roc"].png(dpi=40)


def test_drawing_needs_neither_pyplot_nor_a_screen() -> None:
    program = (
        "import sys\n"
        "from ferbench.benchmarks.displays import HistoryDisplay\n"
        "HistoryDisplay.from_history({'loss': [2.0, 1.0]}).png()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PATH": ""})


def test_importing_the_package_imports_no_plotting() -> None:
    program = "import sys, ferbench.benchmarks\nassert not {'matplotlib', 'pandas', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.findobj(Text) if text.get_text()]


def test_the_confusion_matrix_prints_percent_of_the_row_and_counts(displays, scores) -> None:
    display = displays["confusion"]
    table = display.frame().set_index("label")
    np.testing.assert_array_equal(table, scores["cnn"].confusion)
    percent = 100 * table.loc["happy", "happy"] / table.loc["happy"].sum()
    assert f"{percent:.0f} %\n{table.loc['happy', 'happy']}" in words(display.plot())


def test_a_label_without_images_has_counts_but_no_percent() -> None:
    display = ConfusionDisplay.from_predictions(["sad"], [[0.1, 0.9]], ["happy", "sad"])
    assert np.isnan(display.shares[0]).all()
    assert {"0", "100 %\n1"} <= set(words(display.plot()))


def test_the_area_under_each_roc_curve_is_the_auc_of_the_scores(displays, scores) -> None:
    curves = displays["roc"].frame().groupby("class")
    for place, label in enumerate(CLASSES):
        curve = curves.get_group(label)
        area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
        assert area == pytest.approx(scores["cnn"].class_values["auc"][place], abs=1e-6)
        assert f"{label} ({area:.3f})" in words(displays["roc"].plot())
    macro = curves.get_group("macro average")
    assert macro["auc"].iloc[0] == scores["cnn"].macro_auc
    area = np.trapezoid(macro["true_positive_rate"], macro["false_positive_rate"])
    assert area == pytest.approx(scores["cnn"].macro_auc, abs=0.005)


def test_a_roc_without_any_negative_image_has_no_curve() -> None:
    display = RocDisplay.from_predictions(["sad", "sad"], [[0.1, 0.9], [0.3, 0.7]], ["happy", "sad"])
    assert display.frame().empty
    assert display.png(dpi=40)


def test_f1_is_sorted_by_macro_and_printed(displays, scores) -> None:
    table = displays["f1"].frame()
    assert table["recipe"].iloc[0] == "cnn"
    assert table["recipe"].iloc[-1] == "constant"
    assert table["macro"].is_monotonic_decreasing
    np.testing.assert_allclose(table.loc[0, CLASSES].astype(float), scores["cnn"].class_values["f1"])
    assert f"{scores['cnn'].macro_f1:.2f}" in words(displays["f1"].plot())


def test_calibration_bins_add_up_to_the_images_and_to_the_error(displays, scores) -> None:
    table = displays["calibration"].frame()
    assert len(table) == 15
    assert table["images"].sum() == 1200
    gaps = table["images"] * (table["accuracy"] - table["confidence"]).abs()
    assert gaps.sum() / 1200 == pytest.approx(scores["cnn"].ece)
    filled = table[table["images"] > 0]
    assert (filled["accuracy_low"] <= filled["accuracy"]).all()
    assert (filled["accuracy"] <= filled["accuracy_high"]).all()
    assert table.loc[table["images"] == 0, "accuracy"].isna().all()


def test_a_wilson_interval_is_scipys() -> None:
    from scipy.stats import binomtest

    y_true = ["happy"] * 7 + ["sad"] * 3
    table = ReliabilityDisplay.from_predictions(y_true, [[0.9, 0.1]] * 10, ["happy", "sad"]).frame()
    row = table[table["images"] > 0].iloc[0]
    expected = binomtest(7, 10).proportion_ci(method="wilson")
    assert (row["accuracy_low"], row["accuracy_high"]) == pytest.approx((expected.low, expected.high), abs=1e-6)
    for right, n in ((0, 5), (5, 5), (1, 1000), (7, 10)):
        expected = binomtest(right, n).proportion_ci(method="wilson")
        # The quantile has the six decimals with which published tables were made.
        assert wilson_interval(right / n, n) == pytest.approx((expected.low, expected.high), abs=1e-8)


def test_the_best_epoch_is_the_one_with_the_highest_validation_accuracy(displays) -> None:
    assert displays["history"].best_epoch == 3
    assert "best epoch (3)" in words(displays["history"].plot())
    table = displays["history"].frame()
    assert list(table["epoch"]) == [1, 2, 3, 4]
    assert list(table["seconds"]) == HISTORY["seconds"]


def test_a_history_of_one_part_and_one_epoch_still_draws() -> None:
    display = HistoryDisplay.from_history({"loss": [1.0], "learning_rate": [None]})
    assert display.best_epoch is None
    assert display.png(dpi=40)


@pytest.mark.parametrize(
    ("history", "message"),
    [({"seconds": [1.0]}, "must hold loss"), ({"loss": [1.0, 0.9], "accuracy": [0.1]}, "one value per epoch")],
)
def test_a_history_that_cannot_be_drawn_is_refused(history: dict[str, list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HistoryDisplay.from_history(history)


def test_the_leaderboard_is_sorted_has_intervals_and_flags(displays, scores) -> None:
    table = displays["leaderboard"].frame().set_index("recipe")
    assert table["accuracy"].is_monotonic_decreasing
    assert tuple(table.loc["cnn", ["accuracy_low", "accuracy_high"]]) == scores["cnn"].interval("accuracy")
    assert table.loc["constant", "flag"] == "predicts 1 of 7 classes"
    assert any("predicts 1 of 7 classes" in text for text in words(displays["leaderboard"].plot()))


def test_the_leaderboard_can_rank_by_another_figure(labels, probas) -> None:
    few = {name: probas[name] for name in ("constant", "cnn")}
    display = LeaderboardDisplay.from_predictions(labels, few, CLASSES, metric="macro_f1", n_bootstrap=20)
    assert list(display.frame().columns[:4]) == ["recipe", "macro_f1", "macro_f1_low", "macro_f1_high"]
    assert display.names == ("cnn", "constant")


def _legends(display: HistoryDisplay) -> list[str]:
    (panel,) = [inset for inset in display.plot().child_axes if inset.get_ylabel() == "accuracy"]
    return [text.get_text() for text in panel.get_legend().get_texts()]


def test_training_curves_show_the_accuracy_on_true_labels_or_say_what_they_show() -> None:
    old = {"loss": [1.0, 0.9, 0.8], "accuracy": [0.4, 0.5, 0.6], "val_accuracy": [0.3, 0.4, 0.5]}
    assert _legends(HistoryDisplay.from_history(old))[0] == "training, augmented images"
    taught = _legends(HistoryDisplay.from_history(old, distilled=True))
    assert taught[0] == "agreement with soft targets on augmented training images, not an accuracy"
    display = HistoryDisplay.from_history({**old, "train_accuracy": [0.5, None, 0.9]}, distilled=True)
    assert _legends(display)[0] == "training images, not augmented, true labels"
    (panel,) = [inset for inset in display.plot().child_axes if inset.get_ylabel() == "accuracy"]
    assert panel.lines[0].get_xydata().tolist() == [[1.0, 0.5], [3.0, 0.9]]
    assert list(display.frame()["accuracy"]) == old["accuracy"]


def test_the_legend_of_the_leaderboard_covers_no_figure(displays) -> None:
    ax = displays["leaderboard"].plot()
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert legend.y1 < ax.xaxis.label.get_window_extent().y0 < ax.bbox.y0
    assert figure.bbox.contains(legend.x0, legend.y0) and figure.bbox.contains(legend.x1, legend.y1)


def test_names_beside_points_cover_neither_each_other_nor_the_points(displays) -> None:
    ax = displays["tradeoff"].plot()
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    texts = [child for child in ax.get_children() if isinstance(child, Annotation) and child.get_text()]
    assert {text.get_text() for text in texts} == {*NAMES, "cnn", "constant"}
    boxes = [Text.get_window_extent(text) for text in texts]
    assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)]
    points = ax.transData.transform(displays["tradeoff"].frame()[["cost", "accuracy"]])
    assert not [1 for box in boxes for point in points if box.contains(*point)]
    inside = ax.get_window_extent()
    assert all(inside.contains(*box.min) and inside.contains(*box.max) for box in boxes)


def test_the_pareto_front_holds_whom_nobody_beats() -> None:
    cost, accuracy = np.array([1.0, 2, 3, 3, 4, 1]), np.array([0.3, 0.5, 0.5, 0.7, 0.6, 0.3])
    # The two cheapest are equal, so neither is beaten.
    assert pareto_front(cost, accuracy).tolist() == [True, True, False, True, False, True]


def test_of_many_recognizers_those_on_a_front_are_named_and_each_group_has_its_own(scores) -> None:
    many = {f"recipe-{place}": scores["cnn"] for place in range(40)} | {"hog": scores["constant"]}
    costs = {name: 2.0 + place for place, name in enumerate(many)} | {"recipe-0": 1.0, "hog": 0.5}
    groups = dict.fromkeys(many, "deep") | {"hog": "classical"}
    display = TradeoffDisplay.from_scores(many, costs, groups=groups, dataset=DATASET)
    ax = display.plot()
    shown = {child.get_text() for child in ax.get_children() if isinstance(child, Annotation)} - {""}
    # Forty are equally good, and the cheapest of them beats the others; the cheapest of all is the worst.
    assert shown == {"recipe-0", "hog"}
    assert len(display.frame()) == 41


def test_the_front_of_a_group_is_drawn_in_its_color(displays) -> None:
    display = displays["tradeoff"]
    colors = {group: color for group, (color, _) in group_styles(display.groups).items()}
    thin = [line for line in display.plot().get_lines() if line.get_linewidth() == 1 and line.get_linestyle() == "-"]
    expected = [group for group in dict.fromkeys(display.groups) if group and display._group_front(group).sum() > 1]
    assert expected and [line.get_color() for line in thin] == [colors[group] for group in expected]


def test_a_recognizer_without_a_measured_cost_is_left_out_and_said_so(scores, costs) -> None:
    display = TradeoffDisplay.from_scores(scores, costs | {"hog+svm": None}, dataset=DATASET)
    assert "hog+svm" not in display.names
    assert "1 without a measured cost left out" in display.plot().get_title(loc="left")


def test_a_tradeoff_without_costs_or_with_a_cost_of_nothing_is_refused(scores) -> None:
    with pytest.raises(ValueError, match="at least one measured cost"):
        TradeoffDisplay.from_scores(scores, {})
    with pytest.raises(ValueError, match="cost of cnn must be positive"):
        TradeoffDisplay.from_scores(scores, {"cnn": 0.0})


@pytest.mark.parametrize("display", [F1Display, LeaderboardDisplay])
def test_a_display_of_nobody_is_refused(display: type[F1Display] | type[LeaderboardDisplay]) -> None:
    with pytest.raises(ValueError, match="at least one recognizer"):
        display.from_scores({})


def test_a_kind_has_one_color_whatever_else_is_plotted() -> None:
    alone, together = group_styles(["deep"]), group_styles(["classical", "deep", "pretrained", "another"])
    assert alone["deep"] == together["deep"]
    assert len({together[name] for name in ("classical", "deep", "pretrained", "another")}) == 4
    styles = [classifier_style(name) for name in CLASSIFIERS]
    assert len(set(styles)) == len(CLASSIFIERS)
    assert classifier_style("a plug-in") == classifier_style("a plug-in")


def test_lines_of_a_kind_share_its_color_and_differ_in_marker_or_dashes(labels, probas) -> None:
    groups = ["deep", *["classical"] * 20, "pretrained"]
    styles = line_styles(groups)
    assert len(set(styles)) == len(groups)
    assert [color for color, _, _ in styles] == [group_styles([group])[group][0] for group in groups]
    assert len({color for color, _, _ in line_styles([""] * 5)}) == 5
    some = {name: probas[name] for name in ("hog+svm", "hog+tree", "cnn")}
    coverage = CoverageDisplay.from_predictions(labels, some, CLASSES, groups=GROUPS)
    lines = {str(line.get_label()): line for line in coverage.plot().get_lines()}
    assert {name.partition(" ")[0]: line.get_color() for name, line in lines.items()} == {
        name: group_styles([GROUPS[name]])[GROUPS[name]][0] for name in some
    }
    assert len({(line.get_linestyle(), line.get_marker(), line.get_color()) for line in lines.values()}) == 3


def test_corruption_lines_of_one_side_can_be_told_apart() -> None:
    rows = [
        {"recognizer": f"net-{n}", "side": side, "corruption": kind, "severity": level, "accuracy": 0.7, "n_images": 9}
        for n, side in enumerate(["classical"] * 9 + ["deep"] * 4)
        for kind, level in (("clean", 0), *(("contrast", level) for level in range(1, 6)))
    ]
    lines = StressDisplay(pd.DataFrame(rows), 0.25, DATASET, each=False).plot().get_lines()[:-1]
    looks = {(line.get_color(), line.get_marker(), str(line._unscaled_dash_pattern)) for line in lines}
    assert len(looks) == len(lines) == 13
    assert {line.get_color() for line in lines} == {group_styles([side])[side][0] for side in ("classical", "deep")}


def test_measured_rows_among_published_ones_have_the_color_of_their_kind() -> None:
    kinds = ["pretrained", "deep", "network features"]
    rows = {"origin": "measured", "accuracy": 0.7, "low": 0.69, "high": 0.71, "what": kinds, "selection": "P"}
    lines = PublishedDisplay(pd.DataFrame({**rows, "kind": kinds}), DATASET).plot().get_lines()
    points = {
        str(line.get_label()): (line.get_color(), line.get_marker()) for line in lines if line.get_marker() != "None"
    }
    assert points == {f"measured here, {kind}": group_styles([kind])[kind] for kind in kinds}


def test_what_is_not_ranked_is_pale_but_keeps_its_color(scores, costs) -> None:
    display = TradeoffDisplay.from_scores(scores, costs, groups=GROUPS, comparable=["hog+svm", "constant"])
    points = [line for line in display.plot().get_lines() if line.get_marker() == "s" and len(line.get_xdata()) == 1]
    assert [(line.get_color(), line.get_alpha()) for line in points] == [(group_styles(["deep"])["deep"][0], 0.35)]


def test_text_on_a_colored_cell_has_the_higher_contrast() -> None:
    assert [ink_on(share) for share in (float("nan"), 0.0, 0.5, 0.7)] == ["#111111"] * 4
    assert [ink_on(share) for share in (0.8, 1.0)] == ["#FEFEFE"] * 2


def test_a_constant_recognizer_stretches_no_axis(displays) -> None:
    ax = displays["tradeoff"].plot()
    used = displays["tradeoff"].frame().query("group != 'constant'")
    assert ax.get_xlim()[0] > used["cost"].min() / 2 > 0.01
    assert ax.get_ylim()[0] > used["accuracy_low"].min() - 0.15


def test_a_logarithmic_axis_is_labeled_at_1_2_and_5(displays) -> None:
    ticks = displays["tradeoff"].plot().get_xticks()
    assert {1.0, 2.0, 5.0, 10.0} <= {float(f"{tick:g}") for tick in ticks}
    speed = pd.DataFrame({"extractor": ["hog", "lbp"], "images_per_s": [3e5, 90.0], "n_features": [1764, 59]})
    ax = ExtractorSpeedDisplay(speed).plot()
    ax.get_figure(root=True).draw_without_rendering()
    labels = [text.get_text() for text in ax.get_xticklabels()]
    assert {"50", "200", "1k", "20k", "500k", "1M"} <= set(labels) and not [text for text in labels if "e" in text]
    boxes = [Text.get_window_extent(text) for text in ax.get_xticklabels()]
    assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)]
    row = {"scene": "clip", "detector": "haar", "detect_every": "auto", "model": "net", "kind": "", "ms_median": 3.0}
    ax = LatencyDisplay(pd.DataFrame([row | {"ms_p90": 30.0, "ms_p99": None}])).plot()
    ax.get_figure(root=True).draw_without_rendering()
    assert {"5", "10", "20"} <= {text.get_text() for text in ax.get_xticklabels()}


def test_names_at_line_ends_are_apart() -> None:
    ax = Figure(figsize=(5, 4), layout="constrained").subplots()
    ax.set_ylim(0, 1)
    ends = [(1.0, height, f"line {place}", "#0072B2") for place, height in enumerate((0.5, 0.501, 0.502, 0.9))]
    for x, y, _, color in ends:
        ax.plot([0, x], [0, y], color=color)
    label_ends(ax, ends)
    ax.get_figure(root=True).draw_without_rendering()
    assert [text.get_text() for text in ax.texts] == ["line 0", "line 1", "line 2", "line 3"]
    led = [text for text in ax.texts if isinstance(text, Annotation) and text.arrow_patch]
    # A leader ends where its name begins, at half its height: one to the middle of a name strikes through others.
    paths = [text.arrow_patch.get_transform().transform_path(text.arrow_patch.get_path()) for text in led]
    extents = [Text.get_window_extent(text) for text in led]
    assert len(led) == 2
    for path, extent in zip(paths, extents, strict=True):
        x, y = path.vertices[0]
        assert x <= extent.x0 and abs(y - (extent.y0 + extent.y1) / 2) < 3
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)]
