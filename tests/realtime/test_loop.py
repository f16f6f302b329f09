"""The loop: nothing of a file is lost, live sources do not lag, and every end is a clean one."""

import threading
import time
from collections.abc import Iterator

import pytest
from live_parts import Collector, ListSource, ScriptedDetector, brightness_recognizer, one_face

from ferbench.realtime import Pipeline, RunSummary, run, stream
from ferbench.realtime import loop as loop_module
from ferbench.realtime.sinks.summary import Latencies
from ferbench.realtime.sources.mailbox import Mailbox


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    yield
    deadline = time.monotonic() + 5
    while ours() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not ours()


def ours() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("ferbench-")]


def pipeline(script=one_face, **options) -> Pipeline:  # type: ignore[no-untyped-def]
    return Pipeline(brightness_recognizer(), ScriptedDetector(script), **options)


def slow(number: int):  # type: ignore[no-untyped-def]
    time.sleep(0.02)
    return one_face(number)


def test_every_frame_of_a_file_gets_to_every_sink_in_order_even_to_slow_ones() -> None:
    sinks = [Collector(), Collector(pause_s=0.005)]
    summary = run(ListSource(80), pipeline(), sinks)
    for sink in sinks:
        assert [result.frame for result in sink.results] == list(range(80))
        assert sink.closed == 1
    assert (summary.frames, summary.faces, summary.no_face_frames, summary.dropped) == (80, 80, 0, 0)


def test_a_slow_sink_holds_a_file_back_instead_of_filling_the_memory() -> None:
    ahead = []
    sink = Collector(pause_s=0.01)
    run(ListSource(60, at=lambda index: ahead.append(index - len(sink.results))), pipeline(), [sink])
    # Two queues of four, and one frame in the hands of each thread.
    assert max(ahead) <= 12


def test_a_live_source_is_kept_up_with_by_dropping_old_frames() -> None:
    sink = Collector()
    summary = run(ListSource(200, live=True, pause_s=0.005), pipeline(slow, detect_every=1), [sink])
    numbers = [result.frame for result in sink.results]
    assert numbers == sorted(set(numbers)) and len(numbers) < 150
    assert summary.dropped == 200 - len(numbers)
    assert numbers[-1] == 199
    # A frame waits for the one before it, and for nothing else.
    assert sorted(result.latency_ms for result in sink.results)[len(numbers) // 2] < 500


def test_a_slow_sink_of_a_live_source_sees_fresh_frames() -> None:
    sink = Collector(pause_s=0.1)
    summary = run(ListSource(100, live=True, pause_s=0.01), pipeline(), [sink])
    assert len(sink.results) < 40 and summary.dropped > 0


@pytest.mark.parametrize("live", [False, True])
def test_a_sink_that_raises_ends_the_run_with_its_error_and_all_sinks_closed(live: bool) -> None:
    source = ListSource(1000, live=live, pause_s=0.001)
    broken, good = Collector(fail_at=5), Collector()
    with pytest.raises(RuntimeError, match="the sink is broken"):
        run(source, pipeline(), [good, broken])
    assert (good.closed, broken.closed) == (1, 1)
    assert source.closed_by == ["ferbench-capture"]


@pytest.mark.parametrize("live", [False, True])
def test_a_source_that_raises_ends_the_run_with_its_error_after_what_it_gave(live: bool) -> None:
    def fail(index: int) -> None:
        if index == 20:
            raise OSError("the cable is cut")

    sink, source = Collector(), ListSource(1000, live=live, pause_s=0.005, at=fail)
    with pytest.raises(OSError, match="the cable is cut"):
        run(source, pipeline(), [sink])
    assert sink.closed == 1 and source.closed_by == ["ferbench-capture"]
    if not live:
        assert [result.frame for result in sink.results] == list(range(20))


@pytest.mark.parametrize("live", [False, True])
def test_a_detector_that_raises_ends_the_run_with_its_error(live: bool) -> None:
    def fail(number: int):  # type: ignore[no-untyped-def]
        if number >= 10:
            raise MemoryError("no room for a face")
        return one_face(number)

    sink, source = Collector(), ListSource(1000, live=live, pause_s=0.002)
    with pytest.raises(MemoryError, match="no room for a face"):
        run(source, pipeline(fail), [sink])
    assert sink.closed == 1 and source.closed_by == ["ferbench-capture"]
    assert sink.results


def test_an_error_in_closing_is_raised_after_the_other_sinks_are_closed() -> None:
    sinks = [Collector(fail_on_close=True), Collector()]
    with pytest.raises(OSError, match="the disk is full"):
        run(ListSource(5), pipeline(), sinks)
    assert sinks[1].closed == 1


def test_the_first_error_is_the_one_that_is_raised() -> None:
    with pytest.raises(RuntimeError, match="the sink is broken") as caught:
        run(ListSource(50), pipeline(), [Collector(fail_at=2, fail_on_close=True)])
    assert caught.value.__notes__ == ["closing Collector failed as well: the disk is full"]


def test_stop_ends_a_live_run_soon() -> None:
    stop, sink = threading.Event(), Collector()
    threading.Timer(0.3, stop.set).start()
    started = time.monotonic()
    run(ListSource(10**6, live=True, pause_s=0.01), pipeline(), [sink], stop=stop)
    assert time.monotonic() - started < 5
    assert sink.closed == 1 and sink.results


def test_stop_ends_a_run_whose_source_sends_nothing() -> None:
    stop, sink = threading.Event(), Collector()
    threading.Timer(0.6, stop.set).start()
    summary = run(ListSource(1, live=True, pause_s=3600.0), pipeline(), [sink], stop=stop)
    assert summary.frames == 0 and sink.closed == 1
    # A window hears of it meanwhile, so that it can answer keys.
    assert sink.quiet and all(result.events == () for result in sink.quiet)
    assert sink.quiet[0].image.shape == (48, 64, 3)


def test_ctrl_c_in_a_sink_closes_everything() -> None:
    class Interrupted(Collector):
        def write(self, result) -> None:  # type: ignore[no-untyped-def]
            raise KeyboardInterrupt

    sinks, source = [Interrupted(), Collector()], ListSource(100)
    with pytest.raises(KeyboardInterrupt):
        run(source, pipeline(), sinks)
    assert [sink.closed for sink in sinks] == [1, 1] and source.closed_by


def test_max_frames_ends_the_run() -> None:
    sink = Collector()
    assert run(ListSource(1000), pipeline(), [sink], max_frames=7).frames == 7
    assert [result.frame for result in sink.results] == list(range(7))


def test_silence_of_a_live_source_is_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "PATIENCE_S", 0.3)
    stop, sink = threading.Event(), Collector()
    threading.Timer(1.2, stop.set).start()
    run(ListSource(1, live=True, pause_s=3600.0), pipeline(), [sink], stop=stop)
    assert sink.quiet[0].message is None
    assert sink.quiet[-1].message and "list: no picture for" in sink.quiet[-1].message


def test_the_summary_stays_small_and_says_what_was() -> None:
    def every_other(number: int):  # type: ignore[no-untyped-def]
        return [] if number % 2 else one_face(number)

    source = ListSource(100)
    source.note("something to know")
    summary = run(source, pipeline(every_other, detect_every=1), [])
    assert isinstance(summary, RunSummary)
    assert (summary.frames, summary.faces, summary.no_face_frames) == (100, 50, 50)
    assert summary.notes == ("something to know",)
    assert set(summary.latency_ms) == {50, 90}  # too few frames for the 99th percentile
    assert summary.fps == pytest.approx(100 / summary.seconds)


def test_percentiles_are_right_to_two_per_cent() -> None:
    latencies = Latencies()
    for value in range(1, 10001):
        latencies.add(value / 100)
    assert latencies.percentiles() == pytest.approx({50: 50, 90: 90, 99: 99}, rel=0.02)


def test_closing_the_stream_stops_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module.Recognizer, "load", lambda *_, **__: brightness_recognizer())
    source = ListSource(10**6, live=True, pause_s=0.002)
    events = stream(source, detector=ScriptedDetector(one_face))
    assert next(events).state == "face"
    assert ours()
    events.close()
    assert source.closed_by == ["ferbench-capture"]


def test_the_stream_of_a_file_gives_every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module.Recognizer, "load", lambda *_, **__: brightness_recognizer())
    events = stream(ListSource(30), detector=ScriptedDetector(one_face), detect_every=1)
    assert [event.frame for event in events] == list(range(30))


def test_a_closed_mailbox_wakes_whoever_waits() -> None:
    full: Mailbox[int] = Mailbox(1, drop=False)
    full.put(1)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(full.put(2)))
    thread.start()
    time.sleep(0.05)
    full.close(discard=True)
    thread.join(5)
    assert answers == [False] and full.get() is None and full.finished
