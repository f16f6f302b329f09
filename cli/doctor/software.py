"""Versions of Python, of ferbench, of the libraries that it needs, and of the optional ones."""

import importlib
import platform
import re
from importlib.metadata import requires

from ferbench.cli.doctor.check import Check
from ferbench.utils import install_command, known_extras, missing_packages, version_of

# Libraries with compiled parts: that they are installed does not mean that they load on this machine.
_COMPILED = {
    "numpy": "numpy",
    "scipy": "scipy",
    "scikit-learn": "sklearn",
    "opencv-python-headless": "cv2",
    "onnxruntime": "onnxruntime",
    "dlib-bin": "dlib",
}


def check_versions() -> list[Check]:
    """Look at Python and ferbench."""
    machine = f"{platform.python_version()}, {platform.system()} {platform.machine()}"
    return [Check("Python", "ok", machine), Check("ferbench", "ok", version_of("ferbench") or "not installed")]


def check_libraries() -> list[Check]:
    """Load the libraries with compiled parts, and look whether the others are installed."""
    names = [line for line in requires("ferbench") or [] if "extra ==" not in line]
    packages = [found[0] for line in names if (found := re.match(r"[\w.-]+", line))]
    return [_library(package) for package in packages if package in _COMPILED or version_of(package) is None]


def check_extras() -> list[Check]:
    """Look which optional libraries are installed."""
    return [_extra(extra, packages) for extra, packages in known_extras().items()]


def _library(package: str) -> Check:
    version = version_of(package)
    remedy = f'pip install --force-reinstall "{package}"'
    if version is None:
        return Check(package, "missing", "not installed", f'pip install "{package}"', required=True)
    try:
        importlib.import_module(_COMPILED[package])
    except Exception as error:  # a compiled library that does not fit the machine raises what it likes
        reason = " ".join(str(error).split()) or type(error).__name__
        return Check(package, "problem", f"{version}, cannot be loaded: {reason}", remedy, required=True)
    return Check(package, "ok", version, required=True)


def _extra(extra: str, packages: tuple[str, ...]) -> Check:
    name = f"extra {extra}"
    if not packages:
        return Check(name, "ok", "not for this processor")
    if missing := missing_packages([extra]):
        return Check(name, "missing", f"{', '.join(missing)} not installed", install_command([extra]))
    return Check(name, "ok", ", ".join(f"{package} {version_of(package)}" for package in packages))
