"""Put a protocol into a suite, and make the runs that measure it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ferbench.benchmarks.run.folded import FoldedRun
from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store import OFFICIAL, Suite, check_protocol
from ferbench.benchmarks.tasks import Task
from ferbench.datasets import Dataset, make_folds
from ferbench.datasets.protocols import SHARED


def with_protocol(suite: Suite, protocol: str | None = None, test_sources: Sequence[str] = ()) -> Suite:
    """The suite under another protocol, or with other test sources.

    Raises
    ------
    ValueError
        If there is no such protocol, or the test sources do not go with it.
    """
    if protocol is None and not test_sources:
        return suite
    name = suite.protocol if protocol is None else protocol.strip()
    sources = tuple(test_sources) or (suite.test_sources if name == "cross" else ())
    plain: dict[str, Any] = {"protocol": OFFICIAL, "test_sources": (), "shared_people": False}
    found = plain | check_protocol(suite.name, suite.task, name, sources)
    return replace(suite, **found)


def make_runs(
    suite: Suite,
    dataset: Any,
    output: str | Path,
    task: Task,
    *,
    test: str | Path | Dataset | None = None,
    **options: Any,
) -> list[Run]:
    """The runs of a suite: one, or one for each test source of the protocol ``cross``.

    Parameters
    ----------
    suite, dataset, output, task
        What is measured, and where its results go.
    test : Dataset, optional
        The data to test on, if loaded.
    **options
        Further arguments of :class:`Run`.

    Raises
    ------
    ValueError
        If the protocol cannot divide the data, or the official split shares people and was not asked for by name.
    """
    if suite.protocol == OFFICIAL:
        return [Run(suite, _official(suite, dataset), output, **options)]
    if suite.protocol != "cross":
        return [FoldedRun(suite, dataset, output, **options)]
    tests = (
        [test] if isinstance(test, Dataset) else [task.load(source, _elsewhere(suite)) for source in suite.test_sources]
    )
    if len({each.name for each in tests}) < len(tests):
        raise ValueError(f"cross: two test sources are both called {tests[0].name!r}; rename one of them")
    return [FoldedRun(suite, dataset, output, test=each, **options) for each in tests]


def _official(suite: Suite, dataset: Any) -> Any:
    """The data set with its own split; that of faces is refused where people are in two parts, unless it is named."""
    if not isinstance(dataset, Dataset):
        return dataset
    return make_folds(dataset, SHARED if suite.shared_people else OFFICIAL)[0]


def _elsewhere(suite: Suite) -> Suite:
    """The suite for loading another source: its options are about its own, but for the labels."""
    options = {name: value for name, value in suite.options.items() if name == "labels"}
    return replace(suite, options=options)
