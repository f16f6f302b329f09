"""Times are of one image after a warm-up, within a budget, and thin tails stay blank."""

import json
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from ferbench.benchmarks.store import timing
from ferbench.benchmarks.store.timing import environment, measure_latency, measure_throughput, peak_memory_bytes

IMAGES = np.arange(5 * 4 * 4, dtype=np.uint8).reshape(5, 4, 4)


class Clock:
    """Time that passes only when a prediction takes it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def perf_counter(self) -> float:
        return self.seconds

    def perf_counter_ns(self) -> int:
        return round(self.seconds * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    stand_in = SimpleNamespace(perf_counter=clock.perf_counter, perf_counter_ns=clock.perf_counter_ns)
    monkeypatch.setattr(timing, "time", stand_in)
    return clock


def test_one_image_at_a_time_in_turn_and_from_the_start_again() -> None:
    seen: list[np.ndarray] = []
    measure_latency(seen.append, IMAGES, warmup=1, n=7)
    assert {image.shape for image in seen} == {(1, 4, 4)}
    order = [0, *(k % 5 for k in range(7))]
    np.testing.assert_array_equal(np.concatenate(seen), IMAGES[order])


def test_the_warm_up_is_recorded_and_not_counted(clock: Clock) -> None:
    calls = []

    def predict(image: np.ndarray) -> None:
        calls.append(image)
        clock.seconds += 0.5 if len(calls) <= 3 else 0.002

    result = measure_latency(predict, IMAGES, warmup=3, n=10, budget_s=60)
    assert result["warmup"] == 3
    assert result["n"] == 10
    assert result["median"] == pytest.approx(2.0)


def test_percentiles_are_in_milliseconds(clock: Clock) -> None:
    calls = []

    def predict(image: np.ndarray) -> None:
        calls.append(image)
        clock.seconds += len(calls) / 1000

    result = measure_latency(predict, IMAGES, warmup=0, n=1001, budget_s=1e6)
    assert (result["median"], result["p90"], result["p99"]) == pytest.approx((501, 901, 991))


@pytest.mark.parametrize(("n", "known"), [(63, []), (64, ["p90"]), (661, ["p90"]), (662, ["p90", "p99"])])
def test_a_tail_with_too_few_samples_is_blank(n: int, known: list[str]) -> None:
    result = measure_latency(np.mean, IMAGES, warmup=0, n=n)
    assert result["n"] == n
    assert [name for name in ("p90", "p99") if result[name] is not None] == known
    assert result["median"] is not None


def test_a_slow_recognizer_gets_fewer_samples_and_a_shorter_warm_up(clock: Clock) -> None:
    def predict(image: np.ndarray) -> None:
        clock.seconds += 1.0

    result = measure_latency(predict, IMAGES, warmup=10, n=1000, budget_s=20)
    assert (result["warmup"], result["n"]) == (4, 16)
    assert clock.seconds == 20
    assert result["p90"] is None


def test_one_call_is_measured_however_small_the_budget() -> None:
    result = measure_latency(lambda image: time.sleep(0.01), IMAGES, warmup=5, budget_s=1e-6)
    assert (result["warmup"], result["n"]) == (1, 1)
    assert result["median"] >= 10


def test_throughput_hands_over_all_images_at_once(clock: Clock) -> None:
    shapes = []

    def predict(images: np.ndarray) -> None:
        shapes.append(images.shape)
        # The first call is slow, as where a library sets itself up.
        clock.seconds += 2.0 if len(shapes) == 1 else 0.5

    assert measure_throughput(predict, IMAGES, repeats=3) == pytest.approx(10)
    assert shapes == [(5, 4, 4)] * 3


def test_throughput_of_a_slow_recognizer_is_measured_once(clock: Clock) -> None:
    calls = []

    def predict(images: np.ndarray) -> None:
        calls.append(images)
        clock.seconds += 50.0

    assert measure_throughput(predict, IMAGES, budget_s=20) == pytest.approx(0.1)
    assert len(calls) == 1


@pytest.mark.parametrize("measure", [measure_latency, measure_throughput])
@pytest.mark.parametrize("wrong", [np.empty((0, 4, 4), np.uint8), IMAGES[0]])
def test_anything_but_a_batch_of_images_is_refused(measure, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="X must hold images"):
        measure(np.mean, wrong)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"budget_s > 0; got .*budget_s=0"):
        measure_latency(np.mean, IMAGES, budget_s=0)
    with pytest.raises(ValueError, match="repeats=0"):
        measure_throughput(np.mean, IMAGES, repeats=0)


PEAK = "from ferbench.benchmarks.store.timing import peak_memory_bytes\n{}\nprint(peak_memory_bytes())"


def child_peak(statement: str) -> int:
    command = [sys.executable, "-c", PEAK.format(statement)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_peak_memory_remembers_what_was_given_back() -> None:
    assert child_peak("held = bytearray(b'x') * 300_000_000; del held") > child_peak("") + 250_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="the parent's peak is handed down on Linux only")
def test_peak_memory_of_a_child_is_its_own_and_not_its_parents() -> None:
    held = bytearray(b"x") * 400_000_000
    assert peak_memory_bytes() > len(held)
    assert child_peak("") < 300_000_000


def test_the_environment_is_json_and_names_what_a_time_depends_on() -> None:
    record = environment()
    assert json.loads(json.dumps(record)) == record
    assert record["cores"] >= 1
    assert record["cpu"]
    assert record["python"].startswith("3.")
    assert {"ferbench", "numpy", "scikit-learn"} <= set(record["packages"])
    assert record["threads"]["openblas"] >= 1


def test_the_environment_notes_a_limit_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert environment()["threads"]["OMP_NUM_THREADS"] == "1"
