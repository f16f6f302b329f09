"""Describe the behavior of an unfitted recognizer: its parameters, declared versions and libraries."""

from collections.abc import Iterable, Mapping
from typing import Any

from ferbench.models.base import parts_of
from ferbench.utils import version_of

# Parameters that do not change results: the seed is a field of its own, the others concern speed, text and files.
_IGNORED = ("checkpoint_dir", "memory", "n_jobs", "n_threads", "random_state", "tensorboard", "verbose")
# Parameters that only repeat the parts, which are listed by name besides.
_REPEATED = ("members", "steps", "transformer_list")


def plain_parameters(recognizer: Any) -> dict[str, str]:
    """Return all parameters as text, defaults included; a nested estimator is the name of its class.

    Examples
    --------
    >>> from ferbench.models import Tree
    >>> plain_parameters(Tree(max_depth=3))
    {'max_depth': '3', 'min_samples_leaf': '5'}
    """
    return {
        name: _text(value)
        for name, value in sorted(recognizer.get_params().items())
        if name.split("__")[-1] not in (*_IGNORED, *_REPEATED)
    }


def behavior_versions(recognizer: Any) -> dict[str, str]:
    """Return the declared version of each part that declares one.

    A class declares it as ``behavior_version``, and so may its base classes: the numbers of a class and of its bases,
    joined by dots, make the version of a part. Nothing is derived from source files, so that a comment changes nothing.
    """
    kinds = {type(part) for part in parts_of(recognizer)}
    return dict(sorted((class_name(kind), text) for kind in kinds if (text := _declared(kind))))


def person_versions(recognizer: Any) -> dict[str, str]:
    """Return the version of the calibration by person of each part that declares one, as ``person_version``."""
    kinds = {type(part) for part in parts_of(recognizer)}
    declared = {class_name(kind): getattr(kind, "person_version", None) for kind in kinds}
    return {
        f"calibration by person of {name}": str(number)
        for name, number in sorted(declared.items())
        if number is not None
    }


def library_versions(recognizer: Any) -> dict[str, str]:
    """Return the version of each library that matters for the results of a recognizer.

    These are the packages of the parts' classes, and those that our classes declare as ``behavior_libraries``.
    """
    kinds = [type(part) for part in parts_of(recognizer)]
    names = {name for kind in kinds for name in (*_of_package(kind), *_listed(kind))}
    return {name: text for name in sorted(names) if (text := version_of(name))}


def class_name(kind: type) -> str:
    """Return package and class, without the module between, which may move."""
    return f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"


def _text(value: Any) -> str:
    if hasattr(value, "get_params"):
        return class_name(value if isinstance(value, type) else type(value))
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_text(value[key])}' for key in sorted(value, key=str))}}}"
    if isinstance(value, list | tuple):
        # A list in a suite file and a tuple in Python are the same value.
        return f"[{', '.join(map(_text, value))}]"
    text = repr(value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value)
    # The address of an object differs from run to run.
    return class_name(type(value)) if " at 0x" in text else text


def _declared(kind: type) -> str:
    own = [base.__dict__["behavior_version"] for base in kind.__mro__ if "behavior_version" in base.__dict__]
    return ".".join(map(str, own))


def _listed(kind: type) -> Iterable[str]:
    return (name for base in kind.__mro__ for name in base.__dict__.get("behavior_libraries", ()))


def _of_package(kind: type) -> list[str]:
    package = kind.__module__.partition(".")[0]
    return [] if package == "ferbench" else [{"sklearn": "scikit-learn"}.get(package, package)]
