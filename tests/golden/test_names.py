"""Public names, commands, options and start-up are what they were, or more."""

from importlib import import_module

import pytest
from golden_command import HERE, heavy_modules, helps, options, read_json

NAMES: dict[str, list[str]] = read_json("names.json")
STARTUP = read_json("startup.json")


@pytest.mark.parametrize("folder", NAMES)
def test_every_public_name_is_still_there(folder: str) -> None:
    module = import_module(f"ferbench.{folder}")
    assert set(NAMES[folder]) <= set(getattr(module, "__all__", []))
    assert all(getattr(module, name) is not None for name in NAMES[folder])


def test_every_option_is_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    now = helps()
    old = {path.stem.replace(".", " "): path.read_text() for path in (HERE / "help").glob("*.txt")}
    assert len(old) > 15 and set(old) <= set(now)
    lost = {command: sorted(options(text) - options(now[command])) for command, text in old.items()}
    assert not any(lost.values()), lost


def test_a_start_loads_no_more_heavy_modules() -> None:
    now = heavy_modules()
    more = {what: sorted(set(now[what]) - set(modules)) for what, modules in STARTUP["modules"].items()}
    assert not any(more.values()), more
