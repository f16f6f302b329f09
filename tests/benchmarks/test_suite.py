"""Suites are read strictly: what is not understood is an error that says what was meant."""

import os
from pathlib import Path

import pytest

from ferbench.benchmarks.store.suite import available_suites, load_suite
from ferbench.models import get_recipe

SUITE = """
recipes = ["constant", "hog+svm"]
seeds = [0, 1]

[dataset]
source = "faces"
options = { n_samples = 70 }

[budget]
time_s = 60
memory_mb = 2000

[params."hog+svm"]
classifier__C = 3
"""


def suite_file(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_a_suite_names_its_cells(tmp_path: Path) -> None:
    suite = load_suite(suite_file(tmp_path, SUITE))
    cells = suite.cells("ab12")
    assert suite.name == "mine"
    assert [(cell.recipe, cell.seed) for cell in cells] == [
        ("constant", 0),
        ("hog+svm", 0),
        ("constant", 1),
        ("hog+svm", 1),
    ]
    assert cells[1].params == {"classifier__C": 3}
    assert cells[1].cell_id.startswith("hog+svm-s0-")
    assert (suite.time_s, suite.memory_mb, suite.options) == (60, 2000, {"n_samples": 70})


def test_other_data_or_parameters_make_another_cell(tmp_path: Path) -> None:
    suite = load_suite(suite_file(tmp_path, SUITE))
    changed = load_suite(suite_file(tmp_path, SUITE.replace("classifier__C = 3", "classifier__C = 4")))
    ids = [cell.cell_id for cell in suite.cells("ab12")]
    assert ids == [cell.cell_id for cell in suite.cells("ab12")]
    assert not set(ids) & {cell.cell_id for cell in suite.cells("cd34")}
    assert [a == b.cell_id for a, b in zip(ids, changed.cells("ab12"), strict=True)] == [True, False] * 2


@pytest.mark.parametrize(("name", "network"), [("faces", "cnn"), ("fer2013", "cnn-4conv")])
def test_the_main_suites_hold_every_recipe_of_the_main_table(name: str, network: str) -> None:
    recipes = set(load_suite(name).recipes)
    features = ("pixels", "hog", "landmarks", "hog+landmarks")
    classifiers = ("logreg", "linear-svm", "svm", "tree")
    assert recipes >= {f"{f}+{c}" for f in features for c in classifiers} | {"constant", network}


@pytest.mark.parametrize("name", available_suites())
def test_every_recipe_and_parameter_of_a_shipped_suite_is_known(name: str) -> None:
    suite = load_suite(name)
    for recipe in suite.recipes:
        get_recipe(recipe).build(**suite.params.get(recipe, {}))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seeds =", "seed =", "unknown key 'seed' at the top level; did you mean 'seeds'?"),
        ("memory_mb", "memory_md", r"unknown key 'memory_md' at \[budget\]; did you mean 'memory_mb'?"),
        ("source =", "sauce =", r"unknown key 'sauce' at \[dataset\]; did you mean 'source'?"),
        ('[params."hog+svm"]', '[params."hog+smv"]', r"unknown key 'hog\+smv'.*did you mean 'hog\+svm'?"),
        ("time_s = 60", 'time_s = "60"', r"'time_s' at \[budget\] must be int or float; got '60'"),
        ("time_s = 60", "time_s = 0", "budget.time_s must be above 0; got 0"),
        ("seeds = [0, 1]", "seeds = [0, 0]", "'seeds' names 0 more than once"),
        ("seeds = [0, 1]", "seeds = [true]", "'seeds' must list values of type int; got True"),
        ("seeds = [0, 1]", "seeds = [-1]", "must lie between 0 and"),
        ('["constant", "hog+svm"]', "[]", "'recipes' must list at least one str"),
        ("[budget]", "[budget", "not a TOML file"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_remedy(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = suite_file(tmp_path, SUITE.replace(old, new))
    with pytest.raises(ValueError, match=said) as caught:
        load_suite(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_an_unknown_suite_is_named_with_the_closest(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="did you mean 'fer2013'"):
        load_suite("fer2031")
    with pytest.raises(FileNotFoundError, match="faces, fer2013"):
        load_suite(os.fspath(tmp_path / "none.toml"))
