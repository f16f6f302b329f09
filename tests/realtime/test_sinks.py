"""Files of a run: right content, valid whenever it ends, a clear error where the disk is full."""

import csv
import errno
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_results import CLASSES, face, picture, result

from ferbench.realtime import FaceEvent, Sink
from ferbench.realtime.sinks.event_files import CsvSink, JsonLinesSink, event_sink
from ferbench.realtime.sinks.output import check_suffix
from ferbench.realtime.sinks.sinks import FrequencySink, ImageSink, write_image
from ferbench.realtime.sinks.video import VIDEO_CODECS, VideoOutput, add_sound
from ferbench.realtime.sinks.video_sink import VideoSink
from ferbench.utils import check_outputs


def frames_of(path: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    capture.release()
    return frames


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.is_file()]


def test_csv_has_one_row_per_face_and_one_where_there_is_none(tmp_path: Path) -> None:
    sink = CsvSink(tmp_path / "events.csv", CLASSES)
    sink.write(result(0, 0.0, [face(0, 0.0), face(0, 0.0, "sad", track_id=2)]))
    sink.write(result(1, 0.04))
    sink.close()
    text = (tmp_path / "events.csv").read_text()
    assert text.startswith("frame,timestamp_s,track_id,state,x,y,width,height,")
    rows = list(csv.DictReader(text.splitlines()))
    assert [(row["frame"], row["state"], row["track_id"], row["label"]) for row in rows] == [
        ("0", "face", "1", "happy"),
        ("0", "face", "2", "sad"),
        ("1", "no_face", "", ""),
    ]
    assert (rows[0]["x"], rows[0]["width"], rows[0]["p_happy"], rows[0]["raw_sad"]) == ("20", "60", "0.7", "0.05")
    assert rows[2]["x"] == rows[2]["p_happy"] == ""


def test_json_lines_hold_the_same_as_the_csv(tmp_path: Path) -> None:
    sink = JsonLinesSink(tmp_path / "events.jsonl")
    sink.write(result(0, 0.0, [face()]))
    sink.write(result(1, 0.04))
    sink.close()
    rows = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [list(row) for row in rows] == [FaceEvent.columns(CLASSES)] * 2
    assert (rows[0]["state"], rows[0]["x"], rows[0]["certain"], rows[0]["p_happy"]) == ("face", 20, True, 0.7)
    assert (rows[1]["state"], rows[1]["x"], rows[1]["track_id"]) == ("no_face", None, None)


def test_photographs_keep_their_names_in_the_events(tmp_path: Path) -> None:
    for sink in (CsvSink(tmp_path / "a.csv", CLASSES, images=True), JsonLinesSink(tmp_path / "a.jsonl")):
        sink.write(result(0, 0.0, [face(track_id=None)], name='a "strange", näme.jpg'))
        sink.close()
    assert rows_of(tmp_path / "a.csv")[0]["image"] == 'a "strange", näme.jpg'
    assert json.loads((tmp_path / "a.jsonl").read_text())["image"] == 'a "strange", näme.jpg'


def test_an_image_that_could_not_be_read_is_a_row_of_the_events(tmp_path: Path) -> None:
    skipped: list[tuple[str, str]] = []
    for name in ("a.csv", "a.jsonl"):
        sink = event_sink(tmp_path / name, CLASSES, images=True, skipped=skipped)
        sink.write(result(0, 0.0, [face(track_id=None)], name="=1+1.png"))
        skipped[:] = [("bad\udcff\n.png", "bad: not an image, or a damaged one")]
        sink.close()
    rows = rows_of(tmp_path / "a.csv")
    assert list(rows[0]) == [*FaceEvent.columns(CLASSES), "image", "error"]
    assert [(row["state"], row["image"], row["error"]) for row in rows] == [
        ("face", "'=1+1.png", ""),
        ("unreadable", "bad\\xff\\n.png", "bad: not an image, or a damaged one"),
    ]
    assert rows[1]["label"] == rows[1]["x"] == ""
    first, last = (json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines())
    assert first["image"] == "=1+1.png" and "error" not in first
    assert set(last) == {*FaceEvent.columns(CLASSES), "image", "error"} and last["frame"] is None
    assert (last["state"], last["image"]) == ("unreadable", "bad\\xff\\n.png")


def test_labels_of_a_foreign_model_are_no_formulas(tmp_path: Path) -> None:
    sink = FrequencySink(tmp_path / "a.csv", ["=1+1", "happy"])
    sink.close()
    assert [row["emotion"] for row in rows_of(tmp_path / "a.csv")] == ["'=1+1", "happy", "uncertain"]


def test_a_bare_message_is_no_row_and_no_frame(tmp_path: Path) -> None:
    sinks: list[Sink] = [CsvSink(tmp_path / "a.csv", CLASSES), VideoSink(tmp_path / "a.avi", fps=25)]
    for sink in sinks:
        sink.write(result(0, 0.0, [face()]))
        sink.write(result(0, 0.0, [], message="camera 0 lost, trying again"))
        sink.close()
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 2
    assert len(frames_of(tmp_path / "a.avi")) == 1


def test_a_file_takes_its_name_only_when_it_is_closed(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "er" / "events.csv"
    sink = CsvSink(target, CLASSES)
    sink.write(result(0, 0.0, [face()]))
    assert not target.exists()
    sink.close()
    assert target.exists() and leftovers(tmp_path) == []
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("suffix", sorted(VIDEO_CODECS))
def test_every_video_format_plays_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    sink = VideoSink(path, fps=25)
    for frame in range(12):
        sink.write(result(frame, frame / 25, [face(frame)], image=np.full((121, 161, 3), 20 * frame, np.uint8)))
    sink.close()
    frames = frames_of(path)
    assert len(frames) == 12
    # The odd size is filled up, not cut.
    assert frames[0].shape == (122, 162, 3)
    assert abs(int(frames[5][110, 150].mean()) - 100) < 12
    assert leftovers(tmp_path) == []


def test_frames_of_another_size_are_fitted_into_the_video(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.avi", fps=5)
    for image in (np.full((120, 160, 3), 200, np.uint8), np.full((300, 100, 3), 200, np.uint8)):
        sink.write(result(image=image))
    sink.close()
    first, second = frames_of(tmp_path / "out.avi")
    assert first.shape == second.shape == (120, 160, 3)
    assert second[60, 80].mean() > 180 and second[60, 5].mean() < 30


def test_a_live_video_plays_as_fast_as_life(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.avi", fps=20, real_time=True)
    for frame, moment in enumerate([7.0, 7.01, 7.02, 7.5, 8.0]):
        sink.write(result(frame, moment, [face(frame, moment)]))
    sink.close()
    assert len(frames_of(tmp_path / "out.avi")) == 21


def test_a_long_standstill_is_shortened_in_a_live_video(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.avi", fps=5, real_time=True)
    for frame, moment in enumerate([0.0, 3600.0, 3600.2]):
        sink.write(result(frame, moment, [face(frame, moment)]))
    sink.close()
    assert len(frames_of(tmp_path / "out.avi")) == 52


def test_annotated_images_keep_their_names_in_the_folder(tmp_path: Path) -> None:
    sink = ImageSink(tmp_path / "out", folder=True)
    for name in ("a.jpg", "b.png", "c.jp2"):
        sink.write(result(0, 0.0, [face()], name=name))
    sink.close()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.jpg", "b.png", "c.jp2.png"]
    assert all(frames_of(path)[0].shape == (120, 160, 3) for path in (tmp_path / "out").iterdir())


def test_emotion_counts_add_up_to_the_faces(tmp_path: Path) -> None:
    sink = FrequencySink(tmp_path / "counts.csv", CLASSES)
    sink.write(result(0, 0.0, [face(), face(label="sad", track_id=4), face(certain=False)]))
    sink.write(result(1, 0.1))
    sink.write(result(2, 0.2, [face()]))
    sink.close()
    rows = {row["emotion"]: row for row in rows_of(tmp_path / "counts.csv")}
    assert list(rows) == [*CLASSES, "uncertain"]
    assert {label: int(row["count"]) for label, row in rows.items() if row["count"] != "0"} == {
        "happy": 2,
        "sad": 1,
        "uncertain": 1,
    }
    assert rows["happy"]["share"] == "0.5000"
    assert sink.people == {1, 4}


def test_counts_of_no_face_at_all_are_zero(tmp_path: Path) -> None:
    sink = FrequencySink(tmp_path / "counts.csv", CLASSES)
    sink.close()
    assert (tmp_path / "counts.csv").read_text().splitlines()[1] == "angry,0,0.0000"


def test_a_run_without_a_frame_leaves_no_video_behind(tmp_path: Path) -> None:
    VideoSink(tmp_path / "out.mp4", fps=25).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda path: event_sink(path, CLASSES), "events.txt"),
        (lambda path: VideoSink(path, fps=25), "video.gif"),
        (lambda path: write_image(path, picture()), "image.xyz"),
        (lambda path: check_suffix(path, (".csv",), "the table"), "noending"),
    ],
)
def test_an_unknown_ending_is_refused_with_the_known_ones(
    tmp_path: Path, make: Callable[[Path], object], name: str
) -> None:
    with pytest.raises(ValueError, match=rf"{name}: .*expected one of \.\w+"):
        make(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_input_is_never_an_output(tmp_path: Path) -> None:
    clip = tmp_path / "clip.avi"
    clip.write_bytes(b"x")
    (tmp_path / "link.avi").symlink_to(clip)
    os.link(clip, tmp_path / "hard.avi")
    for name in ("clip.avi", "link.avi", "hard.avi", "sub/../clip.avi"):
        with pytest.raises(ValueError, match="is the input, which is never overwritten"):
            check_outputs(str(clip), [tmp_path / name])
    assert clip.read_bytes() == b"x"


def test_no_file_of_the_input_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(ValueError, match="is the input"):
        check_outputs(tmp_path, [tmp_path / "a.jpg"])
    check_outputs(tmp_path, [tmp_path / "counts.csv"])


def test_outputs_must_differ_and_be_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two outputs have this name"):
        check_outputs("0", [tmp_path / "a.csv", tmp_path / "." / "a.csv"])
    with pytest.raises(ValueError, match="is no file that could be replaced"):
        check_outputs("0", [tmp_path])
    with pytest.raises(ValueError, match="is no file that could be replaced"):
        check_outputs("rtsp://somewhere/" + "long" * 200, [Path(os.devnull)])
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        check_outputs("0", [tmp_path / "file" / "a.csv"])


def in_child(body: str, limit: int | None = None) -> "subprocess.CompletedProcess[str]":
    """Run code in a process that may write files of `limit` bytes at most."""
    prelude = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n" if limit else ""
    words = [sys.executable, "-c", prelude + body]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.run(words, capture_output=True, text=True, timeout=120, env=environment, check=False)


FULL = """
import sys
from pathlib import Path
from live_results import CLASSES, face, result
from ferbench.realtime.sinks import CsvSink, VideoSink
sink = {make}
try:
    for frame in range(20000):
        sink.write(result(frame, frame / 25, [face(frame, frame / 25)]))
except OSError as error:
    print(error.filename, error.strerror, frame, sep="|")
finally:
    sink.close()
"""


def test_a_full_disk_ends_the_events_after_a_whole_line(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="this system has no limits for files")
    path = tmp_path / "events.csv"
    done = in_child(FULL.format(make=f"CsvSink({str(path)!r}, CLASSES)"), limit=200_000)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{path}|File too large|")
    rows = rows_of(path)
    assert len(rows) > 500 and [int(row["frame"]) for row in rows] == list(range(len(rows)))
    assert all(row["raw_surprise"] == "0.05" for row in rows)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_full_disk_ends_the_video_while_it_can_still_be_closed(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("resource", reason="this system has no limits for files")
    path = tmp_path / f"out{suffix}"
    done = in_child(FULL.format(make=f"VideoSink({str(path)!r}, fps=25)"), limit=6_000_000)
    assert done.returncode == 0, done.stderr
    name, reason, frame = done.stdout.split("|")
    assert name == str(path) and "the disk is full" in reason
    assert len(frames_of(path)) == int(frame) > 20
    assert leftovers(tmp_path) == []


def test_a_disk_that_fills_up_is_noticed_by_its_free_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = VideoSink(tmp_path / "out.mp4", fps=25)
    sink.write(result())
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1_000_000))
    with pytest.raises(OSError, match="the disk is full; the video ends after 1 frames") as caught:
        sink.write(result(1, 0.04))
    assert caught.value.errno == errno.ENOSPC
    sink.close()
    assert len(frames_of(tmp_path / "out.mp4")) == 1


def test_a_video_that_could_not_be_written_is_an_error_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = VideoOutput(tmp_path / "out.mp4", fps=25)
    output.write(picture())
    # What a full disk does to OpenCV's writer: it goes on without a word.
    monkeypatch.setattr("ferbench.realtime.sinks.video._readable", lambda path: False)
    with pytest.raises(OSError, match="check the free disk space"):
        output.close()
    assert list(tmp_path.iterdir()) == []


FAKE_FFMPEG = """#!{python}
import shutil, sys
open({log!r}, "a").write(" ".join(sys.argv[1:]) + "\\n")
if {fails!r} or ({picky!r} and "copy" == sys.argv[sys.argv.index("-c:a") + 1]):
    sys.exit(1)
shutil.copyfile(sys.argv[sys.argv.index("-i") + 1], sys.argv[-1])
"""


def fake_ffmpeg(folder: Path, *, fails: bool = False, picky: bool = False) -> Path:
    program = folder / "bin" / "ffmpeg"
    program.parent.mkdir()
    log = folder / "ffmpeg.log"
    program.write_text(FAKE_FFMPEG.format(python=sys.executable, log=str(log), fails=fails, picky=picky))
    program.chmod(0o755)
    return log


def write_clip(path: Path, original: Path) -> VideoSink:
    sink = VideoSink(path, fps=25, sound_from=original)
    for frame in range(5):
        sink.write(result(frame, frame / 25, [face(frame)]))
    sink.close()
    return sink


@pytest.fixture
def original(tmp_path: Path) -> Path:
    sink = VideoSink(tmp_path / "original.avi", fps=25)
    sink.write(result())
    sink.close()
    return tmp_path / "original.avi"


def test_the_sound_of_the_original_is_laid_under_the_video(
    tmp_path: Path, original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = fake_ffmpeg(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert write_clip(tmp_path / "out.mp4", original).note is None
    words = log.read_text().split()
    assert [words[place + 1] for place, word in enumerate(words) if word == "-i"][1] == str(original)
    assert "-t 0.200" in log.read_text() and "-c:v copy" in log.read_text()
    assert len(frames_of(tmp_path / "out.mp4")) == 5
    assert leftovers(tmp_path) == []


def test_sound_that_cannot_be_copied_is_encoded(
    tmp_path: Path, original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = fake_ffmpeg(tmp_path, picky=True)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert write_clip(tmp_path / "out.mp4", original).note is None
    assert [line.split("-c:a ")[1].split()[0] for line in log.read_text().splitlines()] == ["copy", "aac"]


@pytest.mark.parametrize("installed", [True, False])
def test_without_a_working_ffmpeg_the_video_is_kept_silent_and_says_so(
    tmp_path: Path, original: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    if installed:
        fake_ffmpeg(tmp_path, fails=True)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    sink = write_clip(tmp_path / "out.mp4", original)
    assert sink.note is not None and "ffmpeg" in sink.note
    assert len(frames_of(tmp_path / "out.mp4")) == 5
    assert leftovers(tmp_path) == []


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_a_real_ffmpeg_keeps_the_sound(tmp_path: Path) -> None:
    talking = tmp_path / "talking.mp4"
    lavfi = ["-f", "lavfi", "-i", "testsrc=d=1:s=160x120", "-f", "lavfi", "-i", "sine=d=1"]
    subprocess.run(["ffmpeg", "-loglevel", "error", *lavfi, str(talking)], check=True)
    sink = VideoSink(tmp_path / "out.mp4", fps=25)
    for frame in range(25):
        sink.write(result(frame, frame / 25))
    sink.close()
    assert add_sound(tmp_path / "out.mp4", talking, 1.0) is None
    shown = subprocess.run(["ffmpeg", "-i", str(tmp_path / "out.mp4")], capture_output=True, text=True, check=False)
    assert "Audio:" in shown.stderr
    assert len(frames_of(tmp_path / "out.mp4")) == 25
