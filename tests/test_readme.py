"""The README keeps its word: its commands are those of CI and of the parser, its example runs."""

import re
from pathlib import Path

import cv2
import pytest

from ferbench.cli.entry import build_parser
from ferbench.datasets import make_faces
from ferbench.realtime.detection import yunet_file

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_ci_calls_the_readme_s_test_command() -> None:
    (command,) = [block.strip() for block in blocks("sh") if "pytest" in block]
    assert command in (ROOT / ".ci" / "run").read_text().splitlines()


def test_every_command_in_the_readme_exists(capsys: pytest.CaptureFixture[str]) -> None:
    parser = build_parser()
    commands = set(re.findall(r"`ferbench ([a-z-]+(?: (?:audit|fetch|points|train|evaluate))?)", README))
    assert {"run", "report", "best", "predict", "data audit", "live", "tune", "export"} <= commands
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            parser.parse_args([*command.split(), "--help"])
        assert ended.value.code == 0, command


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = [block for block in blocks("python") if "make_recipe" in block]
    exec(compile(example, "README.md", "exec"), {})
    accuracy, labels = capsys.readouterr().out.strip().split("\n", 1)
    assert float(accuracy) > 2 / 7 and labels.startswith("[")


def test_the_live_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(yunet_file, "_fetch", no_network)
    face = cv2.copyMakeBorder(make_faces(21, size=160, random_state=0).images[3], 160, 160, 240, 240, 1)
    picture = cv2.cvtColor(face, cv2.COLOR_GRAY2BGR)
    cv2.imwrite("party.jpg", picture)
    video = cv2.VideoWriter("talk.mp4", cv2.VideoWriter_fourcc(*"mp4v"), 10, picture.shape[1::-1])
    for _ in range(5):
        video.write(picture)
    video.release()
    (example,) = [block for block in blocks("python") if "Recognizer" in block]
    exec(compile(example, "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert len([line for line in out.splitlines() if re.match(r"[\d.]+ ", line)]) >= 5 and "FaceEvent" in out


def no_network(*_: object) -> bytes:
    raise OSError("no network in tests")
