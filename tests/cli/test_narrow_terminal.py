"""What commands say fits into a window of 80 columns, and has color there unless ``NO_COLOR`` is set."""

import re
import sys
from pathlib import Path

import pytest

from ferbench.cli import main
from ferbench.realtime.detection import make_detector, yunet_file

pytest.importorskip("pty", reason="this system has no terminals of this kind")
from terminal import terminal

ROOT = Path(__file__).parents[2]
COLOR = re.compile(r"\x1b\[\d+m")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A path that is longer than the column of what was found.
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ["doctor", "--no-camera"],
        ["list", "recipes"],
        ["list", "models"],
        ["best", str(ROOT / "results" / "fer2013")],
        ["best", str(ROOT / "results" / "fer2013"), "--max-latency-ms", "2"],
    ],
    ids=" ".join,
)
def test_lines_are_broken_between_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    whole = capsys.readouterr().out
    with terminal() as screen:
        assert main(words) == 0
    # A path is never broken, so its line may be wider than the window.
    lines = [COLOR.sub("", line).rstrip("\r") for line in screen.written.split("\n")]
    assert all(len(line) <= 80 or len(line.split()) == 1 for line in lines)
    if words[0] != "list":
        # The free memory differs from one moment to the next.
        assert re.sub(r"\d+", "#", " ".join(lines)).split() == re.sub(r"\d+", "#", whole).split()


def test_the_diagnosis_has_the_colors_of_its_statuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal() as screen:
        assert main(["doctor", "--no-camera"]) == 0
    assert "\x1b[32mok      \x1b[0mPython" in screen.written
    with terminal() as screen:
        monkeypatch.setenv("NO_COLOR", "1")
        assert main(["doctor", "--no-camera"]) == 0
    assert not COLOR.search(screen.written)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="argparse colors its help itself from Python 3.14 on")
@pytest.mark.parametrize("words", [["--help"], ["run", "--help"]], ids=" ".join)
def test_headings_of_the_help_stand_out_on_a_terminal_alone(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(words)
    plain = capsys.readouterr().out
    with terminal() as screen, pytest.raises(SystemExit):
        main(words)
    assert "\x1b[1musage:\x1b[0m" in screen.written and "\x1b[1moptions:\x1b[0m" in screen.written
    assert COLOR.sub("", screen.written).replace("\r", "") == plain
    with terminal() as screen, pytest.raises(SystemExit):
        monkeypatch.setenv("NO_COLOR", "1")
        main(words)
    assert screen.written.replace("\r", "") == plain


def test_a_detector_that_cannot_be_downloaded_is_told_in_short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: float) -> bytes:
        raise OSError("no network")

    monkeypatch.setattr(yunet_file, "_fetch", fail)
    with terminal() as screen:
        make_detector(None)
    lines = [line.rstrip("\r") for line in screen.written.split("\n")]
    assert "using the detector haar instead" in " ".join(lines)
    # The address alone is wider.
    assert all(len(line) <= 80 or len(line.split()) == 1 for line in lines)
