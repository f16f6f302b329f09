"""Recognizers of other packages answer in an interpreter of their own, within bounds of size and time."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest
from peer_standins import PACKAGES, write_interpreter, write_standins
from thirdparty_package import install

from ferbench.benchmarks.live.child import run_child
from ferbench.benchmarks.store import Suite, with_peers
from ferbench.datasets import make_faces
from ferbench.models import Peer, make_recipe, save_bundle
from ferbench.models.peers import (
    Adapter,
    PeerProcess,
    clip_command,
    get_adapter,
    known_adapters,
    parse_peers,
    set_interpreters,
)
from ferbench.models.peers.child import load_adapter

ROOT = Path(__file__).parents[2]
SEVEN = {"angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"}


@pytest.fixture(scope="module")
def standins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_standins(tmp_path_factory.mktemp("standins"))


@pytest.fixture
def importable(standins: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand-ins that this process can import, and forgets: SciPy asks a loaded torch for its tensors."""
    monkeypatch.syspath_prepend(str(standins))
    yield standins
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(standins)):
            del sys.modules[name]


@pytest.fixture(scope="module")
def python(standins: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_interpreter(tmp_path_factory.mktemp("peer"), standins)


@pytest.fixture
def fer(python: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The peer `fer`, fitted, from its stand-in."""
    monkeypatch.setenv("FERBENCH_PEERS", f"fer={python}")
    faces = make_faces(21, size=24, random_state=0)
    peer: Any = make_recipe("peer:fer").fit(faces.images, faces.labels)
    yield peer
    peer.close()


# Adapters


def test_every_adapter_is_registered_and_says_what_it_is() -> None:
    found = known_adapters()
    assert {adapter.package for adapter in found.values()} == set(PACKAGES)
    for name, adapter in found.items():
        assert name == adapter.package and set(adapter.labels) >= SEVEN
        assert adapter.project.startswith("https://github.com/") and name in adapter.install
        assert adapter.trained_on and "ferbench." not in adapter.file.read_text()


def test_the_script_of_the_child_imports_nothing_of_ferbench() -> None:
    lines = (ROOT / "models/peers/child.py").read_text().splitlines()
    assert not [line for line in lines if line.strip().startswith(("import", "from")) and "ferbench" in line]


@pytest.mark.parametrize("name", PACKAGES)
def test_an_adapter_answers_with_the_interface_of_its_package(
    name: str, importable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "face_landmarker.task"
    model.touch()
    monkeypatch.setenv("MEDIAPIPE_FACE_LANDMARKER", str(model))
    adapter = get_adapter(name)
    peer = load_adapter(str(adapter.file), adapter.attribute)()
    images = np.stack([np.zeros((48, 48), np.uint8), make_faces(21, size=48, random_state=0).images[0]])
    rows = peer.faces(images)
    assert len(rows) == 2 and len(rows[1]) == len(adapter.labels)
    # Packages that find the face themselves have no answer for a black image.
    assert (rows[0] is None) == (name in ("mediapipe", "py-feat"))
    if name == "mediapipe":
        assert adapter.labels[int(np.argmax(rows[1]))] == "happy"
    frame = cv2.cvtColor(make_faces(21, size=160, random_state=0).images[0], cv2.COLOR_GRAY2BGR)
    assert peer.frame(frame) >= (0 if "emoti" in name or "hsem" in name else 1)


# The recognizer


def test_a_peer_answers_like_any_other_classifier(fer: Any) -> None:
    faces = make_faces(21, size=24, random_state=1)
    proba = fer.predict_proba(faces.images)
    assert proba.shape == (21, 7) and np.allclose(proba.sum(axis=1), 1) and set(fer.classes_) == SEVEN
    # Scores rise in the order of the package: neutral comes last there, and in the middle here.
    assert fer.predict(faces.images).tolist() == ["neutral"] * 21
    np.testing.assert_allclose(proba[:1], fer.predict_proba(faces.images[:1]), atol=1e-6)
    assert fer.origin_ == "fer 9.1 (https://github.com/justinshenk/fer)" and fer.size_bytes_ > 0
    assert "trained elsewhere, on FER2013" in fer.warning_


def test_the_process_is_started_anew_when_the_cores_change_or_it_was_killed(fer: Any) -> None:
    images = make_faces(21, size=24, random_state=0).images
    first = fer._running()._process.pid
    psutil.Process(first).kill()
    psutil.wait_procs([psutil.Process(first)] if psutil.pid_exists(first) else [], timeout=5)
    fer.predict_proba(images)
    second = fer._running()._process.pid
    assert first != second
    allowed = os.sched_getaffinity(0)
    if len(allowed) > 1:
        os.sched_setaffinity(0, {min(allowed)})
        try:
            fer.predict_proba(images)
            assert psutil.Process(fer._running()._process.pid).cpu_affinity() == [min(allowed)]
        finally:
            os.sched_setaffinity(0, allowed)


def test_labels_are_matched_by_name(python: str) -> None:
    faces = make_faces(21, size=24, random_state=0)
    labels = ["happy", "bored"] * 10 + ["sad"]
    with_unknown = Peer("fer", python=python).fit(faces.images, labels)
    proba = with_unknown.predict_proba(faces.images)
    assert (proba[:, with_unknown.classes_.tolist().index("bored")] == 0).all() and np.allclose(proba.sum(axis=1), 1)
    with_unknown.close()
    with pytest.raises(ValueError, match=r"peer fer knows angry, .*; the data have bored, happy"):
        Peer("fer", python=python).fit(faces.images[:2], ["happy", "bored"])


def test_it_cannot_be_saved_and_says_what_can_be_done(fer: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a Peer cannot be saved: it answers in the interpreter of its package"):
        save_bundle(tmp_path / "b", fer, image_shape=(24, 24))


def test_another_version_is_another_cell(python: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERBENCH_PEERS", f"fer={python}")
    (cell,) = Suite("mine", ("peer:fer",)).cells("0" * 64)
    assert cell.params == {"release": "9.1"}
    faces = make_faces(21, size=24, random_state=0)
    with pytest.raises(ValueError, match=r"expected version 8\.0, got 9\.1"):
        make_recipe("peer:fer", release="8.0").fit(faces.images, faces.labels)


def test_a_suite_cannot_name_the_interpreter() -> None:
    with pytest.raises(ValueError, match="does not let 'python' be set"):
        make_recipe("peer:fer", python="/bin/sh")


# Bounds


def mine(tmp_path: Path, body: str, package: str = "numpy") -> Adapter:
    """An adapter whose method `faces` is the given body."""
    file = tmp_path / "adapter.py"
    file.write_text(
        "import os, sys, time\nclass Mine:\n"
        f"    package, install, labels = {package!r}, 'pip install {package}', ('happy', 'sad')\n"
        f"    def faces(self, images):\n        {body}\n"
    )
    return Adapter(
        "mine", package, "https://github.com/", f"pip install {package}", "nothing", ("happy", "sad"), file, "Mine"
    )


# File 3 of the child is the way of its answers.
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("time.sleep(60)", "took too long to answer"),
        ("return [[0.5, 0.5]]", r"the adapter gave \(1, 2\) for 3 images"),
        ("raise RuntimeError('no weights\\nhere')", "RuntimeError: no weights here"),
        ("sys.stderr.write('out of luck'); os._exit(3)", "ended with exit code 3: out of luck"),
        ("os.write(3, b'x' * 200000); time.sleep(60)", "answered a line of more than 65536 bytes"),
        ("os.write(3, b'[1]\\n'); time.sleep(60)", "answered something else than a JSON object"),
        ("os.write(3, b'{\"shape\": [3, 900000000]}\\n'); time.sleep(60)", r"answered the shape \[3, 900000000\]"),
    ],
)
def test_a_peer_that_misbehaves_is_one_clear_line_and_ended(tmp_path: Path, body: str, message: str) -> None:
    start = time.monotonic()
    patience_s = 3.0 if body == "time.sleep(60)" else 30.0
    with (
        PeerProcess(mine(tmp_path, body), sys.executable, timeout_s=patience_s) as process,
        pytest.raises(ValueError, match=message) as caught,
    ):
        process.faces(np.zeros((3, 8, 8), np.uint8))
    assert not process.alive and time.monotonic() - start < 60
    assert "\n" not in str(caught.value) and "pip install numpy" in str(caught.value)


def test_a_closed_process_is_not_killed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    process = PeerProcess(mine(tmp_path, "return []"), sys.executable)
    process.close()
    # Its number may have gone to another process.
    monkeypatch.setattr(os, "killpg", lambda pid, number: killed.append(pid))
    process.close()
    assert killed == []


def test_an_image_without_an_answer_is_a_row_of_nan(tmp_path: Path) -> None:
    with PeerProcess(mine(tmp_path, "return [None, (0.25, 0.75)]"), sys.executable) as process:
        rows = process.faces(np.zeros((2, 8, 8), np.uint8))
    assert np.isnan(rows[0]).all() and rows[1].tolist() == [0.25, 0.75]


def test_a_missing_package_says_what_to_install(tmp_path: Path) -> None:
    with (
        PeerProcess(mine(tmp_path, "return []", "no-such-faces"), sys.executable) as process,
        pytest.raises(ImportError, match=r"no-such-faces is not installed for .*: pip install no-such-faces"),
    ):
        process.release()


# Names and suites


def test_interpreters_are_checked_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="--peer must be NAME=PYTHON"):
        parse_peers(["fer"])
    with pytest.raises(ValueError, match="there is no peer 'fre'; did you mean fer"):
        parse_peers(["fre=/bin/sh"])
    with pytest.raises(FileNotFoundError, match="is no Python interpreter; name bin/python of its venv"):
        parse_peers([f"fer={tmp_path}/python"])
    monkeypatch.setenv("FERBENCH_PEERS", "")
    with pytest.raises(ValueError, match=r"interpreter of its own: .*pip install .*--peer fer=PYTHON"):
        make_recipe("peer:fer").fit(np.zeros((2, 8, 8), np.uint8), ["happy", "sad"])
    set_interpreters({"fer": "/bin/sh", "rmn": "/bin/true"})
    assert os.environ["FERBENCH_PEERS"] == "fer=/bin/sh:rmn=/bin/true"


def test_peers_without_an_interpreter_are_left_out_and_named() -> None:
    suite, notes = with_peers(Suite("mine", ("constant", "peer:fer", "peer:rmn")), {"fer": "p", "pypaz": "p"})
    assert suite.recipes == ("constant", "peer:fer", "peer:pypaz")
    assert notes == [f"not measured: rmn; {get_adapter('rmn').install}; then --peer rmn=PYTHON"]


def test_an_adapter_of_another_package_is_one_file_and_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "class Mine:\n"
        "    package, project, install = 'numpy', 'https://example.org', 'pip install numpy'\n"
        "    trained_on, labels = 'nothing', ('happy', 'sad')\n"
        "    def faces(self, images):\n        return [(0.9, 0.1) for _ in images]\n"
        "    def frame(self, image):\n        return 1\n"
    )
    install(tmp_path, monkeypatch, "their_adapter", code, "[ferbench.peers]\nmine = their_adapter:Mine\n")
    monkeypatch.setenv("FERBENCH_PEERS", f"mine={sys.executable}")
    peer = make_recipe("peer:mine").fit(np.zeros((2, 8, 8), np.uint8), ["happy", "sad"])
    np.testing.assert_allclose(peer.predict_proba(np.zeros((1, 8, 8), np.uint8)), [[0.9, 0.1]], atol=1e-6)


# Clips


def test_a_clip_is_measured_in_the_same_way(python: str, tmp_path: Path) -> None:
    file = str(tmp_path / "clip.avi")
    video = cv2.VideoWriter(file, cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for level in (50, 100, 150):
        video.write(np.full((48, 64, 3), level, np.uint8))
    video.release()
    said = run_child(clip_command("fer", python, file, frames=7, seconds=20), timeout_s=60)
    (done,) = said.of("done")
    assert said.reason is None and done["frames"] == done["faces"] == done["frames_with_face"] == 7
    assert len(done["latencies_ms"]) == 7 and done["versions"]["fer"] == "9.1"
    missing = run_child(clip_command("fer", sys.executable, file, frames=7, seconds=20), timeout_s=60)
    assert "the package fer cannot be imported" in str(missing.reason) and "pip install" in str(missing.reason)
