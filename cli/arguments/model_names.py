"""Find the bundles for the values of ``--model`` and give each a distinct name."""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ferbench import models
from ferbench.benchmarks import choose
from ferbench.models import base, bundles


def find_model(name: str, results: Path, *, live: bool = True) -> Path:
    """Return the bundle folder for a name: a shipped model, a folder, a recipe or ``winner``.

    Parameters
    ----------
    name : str
        As the user wrote it.
    results : Path
        Results folder in which names are looked up.
    live : bool, default=True
        Take as ``winner`` only one that is fast enough for a live view.

    Raises
    ------
    FileNotFoundError
        If there is no bundle of this name.
    """
    path = bundles.find_shipped(name)
    if path == Path(name) and not (path / "bundle.json").is_file():
        path = choose.find_bundle(name, results, max_latency_ms=choose.REAL_TIME_MS if live else None)
    return path


def named_models(names: Sequence[str], results: Path, priors: str | None = None) -> dict[str, Path]:
    """Return the folders of the named models, followed by the shipped ones, by distinct names.

    A shipped bundle keeps its name. Any other bundle is named after its recipe or the requested name; if that name is
    taken, its folder is added in parentheses.

    Parameters
    ----------
    names : sequence of str
        Names given by the user; the first is the default model.
    results : Path
        Results folder in which names are looked up.
    priors : str, optional
        Expected shares of the classes. Shipped models whose labels do not fit them are left out.

    Raises
    ------
    FileNotFoundError, ValueError
        If a named bundle is missing, is damaged or does not fit `priors`; it is never replaced by another one.
    """
    shipped = models.pretrained()
    found: dict[str, Path] = {}
    for name in names:
        path = find_model(name, results)
        info = _checked(path, priors)
        if is_listed(path, found):
            continue
        known = bundles.shipped_name(path)
        asked = name if name != "winner" and not Path(name).is_dir() else None
        title = known or asked or info.get("recipe", {}).get("name") or path.name
        found[title if title == known else distinct_name(title, path, {*found, *shipped})] = path
    for title, path in shipped.items():
        # A damaged bundle that the user did not name must not stop the server.
        with contextlib.suppress(ValueError, OSError):
            if not is_listed(path, found):
                _checked(path, priors)
                found[title] = path
    return found


def _checked(path: Path, priors: str | None) -> dict[str, Any]:
    info = bundles.check_bundle(path)
    if priors is not None:
        base.full_priors(priors, info, path)
    return info


def is_listed(path: Path, found: Mapping[str, Path]) -> bool:
    """Whether a folder is among those that were found, however it is written."""
    return path.resolve() in {folder.resolve() for folder in found.values()}


def distinct_name(title: str, path: Path, taken: Collection[str]) -> str:
    """Return a title that is not taken: with the folder of the bundle in parentheses, as long as is needed."""
    folder = path.resolve()
    tries = [title, f"{title} ({folder.name})", f"{title} ({folder.parent.name}/{folder.name})", f"{title} ({folder})"]
    return next(name for name in tries if name not in taken)
