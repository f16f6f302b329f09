"""The recognizer sees live what it saw in training, may be shared by threads, and is there at once."""

import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_parts import CLASSES, BrightnessBundle, ScriptedDetector, one_face, picture

from ferbench.datasets import make_faces
from ferbench.models import load_bundle, make_recipe, pretrained, save_bundle
from ferbench.realtime import Recognizer, make_detector
from ferbench.realtime.recognition.crop import crop_face


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A bundle fitted on drawn faces, and drawn faces."""
    faces = make_faces(140, random_state=3, difficulty=0.2)
    recognizer = make_recipe("pixels+logreg").fit(faces.images, faces.labels)
    path = save_bundle(tmp_path_factory.mktemp("bundle") / "drawn", recognizer, image_shape=(48, 48))
    return path, faces.images[:20]


def pasted(face: np.ndarray, side: int) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """A face, resized, somewhere in a frame, and where."""
    frame = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    frame[37 : 37 + side, 111 : 111 + side] = large[..., None]
    return frame, (111, 37, side, side)


def total_variation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).sum(axis=-1).mean() / 2)


@pytest.mark.parametrize(("side", "tolerance"), [(48, 1e-6), (96, 0.05), (131, 0.05), (200, 0.05)])
def test_a_drawn_face_in_a_frame_gets_the_probabilities_of_the_face_itself(
    side: int, tolerance: float, drawn: tuple[Path, np.ndarray]
) -> None:
    recognizer, bundle = Recognizer.load(drawn[0]), load_bundle(drawn[0])
    direct = bundle.predict_proba(drawn[1])
    live = np.concatenate(
        [recognizer.predict_faces(frame, [box]) for frame, box in (pasted(f, side) for f in drawn[1])]
    )
    assert total_variation(direct, live) <= tolerance


@pytest.mark.data
def test_a_face_of_fer2013_in_a_frame_gets_the_probabilities_of_the_face_itself(shared_data: Path) -> None:
    names = pretrained()
    if not names:
        pytest.skip("no pretrained bundle is installed")
    with zipfile.ZipFile(shared_data / "fer2013.zip") as archive:
        files = sorted(name for name in archive.namelist() if "PublicTest" in name and name.endswith(".jpg"))[::120]
        faces = [cv2.imdecode(np.frombuffer(archive.read(file), np.uint8), cv2.IMREAD_GRAYSCALE) for file in files]
    path = next(iter(names.values()))
    recognizer, direct = Recognizer.load(), load_bundle(path).predict_proba(np.stack(faces))
    for side, tolerance in ((48, 1e-5), (96, 0.08), (150, 0.08)):
        live = [recognizer.predict_faces(frame, [box])[0] for frame, box in (pasted(face, side) for face in faces)]
        assert total_variation(direct, np.array(live)) <= tolerance


def test_several_faces_are_recognized_in_one_call_and_in_their_order() -> None:
    image = picture(0, 20)
    image[:, 32:] = 240
    recognizer = Recognizer(BrightnessBundle())
    dark, bright, dark_again = recognizer.predict_faces(image, [(0, 5, 20, 20), (40, 5, 20, 20), (5, 5, 20, 20)])
    assert dark.argmax() == dark_again.argmax() == 2 and bright.argmax() == 0
    assert recognizer.predict_faces(image, []).shape == (0, 3)


def test_a_box_beyond_the_border_repeats_the_border() -> None:
    image = np.tile(np.arange(100, dtype=np.uint8), (100, 1))
    face = crop_face(image, (-20, 10, 40, 40), (40, 40))
    assert (face[:, :20] == 0).all() and (face[0, 20:] == np.arange(20)).all()
    # Also where nothing of it lies inside.
    assert (crop_face(image, (300, 300, 40, 40), (8, 8)) == 99).all()


def test_the_margin_of_the_bundle_is_added_on_each_side() -> None:
    image = np.zeros((100, 100), np.uint8)
    image[30:70, 30:70] = 255
    assert crop_face(image, (30, 30, 40, 40), (40, 40)).min() == 255
    with_margin = crop_face(image, (30, 30, 40, 40), (60, 60), 0.25)
    assert (with_margin[10:50, 10:50] == 255).all() and with_margin.mean() == pytest.approx(255 * 1600 / 3600)


def test_colors_become_gray_as_in_training() -> None:
    colors = np.random.default_rng(0).integers(0, 255, (48, 48, 3), np.uint8)
    assert (crop_face(colors, (0, 0, 48, 48), (48, 48)) == cv2.cvtColor(colors, cv2.COLOR_BGR2GRAY)).all()


def test_predict_takes_files_and_arrays(tmp_path: Path) -> None:
    recognizer = Recognizer(BrightnessBundle(), detector=ScriptedDetector(one_face))
    cv2.imwrite(str(tmp_path / "a.png"), picture(0))
    for image in (tmp_path / "a.png", str(tmp_path / "a.png"), picture(0), picture(0)[..., 0]):
        (event,) = recognizer.predict(image)
        assert (event.label, event.state, event.certain, event.track_id) == ("happy", "face", True, None)
        assert event.classes == CLASSES and event.box == (20, 10, 20, 20)


def test_predict_refuses_what_is_no_picture(tmp_path: Path) -> None:
    recognizer = Recognizer(BrightnessBundle(), detector=ScriptedDetector(one_face))
    for array in (np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8)):
        with pytest.raises(ValueError, match="image must be a path or uint8 of shape"):
            recognizer.predict(array)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        recognizer.predict(tmp_path / "none.png")


def test_threads_may_share_a_recognizer(drawn: tuple[Path, np.ndarray]) -> None:
    data = pytest.importorskip("skimage.data", reason="scikit-image is not installed")
    portrait = np.ascontiguousarray(data.astronaut()[:300, :400, ::-1])
    recognizer = Recognizer.load(drawn[0], detector=make_detector("haar"))
    images = [portrait, cv2.flip(portrait, 1), portrait // 2, cv2.resize(portrait, (300, 225))]
    alone = [recognizer.predict(image) for image in images]
    assert all(len(events) == 1 for events in alone)
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(5):
            (event,) = recognizer.predict(images[number])
            (expected,) = alone[number]
            if event.box != expected.box or not np.array_equal(event.probabilities, expected.probabilities):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number % 4,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_unknown_bundle_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such bundle; expected a bundle's folder or"):
        Recognizer.load("ferbench-nut")
    with pytest.raises(FileNotFoundError, match="is no bundle"):
        Recognizer.load(tmp_path)


def test_a_network_is_ready_without_the_heavy_packages() -> None:
    """TensorFlow alone takes longer to import than the whole start may."""
    load = "Recognizer.load().predict_faces(np.zeros((90, 90, 3), np.uint8), [(0, 0, 50, 50)]);" if pretrained() else ""
    heavy = ("tensorflow", "keras", "sklearn", "scipy", "pandas", "matplotlib", "joblib", "fastapi", "pygame")
    code = (
        f"import sys; import numpy as np; from ferbench.realtime import Recognizer, make_detector; {load}"
        f"make_detector('haar'); print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
