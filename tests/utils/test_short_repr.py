"""What a data set and other data classes show in a Python session: one short line, no arrays."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ferbench.benchmarks.displays import ConfusionDisplay
from ferbench.benchmarks.fit.fitting import FitData
from ferbench.benchmarks.report import Results
from ferbench.datasets import Dataset, PointDataset
from ferbench.realtime import FaceEvent, Frame, FrameResult

IMAGES = np.zeros((4, 24, 32), np.uint8)
NAMES = np.array(["a", "b", "c", "d"])


def dataset() -> Dataset:
    split = np.array(["Training", "Training", "PublicTest", "PrivateTest"])
    return Dataset("mine", IMAGES, np.array(["happy", "sad", "happy", "sad"]), split, NAMES, "f" * 64)


def test_a_data_set_says_what_it_holds() -> None:
    told = "Dataset('mine': 4 images of 32 x 24, Training 2, PublicTest 1, PrivateTest 1, 2 labels"
    assert repr(dataset()) == f"{told})"
    people = np.array(["Ada", "Ada", "Bob", "Eve"])
    assert repr(replace(dataset(), groups=people, drawn=True)) == f"{told}, 3 people, drawn)"


def test_a_set_of_points_counts_the_people_that_are_known() -> None:
    split = np.array(["Training", "Training", "Validation", "Test"])
    points, rows = np.zeros((4, 15, 2), np.float32), np.array(["row 1", "row 2", "row 3", "row 4"])
    data = PointDataset("points", IMAGES, points, split, rows, NAMES, "f" * 64)
    told = "PointDataset('points': 4 images of 32 x 24, Training 2, Validation 1, Test 1, 15 points"
    assert repr(data) == f"{told})"
    assert repr(replace(data, groups=np.array(["Ada", "Ada", "Bob", "row 4"]))) == f"{told}, 2 people)"


def test_arrays_are_told_by_their_shape() -> None:
    told = repr(FitData.of(dataset()))
    assert told.startswith("FitData(X=uint8 (2, 24, 32), y=<U5 (2,), X_val=uint8 (1, 24, 32), y_val=<U5 (1,), ")
    assert "…" in told and len(told) < 200
    event = replace(FaceEvent.no_face(frame=3, timestamp_s=0.5, classes=("a", "b")), probabilities=np.ones(2))
    assert "frame=3, timestamp_s=0.5" in repr(event) and "probabilities=float64 (2,)" in repr(event)
    frame = Frame(7, 0.25, np.zeros((48, 64, 3), np.uint8), name="me.jpg")
    assert repr(frame) == "Frame(index=7, timestamp_s=0.25, image=uint8 (48, 64, 3), name='me.jpg')"
    result = FrameResult(7, 0.25, frame.image, (event, event), 1.5, 30.0, "net")
    assert "events=2 in tuple, latency_ms=1.5" in repr(result)


def test_results_and_displays_are_one_line() -> None:
    display = ConfusionDisplay.from_predictions(NAMES, np.eye(4), list(NAMES))
    assert "confusion=int64 (4, 4)" in repr(display) and "\n" not in repr(display)
    columns = {"PublicTest": np.repeat(NAMES, 99)}
    results = Results(Path("results/mine"), {}, (), (), ("a", "b"), columns, columns, columns)
    assert "labels=1 in dict" in repr(results) and len(repr(results)) < 300
