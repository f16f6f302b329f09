"""``ferbench live``, ``image`` and ``video`` as a user runs them: outputs, refusals, and every way a run can end."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.cli import main
from ferbench.models import pretrained

HAAR = ["--detector", "haar"]
PIXELS = Path(__file__).parents[1] / "golden" / "bundles" / "pixels"


def write_video(path: Path, n_frames: int, *, size: tuple[int, int] = (96, 64)) -> Path:
    """A video without faces."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, size)
    for frame in range(n_frames):
        writer.write(np.full((size[1], size[0], 3), 40 + frame % 150, np.uint8))
    writer.release()
    return path


def n_frames(path: Path) -> int:
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.read()[0]:
        count += 1
    capture.release()
    return count


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.is_file()]


def assert_refused(words: list[str], capsys: pytest.CaptureFixture[str], *parts: str) -> None:
    """The command ends at once with one line that says all of this."""
    assert main(words) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    for part in ("ferbench: error: ", *parts):
        assert part in lines[0]


@pytest.fixture(scope="module")
def model() -> list[str]:
    shipped = pretrained()
    if not shipped:
        pytest.skip("no pretrained bundle is installed")
    return ["--model", next(iter(shipped)), *HAAR]


@pytest.mark.data
def test_video_writes_video_events_and_summary(
    model: list[str], shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "folder"
    files = ["--output-video", str(out / "o.mp4"), "--events", str(out / "o.csv"), "--summary", str(out / "o.html")]
    clip = shared_data / "clip_talking_head.avi"
    assert main(["video", str(clip), *model, *files, "--max-frames", "30"]) == 0
    rows = rows_of(out / "o.csv")
    assert list(rows[0])[:8] == ["frame", "timestamp_s", "track_id", "state", "x", "y", "width", "height"]
    assert sorted({int(row["frame"]) for row in rows}) == list(range(30))
    assert sum(row["state"] == "face" for row in rows) >= 25
    assert n_frames(out / "o.mp4") == 30
    assert "<svg" in (out / "o.html").read_text()
    assert rows_of(out / "o_emotions.csv")[0]["track_id"] == "1"
    said = capsys.readouterr().out
    assert "30 frames" in said and "faces" in said and "track" in said and "frames/s" in said
    assert leftovers(tmp_path) == []


def test_frames_without_a_face_have_their_rows(model: list[str], tmp_path: Path) -> None:
    clip = write_video(tmp_path / "in.avi", 12)
    assert main(["video", str(clip), *model, "--events", str(tmp_path / "o.jsonl")]) == 0
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert [(row["frame"], row["state"], row["x"]) for row in rows] == [(frame, "no_face", None) for frame in range(12)]
    assert [row["timestamp_s"] for row in rows] == pytest.approx([frame / 25 for frame in range(12)], abs=0.002)


@pytest.mark.data
def test_image_draws_and_counts(
    model: list[str], shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = shared_data / "photos" / "Betsy_Coffin_0001.jpg"
    words = ["--output-image", str(tmp_path / "o.png"), "--output-csv", str(tmp_path / "o.csv")]
    assert main(["image", str(photo), *model, *words]) == 0
    drawn, given = cv2.imread(str(tmp_path / "o.png")), cv2.imread(str(photo))
    assert drawn is not None and given is not None
    assert drawn.shape == given.shape and (drawn != given).any()
    rows = rows_of(tmp_path / "o.csv")
    assert list(rows[0]) == ["emotion", "count", "share"]
    assert sum(int(row["count"]) for row in rows) == 1
    said = capsys.readouterr().out
    assert "1 face in 1 image" in said and "happy" in said and "100.0 %" in said


@pytest.mark.data
def test_a_folder_of_images_becomes_a_folder_and_one_table(model: list[str], shared_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for photo in sorted((shared_data / "photos").glob("*.jpg"))[:4]:
        (folder / photo.name).write_bytes(photo.read_bytes())
    (folder / "broken.png").write_bytes(b"")
    words = ["--output-image", str(tmp_path / "out"), "--output-csv", str(tmp_path / "c.csv")]
    words += ["--events", str(tmp_path / "e.csv")]
    assert main(["image", str(folder), *model, *words]) == 0
    names = sorted(path.name for path in folder.glob("*.jpg"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    assert {row["image"] for row in rows_of(tmp_path / "e.csv") if row["state"] != "unreadable"} == set(names)
    faces = sum(row["state"] == "face" for row in rows_of(tmp_path / "e.csv"))
    assert sum(int(row["count"]) for row in rows_of(tmp_path / "c.csv")) == faces


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an image that can be read, one that cannot, and names that are traps."""
    folder = tmp_path_factory.mktemp("mixed")
    for name in ("=1+1.png", "f10.png", "deep/f2.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / name), np.full((40, 40, 3), 90, np.uint8))
    (folder / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "gone.png").symlink_to(folder / "nowhere")
    return folder


def test_unreadable_images_are_rows_of_the_events(
    mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["image", str(mixed), "--model", str(PIXELS), *HAAR]
    assert main([*words, "--events", str(tmp_path / "e.csv")]) == 0
    rows = rows_of(tmp_path / "e.csv")
    assert {row["image"]: row["state"] for row in rows} == {
        "deep/f2.png": "no_face",
        "f10.png": "no_face",
        "'=1+1.png": "no_face",
        "cut.jpg": "unreadable",
        "gone.png": "unreadable",
    }
    assert {row["image"]: "link to a file that is not there" in row["error"] for row in rows}["gone.png"]
    assert "2 of 5 images could not be read" in capsys.readouterr().err
    assert main([*words, "--strict"]) == 2


def test_tables_go_to_standard_output(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["image", str(mixed), "--model", str(PIXELS), *HAAR]
    assert main([*words, "--output-csv", "-"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "emotion,count,share" and out[-1] == "uncertain,0,0.0000" and len(out) == 9
    assert main([*words, "--events", "-"]) == 0
    printed = capsys.readouterr()
    assert [json.loads(line)["state"] for line in printed.out.splitlines()] == ["no_face"] * 3 + ["unreadable"] * 2
    assert "0 faces in 3 images" in printed.err
    assert_refused([*words, "--events", "-", "--output-csv", "-"], capsys, "-: two outputs have this name")


@pytest.fixture
def piped(tmp_path: Path) -> Iterator[None]:
    """Standard input is a pipe with a video of five frames."""
    kept, clip = os.dup(0), write_video(tmp_path / "in.avi", 5)
    with subprocess.Popen(["cat", str(clip)], stdout=subprocess.PIPE) as pipe:
        assert pipe.stdout is not None
        os.dup2(pipe.stdout.fileno(), 0)
        yield
        os.dup2(kept, 0)
        os.close(kept)


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_a_video_is_read_from_standard_input(name: str, piped: None, tmp_path: Path) -> None:
    assert main(["video", name, "--model", str(PIXELS), *HAAR, "--events", str(tmp_path / "e.csv")]) == 0
    assert len(rows_of(tmp_path / "e.csv")) == 5


def test_a_pipe_without_a_readable_video_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ferbench.realtime.sources import VideoFile

    os.mkfifo(tmp_path / "pipe")
    writer = subprocess.Popen(["sh", "-c", f"head -c 5000 /dev/zero > {tmp_path / 'pipe'}"])
    with pytest.raises(ValueError, match=r"pipe: no video .*cannot be read from a pipe: save it to a file"):
        VideoFile(str(tmp_path / "pipe"))
    writer.wait()


def test_inputs_are_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_video(tmp_path / "in.avi", 3)
    image = tmp_path / "in.png"
    cv2.imwrite(str(image), np.zeros((20, 20, 3), np.uint8))
    before = clip.read_bytes(), image.read_bytes()
    never = "is the input, which is never overwritten"
    assert_refused(["video", str(clip), "--output-video", str(clip)], capsys, never)
    assert_refused(["live", str(clip), "--no-window", "--output-video", str(clip)], capsys, never)
    assert_refused(["image", str(image), "--output-image", str(image)], capsys, never)
    assert_refused(["image", str(tmp_path), "--output-image", str(tmp_path)], capsys, never)
    assert (clip.read_bytes(), image.read_bytes()) == before


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (["video", "IN", "--output-video", "o.gif"], ".avi, .m4v, .mkv, .mov, .mp4"),
        (["video", "IN", "--events", "o.txt"], ".csv, .jsonl"),
        (["video", "IN", "--summary", "o.pdf"], ".htm, .html"),
        (["live", "IN", "--no-window", "--events", "o"], ".csv, .jsonl"),
        (["image", "IN", "--output-image", "o.xyz"], ".png"),
        (["image", "IN", "--output-csv", "o.xlsx"], ".csv"),
    ],
)
def test_unknown_endings_are_refused_before_anything_starts(
    words: list[str], known: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [str(tmp_path / "deep" / word) if word.startswith("o") else word for word in words]
    assert_refused(names, capsys, "expected one of", known)
    assert not (tmp_path / "deep").exists()


def test_a_video_command_with_nothing_to_write_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert_refused(["video", str(write_video(tmp_path / "in.avi", 2))], capsys, "no output was requested", "--events")


def test_the_wrong_command_for_an_input_names_the_right_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip, image = write_video(tmp_path / "in.avi", 2), tmp_path / "in.png"
    cv2.imwrite(str(image), np.zeros((20, 20, 3), np.uint8))
    assert_refused(["image", str(clip), "--output-csv", str(tmp_path / "o.csv")], capsys, "ferbench video")
    assert_refused(["video", str(image), "--events", str(tmp_path / "o.csv")], capsys, "ferbench image")
    assert leftovers(tmp_path) == [] and not (tmp_path / "o.csv").exists()


def test_missing_empty_and_broken_inputs_are_one_line(
    model: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty, broken = tmp_path / "empty.png", tmp_path / "broken.mp4"
    empty.write_bytes(b"")
    broken.write_bytes(b"this is no video" * 100)
    events = ["--events", str(tmp_path / "o.csv")]
    assert_refused(["video", str(tmp_path / "absent.mp4"), *model, *events], capsys, "absent.mp4")
    assert_refused(["image", str(empty), *model, *events], capsys, "empty.png", "empty")
    # OpenCV adds remarks of its own to stderr here, which a parent process sees and this one does not.
    assert_refused(["video", str(broken), *model, *events], capsys, "broken.mp4")
    assert not (tmp_path / "o.csv").exists() and leftovers(tmp_path) == []


def test_two_outputs_of_one_name_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--summary", str(tmp_path / "o.html"), "--events", str(tmp_path / "o_emotions.csv")]
    assert_refused(["video", "in.avi", *words], capsys, "two outputs have this name")


def start(words: list[str], **environment: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "ferbench.cli", *words]
    hidden = {"DISPLAY", "WAYLAND_DISPLAY"}
    known = {name: value for name, value in os.environ.items() if name not in hidden}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env={**known, **environment})


def wait_for_rows(folder: Path, process: "subprocess.Popen[str]") -> None:
    """Until the unfinished table of events has some rows."""
    for _ in range(1200):
        if any(part.stat().st_size > 2000 for part in folder.glob(".e.*.part.*")):
            return
        if process.poll() is not None:
            raise AssertionError(f"ended early: {process.communicate()}")
        time.sleep(0.05)
    process.kill()
    raise AssertionError("nothing was written")


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("long") / "long.avi", 12_000)


@pytest.mark.parametrize(
    ("number", "command", "suffixes"),
    [
        (signal.SIGINT, ["video"], (".mp4", ".csv")),
        (signal.SIGTERM, ["live", "--no-window"], (".avi", ".jsonl")),
        (signal.SIGTERM, ["live"], (".mp4", ".csv")),
    ],
)
def test_signals_end_a_run_with_valid_files(
    model: list[str], long_video: Path, tmp_path: Path, number: int, command: list[str], suffixes: tuple[str, str]
) -> None:
    video, events = tmp_path / f"o{suffixes[0]}", tmp_path / f"e{suffixes[1]}"
    files = ["--output-video", str(video), "--events", str(events), "--summary", str(tmp_path / "s.html")]
    process = start([command[0], str(long_video), *command[1:], *model, *files], SDL_VIDEODRIVER="dummy")
    wait_for_rows(tmp_path, process)
    process.send_signal(number)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, errors
    assert "Traceback" not in errors
    lines = events.read_text().splitlines()
    if suffixes[1] == ".jsonl":
        frames = [json.loads(line)["frame"] for line in lines]
    else:
        frames = [int(row["frame"]) for row in csv.DictReader(lines)]
    assert frames == list(range(len(frames))) and 10 < len(frames) < 12_000
    assert n_frames(video) == len(frames)
    assert (tmp_path / "s.html").read_text().rstrip().endswith("</html>")
    assert f"{len(frames):,} frames" in said
    assert leftovers(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_without_a_screen_live_still_writes_files(model: list[str], tmp_path: Path) -> None:
    if Path("/dev/dri").exists():
        pytest.skip("SDL draws to the console of this machine")
    clip = write_video(tmp_path / "in.avi", 10)
    process = start(["live", str(clip), *model, "--events", str(tmp_path / "e.csv")])
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "no window can be opened" in errors and "continuing without a window" in errors
    assert len(rows_of(tmp_path / "e.csv")) == 10
    process = start(["live", str(clip), *model])
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "ferbench: error: no window can be opened" in errors


def test_a_full_disk_ends_the_run_with_one_clear_line(model: list[str], tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="this system has no limits for files")
    clip = tmp_path / "noise.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    noise = np.random.default_rng(0)
    for _ in range(100):
        writer.write(noise.integers(0, 255, (240, 320, 3), dtype=np.uint8))
    writer.release()
    events, video = tmp_path / "e.csv", tmp_path / "o.avi"
    words = ["video", str(clip), *model, "--output-video", str(video), "--events", str(events)]
    process = subprocess.run(
        [sys.executable, "-m", "ferbench.cli", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, 6_000_000)),
    )
    assert process.returncode == 2, process.stderr
    errors = [line for line in process.stderr.splitlines() if line.startswith("ferbench: error")]
    assert len(errors) == 1 and f"{video}: the disk is full" in errors[0]
    assert "Traceback" not in process.stderr
    assert 5 < n_frames(video) < 100
    # Every sink was closed, not only the one that failed.
    assert len(rows_of(events)) >= n_frames(video)
    assert leftovers(tmp_path) == []
