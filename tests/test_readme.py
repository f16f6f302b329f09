"""The README keeps its word: its commands are those of CI and of the parser, its example runs."""

import re
from pathlib import Path

import pytest

from ferbench.cli._main import build_parser

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_ci_calls_the_readme_s_test_command() -> None:
    (command,) = [block.strip() for block in blocks("sh") if "pytest" in block]
    assert command in (ROOT / ".ci" / "run").read_text().splitlines()


def test_every_command_in_the_readme_exists(capsys: pytest.CaptureFixture[str]) -> None:
    parser = build_parser()
    commands = set(re.findall(r"`ferbench ([a-z]+(?: (?:audit|fetch|train|evaluate))?)", README))
    assert {"run", "report", "best", "predict", "data audit"} <= commands
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            parser.parse_args([*command.split(), "--help"])
        assert ended.value.code == 0, command


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    accuracy, labels = capsys.readouterr().out.strip().split("\n", 1)
    assert float(accuracy) > 2 / 7 and labels.startswith("[")
