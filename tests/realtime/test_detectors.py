"""Detectors: each finds the faces and frames them as FER2013 does; YuNet's file is got once and checked."""

import contextlib
import functools
import hashlib
import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.realtime import Detector, detectors, make_detector
from ferbench.realtime.detection import Framing, yunet_file

FAST = ["haar", "dlib", "yunet"]


@pytest.fixture
def portrait() -> np.ndarray:
    """Photograph of one person, public domain, about 200 pixels of face at (170, 70) in 512 x 512."""
    data = pytest.importorskip("skimage.data", reason="scikit-image is not installed")
    return np.ascontiguousarray(data.astronaut()[..., ::-1])


@pytest.fixture
def model(shared_data: Path) -> Path:
    return shared_data / "face_detection_yunet_2026may.onnx"


def made(name: str, request: pytest.FixtureRequest) -> Detector:
    return make_detector("yunet", model=request.getfixturevalue("model")) if name == "yunet" else make_detector(name)


def in_a_scene(face: np.ndarray, side: int, places: list[tuple[int, int]], size: tuple[int, int]) -> np.ndarray:
    scene = np.full((*size[::-1], 3), 120, np.uint8)
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    for x, y in places:
        scene[y : y + side, x : x + side] = small
    return scene


@pytest.mark.parametrize("name", FAST)
def test_a_face_is_found_in_the_same_frame_by_all(
    name: str, portrait: np.ndarray, request: pytest.FixtureRequest
) -> None:
    (found,) = made(name, request).detect(portrait)
    x, y, width, height = found.box
    assert width == height
    # What Viola-Jones, with which FER2013 was cut, gives on this picture.
    assert abs(x + width / 2 - 223) < 15 and abs(y + height / 2 - 117) < 20 and 95 < width < 145


@pytest.mark.parametrize("name", FAST)
def test_a_photograph_is_searched_thoroughly(name: str, portrait: np.ndarray, request: pytest.FixtureRequest) -> None:
    head = portrait[20:220, 120:320]
    places = [(60, 40), (400, 300), (700, 80)]
    scene = in_a_scene(head, 150, places, (960, 540))
    found = made(name, request).detect(scene, thorough=True)
    for x, y in places:
        assert any(x < box[0] + box[2] / 2 < x + 150 and y < box[1] + box[3] / 2 < y + 150 for box, _ in found)


@pytest.mark.parametrize("name", FAST)
def test_a_picture_without_a_face_gives_none(name: str, request: pytest.FixtureRequest) -> None:
    detector = made(name, request)
    for image in (np.zeros((240, 320, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)):
        assert detector.detect(image) == []


@pytest.mark.parametrize("name", FAST)
def test_threads_may_share_a_detector(name: str, portrait: np.ndarray, request: pytest.FixtureRequest) -> None:
    detector = made(name, request)
    # Sizes differ, because YuNet keeps the size of its input between calls.
    images = [portrait, portrait[:400], portrait[:, :400], cv2.resize(portrait, (300, 300))]
    alone = [detector.detect(image) for image in images]
    together: dict[int, list] = {}

    def work(number: int) -> None:
        together[number] = [detector.detect(images[number]) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result == alone[number] for number, results in together.items() for result in results)


def test_a_framing_keeps_the_center_and_scales_by_area() -> None:
    assert Framing(1.0, 0.0).apply(10, 20, 40, 40) == (10, 20, 40, 40)
    assert Framing(1.5, 0.0).apply(10, 20, 40, 40) == (0, 10, 60, 60)
    assert Framing(1.0, 0.1).apply(0, 0, 20, 80) == (-10, 24, 40, 40)


def test_what_is_no_color_image_is_refused() -> None:
    for image in (np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3)), np.zeros((0, 9, 3), np.uint8)):
        with pytest.raises(ValueError, match="image must be uint8 of shape"):
            make_detector("haar").detect(image)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    # Another file of the folder, or a package, may add one.
    assert {"dlib", "haar", "mtcnn", "yunet"} <= set(detectors()) and detectors() == sorted(set(detectors()))
    with pytest.raises(ValueError, match=r"unknown detector: 'yunnet'; expected one of .*did you mean 'yunet'"):
        make_detector("yunnet")
    with pytest.raises(ValueError, match="unknown detector"):
        make_detector("haar:file.xml")


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mtcnn", None)
    with pytest.raises(ImportError, match=r'pip install "ferbench\[mtcnn,deep\]"'):
        make_detector("mtcnn")


def test_a_path_to_yunet_is_taken_and_a_wrong_one_refused(model: Path, tmp_path: Path) -> None:
    assert make_detector(f"yunet:{model}").name == "yunet"
    with pytest.raises(FileNotFoundError, match=r"none\.onnx: no such YuNet model"):
        make_detector(f"yunet:{tmp_path / 'none.onnx'}")
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(ValueError, match=r"bad\.onnx: OpenCV cannot read it; expected a YuNet model"):
        make_detector(f"yunet:{tmp_path / 'bad.onnx'}")


@contextlib.contextmanager
def zoo(folder: Path) -> Iterator[str]:
    """A server that hands out the files of a folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a machine without the proxies that would swallow a request to itself."""
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache" / "models"


def test_the_model_is_downloaded_once_and_checked(
    cache: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = model.read_bytes()
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "yunet.onnx").write_bytes(data)
    monkeypatch.setattr(yunet_file, "BYTES", len(data))
    monkeypatch.setattr(yunet_file, "SHA256", hashlib.sha256(data).hexdigest())
    with zoo(tmp_path / "served") as url:
        monkeypatch.setattr(yunet_file, "URL", f"{url}/yunet.onnx")
        assert make_detector("yunet").name == "yunet"
    said = capsys.readouterr().err
    assert "downloading the face detector YuNet" in said and "MIT" in said
    assert [file.name for file in cache.iterdir()] == [yunet_file.NAME]
    # The server is gone, and is not needed.
    assert make_detector("yunet").name == "yunet" and not capsys.readouterr().err


@pytest.mark.parametrize("served", ["wrong bytes", "nothing", "no server"])
def test_without_the_model_haar_takes_its_place_and_that_is_said(
    served: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if served == "wrong bytes":
        (tmp_path / "yunet.onnx").write_bytes(b"x" * 300_000)
    with zoo(tmp_path) as url:
        monkeypatch.setattr(yunet_file, "URL", f"{url if served != 'no server' else 'http://127.0.0.1:9'}/yunet.onnx")
        assert make_detector().name == "haar"
        # Who asks for YuNet by name gets no other.
        with pytest.raises(OSError, match="give --detector yunet:PATH"):
            make_detector("yunet")
    said = capsys.readouterr().err
    assert "using the detector haar instead" in said and "give --detector yunet:PATH" in said
    # Nothing half done is left behind.
    assert not cache.exists() or not list(cache.iterdir())


def test_a_cache_that_cannot_be_written_is_said_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a_file").write_text("")
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path / "a_file"))
    monkeypatch.setattr(yunet_file, "_download", lambda: b"model")
    assert make_detector().name == "haar"
    assert "set FERBENCH_CACHE to a folder with room" in capsys.readouterr().err


@pytest.mark.data
@pytest.mark.parametrize(("name", "scale_within", "found_at_least"), [("haar", 0.06, 25), ("yunet", 0.08, 34)])
def test_boxes_have_the_frame_of_fer2013(
    name: str, scale_within: float, found_at_least: int, shared_data: Path, request: pytest.FixtureRequest
) -> None:
    import zipfile

    detector, quotients = made(name, request), []
    with zipfile.ZipFile(shared_data / "fer2013.zip") as archive:
        names = sorted(name for name in archive.namelist() if "PrivateTest" in name and name.endswith(".jpg"))
        for number in range(0, 40 * 80, 80):
            image = cv2.imdecode(np.frombuffer(archive.read(names[number]), np.uint8), cv2.IMREAD_COLOR)
            large = cv2.resize(image, (200, 200), interpolation=cv2.INTER_CUBIC)
            scene = cv2.copyMakeBorder(large, 100, 100, 100, 100, cv2.BORDER_REPLICATE)
            quotients += [face.box[2] / 200 for face in detector.detect(scene)[:1]]
    assert len(quotients) >= found_at_least
    assert abs(np.log(np.median(quotients))) < scale_within


@pytest.mark.data
def test_the_speaker_of_the_clip_is_one_person_from_beginning_to_end(shared_data: Path, model: Path) -> None:
    from live_parts import Collector, brightness_recognizer

    from ferbench.realtime import Pipeline, open_source, run

    sink = Collector()
    source = open_source(shared_data / "clip_talking_head.avi")
    run(source, Pipeline(brightness_recognizer(), make_detector(f"yunet:{model}")), [sink])
    assert len(sink.results) == 202
    assert {event.track_id for result in sink.results for event in result.events} == {1}


@pytest.mark.data
def test_faces_that_fill_the_picture_are_found_at_every_size(shared_data: Path, model: Path) -> None:
    detector = make_detector(f"yunet:{model}")
    photos = [cv2.imread(str(file)) for file in sorted((shared_data / "photos").glob("*.jpg"))[::6]]
    small: list[np.ndarray | None] = []
    for size in (320, 800, 4000):
        found = 0
        for number, photo in enumerate(photos):
            faces = detector.detect(cv2.resize(photo, (size, size)), thorough=True)
            box = np.array(faces[0].box) / size if faces else None
            small += [box] if size == 320 else []
            first = small[number]
            found += box is not None
            if box is not None and first is not None:
                assert np.abs(box - first).max() < 0.1 * first[2]
        assert found >= len(photos) - 1


def test_large_and_small_faces_of_one_picture_are_each_found_once(model: Path, portrait: np.ndarray) -> None:
    head = portrait[20:220, 120:320]
    scene = in_a_scene(head, 600, [(40, 40)], (960, 720))
    scene[600:640, 800:840] = cv2.resize(head, (40, 40), interpolation=cv2.INTER_AREA)
    boxes = [face.box for face in make_detector(f"yunet:{model}").detect(scene, thorough=True)]
    assert sorted(box[2] > 200 for box in boxes) == [False, True]


def test_tiny_pictures_always_give_the_same(model: Path) -> None:
    detector, random = make_detector("yunet", model=model, threshold=0.01), np.random.default_rng(0)
    for side in (1, 4, 13, 22, 31):
        image = random.integers(0, 255, (side, 50, 3), dtype=np.uint8)
        answers = set()
        for _ in range(3):
            answers.add(str(detector.detect(image)))
            detector.detect(random.integers(0, 255, (100, 130, 3), dtype=np.uint8))
        assert len(answers) == 1


MINE = '''
import cv2

from ferbench.realtime import Detector, Found, Framing


class BrightDetector(Detector):
    """Takes the bright part of the picture for a face."""

    name = "bright"
    framing = Framing(1.0, 0.0)

    def _find(self, image, thorough):
        x, y, width, height = cv2.boundingRect((image[..., 0] > 127).astype("uint8"))
        return [Found((x, y, width, height), 1.0)] if width else []
'''


def install(folder: Path, name: str, code: str, entry: str) -> None:
    """A package as an installer leaves it: a module and its entry point."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[ferbench.detectors]\n{entry}\n")


def test_another_package_adds_a_detector_and_a_broken_one_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "bright_faces", MINE, "bright = bright_faces:BrightDetector")
    install(tmp_path, "broken_faces", "raise RuntimeError('no such device')", "broken = broken_faces:Any")
    install(tmp_path, "wrong_faces", "def make(): return 7", "wrong = wrong_faces:make\nhaar = wrong_faces:make")
    before = detectors()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert detectors() == sorted({*before, "bright", "broken", "wrong"})
    image = np.zeros((100, 100, 3), np.uint8)
    image[20:60, 30:70] = 255
    (face,) = make_detector("bright").detect(image)
    assert face.box == (30, 20, 40, 40)
    with pytest.raises(ImportError, match=r"'broken' of the package broken_faces .*no such device.*repair or remove"):
        make_detector("broken")
    with pytest.raises(ValueError, match="'wrong' made a int; expected a"):
        make_detector("wrong")
    assert make_detector("haar").name == "haar"


def test_the_example_of_the_guide_is_a_detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()
    section = guide.split("## Add a detector")[1].split("\n## ")[0]
    code, entry = (part.split("```")[0] for part in (section.split("```python\n")[1], section.split("```toml\n")[1]))
    install(tmp_path, "your_package", code, entry.strip().splitlines()[-1].replace('"', ""))
    monkeypatch.syspath_prepend(str(tmp_path))
    # Other examples of the guides use the same name for another package.
    monkeypatch.delitem(sys.modules, "your_package", raising=False)
    image = np.zeros((100, 100, 3), np.uint8)
    image[20:60, 30:70] = 255
    assert make_detector("bright").detect(image)[0].box == (30, 20, 40, 40)


def test_the_older_name_of_a_parameter_is_taken_with_a_warning() -> None:
    with pytest.warns(FutureWarning, match="'neighbours' is called 'neighbors' now"):
        assert make_detector("haar", neighbours=3).neighbors == 3  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="both 'neighbors' and its older name"):
        make_detector("haar", neighbours=3, neighbors=4)


def test_yunet_finds_known_faces_in_a_smaller_copy(model: Path, shared_data: Path) -> None:
    detector = make_detector("yunet", model=model)
    sizes = []
    search = detector._search  # type: ignore[attr-defined]

    def watched(image, longest, network=None):
        sizes.append(longest)
        return search(image, longest, network)

    detector._search = watched  # type: ignore[attr-defined]
    capture = cv2.VideoCapture(str(shared_data / "clip_talking_head.avi"))
    n_frames = 0
    while n_frames < 40 and (read := capture.read())[0]:
        image = cv2.resize(read[1], (640, 480))
        face, *_ = detector.detect(image)
        again, *_ = detector.detect_large(image, 0.8 * face.box[2])
        middle = [box[i] + box[i + 2] / 2 for box in (face.box, again.box) for i in (0, 1)]
        assert 0.85 < again.box[2] / face.box[2] < 1.15
        assert max(abs(middle[0] - middle[2]), abs(middle[1] - middle[3])) < 0.1 * face.box[2]
        assert sizes[-2] == 320 and sizes[-1] < 200
        n_frames += 1
    assert n_frames == 40
    # Faces that are small in the image need the whole search.
    assert detector.detect_large(image, 10) == detector.detect(image) and sizes[-1] == sizes[-2] == 320


def test_other_detectors_find_all_faces_when_only_large_ones_are_asked_for(shared_data: Path) -> None:
    detector = make_detector("haar")
    _, image = cv2.VideoCapture(str(shared_data / "clip_talking_head.avi")).read()
    assert detector.detect_large(image, 50.0) == detector.detect(image) != []
