"""The optional dependencies are those of pyproject.toml."""

import tomllib
from pathlib import Path

import pytest

from ferbench.utils import install_command, known_extras, missing_packages, require, version_of

ROOT = Path(__file__).parents[2]


def test_every_extra_but_the_developers_is_known() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(known_extras()) == set(declared) - {"dev"}
    assert set(known_extras()["deep"]) == {"keras", "onnx", "tensorflow", "tf2onnx"}


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ['surely-not-installed>=1; extra == "deep"', 'numpy; extra == "deep"', "scipy"]
    monkeypatch.setattr("ferbench.utils.extras.requires", lambda _: lines)
    assert known_extras() == {"deep": ("surely-not-installed", "numpy")}
    assert missing_packages(["deep"]) == ["surely-not-installed"]
    assert version_of("surely-not-installed") is None


def test_a_package_for_another_processor_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    line = "surely-not-installed; platform_machine == 'pdp11' and extra == 'intel'"
    monkeypatch.setattr("ferbench.utils.extras.requires", lambda _: [line])
    assert known_extras() == {"intel": ()} and missing_packages(["intel"]) == []


def test_the_error_names_the_command_to_type() -> None:
    with pytest.raises(ImportError, match=r'CNN needs surely_not_there, which is not installed: pip install "ferbench'):
        require("surely_not_there", "CNN", extra="deep")
    assert install_command(["mtcnn", "deep"]) == 'pip install "ferbench[mtcnn,deep]"'
