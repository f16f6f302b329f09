"""The types of the public API hold for a user who checks strictly."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("benchmarks", "cli", "datasets", "features", "models", "realtime", "utils")
# Our own code is checked by CI with the settings of pyproject.toml; here only what a user sees of it counts. Libraries
# without types are left out, as there.
SETTINGS = """\
[mypy]
strict = True
mypy_path = {house}
cache_dir = {cache}
namespace_packages = True
explicit_package_bases = True
[mypy-ferbench.*]
follow_imports = silent
[mypy-{libraries}]
ignore_missing_imports = True
follow_imports = skip
"""
LIBRARIES = (
    *("cv2", "dlib", "distributed", "jax", "joblib", "kagglehub", "keras", "onnx", "onnxruntime", "psutil", "scipy"),
    *("sklearn", "sklearnex", "daal4py", "skops", "tensorflow", "tf2onnx", "threadpoolctl", "torch", "tqdm"),
)


@pytest.mark.slow
def test_a_strict_user_of_the_public_names_has_no_error(tmp_path: Path) -> None:
    """mypy sees the house as it is installed: an editable install hides the packages from it."""
    pytest.importorskip("mypy", reason="mypy is not installed")
    house = tmp_path / "house"
    (house / "ferbench").mkdir(parents=True)
    for floor in FLOORS:
        (house / "ferbench" / floor).symlink_to(ROOT / floor)
    settings = tmp_path / "mypy.ini"
    libraries = ",".join(f"{name}.*" for name in LIBRARIES)
    settings.write_text(SETTINGS.format(house=house, cache=tmp_path / "cache", libraries=libraries))
    every = [
        f"from ferbench.{floor} import {name} as {floor}_{name}"
        for floor in FLOORS
        if floor != "cli"
        for name in importlib.import_module(f"ferbench.{floor}").__all__
    ]
    wrong = ["from ferbench.models import make_recipe", "", "make_recipe(3)", ""]
    files = {"every_name.py": "\n".join([*every, ""]), "wrong.py": "\n".join(wrong)}
    files["user.py"] = (ROOT / "tests" / "strict_user.py").read_text()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "mypy", "--config-file", str(settings), "--no-error-summary", *files]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=500)
    # The last file proves that errors are found at all.
    (error,) = done.stdout.splitlines()
    assert error.startswith("wrong.py:3: error:") and '"make_recipe" has incompatible type "int"' in error
