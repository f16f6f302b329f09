"""Give a suite more seeds than its file names."""

from dataclasses import replace

from ferbench.benchmarks.store.suite import Suite


def with_seeds(suite: Suite, n: int) -> Suite:
    """Return a suite with `n` seeds: its own ones first, then the smallest other numbers.

    Raises
    ------
    ValueError
        If `n` is below the number of seeds that the suite names.

    Examples
    --------
    >>> with_seeds(Suite("small", ("hog+svm",), seeds=(1,)), 3).seeds
    (1, 0, 2)
    """
    own = len(suite.seeds)
    if n < own:
        raise ValueError(f"--seeds must be at least {own}, the number of seeds of suite {suite.name}; got {n}")
    others = [seed for seed in range(n + own) if seed not in suite.seeds]
    return replace(suite, seeds=(*suite.seeds, *others[: n - own]))
