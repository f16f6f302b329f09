"""Find adapters of other packages, and the interpreters that run them."""

import inspect
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferbench.utils import find_plugins, find_registered, suggest

ENTRY_POINTS = "ferbench.peers"
#: Interpreters by peer, ``NAME=PYTHON`` joined by the separator of paths; the command line sets it.
VARIABLE = "FERBENCH_PEERS"
ROOM = "ferbench.models.peers.adapters"
PREFIX = "peer:"
_TEXTS = ("package", "project", "install", "trained_on")


@dataclass(frozen=True)
class Adapter:
    """Description of an adapter, without opening its package.

    Attributes
    ----------
    name : str
        Name of the peer, as in ``peer:NAME``.
    package, project, install, trained_on : str
        Name of the distribution, address of the project, how to install it, and the data it was trained on.
    labels : tuple of str
        Labels of the columns of its answers, as ferbench writes them.
    file : Path
        File that the other interpreter runs.
    attribute : str
        Name of the class in the file.
    options : mapping
        Arguments of the class, as JSON can hold them.
    model : str
        File of a model that the class opens; empty for a package that brings its own.
    """

    name: str
    package: str
    project: str
    install: str
    trained_on: str
    labels: tuple[str, ...]
    file: Path
    attribute: str
    options: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""

    @property
    def title(self) -> str:
        """What messages call it."""
        return self.model or f"peer {self.name}"

    @property
    def remedy(self) -> str:
        """What to do after it failed."""
        return f"try it in {self.package}, or export it to ONNX" if self.model else f"its package: {self.install}"


def known_adapters() -> dict[str, Adapter]:
    """Return the adapters by name: the files of ferbench, then the entry points of ``ferbench.peers``.

    Raises
    ------
    ImportError
        If an entry point cannot be loaded or names no adapter; the message names its package.
    """
    found = {name: _described(name, kind) for name, kind in find_registered(ROOM).items()}
    for name, plugin in find_plugins(ENTRY_POINTS, "peer").items():
        kind = plugin.demand(plugin.load(), (*_TEXTS, "labels", "faces", "frame"), "a class of an adapter")
        found[name] = _described(name, kind)
    return found


def get_adapter(name: str) -> Adapter:
    """Return an adapter by name; raise ValueError with the closest name if there is none."""
    known = known_adapters()
    if name not in known:
        raise ValueError(f"there is no peer {name!r}; {suggest(name, known)}")
    return known[name]


def peer_name(recipe: str) -> str | None:
    """Return the name of the peer of a recipe such as ``peer:fer``, or None for other recipes.

    Examples
    --------
    >>> peer_name("peer:fer"), peer_name("hog+svm")
    ('fer', None)
    """
    return recipe.removeprefix(PREFIX).partition("@")[0] if recipe.startswith(PREFIX) else None


def parse_peers(texts: list[str]) -> dict[str, str]:
    """Return interpreter by peer from texts ``NAME=PYTHON``.

    Raises
    ------
    ValueError
        If a text has another form, or there is no such peer.
    FileNotFoundError
        If there is no such interpreter.
    """
    found = {}
    for text in texts:
        name, equals, python = text.partition("=")
        if not equals or not python:
            raise ValueError(f"--peer must be NAME=PYTHON, such as fer=/opt/fer/bin/python; got {text!r}")
        get_adapter(name)
        found[name] = check_interpreter(f"--peer {name}", python)
    return found


def check_interpreter(option: str, python: str) -> str:
    """Return the absolute path of an interpreter; errors begin with the option that names it."""
    if not os.access(python, os.X_OK) or not Path(python).is_file():
        raise FileNotFoundError(f"{option}: {python} is no Python interpreter; name bin/python of its venv")
    if os.pathsep in python:
        raise ValueError(f"{option}: the path must not hold {os.pathsep!r}; got {python}")
    # Not resolved: in an environment it is a link, and its place names the environment.
    return str(Path(python).absolute())


def set_interpreters(peers: Mapping[str, str]) -> None:
    """Name the interpreters for this process and the processes that it starts."""
    os.environ[VARIABLE] = os.pathsep.join(f"{name}={python}" for name, python in peers.items())


def named_interpreters() -> dict[str, str]:
    """Return the interpreters that are named for this process, by peer."""
    return dict(part.partition("=")[::2] for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part)


def interpreter_of(adapter: Adapter) -> str:
    """Return the interpreter named for a peer; raise ValueError with the remedy if none is."""
    named = named_interpreters()
    if adapter.name not in named:
        raise ValueError(
            f"peer {adapter.name} runs in an interpreter of its own: make an environment, {adapter.install}, "
            f"and add --peer {adapter.name}=PYTHON"
        )
    return named[adapter.name]


def _described(name: str, kind: Any) -> Adapter:
    texts: dict[str, Any] = {field: str(getattr(kind, field)) for field in _TEXTS}
    return Adapter(
        name=name,
        labels=tuple(map(str, kind.labels)),
        file=Path(inspect.getfile(kind)),
        attribute=kind.__qualname__,
        **texts,
    )
