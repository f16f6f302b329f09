"""From frame to events: faces followed, probabilities smoothed, and nothing claimed that was not seen."""

import threading
from collections.abc import Callable

import numpy as np
import pytest
from live_parts import CLASSES, ScriptedDetector, brightness_recognizer, one_face, picture

from ferbench.realtime import Detection, FaceEvent, Frame, FrameResult, Pipeline
from ferbench.realtime.tracking.cadence import Cadence


def pipeline(script=one_face, **options) -> Pipeline:  # type: ignore[no-untyped-def]
    return Pipeline(brightness_recognizer(), ScriptedDetector(script), **options)


def frames(n: int, *, fps: float = 25.0, level=lambda number: 200, **more) -> list[Frame]:  # type: ignore[no-untyped-def]
    return [Frame(number, number / fps, picture(number, level(number)), **more) for number in range(n)]


def test_a_face_becomes_an_event_with_everything_in_it() -> None:
    result = pipeline(smoothing_s=0).process(frames(1)[0])
    (event,) = result.events
    assert (event.frame, event.timestamp_s, event.track_id, event.state) == (0, 0.0, 1, "face")
    assert event.box == (20, 10, 20, 20) and event.score == 0.9 and event.classes == CLASSES
    assert event.label == "happy" and event.certain
    assert event.probabilities == pytest.approx([0.9 * 200 / 255, 0.1, 0.9 * 55 / 255], abs=1e-6)
    assert list(event.row()) == FaceEvent.columns(CLASSES)
    assert list(event.row())[:8] == ["frame", "timestamp_s", "track_id", "state", "x", "y", "width", "height"]
    assert result.model == "brightness" and result.latency_ms > 0


def test_a_frame_without_a_face_says_so_in_one_row() -> None:
    (event,) = pipeline(lambda number: []).process(frames(1)[0]).events
    assert event.state == "no_face" and event.label is None and not event.certain
    row = event.row()
    assert row["frame"] == 0 and all(row[key] is None for key in FaceEvent.columns(CLASSES)[4:10])


def test_each_face_is_smoothed_on_its_own() -> None:
    def two(number: int) -> list[Detection]:
        return [Detection((2, 10, 20, 20), 0.9), Detection((40, 10, 20, 20), 0.8)]

    live = pipeline(two, smoothing_s=0.5, detect_every=1)
    for number in range(40):
        image = picture(number, 30)
        # The left face turns from dark to bright at once; the right one stays dark.
        if number >= 20:
            image[10:30, 2:22] = 230
        left, right = live.process(Frame(number, number / 25, image)).events
        if number == 21:
            assert left.label == "sad" and left.probabilities.argmax() == 0
    assert left.label == "happy" and right.label == "sad"
    assert right.smoothed == pytest.approx(right.probabilities)


def test_what_is_not_clear_is_uncertain() -> None:
    for level, certain in ((128, False), (200, True), (40, True), (160, False)):
        (event,) = pipeline(min_margin=0.3).process(Frame(0, 0.0, picture(0, level))).events
        assert event.certain is certain, level


def test_searching_less_often_gives_the_same_faces() -> None:
    def moving(number: int) -> list[Detection]:
        return [Detection((5 + number, 10, 20, 20), 0.9)]

    often, seldom = pipeline(moving, detect_every=1), pipeline(moving, detect_every=3)
    for frame in frames(30):
        a, b = often.process(frame).events, seldom.process(frame).events
        assert [event.track_id for event in a] == [event.track_id for event in b] == [1]
        if frame.index > 6:
            assert abs(a[0].box[0] - b[0].box[0]) <= 2
    assert seldom.detector.searched == list(range(0, 30, 3))  # type: ignore[attr-defined]


def test_files_are_searched_by_their_frame_rate_and_not_by_the_machine() -> None:
    for fps, every in ((10, 1), (25, 2), (50, 4)):
        live = pipeline()
        for frame in frames(12, fps=fps):
            live.process(frame, source_fps=fps)
        assert live.detector.searched == list(range(0, 12, every))  # type: ignore[attr-defined]


def test_photographs_are_taken_on_their_own() -> None:
    live = pipeline(smoothing_s=10.0, detect_every=5)
    for number, level in enumerate([230, 20, 230, 20]):
        (event,) = live.process(Frame(number, float(number), picture(number, level), still=True, name="a.jpg")).events
        assert event.label == ("happy" if level == 230 else "sad")
        assert event.track_id is None and event.smoothed is event.probabilities
    assert live.detector.searched == [0, 1, 2, 3]  # type: ignore[attr-defined]


def test_switching_the_model_keeps_the_faces_and_starts_smoothing_anew() -> None:
    live = pipeline(smoothing_s=100.0)
    dark = frames(6, level=lambda number: 20 if number < 3 else 230)
    before = [live.process(frame) for frame in dark[:3]][-1]
    live.switch(brightness_recognizer("other"))
    after = live.process(dark[3])
    assert (before.model, after.model) == ("brightness", "other")
    assert before.events[0].track_id == after.events[0].track_id == 1
    assert (before.events[0].label, after.events[0].label) == ("sad", "happy")


def test_reset_forgets_everybody() -> None:
    live = pipeline(smoothing_s=100.0)
    live.process(Frame(0, 0.0, picture(0, 20)))
    live.reset()
    (event,) = live.process(Frame(0, 0.0, picture(0, 230))).events
    assert event.label == "happy" and event.track_id == 1


def test_nothing_is_kept_of_faces_that_are_gone() -> None:
    def passing(number: int) -> list[Detection]:
        return [Detection((20 if number // 8 % 2 else 400, 10, 20, 20), 0.9)]

    live = pipeline(passing, max_gap_s=0.1, detect_every=1)
    for frame in frames(200):
        live.process(frame)
    assert len(live._smoothers) <= 2 and len(live._tracker.tracks) <= 2


def test_pipelines_in_threads_share_recognizer_and_detector() -> None:
    recognizer, detector = brightness_recognizer(), ScriptedDetector(one_face)
    results: dict[int, list[FrameResult]] = {}

    def work(level: int) -> None:
        own = Pipeline(recognizer, detector)
        results[level] = [own.process(frame) for frame in frames(100, level=lambda number: level)]

    threads = [threading.Thread(target=work, args=(level,)) for level in (20, 230, 128, 90)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for level, own in results.items():
        expected = 0.9 * level / 255
        # The picture's number is in its first pixel, outside the face.
        assert all(np.isclose(result.events[0].smoothed[0], expected) for result in own)


class TwoSearches(ScriptedDetector):
    """Counts searches for known faces apart, which find only the first `n_large` of the script."""

    def __init__(self, script: Callable[[int], list[Detection]], n_large: Callable[[int], int]) -> None:
        super().__init__(script)
        self.n_large = n_large
        self.quick: list[tuple[int, float]] = []

    def detect_large(self, image: np.ndarray, least: float) -> list[Detection]:
        number = int(image[0, 0, 0])
        self.quick.append((number, least))
        return list(self.script(number))[: self.n_large(number)]


def test_between_searches_for_all_faces_come_searches_for_the_known_ones() -> None:
    detector = TwoSearches(lambda _: [Detection((10, 10, 20, 20), 0.9), Detection((40, 10, 30, 30), 0.8)], lambda _: 2)
    live = Pipeline(brightness_recognizer(), detector)
    for frame in frames(26, fps=25):
        assert [event.track_id for event in live.process(frame, source_fps=25).events] == [1, 2]
    assert detector.searched == [0, 8, 16, 24]
    assert [number for number, _ in detector.quick] == [2, 4, 6, 10, 12, 14, 18, 20, 22]
    # The smaller face may shrink by a fifth.
    assert all(least == pytest.approx(0.8 * 20, abs=1) for _, least in detector.quick)


def test_a_known_face_that_the_quick_search_misses_is_looked_for_at_once() -> None:
    detector = TwoSearches(lambda _: [Detection((10, 10, 20, 20), 0.9)], lambda number: int(number != 4))
    live = Pipeline(brightness_recognizer(), detector)
    for frame in frames(8, fps=25):
        (event,) = live.process(frame, source_fps=25).events
        assert event.state == "face"
    assert detector.searched == [0, 4] and [number for number, _ in detector.quick] == [2, 4, 6]


def test_all_faces_are_looked_for_while_one_is_out_of_view_or_none_is_known() -> None:
    def leaves(number: int) -> list[Detection]:
        return [Detection((10, 10, 20, 20), 0.9)] if number < 3 else []

    detector = TwoSearches(leaves, lambda _: 9)
    live = Pipeline(brightness_recognizer(), detector)
    for frame in frames(12, fps=25):
        live.process(frame, source_fps=25)
    assert detector.searched == [0, 4, 6, 8, 10]


def test_a_chosen_number_of_frames_between_searches_means_searches_for_all_faces() -> None:
    detector = TwoSearches(lambda _: [Detection((10, 10, 20, 20), 0.9)], lambda _: 1)
    live = Pipeline(brightness_recognizer(), detector, detect_every=2)
    for frame in frames(8, fps=25):
        live.process(frame)
    assert detector.searched == [0, 2, 4, 6] and not detector.quick


def test_searches_become_rarer_when_they_are_slow_and_the_source_is_live() -> None:
    def searches(search_s: float) -> int:
        cadence, n = Cadence("auto"), 0
        for _ in range(100):
            due = cadence.due(live=True, fps=25)
            n += due
            cadence.took(search_s if due else None, 0.005)
        return n

    assert searches(0.01) == 100
    assert searches(0.05) == pytest.approx(50, abs=2)
    assert searches(0.3) == pytest.approx(100 / 6, abs=2)  # never longer than a quarter of a second without one


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_probability": 1.5}, "min_probability must be from 0 to 1; got 1.5"),
        ({"min_margin": -0.1}, "min_margin must be from 0 to 1"),
        ({"smoothing_s": -1}, "smoothing_s must be 0 or more"),
        ({"detect_every": 0}, 'detect_every must be "auto" or a whole number from 1; got 0'),
        ({"max_gap_s": -1}, "max_gap_s must be 0 or more"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pipeline(**options)


def test_the_older_name_of_the_recognizer_is_taken_with_a_warning() -> None:
    from live_parts import ScriptedDetector, brightness_recognizer, one_face

    from ferbench.realtime import Pipeline

    recognizer = brightness_recognizer()
    with pytest.warns(FutureWarning, match="'recogniser' is called 'recognizer' now"):
        pipeline = Pipeline(recogniser=recognizer, detector=ScriptedDetector(one_face))  # type: ignore[call-arg]
    assert pipeline.recognizer is recognizer
