"""Former names of networks are accepted and shown as current names."""

import json
from pathlib import Path

import cv2
import pandas as pd
import pytest

from ferbench.benchmarks.live.tables import faces_table, read_records, stream_table
from ferbench.benchmarks.store import Store, Suite, load_suite
from ferbench.cli import main
from ferbench.cli.live_run import load_recognizer
from ferbench.datasets import make_faces
from ferbench.models import bundle_name, get_recipe, load_bundle, make_recipe, pretrained, recipe_name, recipes
from ferbench.models.bundles import find_shipped, former_recipe_name
from ferbench.realtime import Recognizer

RESULTS = Path(__file__).parents[2] / "results"


def test_names_of_the_family_contain_the_size() -> None:
    family = [name for name in recipes() if name.startswith("ferbench-net")]
    assert sorted(family) == ["ferbench-net-l", "ferbench-net-m", "ferbench-net-xs"]
    assert get_recipe("ferbench-net").name == "ferbench-net-m"
    assert get_recipe("ferbench-net@fast").name == "ferbench-net-m@fast"
    assert make_recipe("ferbench-net").architecture == "ferbench-net-m"
    assert recipe_name("stack:ferbench-net@a,hog+svm") == "stack:ferbench-net-m@a,hog+svm"


@pytest.mark.parametrize("name", ["ferbench-net-m@fast", "vote:ferbench-net-m,hog+svm", "hog+svm", "cnn@no-flip"])
def test_former_names_invert_current_names(name: str) -> None:
    assert recipe_name(former_recipe_name(name)) == name == recipe_name(name)


# What ships under another name than that of the recipe that made it.
MADE_BY = {"ferbench-net-l": "weight-mean@net-l", "ferbench-net-l-int8": "weight-mean@net-l-int8"}


def test_a_shipped_bundle_says_which_recipe_made_it_and_is_shown_by_its_own_name() -> None:
    for task in ("expressions", "keypoints"):
        for name, path in pretrained(task).items():
            assert path.name == name == find_shipped(name).name
    for name, path in pretrained().items():
        bundle = load_bundle(path)
        assert (bundle.name, bundle.recipe) == (name, MADE_BY.get(name, name))
        assert Recognizer.load(name).name == Recognizer(bundle).name == Recognizer.load(path).name == name


def test_the_older_name_of_the_shipped_bundle_is_found() -> None:
    shipped = pretrained()
    assert list(shipped) == ["ferbench-net-l-int8", "ferbench-net-l", "ferbench-net-xs", "ferbench-quality"]
    assert bundle_name("ferbench-net") == "ferbench-net-l"
    assert shipped["ferbench-net"] == shipped["ferbench-net-l"] == find_shipped("ferbench-net")
    assert "ferbench-net" in shipped and shipped.get("ferbench-net") is not None and shipped.get("other") is None
    with pytest.raises(KeyError, match="other"):
        shipped["other"]


def test_the_older_name_is_printed_resolved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = tmp_path / "face.png"
    cv2.imwrite(str(image), make_faces(21, random_state=0).images[0])
    for given, shown in (("ferbench-net", "ferbench-net-l"), ("winner", "ferbench-net-l-int8")):
        assert main(["predict", str(image), "--model", given, "--results", str(tmp_path)]) == 0
        assert capsys.readouterr().out.startswith(f"model: {shown} (")
        assert load_recognizer(given, tmp_path).name == shown


@pytest.mark.parametrize("name", ["fer2013", "fer2013-five"])
def test_published_records_are_cells_of_today_s_suites_and_are_shown_by_today_s_names(name: str) -> None:
    store, suite = Store(RESULTS / name), load_suite(name)
    files = {path.stem: json.loads(path.read_text()) for path in (RESULTS / name / "records").glob("*.json")}
    fingerprint = next(iter(files.values()))["dataset"]["fingerprint"]
    cells = {cell.cell_id: cell for cell in suite.cells(fingerprint)}
    assert {cell_id for cell_id, content in files.items() if content["seed"] == 0} <= set(cells)
    names = {cell.recipe for cell in cells.values()}
    for record in store.records():
        # Further seeds are asked for on the command line.
        assert record["recipe"]["name"] in ([cells[record["cell_id"]].recipe] if record["seed"] == 0 else names)
        assert not record["recipe"]["name"].startswith(("ferbench-net@", "pretrained@ferbench-net-f"))


def test_a_suite_with_former_names_has_the_same_cells(tmp_path: Path) -> None:
    older = tmp_path / "older.toml"
    older.write_text(
        'recipes = ["ferbench-net", "ferbench-net@b", "pretrained"]\nreference = "ferbench-net"\n'
        '[params.ferbench-net]\nteachers = ["ferbench-net"]\n'
        '[params."ferbench-net@b"]\nteachers = ["ferbench-net"]\nepochs = 3\n'
        '[params.pretrained]\nbundles = ["ferbench-net@b", "elsewhere"]\n'
    )
    suite = load_suite(older)
    assert suite.recipes == ("ferbench-net-m", "ferbench-net-m@b", "pretrained")
    assert suite.reference == "ferbench-net-m"
    assert suite.params["ferbench-net-m"] == {"teachers": ["ferbench-net"]}, "its own name means what ships"
    assert suite.params["ferbench-net-m@b"] == {"teachers": ["ferbench-net-m"], "epochs": 3}
    assert suite.params["pretrained"] == {"bundles": ["ferbench-net-m@b", "elsewhere"]}
    assert [cell.cell_id for cell in suite.cells("f")] == [
        "ferbench-net-s0-09f0b8b3",
        "ferbench-net@b-s0-ff14b43a",
        "pretrained-s0-77cf3eca",
    ]
    (cell,) = (cell for cell in suite.cells("f") if cell.matches(["ferbench-net"]))
    assert cell.recipe == "ferbench-net-m"


def test_a_recipe_under_both_names_is_refused() -> None:
    with pytest.raises(ValueError, match="names 'ferbench-net-m' under an older name as well"):
        Suite("twice", ("ferbench-net", "ferbench-net-m"))


def test_british_names_of_parameters_give_a_warning() -> None:
    with pytest.warns(FutureWarning, match="recogniser__features__cell_size was renamed to recognizer__"):
        recognizer = make_recipe("mirror:hog+logreg", recogniser__features__cell_size=8)
    assert recognizer.recognizer["features"].cell_size == 8
    with pytest.raises(ValueError, match="got 'recogniser__features__bins' and 'recognizer__features__bins'"):
        make_recipe("mirror:hog+logreg", recogniser__features__bins=8, recognizer__features__bins=8)
    with pytest.raises(ValueError, match="has no parameter"):
        make_recipe("hog+logreg", recogniser__features__bins=8)


@pytest.mark.parametrize(
    ("recipe", "owner"),
    [
        ("pixels+kernel-ridge", "classifier"),
        ("pixels+mirror-kernel-ridge", "classifier"),
        ("pixels+knn", "classifier"),
        ("pixels+nystroem", "map"),
        ("mirror:pixels+knn", "recognizer__classifier"),
    ],
)
def test_british_values_of_parameters_give_a_warning(recipe: str, owner: str) -> None:
    with pytest.warns(FutureWarning, match=f"{owner}__scaling='centre' was renamed to 'center'") as caught:
        recognizer = make_recipe(recipe, **{f"{owner}__scaling": "centre"})
    assert len(caught) == 1 and recognizer.get_params()[f"{owner}__scaling"] == "center"


def test_a_british_name_and_value_give_one_warning_and_others_are_kept() -> None:
    with pytest.warns(FutureWarning, match="recogniser__classifier__scaling was renamed .*'centre' was ren") as caught:
        recognizer = make_recipe("mirror:pixels+knn", recogniser__classifier__scaling="centre")
    assert len(caught) == 1 and recognizer.recognizer["classifier"].scaling == "center"
    assert make_recipe("pixels+knn", classifier__scaling=None)["classifier"].scaling is None
    # No old value of this parameter.
    assert make_recipe("hog+svm", classifier__kernel="centre")["classifier"].kernel == "centre"


def test_published_tables_of_live_and_training_name_the_network_that_was_measured() -> None:
    """Older records call the medium or the large network `ferbench-net`, whichever shipped then."""
    for folder in ("live", "live/ferbench-net-l"):
        records = read_records(RESULTS / folder)
        assert set(stream_table(records)["model"]) - {""} >= {"ferbench-net-l", "ferbench-net-xs"}
        assert "ferbench-net" not in set(faces_table(records)["model"])
    for table in ("training.csv", "pipeline.csv"):
        names = pd.read_csv(RESULTS / "training" / table).iloc[:, 0].str.partition(":")[0]
        assert "ferbench-net" not in set(names.str.partition("@")[0])
