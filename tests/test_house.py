"""The house's own rules: what is packaged, what may import what, and how fast the command answers."""

import ast
import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import house
import pytest

ROOT = Path(__file__).parents[1]
FLOORS = house.FLOORS
MAY_IMPORT = {
    "utils": {"utils"},
    "datasets": {"utils", "datasets"},
    "features": {"utils", "features"},
    "models": {"utils", "models", "features"},
    "benchmarks": {"utils", "benchmarks", "models", "features", "datasets"},
    "realtime": {"utils", "realtime", "models", "features"},
    "cli": set(FLOORS),
}
# Imports of a module inside another room, and arrows that do not point down, with the reason.
PAST_THE_DOOR = {
    ("ferbench.benchmarks.live.plans", "ferbench.realtime.measure.__main__"): "is started in another process, by name",
}
# Imports of ours inside functions (module, what it imports), with the reason; at most 15.
INNER_IMPORTS: dict[tuple[str, str], str] = {}
# Imports of the standard library inside functions (module, what it imports), with the reason.
STANDARD_IMPORTS = {
    ("ferbench.cli.parser.version", "importlib.metadata"): "takes as long as all of `ferbench --help`",
    ("ferbench.utils.platforms", "msvcrt"): "exists on Windows alone",
    ("ferbench.benchmarks.store.timing", "resource"): "does not exist on Windows",
}
# Required libraries that are imported inside functions: in how many places at most, and why. The children of benchmarks
# and of peers set the variables of a process before they import a library.
LIBRARY_IMPORTS = {
    "PIL": (2, "only GIF files and text that OpenCV has no letters for need it; live mode starts without"),
    "cv2": (8, "peers run with the libraries of another interpreter, and children set the number of threads first"),
    "dlib": (6, "only landmarks, its detector and its shape predictor need it; live mode starts without"),
    "jinja2": (4, "only pages need it, and the modules that write them also serve runs without a page"),
    "matplotlib": (5, "it takes 0.3 s of processor time, and without a page or a training curve nothing is drawn"),
    "numpy": (10, "`ferbench --help` starts without it; peers and children as for cv2"),
    "onnxruntime": (2, "a provider is looked up where a network is opened; quantization needs a part of its own"),
    "pandas": (14, "it takes 0.2 s of processor time; a cell and live mode make no table"),
    "platformdirs": (1, "not needed where $FERBENCH_CACHE is set"),
    "psutil": (3, "Windows and memory limits alone need it"),
    "pygame": (1, "only the window needs it"),
    "scipy": (1, "`scipy.stats` takes 0.5 s of processor time, and only McNemar's test needs it"),
    "skops": (2, "only classical recognizers are written with it; a network is opened without"),
    "sklearn": (13, "a bundle of a network, and a data set with given parts, are opened without it"),
    "threadpoolctl": (1, "only records of measurements list the thread pools"),
    "tqdm": (2, "only bars on a terminal need it; `ferbench --help` and live mode start without"),
}
# Folders of tests that stand for no folder of the house: what an earlier ferbench wrote.
NOT_OF_THE_HOUSE = {"fuzz", "golden"}


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
        for node in ast.walk(house.tree_of(file)):
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


def with_examples() -> list[str]:
    """Modules that have an example that is not skipped, found without importing any."""
    return sorted(
        name
        for name, path in house.modules().items()
        if any(">>> " in line and "+SKIP" not in line for line in path.read_text().splitlines())
    )


def test_many_modules_have_examples() -> None:
    assert len(with_examples()) >= 70


@pytest.mark.parametrize("name", with_examples())
def test_docstring_examples_run(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0
    assert results.attempted > 0, "an example that doctest does not find is not tested"


def test_other_rooms_are_entered_by_the_door() -> None:
    past = {
        (found.source, found.target)
        for found in house.imports()
        if not house.is_door(found.target) and house.room_of(found.target) != house.room_of(found.source)
    }
    assert past == set(PAST_THE_DOOR)


def test_arrows_only_point_down_behind_doors_and_in_other_processes() -> None:
    wrong = {
        (source, target)
        for source, targets in house.module_graph().items()
        for target in targets
        if target.split(".")[1] not in MAY_IMPORT[source.split(".")[1]]
    }
    assert wrong == {pair for pair in PAST_THE_DOOR if pair[0].split(".")[1] != pair[1].split(".")[1]}


def test_there_is_no_circle() -> None:
    assert len(house.module_graph()) > 250 and sum(map(len, house.module_graph().values())) > 800
    assert house.circles(house.module_graph()) == []
    assert house.circles(house.room_graph()) == []


def test_own_imports_in_functions_have_a_reason() -> None:
    assert len(INNER_IMPORTS) <= 15
    assert {(found.source, found.target) for found in house.imports() if found.in_function} == set(INNER_IMPORTS)


def test_standard_modules_are_imported_at_the_top_but_for_a_reason() -> None:
    assert house.standard_imports_in_functions() == set(STANDARD_IMPORTS)


def test_required_libraries_are_imported_at_the_top_but_for_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    modules = {"opencv-python-headless": "cv2", "dlib-bin": "dlib", "pillow": "PIL", "pygame-ce": "pygame"}
    modules |= {"scikit-learn": "sklearn", "lazy-loader": "lazy_loader"}
    names = [re.split(r"[<>=]", line)[0] for line in project["dependencies"]]
    found = house.library_imports_in_functions([modules.get(name, name) for name in names])
    assert set(found) == set(LIBRARY_IMPORTS)
    limits = {name: most for name, (most, _) in LIBRARY_IMPORTS.items()}
    assert {name: count for name, count in found.items() if count > limits[name]} == {}


def test_modules_are_short_and_folders_small() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in house.modules().items()}
    assert {name: length for name, length in lengths.items() if length > 300} == {}
    sizes = Counter(path.parent for path in house.modules().values())
    assert {str(folder): size for folder, size in sizes.items() if size > 22} == {}


def test_no_module_hides_behind_an_underscore() -> None:
    hidden = {name for name in house.modules() for part in [name.rpartition(".")[2]] if part.startswith("_")}
    assert {name for name in hidden if not name.endswith(".__main__")} == set()


def test_the_tests_lie_in_the_same_folders() -> None:
    folders = {path.parent.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    assert folders - {".", *NOT_OF_THE_HOUSE} == set(FLOORS)


@pytest.fixture
def other_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small house in the place of ours, with an empty room `utils/tools`."""
    monkeypatch.setattr(house, "ROOT", tmp_path)
    for folder in ("utils", "utils/tools", "models"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    forget_house()
    yield tmp_path
    forget_house()


def forget_house() -> None:
    for cached in (house.modules, house.imports, house.exports, house.module_graph):
        cached.cache_clear()


def test_the_graph_looks_through_lazy_doors_into_functions_and_at_started_modules(other_house: Path) -> None:
    (other_house / "utils/tools/__init__.pyi").write_text("from .hammer import hit\n")
    (other_house / "utils/tools/hammer.py").write_text("def hit():\n    from ferbench.models import fit\n")
    (other_house / "models/__init__.pyi").write_text("from .fit import fit\n")
    (other_house / "models/nail.py").write_text("from ferbench.utils import tools\n\ntools.hit()\n")
    (other_house / "models/fitting.py").write_text("RUN = ('-m', 'ferbench.models.nail')\n")
    (other_house / "models/__init__.pyi").write_text("from .fitting import fit\n")
    assert house.circles(house.module_graph()) == [
        ["ferbench.models.fitting", "ferbench.models.nail", "ferbench.utils.tools.hammer"]
    ]
    assert house.circles(house.room_graph()) == [["ferbench.models", "ferbench.utils.tools"]]
    (inner,) = (found for found in house.imports() if found.in_function)
    assert (inner.source, inner.target, inner.name) == ("ferbench.utils.tools.hammer", "ferbench.models", "fit")


def test_imports_of_the_standard_library_are_found_in_functions_alone(other_house: Path) -> None:
    (other_house / "models/a.py").write_text(
        "import os\nfrom ferbench.utils import json\n\n"
        "def f():\n    import shutil, numpy\n    from urllib.parse import quote\n    from ferbench import utils\n\n"
        "class C:\n    import stat\n    async def g(self):\n        if self:\n            import xml.dom\n"
    )
    found = {"shutil", "urllib.parse", "xml.dom"}
    assert house.standard_imports_in_functions() == {("ferbench.models.a", name) for name in found}


def test_imports_of_libraries_are_counted_in_functions_alone(other_house: Path) -> None:
    (other_house / "models/a.py").write_text(
        "import numpy\n\ndef f():\n    import numpy.linalg, pandas\n    from cv2 import resize\n    import json\n"
    )
    (other_house / "models/b.py").write_text("def f():\n    import pandas\n\ndef g():\n    import pandas\n")
    found = house.library_imports_in_functions({"numpy", "pandas", "cv2"})
    assert found == {"numpy": 1, "pandas": 2, "cv2": 1}


def test_the_graph_leaves_out_what_only_type_checkers_read(other_house: Path) -> None:
    (other_house / "models/a.py").write_text("if TYPE_CHECKING:\n    from ferbench.models.b import B\n")
    (other_house / "models/b.py").write_text("from ferbench.models import a\n")
    assert house.module_graph()["ferbench.models.a"] == set()
    assert house.module_graph()["ferbench.models.b"] == {"ferbench.models.a"}
