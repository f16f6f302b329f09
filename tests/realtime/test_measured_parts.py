"""Tables of faces by size and of the timing of annotated videos."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_parts import ScriptedDetector, brightness_recognizer, one_face

from ferbench.cli import main
from ferbench.realtime.detection import yunet_file
from ferbench.realtime.measure import (
    count_faces,
    count_kept_labels,
    video_timing,
    write_changes_table,
    write_faces_table,
    write_timing_table,
)
from ferbench.realtime.sinks import FrameClock


class QuarterDetector(ScriptedDetector):
    """Finds the middle half of a picture that is not too large, and a second face beside it in a small one."""

    def detect(self, image, *, thorough=False):  # type: ignore[no-untyped-def]
        height, width = image.shape[:2]
        found = one_face(0)[0]
        box = (width // 4, height // 4, width // 2, height // 2)
        face = type(found)(box, found.score)
        return [] if width > 500 else [face] * (2 if width < 250 else 1)


def test_faces_are_counted_by_size(tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((100, 100, 3), 90, np.uint8))
    rows = count_faces(tmp_path, {"quarter": QuarterDetector(one_face)}, sizes=(200, 400, 600))
    assert [(row["size"], row["photos"], row["found"], row["more"]) for row in rows] == [
        (200, 3, 3, 3),
        (400, 3, 3, 0),
        (600, 3, 0, 0),
    ]
    assert rows[0]["largest_shift"] == 0 and rows[2]["largest_shift"] is None
    page = write_faces_table(tmp_path / "out", rows)
    assert "The same 3 photographs" in page.read_text() and "| quarter | 600 | 0 | 0 |  |  |" in page.read_text()
    with page.with_suffix(".csv").open() as file:
        assert [row["found"] for row in csv.DictReader(file)] == ["3", "3", "0"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_timing, "RATES", {0.5: 3, 25.0: 10})
    monkeypatch.setattr(video_timing, "VARYING", ((2, 1.0), (10, 0.04)))


def test_frames_are_shown_within_one_frame_of_their_time(quick: None, tmp_path: Path) -> None:
    rows = video_timing.measure_timing()
    assert [row["frames_per_s"] for row in rows] == ["0.5", "25", "varying"]
    assert all(row["within_one_frame"] and not row["frames_not_shown"] for row in rows)
    assert [row["frames"] for row in rows] == [3, 10, 12] and max(row["length_error_s"] for row in rows) <= 0.04
    assert "| varying | 12 | 25.0 |" in write_timing_table(tmp_path, rows).read_text()


def test_a_clock_that_ignores_the_times_is_found_out(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FrameClock, "due", lambda self, when: (0, True))
    rows = video_timing.measure_timing()
    assert not any(row["within_one_frame"] for row in rows if row["frames_per_s"] != "25")


def test_labels_that_a_change_keeps_are_counted(tmp_path: Path) -> None:
    for number, level in enumerate((60, 200)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((100, 100, 3), level, np.uint8))
    recognizer = brightness_recognizer()
    recognizer._detector = QuarterDetector(one_face)
    rows = {row["change"]: row for row in count_kept_labels(tmp_path, recognizer)}
    assert rows["tilt of 30 degrees"] == {"change": "tilt of 30 degrees", "photos": 2, "found": 2, "kept": 2}
    # A bright face is happy and a dark one sad.
    assert rows["brightness x 0.25"]["kept"] == 1 and rows["its own gray version"]["kept"] == 2
    page = write_changes_table(tmp_path / "out", list(rows.values()), model="brightness", detector="quarter")
    assert "| brightness x 0.25 | 2 | 2 | 1 |" in page.read_text() and "`brightness`" in page.read_text()


@pytest.mark.parametrize("option", ["--sizes", "--changes"])
def test_the_command_needs_photographs(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure-live", option]) == 2
    assert "--sizes and --changes need --photos FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--sizes", "--changes"])
def test_no_other_detector_is_measured_under_the_name_of_one(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(_: float) -> bytes:
        raise OSError("no network in tests")

    monkeypatch.setattr(yunet_file, "_fetch", unreachable)
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path / "cache"))
    cv2.imwrite(str(tmp_path / "a.png"), np.full((100, 100, 3), 90, np.uint8))
    photos, tables = str(tmp_path), tmp_path / "tables"
    assert main(["measure-live", option, "--photos", photos, "--output", str(tables), "--detectors", "yunet"]) == 2
    assert "give --detector yunet:PATH" in capsys.readouterr().err and not tables.exists()
