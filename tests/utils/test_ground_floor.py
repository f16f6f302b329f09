"""Other folders use the helpers of utils instead of their own, and these helpers work."""

import ast
import os
import re
import signal
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path

import house
import pytest

from ferbench.utils import (
    cache_dir,
    closest,
    did_you_mean,
    interrupt_on_terminate,
    json_field,
    parse_json,
    read_json,
    stop_on_signals,
    suggest,
)

HOUSE = Path(__file__).parents[2]


def paths() -> list[Path]:
    return [path for name, path in house.modules().items() if name.split(".")[1] != "utils"]


# Without one of these words, a module can neither rename files nor make suggestions or temporary files.
WORDS = re.compile(r"\b(replace|renames?|move|difflib|tempfile)\b")


@cache
def sources() -> list[tuple[str, list[ast.AST]]]:
    """The calls and imports of every module that may do what only utils does, by the module's path."""
    kinds = (ast.Call, ast.Import, ast.ImportFrom)
    return [
        (
            path.relative_to(HOUSE).as_posix(),
            [node for node in ast.walk(house.tree_of(path)) if isinstance(node, kinds)],
        )
        for path in paths()
        if WORDS.search(path.read_text())
    ]


def renames(node: ast.AST) -> bool:
    """Whether a call gives a file another name; strings and tables have more than one argument, or keywords."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    if isinstance(node.func.value, ast.Name) and node.func.value.id in ("os", "shutil"):
        return node.func.attr in ("replace", "rename", "renames", "move")
    return node.func.attr in ("replace", "rename") and len(node.args) == 1 and not node.keywords


def used(node: ast.AST) -> set[str]:
    """Modules and names that a node imports, and the function that it calls, such as ``tempfile.mkstemp``."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {ast.unparse(node.func)} if isinstance(node, ast.Call) else set()


def test_only_utils_renames_files() -> None:
    found = [f"{name}:{node.lineno}" for name, nodes in sources() for node in nodes if renames(node)]
    assert found == []


@pytest.mark.parametrize("name", ["difflib", "tempfile.mkstemp"])
def test_only_utils_makes_suggestions_and_temporary_files(name: str) -> None:
    assert [path for path, nodes in sources() for node in nodes if name in used(node)] == []


def test_the_words_of_the_search_leave_out_no_such_module() -> None:
    for program in ("os.replace(a, b)", "a.rename(b)", "os.renames(a, b)", "shutil.move(a, b)"):
        assert renames(ast.parse(program).body[0].value) and WORDS.search(program)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("import difflib", "difflib"),
        ("from difflib import get_close_matches", "difflib"),
        ("import tempfile\ntempfile.mkstemp(dir='.')", "tempfile.mkstemp"),
        ("from tempfile import mkstemp", "tempfile.mkstemp"),
    ],
)
def test_the_search_for_what_only_utils_does_finds_it(program: str, name: str) -> None:
    assert any(name in used(node) for node in ast.walk(ast.parse(program)))
    assert WORDS.search(program)


def test_only_utils_names_the_cache_and_handles_signals() -> None:
    texts = {path: path.read_text() for path in paths()}
    for word in ("XDG_CACHE_HOME", "signal.signal(", "file_digest(handle", "file_digest(stream"):
        assert [str(path) for path, text in texts.items() if word in text] == [], word


def test_the_cache_folder_is_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path / "chosen"))
    assert cache_dir() == tmp_path / "chosen"
    monkeypatch.delenv("FERBENCH_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "ferbench"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_dir() == tmp_path / ".cache" / "ferbench"


def test_a_chosen_cache_folder_needs_no_platformdirs(tmp_path: Path) -> None:
    code = "import sys; from ferbench.utils.cache import cache_dir; print(cache_dir(), 'platformdirs' in sys.modules)"
    environment = {**os.environ, "FERBENCH_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(tmp_path), "False"]


def test_suggestions() -> None:
    assert closest("hgo", ["lbp", "hog"]) == "hog"
    assert closest("zzz", ["lbp", "hog"]) is None
    assert suggest("zzz", ["lbp", "hog"]) == "known: lbp, hog"
    assert did_you_mean("hgo", ["lbp", "hog"], quoted=True) == "did you mean 'hog'?"
    assert did_you_mean("hgo", ["lbp", "hog"], cutoff=0.9) == ""


def test_only_utils_asks_what_was_meant() -> None:
    assert [str(path) for path in paths() if "did you mean {" in path.read_text()] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", r"a\.json: expected JSON; got .* at line 1"),
        (b"\xff\xfe", r"a\.json: expected JSON; got "),
        (b"[" * 100_000, r"a\.json: expected JSON nested at most 100 deep; got more"),
        (b"[" * 150 + b"]" * 150, r"a\.json: expected JSON nested at most 100 deep; got more"),
        (b"9" * 5000, r"a\.json: expected JSON; got "),
        (b" " * 2000 + b"1", r"a\.json: expected JSON of at most 1,000 bytes; got more"),
    ],
)
def test_invalid_json_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    bound = 1000 if content.startswith(b" ") else 10**6
    with pytest.raises(ValueError, match=message) as caught:
        read_json(tmp_path / "a.json", max_bytes=bound)
    assert "\n" not in str(caught.value)


def test_fields_of_json_are_named() -> None:
    content = parse_json('{"input": {"height": true, "width": 48}}', "b.json")
    assert json_field(content, "input.width", int, "b.json") == 48
    with pytest.raises(ValueError, match=r"b\.json: lacks the field 'input\.depth'"):
        json_field(content, "input.depth", int, "b.json")
    with pytest.raises(ValueError, match=r"b\.json: field 'input\.height' must be int; got bool"):
        json_field(content, "input.height", int, "b.json")
    with pytest.raises(ValueError, match=r"field 'input' must be str or list; got dict"):
        json_field(content, "input", (str, list), "b.json")


def test_sigterm_interrupts_and_sets_the_exit_code() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interrupt_on_terminate() as stop, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    assert stop.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_first_signal_stops_and_the_second_interrupts() -> None:
    with stop_on_signals() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set() and stop.exit_code == 130
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_signals_are_left_alone_outside_the_main_thread() -> None:
    seen: list[bool] = []

    def work() -> None:
        with stop_on_signals() as stop:
            seen.append(stop.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
