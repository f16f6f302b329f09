"""Run a suite, read its results and choose a recognizer, from Python."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from ferbench.benchmarks import choose, pages
from ferbench.benchmarks import report as reports
from ferbench.benchmarks.folds import FoldResults, holds_folds
from ferbench.benchmarks.keypoints import PointSuiteResults, read_point_results
from ferbench.benchmarks.rebuild import rebuild_report
from ferbench.benchmarks.run import Executor, InProcessExecutor, Run, Step, make_executor, make_runs, with_protocol
from ferbench.benchmarks.store import OFFICIAL, Suite, load_suite, with_seeds
from ferbench.benchmarks.suite_results import SuiteResults
from ferbench.benchmarks.tasks import Task, get_task, task_of
from ferbench.datasets import Dataset, PointDataset
from ferbench.models.foreign import trusting

if TYPE_CHECKING:
    from ferbench.benchmarks.choose import Choice


def read_results(folder: str | Path = "results") -> SuiteResults | FoldResults | Any:
    """Read the results of one data set.

    Parameters
    ----------
    folder : str or Path, default="results"
        A results folder such as ``results/fer2013``, or its parent if that holds only one results folder.

    Returns
    -------
    SuiteResults, FoldResults or PointSuiteResults
        `FoldResults` where the folder holds the folds of a protocol, and `PointSuiteResults` where it holds key points.
        For a type checker the last one is ``Any``, so that the usual results need no check of their type.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no records in it.
    ValueError
        If the folder holds results of several data sets, or its files are inconsistent.

    Examples
    --------
    >>> from ferbench.benchmarks import read_results
    >>> read_results("results/fer2013").recipes  # doctest: +SKIP
    """
    root = pages.find_results(folder)
    if task_of(root).name == "keypoints":
        return PointSuiteResults.of(read_point_results(root))
    return FoldResults.of(root) if holds_folds(root) else SuiteResults.of(reports.read_results(root))


def run_suite(
    suite: str | Path | Suite,
    source: str | Path | Dataset | PointDataset | None = None,
    output: str | Path = "results",
    *,
    protocol: str | None = None,
    test: str | Path | Dataset | None = None,
    only: Sequence[str] = (),
    n_jobs: int = 1,
    force: bool = False,
    retry_failed: bool = False,
    refresh: bool = False,
    seeds: int | None = None,
    executor: str | Executor = "local",
    progress: bool = True,
    report: bool = False,
    debug: bool = False,
    trust: bool = False,
) -> SuiteResults | FoldResults | Any:
    """Measure the recipes of a suite, each in its own process, and read the results.

    Recipes that already have a result are skipped.

    Parameters
    ----------
    suite : str, Path or Suite
        Name of a suite that ships with ferbench, path of a TOML file, or a suite from :func:`load_suite`.
    source : str, Path, Dataset or PointDataset, optional
        The data: a folder, a zip, a CSV, ``"faces"`` for drawn faces, or a loaded data set. Required if the suite
        names no data; otherwise it replaces the data that the suite names.
    output : str or Path, default="results"
        Results go to ``OUTPUT/<dataset name>``, and those of a protocol to
        ``OUTPUT/<dataset name>-<protocol>``.
    protocol : str, optional
        How the data are divided, see :func:`ferbench.datasets.protocol`: ``"kfold:10"``, ``"loso"``, …; by default as
        the suite says. Each fold is a cell.
    test : str, Path or Dataset, optional
        The data that the protocol ``cross`` tests on.
    only : sequence of str, default=()
        Patterns such as ``hog+*``; only matching recipes are measured.
    n_jobs : int, default=1
        Number of recipes measured in parallel on this machine; they share its cores.
    force : bool, default=False
        Repeat measurements that already have a result.
    retry_failed : bool, default=False
        Repeat measurements that failed.
    refresh : bool, default=False
        Repeat measurements that are stale, because a parameter, member, version or library has changed since.
    seeds : int, optional
        Number of seeds of each recipe, those of the suite first; by default those of the suite alone.
    executor : str or Executor, default="local"
        ``"local"``, ``"dask://HOST:PORT"``, or an object with `threads` and `run`.
    progress : bool, default=True
        Show a progress bar on a terminal.
    report : bool, default=False
        Also write the tables, the plots and the page, as ``ferbench run`` does.
    debug : bool, default=False
        Measure only the first recipe that matches `only`, in this process and without limits. Its exception is
        raised, so that a debugger can stop there. Nothing is written to `output`.
    trust : bool, default=False
        Run the code of the TorchScript files that the suite names (``torchscript:PATH``).

    Returns
    -------
    SuiteResults, FoldResults or PointSuiteResults
        All results in the folder of the data set, including earlier ones; failed recipes are in its `failed`. Folds of
        a protocol are `FoldResults`; what was not measured is in its :meth:`FoldResults.folds`. A suite of key points
        gives `PointSuiteResults`, which is ``Any`` for a type checker.

    Raises
    ------
    FileNotFoundError, ValueError
        If the suite, its data, a recipe, a parameter or a pattern is unknown.
    OSError
        If the results cannot be written.

    See Also
    --------
    read_results : Read earlier results without measuring.

    Examples
    --------
    >>> from ferbench.benchmarks import run_suite
    >>> results = run_suite("faces", only=["hog+*"], n_jobs=2)  # doctest: +SKIP
    >>> results.frame()[["recipe", "accuracy"]]  # doctest: +SKIP
    """
    content = suite if isinstance(suite, Suite) else load_suite(suite)
    content = content if seeds is None else with_seeds(content, seeds)
    content = with_protocol(content, protocol, () if test is None else (_source_name(test),))
    task = get_task(content.task)
    runner = executor if not isinstance(executor, str) else make_executor(executor, n_jobs)
    dataset = _load(content, source, task)
    if len(content.test_sources) > 1 and not debug:
        raise ValueError(f"suite {content.name} tests on {len(content.test_sources)} data sets; name one with test=...")
    options = {"force": force, "retry_failed": retry_failed, "refresh": refresh}
    with trusting(content.recipes if trust else ()):
        if debug:
            return _debug(replace(content, protocol=OFFICIAL, test_sources=()), dataset, only)
        (run,) = make_runs(content, dataset, output, task, test=test, only=only, **options)
        summary = _execute(run, runner, progress)
    if report:
        rebuild_report(summary.root, dataset=dataset)
    return read_results(summary.root)


def best(
    results: SuiteResults | FoldResults | PointSuiteResults | str | Path | None = None,
    *,
    max_latency_ms: float | None = None,
    max_size_mb: float | None = None,
    min_accuracy: float | None = None,
    max_fit_s: float | None = None,
    max_memory_mb: float | None = None,
) -> "Choice":
    """Choose the recognizer with the best accuracy on PublicTest within limits. PrivateTest is not used.

    Parameters
    ----------
    results : SuiteResults, FoldResults, str or Path, optional
        Results or their folder; by default the only one in ``results``. `FoldResults` are refused, since no bundle is
        kept of a fold, and so are `PointSuiteResults`, since the choice is by accuracy.
    max_latency_ms : float, optional
        Limit on the p90 latency for one image, in milliseconds.
    max_size_mb : float, optional
        Limit on the size of the bundle, in megabytes.
    min_accuracy : float, optional
        Minimum accuracy on PublicTest, from 0 to 1.
    max_fit_s : float, optional
        Limit on the seconds of the whole fit, with extraction, teachers and members.
    max_memory_mb : float, optional
        Limit on the peak memory of the measuring process, in megabytes.

    Returns
    -------
    Choice
        With `label`, `bundle`, accuracies, costs and `ties`; ``print(choice.text())`` shows them.

    Raises
    ------
    FileNotFoundError, ValueError
        If there are no results, they are folds of a protocol, or no recognizer is within the limits; the message
        names the closest one.

    Examples
    --------
    >>> from ferbench.benchmarks import best
    >>> best("results/fer2013", max_latency_ms=5, max_size_mb=10).label  # doctest: +SKIP
    """
    folder = results.root if isinstance(results, SuiteResults | FoldResults | PointSuiteResults) else results
    limits = {"max_latency_ms": max_latency_ms, "max_size_mb": max_size_mb, "min_accuracy": min_accuracy}
    return choose.choose_best(folder, **limits, max_fit_s=max_fit_s, max_memory_mb=max_memory_mb)


def _source_name(test: str | Path | Dataset) -> str:
    return test.name if isinstance(test, Dataset) else str(test)


def _load(suite: Suite, source: str | Path | Dataset | PointDataset | None, task: Task) -> Any:
    if source is not None and not isinstance(source, str | Path):
        return source
    found = str(source) if source is not None else suite.source
    if found is None:
        raise ValueError(f"suite {suite.name} names no data; give source=PATH (a folder, zip or CSV)")
    return task.load(found, suite)


def _execute(run: Run, executor: Executor, progress: bool) -> Any:
    with tqdm(unit="cell", disable=None if progress else True, desc=run.suite.name) as bar:

        def on_plan(steps: list[Step]) -> None:
            bar.reset(sum(step.action == "run" for step in steps))

        def on_record(record: dict[str, Any]) -> None:
            bar.set_postfix_str(f"{record['status']} {record['cell_id']}", refresh=False)
            bar.update()

        return run.execute(executor, on_plan=on_plan, on_record=on_record)


def _debug(suite: Suite, dataset: Any, only: Sequence[str]) -> SuiteResults | FoldResults | Any:
    """Measure one cell in this process, with its results in a temporary folder; the test split is not opened."""
    suite = replace(suite, final=False)
    with tempfile.TemporaryDirectory() as folder:
        chosen = Run(suite, dataset, folder, only=only).chosen[0]
        summary = Run(suite, dataset, folder, only=[chosen.cell_id]).execute(InProcessExecutor())
        (record,) = summary.measured
        if record["status"] != "ok":
            raise ValueError(f"{chosen.cell_id}: {record['status']}: {record['reason']}; run it without debug=True")
        return read_results(summary.root)
