"""The first things that somebody types: nothing, a mistyped word, and words completed by the shell."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ferbench.cli import main
from ferbench.cli.entry import build_parser
from ferbench.cli.parser import GROUPS, SHELLS, commands_of, completion_script


def refusal(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_without_a_command_the_help_is_shown_by_purpose(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and max(map(len, printed.err.splitlines())) <= 80
    places = [printed.err.index(f"\n{title}:\n") for title in GROUPS]
    assert places == sorted(places)
    assert printed.err.index("\nmeasure:") < printed.err.index("  run ") < printed.err.index("\nlook at results:")


def test_every_command_stands_in_one_group() -> None:
    grouped = [command.name for commands in GROUPS.values() for command in commands]
    assert sorted(grouped) == sorted(commands_of(build_parser())) and len(grouped) == len(set(grouped))


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        (["--help"], set()),
        (["rnu"], set()),
        (["predict", "--help"], {"predict"}),
        # One of three commands of a folder.
        (["--traceback", "measure-transfer", "--help"], {"training", "training.measure_transfer"}),
    ],
)
def test_a_start_loads_the_module_of_its_command_alone(words: list[str], modules: set[str]) -> None:
    code = f"""
import sys, contextlib
from ferbench.cli import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(None):
    main({words!r})
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    ours = {name.removeprefix("ferbench.cli.") for name in loaded if name.startswith("ferbench.cli.")}
    assert {name for name in ours if name.partition(".")[0] not in {"entry", "parser", "arguments"}} == modules
    # What takes as long to import as all the rest of such a start.
    slow = {"importlib.metadata", "email.message", "zipfile", "dataclasses", "inspect", "subprocess"}
    assert modules or not slow & loaded


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_and_version_go_to_standard_output(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    printed = capsys.readouterr()
    assert stop.value.code == 0 and printed.out.startswith(("usage: ferbench", "ferbench ")) and printed.err == ""


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["rnu"], "ferbench: error: there is no command 'rnu'; did you mean run?"),
        (["data", "fetsh", "fer2013"], "did you mean fetch?"),
        (["list", "recipez"], "did you mean recipes?"),
        (["run", "--retry-faild"], "unrecognized arguments: --retry-faild; did you mean --retry-failed?"),
    ],
)
def test_a_mistyped_word_is_answered_with_the_closest(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hint in refusal(words, capsys)


def test_a_word_that_is_like_none_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected one of run, retime, score-final, tune, measure-live" in refusal(["xyzzy"], capsys)


def test_a_mistyped_recipe_is_answered_with_the_closest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", "hgo+svm"]) == 2
    assert "did you mean hog+svm?" in capsys.readouterr().err


def test_a_warning_is_one_line_without_code() -> None:
    code = """
import warnings
from ferbench.cli import main
from ferbench.cli.doctor import diagnosis
def warn(**_):
    warnings.warn("two\\nlines of rtsp://me:secret@camera/1", UserWarning)
    return [diagnosis.Check("a", "ok", "")]
diagnosis.diagnose = warn
main(["doctor"])
warnings.warn("after", UserWarning)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    assert lines[0] == "ferbench: warning: two lines of rtsp://camera/1"
    assert not lines[1].startswith("ferbench:") and "after" in lines[1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ferbench ru", ["run"]),
        ("ferbench data a", ["audit"]),
        ("ferbench list de", ["detectors"]),
        ("ferbench run --retry", ["--retry-failed"]),
        ("ferbench tune hog+svm --metric ma", ["macro_f1"]),
        ("ferbench run --source ", []),
    ],
)
def test_bash_completes(line: str, expected: list[str], tmp_path: Path) -> None:
    script = tmp_path / "completion"
    script.write_text(completion_script(build_parser(), "bash"))
    words = line.split(" ")
    array = " ".join(f"'{word}'" for word in words)
    code = (
        f"source {script}; COMP_WORDS=({array}); COMP_CWORD={len(words) - 1}; _ferbench; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "" and done.stdout.split() == expected


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_in_the_script_of_each_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in commands_of(build_parser()))
    assert "retry-failed" in script and "macro_f1" in script


@pytest.mark.skipif(shutil.which("fish") is None and shutil.which("zsh") is None, reason="needs zsh or fish")
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_scripts_of_other_shells_parse(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    script = tmp_path / "completion"
    script.write_text(completion_script(build_parser(), shell))
    subprocess.run([shell, "-n", str(script)], check=True)


def test_an_error_in_a_pipe_has_no_color() -> None:
    done = subprocess.run([sys.executable, "-m", "ferbench.cli", "rnu"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "\x1b" not in done.stderr
