"""One file or one entry point adds a metric to every table, or a display to every report."""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from cells_here import undrawn
from fake_results import fake_results
from matplotlib.axes import Axes
from sklearn.metrics import accuracy_score, cohen_kappa_score, matthews_corrcoef
from thirdparty_package import install

from ferbench.benchmarks import read_results
from ferbench.benchmarks.displays import Display, plugin_displays
from ferbench.benchmarks.displays import registry as display_registry
from ferbench.benchmarks.rebuild import write_report
from ferbench.benchmarks.report import leaderboard as leaderboard_module
from ferbench.benchmarks.scores import Metric, metric_values, plugin_metrics
from ferbench.benchmarks.scores import registry as metric_registry

MODULE = """
import numpy as np
import pandas as pd
from ferbench.benchmarks import Metric

def certainty(y_true, proba, classes):
    assert y_true.dtype.kind == "U" and proba.shape == (len(y_true), len(classes))
    return proba.max(axis=1).mean()

CERTAINTY = Metric("certainty", "Mean certainty", certainty, format=".2f", help="Mean of the highest probability")
LOSS = Metric("zero_one_loss", "Zero-one loss", lambda y, p, c: (np.array(c)[p.argmax(1)] != y).mean(), False)
FAILS = Metric("fails", "Fails", lambda y, p, c: 1 / 0)
TAKEN = Metric("matthews", "Other Matthews", certainty)
COLUMN = Metric("macro_recall", "Macro recall", certainty)
NUMBER = 3

class Counts:
    figsize = (5.0, 3.0)

    def __init__(self, table):
        self.table = table

    @classmethod
    def from_results(cls, results):
        names, counts = np.unique(results.labels["PrivateTest"], return_counts=True)
        return cls(pd.DataFrame({"label": names, "images": counts}))

    def frame(self):
        return self.table

    def plot(self, ax=None):
        ax.bar(self.table["label"], self.table["images"])
        ax.set_title("Images of each label", loc="left")
        return ax

class Nothing(Counts):
    @classmethod
    def from_results(cls, results):
        return None

class Breaks(Counts):
    @classmethod
    def from_results(cls, results):
        raise KeyError("no such column")

class NoFrame:
    from_results = plot = Counts.plot
"""


def use(tmp_path: Path, patch: pytest.MonkeyPatch, *lines: str) -> None:
    """Install the package with these entry points, each ``group: name = object``."""
    module = f"thirdparty_plugins_{abs(hash((tmp_path, lines)))}"
    groups: dict[str, list[str]] = {}
    for line in lines:
        group, _, entry = line.partition(": ")
        name, _, content = entry.partition(" = ")
        groups.setdefault(group, []).append(f"{name} = {content if ':' in content else f'{module}:{content}'}")
    text = "\n".join("\n".join([f"[ferbench.{group}]", *entries]) for group, entries in groups.items())
    install(tmp_path / "package", patch, module, MODULE, text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_results(tmp_path_factory.mktemp("results"))


def random_predictions(n_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    random = np.random.default_rng(seed)
    classes = [f"label {place}" for place in range(n_classes)]
    # The last class is never a label.
    labels = random.choice(classes[:-1], 200)
    proba = random.dirichlet(np.ones(n_classes), 200)
    proba[np.arange(200), [classes.index(name) for name in labels]] += 0.4
    return labels, proba / proba.sum(axis=1, keepdims=True), classes


@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize("seed", [0, 1])
def test_matthews_and_kappa_are_those_of_scikit_learn(n_classes: int, seed: int) -> None:
    labels, proba, classes = random_predictions(n_classes, seed)
    predicted = np.array(classes)[proba.argmax(axis=1)]
    found = metric_values(plugin_metrics(), labels, proba, classes)
    assert found["matthews"] == pytest.approx(matthews_corrcoef(labels, predicted))
    assert found["cohen_kappa"] == pytest.approx(cohen_kappa_score(labels, predicted))


def test_a_constant_answer_reaches_nothing_and_agreement_on_one_class_says_nothing() -> None:
    constant = np.tile([0.9, 0.1], (4, 1))
    found = metric_values(plugin_metrics(), ["a", "b", "a", "b"], constant, ["a", "b"])
    assert (found["matthews"], found["cohen_kappa"]) == (0, 0)
    single = metric_values(plugin_metrics(), ["a"] * 4, constant, ["a", "b"])
    # As scikit-learn's, which warns besides.
    assert single["matthews"] == 0
    assert np.isnan(single["cohen_kappa"])


def test_plug_in_metrics_are_the_last_columns_and_change_no_other(folder: Path, monkeypatch) -> None:
    frame = read_results(folder).frame()
    # Another file in the folder of plug-ins adds a column of its own.
    added = list(plugin_metrics())
    assert [name for name in added if name in ("cohen_kappa", "matthews")] == ["cohen_kappa", "matthews"]
    assert list(frame.columns[-len(added) :]) == added
    monkeypatch.setattr(leaderboard_module, "plugin_metrics", dict)
    pd.testing.assert_frame_equal(read_results(folder).frame(), frame.iloc[:, : -len(added)])


def test_their_figures_come_from_the_stored_probabilities(folder: Path) -> None:
    results = read_results(folder)
    for row in results.frame().to_dict("records"):
        if row["status"] == "timeout":
            assert np.isnan(row["matthews"])
            continue
        proba = results.probabilities(row["recipe"])["PrivateTest"]
        predicted = np.array(results.classes)[proba.argmax(axis=1)]
        assert row["matthews"] == pytest.approx(matthews_corrcoef(results.labels["PrivateTest"], predicted))
        assert row["cohen_kappa"] == pytest.approx(cohen_kappa_score(results.labels["PrivateTest"], predicted))


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(folder, tmp_path / "digits"))


def test_a_package_adds_columns_and_drawings_and_takes_them_away_again(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = " | ".join(metric.label for metric in plugin_metrics().values())
    assert "Cohen's kappa | Matthews" in ours
    with monkeypatch.context() as patch:
        use(tmp_path, patch, "metrics: a = CERTAINTY", "metrics: b = LOSS", "displays: counts = Counts",
            "displays: nothing = Nothing")  # fmt: skip
        with undrawn("plot_counts"):
            page = write_report(copy).read_text()
        results = read_results(copy)
        assert "counts" in results.plots() and "nothing" not in results.plots()
        assert results.plot("counts").get_title(loc="left") == "Images of each label"
        assert list(results.frame().columns[-2:]) == ["certainty", "zero_one_loss"]
    board = pd.read_csv(copy / "leaderboard.csv").set_index("recipe")
    for recipe in ("mlp", "pixels+tree", "constant"):
        proba = results.probabilities(recipe)["PrivateTest"]
        predicted = np.array(results.classes)[proba.argmax(axis=1)]
        assert board.loc[recipe, "certainty"] == pytest.approx(proba.max(axis=1).mean(), rel=1e-5)
        wrong = 1 - accuracy_score(results.labels["PrivateTest"], predicted)
        assert board.loc[recipe, "zero_one_loss"] == pytest.approx(wrong, rel=1e-5)
    table = (copy / "leaderboard.md").read_text()
    assert f"| ECE | {ours} | Mean certainty | Zero-one loss | fit, s |" in table
    assert f"| {board.loc['mlp', 'certainty']:.2f} | {board.loc['mlp', 'zero_one_loss']:.3f} |" in table
    assert 'title="Mean of the highest probability">Mean certainty</button>' in page
    # Less is better for a loss: the column sorts upwards first.
    assert re.search(r'data-first="ascending" data-col="scores"><button type="button" data-name="Zero-one loss"', page)
    assert "Images of each label" in page and 'href="#plots"' in page
    counts = pd.read_csv(copy / "plot_counts.csv")
    assert counts["images"].sum() == len(results.labels["PrivateTest"])
    assert (copy / "plot_counts.png").read_bytes().startswith(b"\x89PNG")
    assert not (copy / "plot_nothing.png").exists()

    with undrawn():
        page = write_report(copy).read_text()
    assert not list(copy.glob("plot_counts.*"))
    assert "certainty" not in pd.read_csv(copy / "leaderboard.csv") and "Mean certainty" not in page


def test_records_are_never_touched(copy: Path) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.parent.name in ("records", "probabilities")}
    with undrawn():
        write_report(copy)
    assert before and {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("metrics: x = nowhere_at_all:THING", r"'x' of thirdparty-plugins .* ModuleNotFoundError: .*; repair or unins"),
        ("metrics: x = ABSENT", "AttributeError: module .* has no attribute 'ABSENT'; repair or uninstall"),
        ("metrics: x = NUMBER", "is left out: must be a Metric of ferbench.benchmarks.scores; got 3"),
        ("metrics: x = TAKEN", "metric 'matthews' of thirdparty-plugins is left out: the name is taken"),
        ("displays: x = NoFrame", "must be a class with from_results, plot, frame; got .* without frame"),
        ("displays: coverage = Counts", "display 'coverage' of thirdparty-plugins is left out: the name is taken"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_left_out_with_a_warning(
    line: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = plugin_metrics if line.startswith("metrics") else plugin_displays
    built_in = set(find())
    assert built_in >= ({"cohen_kappa", "matthews"} if line.startswith("metrics") else {"coverage"})
    use(tmp_path, monkeypatch, line)
    with pytest.warns(UserWarning, match=message) as caught:
        found = find()
    assert len(caught) == 1 and "\n" not in str(caught[0].message)
    assert set(found) == built_in


def test_a_metric_that_fails_is_blank_and_a_display_that_fails_is_left_out(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(tmp_path, monkeypatch, "metrics: x = FAILS", "displays: y = Breaks")
    results = read_results(folder)
    with pytest.warns(UserWarning, match="metric 'fails' is left blank: ZeroDivisionError: division by zero"):
        frame = results.frame()
    assert frame["fails"].isna().all() and frame["matthews"].notna().any()
    with pytest.warns(UserWarning, match="display 'y' is left out: KeyError: 'no such column'; correct its from_res"):
        assert "y" not in results.plots()


def test_a_metric_may_not_take_the_name_of_a_column(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(tmp_path, monkeypatch, "metrics: x = COLUMN")
    with pytest.raises(ValueError, match="metric 'macro_recall': the leaderboard has such a column already"):
        read_results(folder).frame()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "Mean F1"}, "name of a metric must be small letters, digits and underscores; got 'Mean F1'"),
        ({"label": ""}, "needs a label and a function"),
        ({"function": 3}, "needs a label and a function"),
        ({"format": "d"}, "format of metric 'mine' must write a number; got 'd'"),
    ],
)
def test_a_metric_that_makes_no_sense_is_refused(arguments: dict, message: str) -> None:
    sound = {"name": "mine", "label": "Mine", "function": lambda y, p, c: 0.0}
    with pytest.raises(ValueError, match=message):
        Metric(**sound | arguments)


def test_two_packages_may_give_their_entry_points_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("two_packages")
    exec(MODULE, module.__dict__)
    monkeypatch.setitem(sys.modules, "two_packages", module)
    points = [EntryPoint("x", f"two_packages:{name}", "ferbench.metrics") for name in ("CERTAINTY", "LOSS")]
    monkeypatch.setattr("ferbench.benchmarks.scores.discovery.entry_points", lambda *, group: points)
    assert {"certainty", "zero_one_loss"} <= set(plugin_metrics())


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of plug-ins in the place of ours."""
    # A name for each test: a module is imported once.
    package = tmp_path / f"own_plugins_{abs(hash(tmp_path))}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    for registry in (metric_registry, display_registry):
        monkeypatch.setattr(registry, "FOLDER", package.name)
    return package


def test_a_new_file_in_the_folder_is_all_that_a_plug_in_takes(own_folder: Path) -> None:
    (own_folder / "share.py").write_text(MODULE + "\nMETRIC = CERTAINTY\nDISPLAY = Counts\n")
    assert list(plugin_metrics()) == ["certainty"]
    assert list(plugin_displays()) == ["share"]


def test_a_file_of_ours_without_a_plug_in_is_an_error(own_folder: Path) -> None:
    (own_folder / "empty.py").write_text("")
    with pytest.raises(ValueError, match=r"empty: METRIC must be a Metric"):
        plugin_metrics()


def test_coverage_is_the_accuracy_of_the_surest_images(folder: Path) -> None:
    results = read_results(folder)
    display = results.display("coverage")
    assert isinstance(display, Display)
    table = display.frame()
    assert "constant" not in set(table["recipe"]) and len(set(table["recipe"])) == 5
    proba, truth = results.probabilities("mlp")["PrivateTest"], results.labels["PrivateTest"]
    right = np.array(results.classes)[proba.argmax(axis=1)] == truth
    own = table[table["recipe"] == "mlp"]
    for coverage, accuracy in own[["coverage", "accuracy"]].to_numpy():
        surest = np.argsort(-proba.max(axis=1), kind="stable")[: round(coverage * len(truth))]
        assert accuracy == pytest.approx(right[surest].mean())
    assert own["coverage"].iloc[-1] == 1 and own["accuracy"].iloc[-1] == pytest.approx(right.mean())
    ax = display.plot()
    assert isinstance(ax, Axes) and "n = 372 images" in ax.get_title(loc="left")
