"""Load the measured data again, for the pictures of a report."""

from collections.abc import Callable
from typing import Any

from ferbench.benchmarks.pages.results import BaseResults
from ferbench.datasets.readers import ANY_SOURCE

DRAWN = "faces"  # The source name of drawn faces, which need no file.


def load_again(results: BaseResults, source: str, load: Callable[..., Any], size: int) -> Any:
    """Load a source with the size, seed and options of the suite.

    Parameters
    ----------
    results : BaseResults
    source : str
        The source as given to ``ferbench run``.
    load : callable
        Function that loads a source with ``size``, ``seed`` and the options of the suite.
    size : int
        Side of the images in pixels.
    """
    suite = results.suite
    options = dict(suite.get("options") or {})
    if suite.get("source") not in (None, source):
        # The number of drawn faces does not apply to another source, but labels and the names of splits do.
        options = {name: value for name, value in options.items() if name in ANY_SOURCE}
    return load(source, size=size, seed=suite.get("dataset_seed", 0), **options)


def redraw(results: BaseResults, load: Callable[[str], Any]) -> Any | None:
    """Draw the faces again; return None if the data is not drawn or the new faces differ."""
    if not results.is_drawn or results.suite.get("source") != DRAWN:
        return None
    dataset = load(DRAWN)
    return dataset if dataset.fingerprint == results.dataset.get("fingerprint") else None


def refuse_other(dataset: Any, results: BaseResults) -> None:
    """Raise ValueError if a data set is not the measured one."""
    expected = str(results.dataset.get("fingerprint"))
    if dataset.fingerprint != expected:
        raise ValueError(
            f"{dataset.name}: its fingerprint is {dataset.fingerprint[:12]}, but {results.root} was measured on "
            f"data with {expected[:12]}; name the source that 'ferbench run' was given"
        )
