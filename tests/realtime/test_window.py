"""The window: what it shows, its keys, and that it neither holds up nor outlives the run."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from live_results import CLASSES, face, result

from ferbench.realtime import FrameResult
from ferbench.realtime.drawing.colors import EMOTION_COLORS, bgr
from ferbench.realtime.points_switch import PointsSwitch
from ferbench.realtime.switcher import ModelSwitcher
from ferbench.realtime.window import Window

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
pygame = pytest.importorskip("pygame", reason="pygame-ce is not installed")


@pytest.fixture(autouse=True)
def _no_screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    yield
    pygame.display.quit()


def opened(**options: Any) -> Window:
    window = Window("test", stop=options.pop("stop", threading.Event()), **options)
    window.open()
    return window


def press(key: int, text: str = "") -> None:
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key, unicode=text, mod=0))


def shown() -> np.ndarray:
    """What the window shows, as red, green, blue of shape (height, width, 3)."""
    return pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)


def wait_until(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def scene(frame: int = 0, **options: Any) -> FrameResult:
    image = np.full((240, 320, 3), 90, np.uint8)
    image[:, :40] = (200, 30, 10)
    return result(frame, frame / 25, [face(frame, frame / 25, "happy", box=(100, 60, 80, 80))], image=image, **options)


def test_the_frame_is_shown_with_its_colors_and_boxes() -> None:
    window = opened()
    window.write(scene())
    window.step()
    picture = shown()
    assert picture.shape == (480, 640, 3)
    # Blue, green, red of the image became red, green, blue of the screen.
    assert tuple(picture[400, 20]) == (10, 30, 200)
    assert (picture == np.array(bgr(EMOTION_COLORS["happy"]))[::-1]).all(axis=2).sum() > 500


def test_a_resized_window_keeps_the_pictures_proportions() -> None:
    window = opened()
    window.write(scene())
    window.step()
    pygame.display.set_mode((300, 800), pygame.RESIZABLE)
    pygame.event.post(pygame.event.Event(pygame.VIDEORESIZE, size=(300, 800), w=300, h=800))
    window.step()
    rows = np.flatnonzero(shown().any(axis=(1, 2)))
    assert shown().shape == (800, 300, 3)
    assert abs(len(rows) - 225) <= 1 and abs((rows[0] + rows[-1]) / 2 - 400) <= 1


@pytest.mark.parametrize("key", ["q", "escape", "close"])
def test_q_escape_and_closing_end_the_run(key: str) -> None:
    window = opened()
    if key == "close":
        pygame.event.post(pygame.event.Event(pygame.QUIT))
    else:
        press(pygame.K_q if key == "q" else pygame.K_ESCAPE)
    written: list[int] = []

    def work() -> str:
        while not window.stop.is_set():
            window.write(scene(len(written)))
            written.append(1)
            time.sleep(0.005)
        return "closed in order"

    assert window.run(work) == "closed in order"
    assert not pygame.display.get_init()


def test_m_mirrors_the_picture() -> None:
    window = opened()
    window.write(scene())
    press(pygame.K_m)
    window.step()
    assert tuple(shown()[400, 620]) == (10, 30, 200) and tuple(shown()[400, 20]) != (10, 30, 200)


def test_h_shows_the_keys_and_hides_them_again() -> None:
    window = opened()
    window.write(scene())
    window.step()
    hinted = shown()
    press(pygame.K_h)
    window.step()
    helped = shown()
    press(pygame.K_h)
    window.step()
    plain = shown()
    # The help is in a corner, not on the face; the hint in the lower left corner goes once the key is known.
    assert (helped != plain).any(axis=2).sum() > 2000
    assert (helped[140:270, 225:335] == plain[140:270, 225:335]).all()
    assert (hinted != plain)[450:, :120].any() and (hinted == plain)[:450].all()


def test_space_holds_the_run_and_lets_it_go_on() -> None:
    window = opened()
    written: list[int] = []

    def work() -> None:
        for frame in range(100_000):
            if window.stop.is_set():
                return
            window.write(scene(frame))
            written.append(frame)
            time.sleep(0.002)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: len(written) > 3)
    press(pygame.K_SPACE)
    window.step()
    assert window.paused
    time.sleep(0.2)
    held = len(written)
    time.sleep(0.2)
    assert len(written) == held
    press(pygame.K_SPACE)
    window.step()
    wait_until(lambda: len(written) > held + 3)
    press(pygame.K_SPACE)
    window.step()
    # Also a paused run can be ended.
    window.stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_s_saves_the_annotated_frame_in_full_size(tmp_path: Path) -> None:
    window = opened(snapshots=tmp_path / "shots")
    window.write(scene())
    press(pygame.K_s)
    window.step()
    (shot,) = (tmp_path / "shots").iterdir()
    saved = cv2.imread(str(shot))
    assert saved is not None and saved.shape == (240, 320, 3)
    assert (saved == np.array(bgr(EMOTION_COLORS["happy"]))).all(axis=2).any()


def test_a_snapshot_that_cannot_be_saved_does_not_end_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    window = opened(snapshots=tmp_path / "file" / "shots")
    window.write(scene())
    window.step()
    before = shown()
    press(pygame.K_s)
    window.step()
    assert (shown() != before).any(), "the window says nothing"


def test_drawing_does_not_hold_up_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    window = opened()
    drawing = threading.Event()
    go_on = threading.Event()

    def slow(*args: Any) -> None:
        drawing.set()
        go_on.wait(10)

    monkeypatch.setattr(window, "_draw", slow)
    window.write(scene())
    thread = threading.Thread(target=lambda: [window.write(scene(frame)) for frame in range(50)])

    def meanwhile() -> None:
        drawing.wait(10)
        thread.start()
        thread.join(5)
        written_meanwhile.append(not thread.is_alive())
        go_on.set()

    written_meanwhile: list[bool] = []
    watcher = threading.Thread(target=meanwhile)
    watcher.start()
    window.step()
    watcher.join(10)
    assert written_meanwhile == [True]


def test_an_error_of_the_run_comes_out_of_the_window() -> None:
    window = opened()

    def work() -> None:
        window.write(scene())
        raise OSError("the camera is on fire")

    with pytest.raises(OSError, match="on fire"):
        window.run(work)
    assert threading.active_count() == 1 or all(thread.name != "ferbench-run" for thread in threading.enumerate())


def test_the_end_of_a_video_closes_the_window_but_a_photograph_stays() -> None:
    window = opened()
    window.run(lambda: window.write(scene()))
    again = opened()
    threading.Timer(0.6, lambda: press(pygame.K_q)).start()
    began = time.monotonic()
    again.run(lambda: again.write(scene(name="photo.jpg")))
    assert time.monotonic() - began > 0.5


def test_a_lost_camera_keeps_the_last_picture_and_says_so() -> None:
    window = opened()
    window.write(scene())
    window.step()
    before = shown()
    window.write(result(0, 0.0, [], message="camera 0 lost, trying again"))
    window.step()
    after = shown()
    assert (after[240:] == before[240:]).mean() > 0.99, "the picture went away"
    assert (after[:80, :300] != before[:80, :300]).any(), "nothing is said"


def test_a_file_is_shown_at_its_own_pace() -> None:
    window = opened(pace=True)
    began = time.monotonic()
    for frame in range(6):
        window.write(result(frame, 10 + frame / 10, [face()]))
    assert time.monotonic() - began >= 0.5


class FakePipeline:
    """Remembers which recognizer it was given."""

    def __init__(self) -> None:
        self.recognizer = FakeRecognizer("first")

    def switch(self, recognizer: Any) -> None:
        self.recognizer = recognizer


class FakeRecognizer:
    """Something with a name and labels."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.classes_ = ("bored",) if name == "other" else CLASSES


class PointsPipeline:
    """Remembers which key-point model it was given."""

    def __init__(self, points: Any = None) -> None:
        self.points = points

    def switch_points(self, points: Any) -> None:
        self.points = points


def pointed(frame: int = 0) -> FrameResult:
    """A frame whose face has one key point."""
    scenery = scene(frame)
    event = replace(scenery.events[0], points=np.array([[140.0, 100.0]]), point_names=("nose_tip",))
    return replace(scenery, events=(event,))


def has_point() -> bool:
    """Whether there is something light where the point of `pointed` lies."""
    return bool((shown()[199:203, 279:283].min(axis=2) > 200).any())


def test_p_hides_the_points_of_the_window_and_shows_them_again() -> None:
    model = object()
    pipeline: Any = PointsPipeline(model)
    window = opened(points=PointsSwitch(pipeline, lambda: pytest.fail("there is one already")))
    for expected in (True, False, True):
        window.write(pointed())
        window.step()
        assert has_point() is expected
        # Files keep their points.
        assert pipeline.points is model
        press(pygame.K_p)
        window.step()


def test_p_loads_the_points_when_they_are_first_wanted_and_costs_nothing_before(tmp_path: Path) -> None:
    loaded: list[str] = []

    def load_model() -> Any:
        loaded.append("model")
        return "model"

    pipeline: Any = PointsPipeline()
    window = opened(points=PointsSwitch(pipeline, load_model), snapshots=tmp_path)
    window.write(pointed())
    window.step()
    assert not has_point() and pipeline.points is None and loaded == []
    for expected in ("model", None, "model"):
        press(pygame.K_p)
        window.step()
        wait_until(lambda expected=expected: pipeline.points == expected)  # type: ignore[misc]
    window.step()
    assert has_point() and loaded == ["model"]
    press(pygame.K_s)
    window.step()
    (shot,) = tmp_path.iterdir()
    saved = cv2.imread(str(shot))
    assert saved is not None and saved[98:103, 138:143].min(axis=2).max() > 200


def test_points_that_cannot_be_loaded_are_explained_in_the_window() -> None:
    def missing() -> Any:
        raise FileNotFoundError("this installation has no key-point bundle")

    switch = PointsSwitch(PointsPipeline(), missing)  # type: ignore[arg-type]
    window = opened(points=switch)
    window.write(pointed())
    window.step()
    before = shown()
    press(pygame.K_p)
    window.step()
    wait_until(lambda: switch.message == "this installation has no key-point bundle")
    window.step()
    assert (shown() != before).any() and not switch.shown
    press(pygame.K_p)
    window.step()
    wait_until(lambda: switch.message == "this installation has no key-point bundle")


def load(name: str) -> Any:
    if name == "broken":
        raise ValueError("broken: the bundle is damaged")
    return FakeRecognizer(name)


def test_digits_switch_the_model_and_explain_what_does_not_work() -> None:
    pipeline: Any = FakePipeline()
    switcher = ModelSwitcher(pipeline, ["first", "second", "broken", "other"], load)
    window = opened(switcher=switcher)
    press(pygame.K_2, "2")
    window.step()
    wait_until(lambda: pipeline.recognizer.name == "second" and switcher.message is None)
    press(pygame.K_3, "3")
    window.step()
    wait_until(lambda: switcher.message == "broken: the bundle is damaged")
    press(pygame.K_4, "4")
    window.step()
    wait_until(lambda: "other labels" in str(switcher.message))
    press(pygame.K_9, "9")
    window.step()
    assert "no model 9" in str(switcher.message)
    assert pipeline.recognizer.name == "second"


def test_the_last_of_several_quick_choices_counts() -> None:
    pipeline: Any = FakePipeline()
    gate = threading.Event()

    def slow(name: str) -> Any:
        gate.wait(10)
        return FakeRecognizer(name)

    switcher = ModelSwitcher(pipeline, ["a", "b", "c"], slow)
    for number in (1, 2, 3):
        switcher.choose(number)
    gate.set()
    wait_until(lambda: switcher.message is None)
    assert pipeline.recognizer.name == "c"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_a_machine_without_a_screen_is_told_apart_from_one_with(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "import threading; from ferbench.realtime.window import Window; Window('x', stop=threading.Event()).open()"
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    words = [sys.executable, "-c", body]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode == 0 and Path("/dev/dri").exists():
        pytest.skip("SDL draws to the console of this machine")
    assert "OSError: no window can be opened" in done.stderr
    assert "--no-window" in done.stderr
    assert done.stdout == ""
