"""The live benchmark: sound figures, children that fail without harm, files rebuilt from records alone."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import psutil
import pytest

from ferbench.benchmarks.live import scenes
from ferbench.benchmarks.live.bench import LiveBench
from ferbench.benchmarks.live.child import Said, run_child
from ferbench.benchmarks.live.plans import Config, Subjects, plan
from ferbench.benchmarks.live.report import write_live_report
from ferbench.benchmarks.live.scenes import GROUPS, WIDTHS, Group, portraits, write_group_pictures, write_group_video
from ferbench.benchmarks.live.tables import (
    beside_fer,
    detector_table,
    faces_table,
    match,
    soak_table,
    soak_verdict,
    start_table,
    stream_table,
)
from ferbench.cli import measure_live
from ferbench.datasets import make_faces
from ferbench.models import pretrained

MODEL = str(next(iter(pretrained().values())))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number, image in enumerate(make_faces(21, size=240, random_state=1, difficulty=0).images[:10]):
        cv2.imwrite(str(folder / f"face{number}.png"), image)
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    return write_group_video(photos, tmp_path_factory.mktemp("clip") / "clip.avi", n_faces=1, n_frames=12)


def measure(mode: str, source: Path, *options: str) -> Said:
    return run_child(
        [sys.executable, "-m", "ferbench.realtime.measure.measure", mode, str(source), *options], timeout_s=120
    )


def record(kind: str, lines: list[list[dict[str, Any]]], **config: Any) -> dict[str, Any]:
    rounds = [{"lines": each, "reason": None} for each in lines]
    fields = Config(kind, **{"scene": "640x480", **config})
    return {
        **{"name": fields.name, "config": fields.as_dict(), "session": "s", "status": "ok", "reason": None},
        **{"rounds": rounds, "environment": {}},
    }


def streamed(latencies: list[float], seconds: float = 1.0, **values: Any) -> dict[str, Any]:
    n = len(latencies)
    known = {"frames": n, "faces": n, "frames_with_face": n, "cpu_s": 1.0, "cores": 2, "searches": n // 2, "threads": 8}
    return {"event": "done", "latencies_ms": latencies, "seconds": seconds, "peak_rss_bytes": 2**20, **known, **values}


# Figures


def test_percentiles_are_of_all_rounds_and_blank_where_these_have_too_few_frames() -> None:
    short, long = [float(n) for n in range(40)], [float(n) for n in range(331)]
    rows = stream_table(
        [
            record("stream", [[streamed(short[:31])], [streamed(short[:32])]], detector="few"),
            record("stream", [[streamed(short)], [streamed(short)]], detector="some"),
            record("stream", [[streamed(long)], [streamed(long)]], detector="many"),
        ]
    ).set_index("detector")
    assert rows.loc["few", ["ms_p90", "ms_p99"]].isna().all() and rows.loc["few", "ms_median"] == 15
    assert rows.loc["some", "ms_p90"] == np.percentile(short * 2, 90) and pd.isna(rows.loc["some", "ms_p99"])
    assert rows.loc["many", "ms_p99"] == np.percentile(long * 2, 99)


def test_rates_are_medians_of_rounds_and_shares_are_of_all_frames() -> None:
    rounds = [
        [streamed([1.0] * 10, seconds=1.0, frames_with_face=4, faces=8, cpu_s=0.5)],
        [streamed([1.0] * 10, seconds=0.5, frames_with_face=10, faces=12, cpu_s=0.75)],
        [streamed([1.0] * 20, seconds=0.5, frames_with_face=20, faces=20, cpu_s=1.0)],
    ]
    row = stream_table([record("stream", rounds)]).iloc[0]
    assert (row["fps"], row["fps_low"], row["fps_high"]) == (20, 10, 40)
    assert (row["face_share"], row["faces_per_frame"], row["searched_share"]) == (34 / 40, 1.0, 0.5)
    assert row["cpu_share"] == 0.75 and row["peak_rss_mib"] == 1 and row["threads"] == 8


def test_a_box_counts_once_and_only_at_the_right_place_and_size() -> None:
    face = (100, 100, 50, 50)
    assert match([(105, 95, 52, 52)], [face]) == (1, 0)
    assert match([(105, 95, 52, 52), (100, 100, 50, 50)], [face]) == (1, 1)
    assert match([(160, 100, 50, 50)], [face]) == (0, 1)
    assert match([(120, 120, 10, 10)], [face]) == (0, 1)
    assert match([(60, 60, 130, 130)], [face]) == (0, 1)
    assert match([], [face]) == (0, 0)


def test_detectors_are_counted_against_the_known_faces_and_the_clip_against_one_a_frame() -> None:
    face = [10, 10, 20, 20]
    image = {"event": "image", "ms": 5.0, "group": None}
    known = [{**image, "boxes": [face, [90, 90, 20, 20]], "truth": [face]}, {**image, "boxes": [], "truth": [face]}]
    clip = [{**image, "boxes": [face, face], "truth": None}, {**image, "boxes": [], "truth": None}]
    group = [{**image, "boxes": [face], "truth": [face, [50, 50, 20, 20]], "group": "2-640"}]
    table = detector_table(
        [
            record("detect", [lines], scene=name)
            for name, lines in (("photos", known), ("clip", clip), ("groups", group))
        ]
    ).set_index("scene")
    assert table["recall"].tolist() == [0.5, 0.5, 0.5]
    assert table["false_boxes"].tolist() == [1, 1, 0]
    assert (table.loc["groups", "group_of"], table.loc["groups", "width"]) == ("2", "640")
    assert table["ms_p90"].isna().all() and (table["ms_median"] == 5).all()


def test_fer_is_compared_round_by_round_and_only_within_one_run() -> None:
    ours = record("stream", [[streamed([1.0] * 90)], [streamed([1.0] * 60)]], detector="yunet", default=True)
    fer = record("fer", [[streamed([1.0] * 10)], [streamed([1.0] * 20)]])
    row = beside_fer([ours, fer]).iloc[0]
    assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == (6, 3, 9)
    assert beside_fer([ours, {**fer, "session": "another"}]).empty


def test_a_soak_is_judged_by_its_largest_growth_after_the_warm_up() -> None:
    memory = [50, 100, *(100 + n / 10 for n in range(18))]
    lines = [
        {"event": "sample", "frames": 1000 * n, "seconds": n, "rss_bytes": mib * 2**20, "threads": 8, "fds": 12}
        for n, mib in enumerate(memory, start=1)
    ]
    samples = soak_table([record("soak", [lines])])
    verdict = soak_verdict(samples)
    assert verdict is not None and verdict["warmup_frames"] == 2000 and verdict["growth_mib"] == pytest.approx(1.7)
    assert verdict["threads"] == (8, 8) and verdict["fds"] == (12, 12)
    assert soak_verdict(samples.head(9)) is None


# Scenes


@pytest.fixture
def few_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pictures of each group, in place of eight."""
    monkeypatch.setattr(scenes, "SCENES_PER_GROUP", 2)


@pytest.mark.usefixtures("few_scenes")
def test_groups_are_the_same_each_time_and_their_faces_lie_apart_inside_the_picture(
    photos: Path, tmp_path: Path
) -> None:
    truths = write_group_pictures(photos, tmp_path / "a")
    assert write_group_pictures(photos, tmp_path / "b") == truths
    assert len(truths) == 2 * len(GROUPS) * len(WIDTHS)
    for name in truths:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert {tuple(map(int, key.split("-")[1:3])) for key in truths} == {(n, w) for n in GROUPS for w in WIDTHS}
    for key, boxes in truths.items():
        n_faces, width = map(int, key.split("-")[1:3])
        assert len(boxes) == n_faces and match(boxes, boxes) == (n_faces, 0)
        assert all(x >= 0 and x + w <= width and y >= 0 and y + h <= WIDTHS[width] for x, y, w, h in boxes)


def test_heads_of_a_scene_move_slowly(photos: Path) -> None:
    scene = Group(portraits(photos)[:6], (1280, 720), np.full(6, 0.85))
    places = np.array([scene.draw(number / 25)[1] for number in range(100)])[..., :2]
    steps = np.abs(np.diff(places, axis=0))
    assert steps.max() <= 8 and np.ptp(places, axis=0).max(axis=1).min() >= 10


# Children


def test_a_video_is_measured_frame_by_frame_with_the_loop_itself(clip: Path) -> None:
    said = measure("stream", clip, "--detector", "haar", "--model", MODEL, "--frames", "30", "--warmup", "2")
    assert said.reason is None
    (done,) = said.lines
    # 30 frames of a clip of 12: it starts again.
    assert done["frames"] == 30 == len(done["latencies_ms"]) and done["size"] == [1280, 720]
    assert 0 < done["searches"] <= 30 and 0 <= done["frames_with_face"] <= 30
    assert done["cpu_s"] > 0 and done["peak_rss_bytes"] > 2**20 and done["threads"] >= 3
    assert min(done["latencies_ms"]) > 0 and done["seconds"] < said.lines[-1]["at_s"]


def test_a_paced_video_takes_the_time_it_lasts(clip: Path) -> None:
    options = ("--detector", "haar", "--model", MODEL, "--frames", "10", "--warmup", "1", "--paced")
    (done,) = measure("stream", clip, *options).lines
    # Ten frames, 40 ms apart; frames that nobody could take in time are dropped, never hurried.
    assert done["seconds"] >= 0.9 * 9 / 25


def test_a_long_run_is_sampled_with_constant_threads_and_files(clip: Path) -> None:
    options = ("--detector", "haar", "--model", MODEL, "--frames", "60", "--every", "5")
    said = measure("soak", clip, *options)
    samples = said.of("sample")
    assert [line["frames"] for line in samples] == list(range(5, 61, 5))
    assert len({(line["threads"], line["fds"]) for line in samples[2:]}) == 1


def test_the_start_is_timed_from_outside_and_names_heavy_imports(photos: Path) -> None:
    said = measure("start", next(photos.iterdir()), "--detector", "haar", "--model", MODEL)
    assert [line["event"] for line in said.lines] == ["ready", "predicted", "done"]
    times = [line["at_s"] for line in said.lines]
    assert times == sorted(times) and said.lines[-1]["heavy"] == []


def test_bad_input_gives_one_line_with_the_reason(tmp_path: Path) -> None:
    said = measure("stream", tmp_path / "none.avi", "--detector", "haar", "--model", MODEL)
    assert [line["event"] for line in said.lines] == ["failed"]
    assert said.reason is not None and "no such file" in said.reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "killed by SIGSEGV"),
        ("raise RuntimeError('out of luck')", "exit code 1: RuntimeError: out of luck"),
        ("print('hello')", "no JSON line"),
        ("pass", "exit code 0: no message"),
        ('print(\'{"event": "done"}\'); raise SystemExit(3)', "exit code 3"),
    ],
)
def test_a_child_that_breaks_says_why(code: str, reason: str) -> None:
    said = run_child([sys.executable, "-c", code], timeout_s=60)
    assert said.reason is not None and reason in said.reason


def test_a_child_that_hangs_is_ended_with_all_it_started() -> None:
    code = 'import subprocess, sys; print(f\'{{"event": "pid", "pid": {p.pid}}}\', flush=True); p.wait()'
    start = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    said = run_child([sys.executable, "-c", start + code], timeout_s=3)
    assert said.reason == "took longer than 3 s"
    grandchild = said.of("pid")[0]["pid"]
    for _ in range(100):
        if not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the child's own child lives on")


def test_an_interpreter_that_is_not_there_is_a_reason() -> None:
    assert "cannot start" in str(run_child(["/no/such/python"], timeout_s=5).reason)


# Runs


def test_everything_asked_for_is_planned() -> None:
    subjects = Subjects({}, dict.fromkeys(("yunet", "haar", "dlib"), ""), {"a": "", "b": ""}, {"fer": "python"})
    configs = plan(subjects)
    assert len({config.name for config in configs}) == len(configs)
    streams = [config for config in configs if config.kind == "stream" and config.detect_every == "auto"]
    assert len(streams) == 3 * 3 * 2 and sum(config.default for config in streams) == 3
    assert {(config.kind, config.scene) for config in configs if config.kind in ("detect", "thorough")} == {
        *(("thorough", "photos"), ("detect", "photos"), ("detect", "clip"), ("detect", "groups")),
    }
    assert {config.scene for config in configs if config.kind == "fer"} == {"clip", "640x480"}


def bench(clip: Path, photos: Path, output: Path, *only: str) -> LiveBench:
    detectors = {"haar": "haar", "yunet": "yunet:/no/such/model.onnx"}
    return LiveBench(clip, photos, detectors=detectors, models={"net": MODEL}, output=output, only=only, rounds=1)


@pytest.fixture(scope="module")
def measured(clip: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("live")
    bench(clip, photos, output, "detect-photos-*", "faces-*", "start-*", "fer-*", "detect-clip-*").run()
    write_live_report(output)
    return output


def test_a_failing_configuration_is_recorded_with_its_reason_and_the_others_are_measured(measured: Path) -> None:
    table = pd.read_csv(measured / "detectors.csv").set_index(["scene", "detector"])
    assert table.loc[("photos", "haar"), "status"] == "ok" and table.loc[("photos", "haar"), "images"] == 10
    failed = table.loc[("photos", "yunet")]
    assert failed["status"] == "failed" and "no such YuNet model" in failed["reason"]
    assert failed[["images", "found", "recall", "ms_median"]].isna().all()
    assert "no such YuNet model" in (measured / "live.md").read_text()


def test_no_folder_of_this_machine_gets_into_the_results(measured: Path, clip: Path, photos: Path) -> None:
    text = "".join(file.read_text() for file in measured.rglob("*") if file.suffix in (".json", ".md", ".csv"))
    for path in (clip.parent, photos, Path(MODEL).parent, Path(sys.prefix), Path.home()):
        assert str(path) not in text


def test_files_are_rebuilt_from_the_records_without_measuring(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any, **__: Any) -> None:
        pytest.fail("something was measured")

    made = {file.name: file.read_bytes() for file in measured.iterdir() if file.is_file()}
    assert {"live.md", "detectors.csv", "detectors.png", "start.csv"} <= set(made)
    for name in made:
        (measured / name).unlink()
    monkeypatch.setattr("ferbench.benchmarks.live.child.subprocess.Popen", forbidden)
    write_live_report(measured)
    assert {file.name: file.read_bytes() for file in measured.iterdir() if file.is_file()} == made


def command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    measure_live.register(parser)
    args = parser.parse_args(words)
    return int(args.command(args))


def test_the_command_measures_prints_targets_and_rebuilds(
    clip: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--clip", str(clip), "--photos", str(photos), "--output", str(tmp_path), "--detectors", "haar")
    assert command(*words, "--models", MODEL, "--only", "start-*", "--rounds", "2") == 0
    printed = capsys.readouterr().out
    assert "ready to predict" in printed and (tmp_path / "live.md").is_file()
    (record_file,) = (tmp_path / "runs").glob("*.json")
    assert len(json.loads(record_file.read_text())["rounds"]) == 2
    assert command("--output", str(tmp_path), "--rebuild") == 0
    assert capsys.readouterr().out == printed


def test_the_command_needs_a_clip_and_photographs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--clip VIDEO and --photos FOLDER"):
        command("--output", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no records"):
        command("--output", str(tmp_path), "--rebuild")


def test_start_and_faces_are_tabulated(measured: Path) -> None:
    records = [json.loads(file.read_text()) for file in (measured / "runs").glob("*.json")]
    start, faces = start_table(records).iloc[0], faces_table(records).iloc[0]
    if start["status"] == "ok":
        assert 0 < start["ready_s"] <= start["predicted_s"] and not start["imported"]
    # Drawn faces may be found by no detector: then there is a reason and no figure.
    assert (faces["status"] == "ok") == pd.notna(faces["ms_median"])
    assert faces["status"] == "ok" or "found no face" in faces["reason"]


def test_a_pattern_that_matches_nothing_lists_what_there_is(clip: Path, photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"matches none of .*stream-clip-haar-net"):
        bench(clip, photos, tmp_path, "strem*")


def test_a_folder_of_too_few_photographs_says_what_is_needed(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "one.png"), np.zeros((240, 240, 3), np.uint8))
    with pytest.raises(ValueError, match=r"1 photographs are square .* expected 9 at least"):
        portraits(tmp_path)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.usefixtures("few_scenes")
def test_faces_of_photographs_are_found_in_groups_and_in_the_clip(shared_data: Path, tmp_path: Path) -> None:
    clip = shared_data / "clip_talking_head.avi"
    options: dict[str, Any] = {"detectors": {"haar": "haar"}, "models": {"net": MODEL}, "output": tmp_path, "rounds": 1}
    wanted = ["detect-groups-haar", "detect-photos-haar", "faces-*"]
    LiveBench(clip, shared_data / "photos", only=wanted, **options).run()
    records = [json.loads(file.read_text()) for file in (tmp_path / "runs").glob("*.json")]
    table = detector_table(records).set_index("scene")
    # Frontal close-ups: a detector that works finds most, and the marks lie where the faces are.
    assert table.loc["photos", "recall"] > 0.5
    groups = table.loc["groups"]
    assert groups["found"].sum() / groups["faces"].sum() > 0.5
    assert groups["false_boxes"].sum() < 0.2 * groups["faces"].sum()
    assert faces_table(records).iloc[0]["n"] == 250
