"""Write the results of a search: a table of its trials, the best parameters as a suite, and two plots."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench.benchmarks.tables import write_csv, write_text
from ferbench.benchmarks.tune.displays import SearchDisplay, SlicesDisplay
from ferbench.benchmarks.tune.space import merge
from ferbench.benchmarks.tune.study import importances
from ferbench.benchmarks.tune.trials import trials_frame
from ferbench.benchmarks.tune.tune import Progress, Search


def write_tables(search: Search, progress: Progress) -> None:
    """Write ``trials.csv`` and, after a successful trial, ``best.toml``; fast enough to call after every trial."""
    if not progress.records:
        return
    table = trials_frame(progress.records, list(search.space))
    write_csv(table, search.folder / "trials.csv")
    if progress.best:
        write_text(search.folder / "best.toml", best_suite(search, progress))


def write_drawings(search: Search, progress: Progress) -> list[Path]:
    """Write the plots of the history and the parameters with their numbers, after a successful trial."""
    if not progress.best:
        return []
    about: dict[str, Any] = {
        "metric": search.metric,
        "name": search.recipe.name,
        "dataset": search.dataset + (f", fitted on {search.subset:,} images" if search.subset else ""),
        "n_images": len(search.data.y_val),
    }
    history = SearchDisplay.from_trials(progress.records, **about)
    share = importances(search.space, progress.records)
    slices = SlicesDisplay.from_trials(progress.records, search.space, share, **about)
    return [history.save(search.folder / "history.png"), slices.save(search.folder / "parameters.png")]


def best_suite(search: Search, progress: Progress) -> str:
    """Return the parameters of the best trial as a suite file for ``ferbench run``.

    The last table of the file can be copied into another suite.

    Returns
    -------
    str
        TOML.
    """
    best = progress.best
    assert best is not None
    name = search.recipe.name
    # Default parameters, as in trial 0, are left out; they may not be plain TOML values.
    found = best["params"] if best["trial"] else {}
    lines = [
        f"# {summary_line(search, best)}, the best of {len(progress.records)} trials.",
        *([f"# Fitted on {search.subset:,} training images only."] if search.subset else []),
        f"# Measure it: ferbench run {search.folder / 'best.toml'} --source DATA",
        f"name = {_toml(f'tuned-{name}')}",
        f"recipes = [{_toml(name)}]",
        f"seeds = [{search.seed}]",
        "",
        "[dataset]",
        f"size = {search.size}",
        "",
        f"[params.{_toml(name)}]",
        *(f"{_key(key)} = {_toml(value)}" for key, value in merge(search.recipe, {**search.params, **found}).items()),
    ]
    return "\n".join(lines) + "\n"


def summary_line(search: Search, record: Mapping[str, Any]) -> str:
    """Return the score of a trial with its interval as a sentence."""
    scores = record["scores"]
    low, high = scores[f"{search.metric}_low"], scores[f"{search.metric}_high"]
    return (
        f"Trial {record['trial']} of {search.recipe.name} on {search.dataset}: {search.metric} {record['value']:.4f} "
        f"on PublicTest (95 % interval {low:.4f} to {high:.4f})"
    )


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else _toml(name)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_toml(entry)}" for key, entry in value.items()) + "}"
    # Strings, numbers, booleans and lists of them are the same in JSON and TOML.
    return json.dumps(value, ensure_ascii=False)
