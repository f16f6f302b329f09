"""Where an answer is uncertain, the command and the web page say the threshold and the coverage of the bundle."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.cli import main
from ferbench.datasets import make_faces
from ferbench.models import make_recipe, save_bundle
from ferbench.models.bundles import add_calibration
from ferbench.realtime.web.shelf import Shelf

REJECT = {"threshold": 0.97, "coverage": 0.75, "accuracy": 0.9, "accuracy_all": 0.8}
SAID = "uncertain: probability below 0.97; on PublicTest 75 % of the answers are certain, and 90 % of these right"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    faces = make_faces(70, random_state=3)
    recognizer = make_recipe("pixels+logreg").fit(faces.images, faces.labels)
    return save_bundle(tmp_path_factory.mktemp("bundles") / "mine", recognizer, image_shape=(48, 48))


@pytest.fixture(scope="module")
def unsure(plain: Path) -> Path:
    """A bundle that is certain of nothing."""
    folder = plain.with_name("unsure")
    shutil.copytree(plain, folder)
    add_calibration(folder, {"temperature": 4.0, "split": "PublicTest", "reject": REJECT})
    return folder


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    canvas = np.full((480, 640), 128, np.uint8)
    canvas[140:340, 220:420] = make_faces(21, size=200, random_state=3, difficulty=0).images[0]
    cv2.imwrite(str(tmp_path / "face.png"), canvas)
    return tmp_path / "face.png"


def test_pictures_say_it_below_the_counts(unsure: Path, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["image", str(photo), "--model", str(unsure), "--detector", "haar"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[0] == "1 face in 1 image" and lines[-1] == SAID and lines[-2].split() == ["uncertain", "1", "100.0", "%"]
    )
    # A threshold of the user has no stated coverage.
    assert main([*words, "--min-probability", "0.99"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "uncertain: probability below 0.99, or a lead below 0.10"


def test_videos_say_it_too(unsure: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (640, 480))
    writer.write(cv2.imread(str(photo)))
    writer.release()
    words = ["video", str(tmp_path / "clip.avi"), "--model", str(unsure), "--detector", "haar"]
    assert main([*words, "--events", str(tmp_path / "e.csv")]) == 0
    assert SAID in capsys.readouterr().out.splitlines()


def test_predict_counts_the_uncertain_answers(
    plain: Path, unsure: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, image in enumerate(make_faces(21, random_state=5).images[:3]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    assert main(["predict", str(tmp_path), "--model", str(unsure)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"3 of 3 {SAID}"
    assert main(["predict", str(tmp_path), "--model", str(unsure), "--csv", "-"]) == 0
    piped = capsys.readouterr()
    assert SAID in piped.err and "uncertain" not in piped.out
    assert main(["predict", str(tmp_path), "--model", str(plain)]) == 0
    assert "uncertain" not in capsys.readouterr().out


def test_the_web_page_is_told_it(plain: Path, unsure: Path) -> None:
    told = {about["name"]: about["uncertain"] for about in Shelf({"mine": plain, "unsure": unsure}).describe()}
    assert told == {"mine": None, "unsure": SAID}
