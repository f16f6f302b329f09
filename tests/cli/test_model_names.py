"""What was named after ``--model`` is what runs, or an error says why not."""

import shutil
from pathlib import Path

import pytest
from cells_here import CellsHere

from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store.suite import Suite
from ferbench.cli import main
from ferbench.cli.arguments import named_models
from ferbench.cli.evidence.bundle_names import folders_by_name
from ferbench.cli.live_run import _models_here, load_recognizer
from ferbench.cli.training.measure_int8 import bundles_by_name
from ferbench.datasets import make_faces
from ferbench.models import pretrained

NAME = "ferbench-net-xs"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A bundle of one's own, of the recipe that a shipped one is named after."""
    return Path(shutil.copytree(pretrained()[NAME], tmp_path / "mine"))


def test_a_folder_is_served_beside_the_shipped_one_of_its_recipe(own: Path) -> None:
    found = named_models([str(own)], own.parent)
    title = next(iter(found))
    assert found[title] == own and title.endswith("(mine)")
    assert found[NAME] == pretrained()[NAME]
    assert list(found.values()).count(own) == 1


def test_two_bundles_of_one_recipe_have_names_of_their_own(own: Path) -> None:
    other = Path(shutil.copytree(own, own.parent / "deep" / "mine"))
    third = Path(shutil.copytree(own, own.parent / "yours"))
    found = named_models([str(own), str(other), str(third), NAME], own.parent)
    assert [found[title] for title in list(found)[:4]] == [own, other, third, pretrained()[NAME]]
    assert len(found) == 3 + len(pretrained())


def test_the_same_bundle_named_twice_is_one(own: Path) -> None:
    assert list(named_models([str(own), f"{own}/"], own.parent).values()).count(own) == 1


def test_bundles_of_one_recipe_and_folder_are_all_measured(own: Path) -> None:
    """For stress and explain by recipe, for int8 by folder: no one takes the place of another."""
    copies = [own, *(Path(shutil.copytree(own, own.parent / name / "mine")) for name in ("a", "b", "c"))]
    names = list(map(str, copies))
    assert folders_by_name(names, own.parent) == dict(
        zip((NAME, f"{NAME} (mine)", f"{NAME} (b/mine)", f"{NAME} (c/mine)"), copies, strict=True)
    )
    assert list(bundles_by_name([*names, f"{own}/", NAME], own.parent).values()) == [*copies, pretrained()[NAME]]
    with pytest.raises(ValueError, match="names the same bundle as another"):
        folders_by_name([names[0], f"{own}/"], own.parent)


def test_what_ships_has_the_name_under_which_it_ships(own: Path) -> None:
    assert list(folders_by_name(list(pretrained()), own.parent)) == list(pretrained())


@pytest.mark.parametrize("damage", ["missing", "cut", "description", "absent"])
@pytest.mark.parametrize("command", ["serve", "live", "image", "video", "predict"])
def test_a_damaged_one_is_an_error_and_no_other_takes_its_place(
    command: str, damage: str, own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = own / "model.onnx"
    if damage == "missing":
        model.unlink()
    elif damage == "cut":
        model.write_bytes(model.read_bytes()[:-1])
    elif damage == "description":
        (own / "bundle.json").write_text("{}")
    else:
        shutil.rmtree(own)
    monkeypatch.chdir(own.parent)
    picture = own.parent / "face.png"
    import cv2
    import numpy as np

    cv2.imwrite(str(picture), np.zeros((64, 64, 3), np.uint8))
    clip = cv2.VideoWriter(str(own.parent / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 64))
    for _ in range(5):
        clip.write(np.zeros((64, 64, 3), np.uint8))
    clip.release()
    words = {
        "serve": ["serve", "--port", "0", "--model", str(own)],
        "live": ["live", "clip.avi", "--no-window", "--model", str(own)],
        "image": ["image", "face.png", "--model", str(own)],
        "video": ["video", "clip.avi", "--events", "events.csv", "--model", str(own)],
        "predict": ["predict", "face.png", "--model", str(own)],
    }
    assert main(words[command]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1 and str(own) in error[0]
    assert not (own.parent / "events.csv").exists()


def test_the_second_of_several_is_checked_too(own: Path) -> None:
    (own / "model.onnx").unlink()
    with pytest.raises(ValueError, match=r"mine: model\.onnx is missing"):
        named_models([NAME, str(own)], own.parent)


def test_live_shows_which_of_the_two_answers(own: Path) -> None:
    assert load_recognizer(NAME, own.parent).name == NAME
    assert load_recognizer(str(own), own.parent).name.endswith("(mine)")


@pytest.mark.parametrize("chosen", [None, "winner", NAME, "ferbench-net"])
def test_each_key_of_the_window_loads_another_model(chosen: str | None, tmp_path: Path) -> None:
    names = _models_here(chosen, tmp_path / "results")
    loaded = [load_recognizer(name, tmp_path / "results").name for name in names]
    assert sorted(loaded) == sorted(pretrained()), "each that ships has one key"
    assert names[0] == (chosen or "winner")


def test_the_keys_of_the_window_offer_ones_own_bundle_beside_the_shipped(own: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    bundle = results / "bundles" / "cell"
    shutil.copytree(own, bundle)
    assert {NAME, str(bundle)} <= set(_models_here(NAME, results))
    for chosen in (NAME, str(bundle), f"{bundle}/"):
        loaded = [load_recognizer(name, results).name for name in _models_here(chosen, results)]
        assert sorted(loaded) == sorted([*pretrained(), f"{NAME} (cell)"])


def test_the_winner_of_a_results_folder_has_one_key(tmp_path: Path) -> None:
    faces = make_faces(210, size=24, random_state=0, difficulty=0.2)
    Run(Suite("small", ("constant", "pixels+logreg", "pixels+tree")), faces, tmp_path).execute(CellsHere())
    loaded = [load_recognizer(name, tmp_path / "faces").name for name in _models_here(None, tmp_path / "faces")]
    assert sorted(loaded) == sorted([*pretrained(), "pixels+tree", "pixels+logreg"])
