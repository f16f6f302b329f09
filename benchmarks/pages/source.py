"""The data that was measured, loaded once more for the pictures of a report."""

from collections.abc import Callable
from typing import Any

from ferbench.benchmarks.pages.results import BaseResults

DRAWN = "faces"  # The source of drawn faces, which need no file.


def load_again(results: BaseResults, source: str, load: Callable[..., Any], size: int) -> Any:
    """Load a source the way the suite did: same size, seed and options.

    Parameters
    ----------
    results : BaseResults
    source : str
        What ``ferbench run`` was given.
    load : callable
        Loads a source, with ``size``, ``seed`` and the suite's options.
    size : int
        Side of the images in pixels.
    """
    suite = results.suite
    options = dict(suite.get("options") or {})
    if suite.get("source") not in (None, source):
        # The number of drawn faces means nothing to another source; a part of the labels does.
        options = {name: value for name, value in options.items() if name == "labels"}
    return load(source, size=size, seed=suite.get("dataset_seed", 0), **options)


def redraw(results: BaseResults, load: Callable[[str], Any]) -> Any | None:
    """Draw drawn faces again; None when they are not drawn or do not come out the same."""
    if not results.is_drawn or results.suite.get("source") != DRAWN:
        return None
    dataset = load(DRAWN)
    return dataset if dataset.fingerprint == results.dataset.get("fingerprint") else None


def refuse_other(dataset: Any, results: BaseResults) -> None:
    """Raise ValueError where these are other data than those that were measured."""
    expected = str(results.dataset.get("fingerprint"))
    if dataset.fingerprint != expected:
        raise ValueError(
            f"{dataset.name}: its fingerprint is {dataset.fingerprint[:12]}, but {results.root} was measured on "
            f"data with {expected[:12]}; name the source that 'ferbench run' was given"
        )
