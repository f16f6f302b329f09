"""Color and width: for terminals alone, and as their users ask for."""

import io

import pytest

from ferbench.utils import fit_line, fit_text, has_color, paint


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def test_a_terminal_gets_color_and_a_file_does_not() -> None:
    assert paint("error:", "red", Terminal()) == "\x1b[31merror:\x1b[0m"
    assert paint("error:", "red", io.StringIO()) == "error:"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_color_can_be_turned_off(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert not has_color(Terminal())
    assert paint("ok", "green", Terminal()) == "ok"


def test_an_empty_no_color_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert has_color(Terminal())


def test_a_long_line_is_cut_on_a_terminal_alone() -> None:
    long = "x" * 100
    assert fit_line(long, Terminal()) == "x" * 79 + "…"
    assert fit_line("x" * 80, Terminal()) == "x" * 80
    assert fit_line(long, io.StringIO()) == long


def test_a_line_is_broken_between_words_and_goes_on_further_right() -> None:
    words = "word " * 40
    parts = fit_text(words, Terminal(), hang=6).splitlines()
    assert max(map(len, parts)) <= 80 and " ".join(" ".join(parts).split()) == words.strip()
    assert parts[0].startswith("word") and all(part.startswith("      word") for part in parts[1:])
    assert fit_text(words, io.StringIO(), hang=6) == words
