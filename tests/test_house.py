"""The house's own rules: what is packaged, what may import what, and how fast the command answers."""

import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("utils", "datasets", "features", "models", "benchmarks", "realtime", "cli")
MAY_IMPORT = {
    "utils": {"utils"},
    "datasets": {"utils", "datasets"},
    "features": {"utils", "features"},
    "models": {"utils", "models", "features"},
    "benchmarks": {"utils", "benchmarks", "models", "features", "datasets"},
    "realtime": {"utils", "realtime", "models", "features"},
    "cli": set(FLOORS),
}


def test_the_package_list_names_every_folder_with_an_init() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {p.parent.relative_to(ROOT).as_posix() for floor in FLOORS for p in (ROOT / floor).rglob("__init__.py")}
    assert set(settings["packages"]) == {f"ferbench.{folder.replace('/', '.')}" for folder in folders}
    assert settings["package-dir"] == {f"ferbench.{floor}": floor for floor in FLOORS}
    assert not (ROOT / "ferbench").exists()
    assert all((ROOT / folder / "py.typed").exists() for folder in folders)


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_only_point_down(floor: str) -> None:
    for file in (ROOT / floor).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [f"{node.module}.{alias.name}" for alias in node.names] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                parts = name.split(".")
                assert parts[0] not in FLOORS, f"{file}: import ferbench.{name}, not {name}"
                if parts[0] == "ferbench":
                    assert parts[1] in MAY_IMPORT[floor], f"{file}: {floor} may not import {name}"


def test_no_second_copy_is_loaded() -> None:
    code = (
        f"import sys, {', '.join(f'ferbench.{f}' for f in FLOORS)}; sys.exit(bool(set(sys.modules) & set({FLOORS!r})))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from ferbench.cli.entry import build_parser; build_parser().format_help();"
        "heavy = {'numpy', 'sklearn', 'pandas', 'cv2', 'dlib', 'matplotlib', 'tensorflow', 'keras', 'scipy', 'jinja2'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def doors() -> list[str]:
    """Every folder of the house that exports something."""
    return sorted(
        f"ferbench.{stub.parent.relative_to(ROOT).as_posix().replace('/', '.')}"
        for floor in FLOORS
        for stub in (ROOT / floor).rglob("__init__.pyi")
    )


def test_every_folder_of_the_design_has_a_door() -> None:
    assert {f"ferbench.{floor}" for floor in FLOORS} - {"ferbench.benchmarks", "ferbench.cli"} <= set(doors())


@pytest.mark.parametrize("door", doors())
def test_public_names_are_sorted_and_exist(door: str) -> None:
    stub = ROOT / (door.removeprefix("ferbench.").replace(".", "/") + "/__init__.pyi")
    tree = ast.parse(stub.read_text())
    imported = [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    (listed,) = (ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign))
    key = lambda name: (not name.isupper(), not name[0].isupper(), name)  # noqa: E731 - ruff's RUF022 order
    assert listed and listed == sorted(imported, key=key)
    package = importlib.import_module(door)
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert not modules & set(listed), "a module would take the name's place"
    assert all(hasattr(package, name) for name in listed)


def modules() -> list[str]:
    return sorted(
        module.name
        for floor in FLOORS
        for module in pkgutil.walk_packages([str(ROOT / floor)], f"ferbench.{floor}.")
        if not module.name.endswith("__main__")
    )


@pytest.mark.parametrize("name", modules())
def test_docstring_examples_run(name: str) -> None:
    if name.endswith("_training") or name.endswith("_dask"):
        pytest.importorskip("keras" if name.endswith("_training") else "distributed", reason="needs an extra")
    results = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0
