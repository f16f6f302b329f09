"""Find detectors by name: those of this folder and those of other packages (entry points)."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from ferbench.realtime.detection.base import Detector
from ferbench.utils import Plugin, find_plugins, with_hint

GROUP = "ferbench.detectors"
# YuNet finds 55 of 56 faces in the development photographs, at 5 ms per frame (haar: 44, dlib: 43).
DEFAULT_DETECTOR = "yunet"

Factory = Callable[..., Detector]


def detectors() -> list[str]:
    """Return the names that :func:`make_detector` knows.

    Other packages add detectors with an entry point of the group ``ferbench.detectors``. Each is imported at its first
    use, so that a broken package affects only its own detector. Built-in names cannot be replaced.

    Examples
    --------
    >>> from ferbench.realtime import detectors
    >>> {"dlib", "haar", "mtcnn", "yunet"} <= set(detectors())
    True
    """
    return sorted({*_built_in(), *_added()})


def make_detector(name: str | None = None, **options: Any) -> Detector:
    """Create a detector by name.

    Parameters
    ----------
    name : str, optional
        One of :func:`detectors`, or ``yunet:PATH`` for YuNet with another model file. None selects the default, YuNet,
        or with a message the Haar cascade where YuNet's model is not cached and cannot be downloaded.
    **options : any
        Parameters of the detector class.

    Raises
    ------
    ValueError
        If the name is unknown.
    OSError
        If YuNet is asked for by name, and its model is not cached and cannot be downloaded.
    ImportError
        If a required package is missing, or the package that provides the detector cannot be imported.

    See Also
    --------
    detectors : Names of the detectors.

    Examples
    --------
    >>> from ferbench.realtime import make_detector
    >>> make_detector("haar").name
    'haar'
    """
    default = name is None
    name, _, path = (name or DEFAULT_DETECTOR).partition(":")
    built_in, added = _built_in(), _added()
    if name in built_in:
        kind: Any = built_in[name]
    elif name in added:
        kind = _load(added[name])
    else:
        raise ValueError(_unknown(name, [*built_in, *added]))
    if path and not getattr(kind, "takes_model", False):
        raise ValueError(f"unknown detector: '{name}:{path}'; {name} takes no model file, so give {name} alone")
    if path:
        options["model"] = path
    # A detector that was asked for by name is that one: results would bear the name of another.
    made = kind.make(**options) if default else kind(**options)
    if not isinstance(made, Detector):
        raise ValueError(f"detector {name!r} made a {type(made).__name__}; expected a ferbench.realtime.Detector")
    return made


@cache
def _built_in() -> dict[str, type[Detector]]:
    """Return the detector classes in the modules of this folder, by name."""
    package = __name__.rpartition(".")[0]
    folder = str(Path(__file__).parent)
    modules = [importlib.import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules([folder])]
    return {kind.name: kind for module in modules for kind in _classes(vars(module).values(), module.__name__)}


def _classes(values: Iterable[Any], module: str) -> list[type[Detector]]:
    """Return the named detector classes that are defined in the module itself."""
    kinds = [value for value in values if isinstance(value, type) and issubclass(value, Detector)]
    return [kind for kind in kinds if kind.__module__ == module and "name" in vars(kind)]


def _added() -> dict[str, Plugin]:
    return find_plugins(GROUP, "detector")


def _load(added: Plugin) -> Any:
    try:
        return added.entry.load()
    except Exception as error:  # another package may raise any error; the message names that package
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImportError(
            f"the detector {added.entry.name!r} of the package {added.package} cannot be imported ({reason}); "
            "repair or remove it"
        ) from error


def _unknown(name: str, known: Iterable[str]) -> str:
    names = sorted(set(known))
    text = f"unknown detector: {name!r}; expected one of {', '.join(names)}"
    return with_hint(text, name, names, quoted=True)
