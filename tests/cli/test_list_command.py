"""What can be named is listed with what it needs, plug-ins of other packages with their package."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from thirdparty_package import NAME, install

from ferbench.cli import main
from ferbench.cli.listing import KINDS

CODE = """
from ferbench.benchmarks.scores import Metric
from ferbench.models import Recipe
from sklearn.dummy import DummyClassifier

recipe = Recipe("theirs", "classical", DummyClassifier)
metric = Metric("theirs", "Theirs", lambda y_true, proba, classes: 1.0)

def load(**options):
    \"\"\"Their faces.\"\"\"

def detector(**options):
    \"\"\"Their detector.\"\"\"
"""
ENTRY_POINTS = """[ferbench.recipes]
theirs = theirs_of_the_list:recipe
broken = theirs_of_the_list:missing
[ferbench.metrics]
theirs = theirs_of_the_list:metric
broken = theirs_of_the_list:missing
[ferbench.datasets]
theirs = theirs_of_the_list:load
broken = theirs_of_the_list:missing
[ferbench.detectors]
theirs = theirs_of_the_list:detector
broken = theirs_of_the_list:missing
[ferbench.extractors]
broken = theirs_of_the_list:missing
[ferbench.classifiers]
theirs = theirs_of_the_list:DummyClassifier
broken = theirs_of_the_list:missing
"""


def listed(kind: str, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, dict[str, Any]]:
    capsys.readouterr()
    assert main(["list", kind, "--json", *more]) == 0
    return {part["name"]: part for part in json.loads(capsys.readouterr().out)}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("recipes", {"hog+svm", "cnn", "ferbench-net-l", "constant"}),
        ("suites", {"faces", "fer2013", "keypoints"}),
        ("datasets", {"faces", "fer2013"}),
        ("detectors", {"yunet", "haar", "dlib", "mtcnn"}),
        ("models", {"ferbench-net-l", "ferbench-net-l-int8", "ferbench-net-xs", "ferbench-points"}),
        ("metrics", {"accuracy", "macro_f1", "matthews", "cohen_kappa"}),
        ("extractors", {"hog", "landmarks", "deep", "keypoints"}),
        ("classifiers", {"svm", "logreg", "tree"}),
    ],
)
def test_each_kind_lists_its_names(kind: str, names: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    found = listed(kind, capsys)
    assert names <= set(found)
    assert all(part["package"] == "ferbench" and part["about"] for part in found.values())


def test_the_kinds_are_those_that_are_tested() -> None:
    assert len(KINDS) == 8


def test_what_lacks_an_extra_says_which(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("ferbench.utils.extras.requires", lambda _: ['surely-not-installed; extra == "deep"'])
    found = listed("recipes", capsys)
    assert found["hog+svm"]["available"] and found["hog+svm"]["needs"] == []
    assert not found["cnn"]["available"] and found["cnn"]["needs"] == ["deep"]
    assert found["points-net"]["needs"] == ["deep"]
    assert found["cnn"]["problem"] == 'surely-not-installed not installed: pip install "ferbench[deep]"'
    assert listed("suites", capsys)["faces"]["needs"] == ["deep"]
    assert main(["list", "detectors"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("mtcnn  no") for line in lines)
    assert any('pip install "ferbench[mtcnn,deep]"' in line for line in lines)


@pytest.mark.parametrize("kind", ["recipes", "metrics", "datasets", "detectors", "extractors", "classifiers"])
def test_plug_ins_are_listed_with_their_package_and_broken_ones_with_the_reason(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path, monkeypatch, "theirs_of_the_list", CODE, ENTRY_POINTS)
    monkeypatch.setitem(sys.modules, "theirs_of_the_list", None)  # so that the teardown forgets it
    monkeypatch.delitem(sys.modules, "theirs_of_the_list")
    found = listed(kind, capsys)
    broken = {name: part for name, part in found.items() if name.split("+")[-1] == "broken"}
    assert broken and all(not part["available"] and "missing" in part["problem"] for part in broken.values())
    assert found["broken"]["package"] == NAME
    if kind != "extractors":
        assert found["theirs"]["available"] and found["theirs"]["package"] == NAME
    assert main(["list", kind]) == 0
    assert NAME in capsys.readouterr().out


def test_models_that_were_measured_here_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "faces" / "bundles" / "good", tmp_path / "faces" / "bundles" / "bad"
    good.mkdir(parents=True)
    bad.mkdir()
    (good / "bundle.json").write_text('{"recipe": {"name": "hog+svm"}, "dataset": {"name": "faces"}}')
    (bad / "bundle.json").write_text("{")
    found = listed("models", capsys, "--results", str(tmp_path))
    assert found[str(good)]["about"] == "expressions: hog+svm, fitted on faces"
    assert not found[str(bad)]["available"] and str(bad) in found[str(bad)]["problem"]
