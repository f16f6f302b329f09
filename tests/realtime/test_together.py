"""The expression and the key points of the same face: one event, in the right place, at no cost where not wanted."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_parts import CLASSES, BrightnessBundle, Collector, ListSource, ScriptedDetector, one_face, picture
from points_parts import SpotBundle, spot_finder, with_spot
from web_server import portrait

from ferbench.features import MIRRORED, POINT_NAMES
from ferbench.models import pretrained
from ferbench.realtime import CsvSink, Detection, FaceEvent, Frame, JsonLinesSink, KeyPoints, Pipeline, Recognizer, run
from ferbench.realtime.recognition.keypoints import square_around
from ferbench.realtime.tracking.point_smoothing import PointSmoother

COLUMNS = [f"{name}_{axis}" for name in POINT_NAMES for axis in "xy"]


def gray(height: int = 240, width: int = 320, level: int = 90) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def recognizer(points: KeyPoints | None = None) -> Recognizer:
    return Recognizer(BrightnessBundle(), points=points, detector=ScriptedDetector(one_face))


@pytest.mark.parametrize("margin", [0.0, 0.2, 0.75])
@pytest.mark.parametrize("box", [(100, 60, 64, 64), (97, 51, 91, 91), (60, 20, 170, 150), (120, 70, 33, 40)])
def test_points_come_back_to_the_pixels_of_the_frame(box: tuple[int, int, int, int], margin: float) -> None:
    image = with_spot(gray(), 131, 88, radius=6)
    (points,) = spot_finder(margin=margin).locate(image, [box])
    assert points.shape == (15, 2)
    assert points[0] == pytest.approx([131, 88], abs=0.35 * max(box[2:]) * (1 + margin) / 64)
    side = round((1 + margin) * max(box[2:]))
    assert points[-1] - points[0] == pytest.approx([14 * SpotBundle.STEP * side / 64, 0])


def test_no_half_pixel_is_lost_where_a_face_is_made_larger_or_smaller() -> None:
    for side in (16, 32, 64, 128, 256):
        image = with_spot(gray(600, 600), 300, 280, radius=side // 10)
        (points,) = spot_finder(margin=0).locate(image, [(300 - side // 2 - 3, 280 - side // 2 + 5, side, side)])
        assert points[0] == pytest.approx([300, 280], abs=0.06), side


def test_a_face_at_the_border_has_its_points_where_they_are() -> None:
    image = with_spot(gray(), 8, 12)
    (points,) = spot_finder(margin=0.2).locate(image, [(-40, -30, 96, 96)])
    assert points[0] == pytest.approx([8, 12], abs=0.7)


def test_the_square_that_the_model_sees_is_cut_as_its_bundle_says() -> None:
    assert square_around((100, 60, 80, 100), 0.0) == (90, 60, 100, 100)
    assert square_around((100, 60, 80, 100), 0.2, 0.1) == (80, 60, 120, 120)
    image = with_spot(gray(), 131, 88, radius=6)
    for offset in (-0.15, 0.0, 0.07, 0.15):
        (points,) = spot_finder(margin=0.15, offset=offset).locate(image, [(91, 55, 80, 80)])
        assert points[0] == pytest.approx([131, 88], abs=0.3)


def test_all_faces_of_a_frame_are_one_call_and_stay_in_order() -> None:
    bundle = SpotBundle()
    image = with_spot(with_spot(gray(), 60, 60), 250, 160)
    left, right = KeyPoints(bundle).locate(image, [(30, 30, 64, 64), (220, 130, 64, 64)])
    assert bundle.calls == [2]
    assert left[0] == pytest.approx([60, 60], abs=0.4) and right[0] == pytest.approx([250, 160], abs=0.4)
    assert KeyPoints(bundle).locate(image, []).shape == (0, 15, 2) and bundle.calls == [2]
    gray_levels = np.ascontiguousarray(image[..., 0])
    assert np.array_equal(KeyPoints(bundle).locate(gray_levels, [(30, 30, 64, 64)])[0], left)


def test_one_event_holds_label_probabilities_and_points() -> None:
    image = with_spot(picture(0), 30, 20, radius=1)
    pipeline = Pipeline(recognizer(), ScriptedDetector(one_face), points=spot_finder())
    (event,) = pipeline.process(Frame(0, 0.0, image)).events
    assert event.label == "happy" and event.probabilities is not None and event.point_names == POINT_NAMES
    assert event.points is not None and event.points[0] == pytest.approx([30, 20], abs=0.3)
    row = event.row()
    assert list(row) == FaceEvent.columns(CLASSES, POINT_NAMES) == [*FaceEvent.columns(CLASSES), *COLUMNS]
    assert (row["left_eye_center_x"], row["left_eye_center_y"]) == tuple(event.points[0].round(2))


def test_without_a_key_point_model_nothing_changes() -> None:
    (event,) = Pipeline(recognizer(), ScriptedDetector(one_face)).process(Frame(0, 0.0, picture(0))).events
    assert event.points is None and event.point_names == ()
    assert list(event.row()) == FaceEvent.columns(CLASSES)


def test_a_frame_without_a_face_has_empty_points() -> None:
    pipeline = Pipeline(recognizer(), ScriptedDetector(lambda number: []), points=spot_finder())
    for still in (False, True):
        (event,) = pipeline.process(Frame(0, 0.0, picture(0), still=still)).events
        assert event.state == "no_face" and event.points is None
        assert [event.row()[column] for column in COLUMNS] == [None] * 30


def test_the_recognizers_own_points_serve_pictures_and_pipelines() -> None:
    own = recognizer(spot_finder())
    image = with_spot(picture(0), 30, 20, radius=1)
    (event,) = own.predict(image)
    assert event.points is not None and event.points[0] == pytest.approx([30, 20], abs=0.3)
    assert Pipeline(own, ScriptedDetector(one_face)).points is own.points
    assert Pipeline(own, ScriptedDetector(one_face), points=False).points is None


def test_points_rest_when_the_face_rests_and_do_not_lag_when_it_moves() -> None:
    noise = np.random.default_rng(0)
    shape = noise.uniform(20, 80, (15, 2))

    def errors(path: np.ndarray) -> tuple[float, float]:
        """Root mean squared error of raw and of smoothed points, after half a second."""
        smoother, raw, smooth = PointSmoother(), [], []
        for frame, place in enumerate(path):
            true = shape + place
            seen = true + noise.normal(0, 1, (15, 2))
            smoothed = smoother.update(seen, 100, frame / 25)
            raw.append(seen - true)
            smooth.append(smoothed - true)
        return tuple(float(np.sqrt(np.mean(np.square(part[12:])))) for part in (raw, smooth))  # type: ignore[return-value]

    time_s = np.arange(200)[:, None] / 25
    raw, smooth = errors(np.zeros((200, 2)))
    assert smooth < 0.7 * raw
    # A head that nods and turns by a quarter of its side, twice in three seconds.
    raw, smooth = errors(25 * np.sin(2 * np.pi * time_s / 1.5) * (1, 0.5))
    assert smooth < 1.2 * raw


def test_smoothing_begins_anew_after_a_gap_a_jump_back_and_what_is_no_number() -> None:
    smoother = PointSmoother()
    first, second = np.zeros((15, 2)), np.full((15, 2), 50.0)
    smoother.update(first, 100, 0.0)
    assert np.array_equal(smoother.update(second, 100, -1.0), second)
    assert np.allclose(smoother.update(first, 100, 60.0), first, atol=0.2)
    assert np.isnan(smoother.update(np.full((15, 2), np.nan), 100, 60.04)).all()
    assert np.array_equal(smoother.update(second, 100, 60.08), second)


def test_points_of_a_video_are_smoothed_and_those_of_photographs_are_not() -> None:
    def after(n: int, **options: object) -> float:
        pipeline = Pipeline(recognizer(), ScriptedDetector(one_face), points=spot_finder(), **options)  # type: ignore[arg-type]
        for number in range(n):
            still = bool(options.get("min_margin"))
            image = with_spot(picture(number), 28 if number % 2 else 30, 20, radius=1)
            (event,) = pipeline.process(Frame(number, number / 25, image, still=still)).events
        assert event.points is not None
        return float(event.points[0, 0])

    assert after(20, smoothing_s=0) == pytest.approx(28, abs=0.3)
    assert after(20, min_margin=0.1) == pytest.approx(28, abs=0.3)
    assert 28.3 < after(20) < 29.7


def test_points_are_switched_while_a_pipeline_runs() -> None:
    pipeline, bundle = Pipeline(recognizer(), ScriptedDetector(one_face)), SpotBundle()
    found = []
    for number in range(6):
        if number in (2, 4):
            pipeline.switch_points(KeyPoints(bundle) if number == 2 else None)
        (event,) = pipeline.process(Frame(number, number / 25, picture(number))).events
        found.append(event.points is not None)
    assert found == [False, False, True, True, False, False] and len(bundle.calls) == 2


def test_nothing_is_kept_of_points_of_faces_that_are_gone() -> None:
    def passing(number: int) -> list[Detection]:
        return [Detection((20 if number // 8 % 2 else 400, 10, 20, 20), 0.9)]

    options = {"max_gap_s": 0.1, "detect_every": 1}
    pipeline = Pipeline(recognizer(), ScriptedDetector(passing), points=spot_finder(), **options)  # type: ignore[arg-type]
    for number in range(100):
        pipeline.process(Frame(number, number / 25, picture(number)))
    assert len(pipeline._point_smoothers) <= 2


def test_files_of_events_carry_the_points(tmp_path: Path) -> None:
    pipeline = Pipeline(recognizer(), ScriptedDetector(one_face), points=spot_finder())
    sinks = [CsvSink(tmp_path / "a.csv", CLASSES, point_names=POINT_NAMES), JsonLinesSink(tmp_path / "a.jsonl")]
    kept = Collector()
    run(ListSource(5), pipeline, [*sinks, kept])
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert list(rows[0]) == list(lines[0]) == FaceEvent.columns(CLASSES, POINT_NAMES)
    for row, line, result in zip(rows, lines, kept.results, strict=True):
        points = result.events[0].points
        assert points is not None
        for place, name in enumerate(POINT_NAMES):
            given = [float(row[f"{name}_{axis}"]) for axis in "xy"]
            assert given == [line[f"{name}_{axis}"] for axis in "xy"] == pytest.approx(points[place], abs=0.006)


def test_a_model_that_answers_with_no_numbers_breaks_no_file(tmp_path: Path) -> None:
    probabilities = np.array([0.8, 0.1, 0.1])
    points = np.full((15, 2), np.nan)
    event = FaceEvent(
        0, 0.0, 1, "face", (0, 0, 9, 9), 1.0, probabilities, probabilities, "happy", True, CLASSES, points, POINT_NAMES
    )
    text = json.dumps(event.row(), allow_nan=False)
    assert json.loads(text)["nose_tip_x"] is None


def test_a_bundle_of_the_other_kind_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"brightness recognizes expressions, not key points; give it as --model"):
        KeyPoints(BrightnessBundle())
    with pytest.raises(ValueError, match=r"spot finds key points, not expressions; give it as --points"):
        Recognizer(SpotBundle())


def test_a_missing_bundle_is_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match="no such key-point bundle; expected a bundle's folder"):
        Recognizer.load(points=tmp_path / "none")
    monkeypatch.setattr("ferbench.models.bundles.shipped.FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match="this installation has no key-point bundle ferbench-points; give the"):
        KeyPoints.load()


def test_live_mode_stays_light() -> None:
    heavy = ("tensorflow", "keras", "sklearn", "pandas", "matplotlib", "fastapi", "pygame", "tqdm")
    code = (
        f"import sys; from ferbench.realtime import KeyPoints, table; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"


def test_the_shipped_points_lie_on_the_face() -> None:
    if not pretrained("keypoints"):
        pytest.skip("no key-point bundle is installed")
    image = np.ascontiguousarray(np.asarray(portrait())[:, :, ::-1])
    finder = KeyPoints.load()
    assert finder.name == "ferbench-points" and finder.names == POINT_NAMES
    # Read off the photograph, in pixels: her eyes lie 73 pixels apart.
    known = {"right_eye_center": (324, 166), "left_eye_center": (397, 168), "nose_tip": (359, 206)}
    known |= {"mouth_right_corner": (323, 228), "mouth_left_corner": (390, 230)}
    (event,) = Recognizer(BrightnessBundle(), detector="haar", points=finder).predict(image)
    assert event.points is not None
    found = {name: event.points[POINT_NAMES.index(name)] for name in known}
    for name, place in known.items():
        assert found[name] == pytest.approx(place, abs=9), name
    # In the mirror, left and right change places.
    (mirrored,) = Recognizer(BrightnessBundle(), detector="haar", points=finder).predict(image[:, ::-1])
    assert mirrored.points is not None
    turned = mirrored.points * (-1, 1) + (639, 0)
    assert turned[list(MIRRORED)] == pytest.approx(event.points, abs=9)


def test_a_picture_file_can_be_asked_for_its_points(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), with_spot(picture(0), 30, 20, radius=1))
    (event,) = recognizer(spot_finder()).predict(tmp_path / "a.png")
    assert event.points is not None and event.points.shape == (15, 2)
