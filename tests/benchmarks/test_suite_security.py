"""A suite file can set no parameter that reads, writes or runs something: a planted folder stays untouched."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from ferbench.benchmarks.run.handoff import write_data
from ferbench.benchmarks.run.job import Job
from ferbench.benchmarks.run.process import run_cell
from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store import Cell, Suite, load_suite
from ferbench.benchmarks.tasks import get_task
from ferbench.benchmarks.tune.space import Choices, fit_space, read_space
from ferbench.cli.entry import main
from ferbench.datasets import Dataset, make_faces
from ferbench.models import get_recipe, make_recipe, recipes
from ferbench.models.base import settable

RECIPE = "pixels+logreg"


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(105, random_state=0)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.mark}'",)


@pytest.fixture
def poison(faces: Dataset, tmp_path: Path) -> tuple[Path, Path]:
    """A folder of joblib's, filled by a real fit, in which each result is a bomb; and the mark that one would leave."""
    folder, mark = tmp_path / "poison", tmp_path / "it-ran"
    X, y = faces.part("Training")
    get_recipe(RECIPE).make().set_params(memory=str(folder)).fit(X, y)
    results = list(folder.rglob("output.pkl"))
    assert results
    for result in results:
        result.write_bytes(pickle.dumps(Bomb(mark)))
    return folder, mark


def test_the_poison_works_where_nothing_stops_it(faces: Dataset, poison: tuple[Path, Path]) -> None:
    folder, mark = poison
    X, y = faces.part("Training")
    with pytest.raises(Exception, match=r".*"):
        get_recipe(RECIPE).make().set_params(memory=str(folder)).fit(X, y)
    assert mark.exists()


def suite_file(tmp_path: Path, folder: Path) -> Path:
    path = tmp_path / "evil.toml"
    text = f'recipes = ["{RECIPE}"]\n[dataset]\nsource = "faces"\noptions = {{ n_samples = 105 }}\n'
    path.write_text(f'{text}[params."{RECIPE}"]\nmemory = "{folder}"\n')
    return path


@pytest.mark.parametrize("command", ["run", "measure-training", "tune-params", "tune-space"])
def test_no_command_takes_it_from_a_file(
    command: str,
    poison: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, mark = poison
    monkeypatch.chdir(tmp_path)
    suite, space = suite_file(tmp_path, folder), tmp_path / "space.toml"
    choices = {
        "tune-params": "classifier__C = {choices = [1, 2]}",
        "tune-space": f'memory = {{choices = ["{folder}"]}}',
    }
    fixed = f'[params]\nmemory = "{folder}"\n' if command == "tune-params" else ""
    space.write_text(f"[space]\n{choices.get(command, '')}\n{fixed}")
    words = {
        "run": ["run", str(suite)],
        "measure-training": ["measure-training", "--suite", str(suite), "--source", "faces", "--recipes", RECIPE],
    }.get(command, ["tune", RECIPE, "--space", str(space), "--source", "faces"])
    assert main(words) == 2
    error = capsys.readouterr().err.strip().splitlines()
    named = suite.name if words[0] != "tune" else space.name
    assert len(error) == 1 and named in error[0] and "'memory' must not be set" in error[0]
    assert words[0] == "tune" or RECIPE in error[0]
    assert not mark.exists()


def test_no_python_entrance_takes_it(faces: Dataset, poison: tuple[Path, Path], tmp_path: Path) -> None:
    folder, mark = poison
    text = str(folder)
    with pytest.raises(ValueError, match=r"recipe pixels\+logreg does not let 'memory' be set; settable parameters: "):
        make_recipe(RECIPE, memory=text)
    suite = Suite("evil", (RECIPE,), params={RECIPE: {"memory": text}})
    with pytest.raises(ValueError, match=r"evil: recipe pixels\+logreg does not let 'memory' be set"):
        Run(suite, faces, tmp_path / "results")
    with pytest.raises(ValueError, match="does not let 'memory' be set"):
        fit_space({"memory": Choices((text,))}, {}, get_recipe(RECIPE))
    with pytest.raises(ValueError, match="does not let 'memory' be set"):
        fit_space({"classifier__C": Choices((1, 2))}, {"memory": text}, get_recipe(RECIPE))
    assert not mark.exists()


def test_a_job_from_elsewhere_ends_as_an_error(faces: Dataset, poison: tuple[Path, Path], tmp_path: Path) -> None:
    """What a worker of a cluster runs: the job's text comes over the network, and no suite was read before."""
    folder, mark = poison
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    task = get_task("expressions")
    cell = Cell("evil-s0-12345678", RECIPE, {"memory": str(folder)}, 0)
    job = Job(cell, "evil", task.block(faces), str(write_data(faces, task)), 60.0, 4096.0, 1)
    record = run_cell(Job.from_json(job.to_json()), outbox, None, lambda: False)
    assert record is not None
    assert record["status"] == "error" and "does not let 'memory' be set" in record["reason"]
    assert not mark.exists()


@pytest.mark.parametrize(
    "name",
    [
        *("memory", "steps", "transform_input", "verbose", "classifier", "features", "features__verbose"),
        *("features__transformer_list", "features__hog", "classifier__verbose"),
    ],
)
def test_steps_and_places_are_never_settable(name: str) -> None:
    recipe = get_recipe("hog+pixels+logreg")
    assert name in recipe.make().get_params()
    with pytest.raises(ValueError, match=rf"recipe hog\+pixels\+logreg does not let '{name}' be set"):
        recipe.build(**{name: "anything"})


@pytest.mark.parametrize("recipe", ["cnn", "points-net"])
@pytest.mark.parametrize("name", ["tensorboard", "checkpoint_dir"])
def test_a_network_writes_where_the_harness_says(recipe: str, name: str) -> None:
    with pytest.raises(ValueError, match=f"recipe {recipe} does not let '{name}' be set"):
        make_recipe(recipe, **{name: "elsewhere"})


@pytest.mark.parametrize(
    "name", ["mirror:pixels+logreg", "vote:pixels+logreg,hog+tree", "stack:pixels+logreg,hog+tree"]
)
def test_the_memory_of_an_inner_pipeline_is_not_settable_either(name: str) -> None:
    recipe = get_recipe(name)
    inner = [known for known in recipe.make().get_params() if known.endswith("__memory")]
    assert inner
    for known in inner:
        with pytest.raises(ValueError, match="be set; "):
            recipe.build(**{known: "somewhere"})


def test_a_part_is_not_exchanged_by_an_object_in_a_plain_place() -> None:
    with pytest.raises(ValueError, match="classifier__C must be a number, a string"):
        make_recipe(RECIPE, classifier__C=make_recipe(RECIPE))


def test_what_may_be_set_is_listed_or_the_closest_named() -> None:
    with pytest.raises(ValueError, match="did you mean classifier__C"):
        make_recipe(RECIPE, classifier__c=3)
    with pytest.raises(
        ValueError, match=r"settable parameters: classifier__C, classifier__class_weight, .*features__equalize"
    ):
        make_recipe(RECIPE, zzz=3)


def test_no_recipe_offers_a_place_or_a_part() -> None:
    for name in ("cnn", "points-net", "mean-shape", "dlib-shape", "pretrained", "constant", "hog+landmarks+boosting"):
        recognizer = recipes()[name].make()
        known = recognizer.get_params()
        offered = settable(recognizer)
        assert not {"memory", "verbose", "tensorboard", "checkpoint_dir"} & {each.split("__")[-1] for each in offered}
        assert not [each for each in offered if hasattr(known[each], "get_params")]


def test_a_suite_with_a_fair_parameter_is_read(tmp_path: Path) -> None:
    path = suite_file(tmp_path, tmp_path)
    path.write_text(path.read_text().replace("memory = ", "classifier__solver = "))
    assert list(load_suite(path).params[RECIPE]) == ["classifier__solver"]


def test_a_space_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text('[space]\nfeatures__memory = {choices = ["a"]}\n')
    with pytest.raises(ValueError, match=r"space\.toml: \[space\]: 'features__memory' must not be set"):
        read_space(path)
