"""Search the best parameters of a recipe, fitted on Training and scored on PublicTest, with resume."""

import contextlib
import shutil
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.benchmarks.fit import fit_recognizer, seed_recognizer
from ferbench.benchmarks.run import STORAGE_ERRNOS, now
from ferbench.benchmarks.scores import score
from ferbench.benchmarks.store import Store
from ferbench.benchmarks.tune.data import fit_data
from ferbench.benchmarks.tune.space import Space, assemble, parameters, resolve_space
from ferbench.benchmarks.tune.study import next_trial, require_optuna
from ferbench.benchmarks.tune.trials import Trials, best_trial
from ferbench.datasets import Dataset
from ferbench.models import get_recipe

METRICS = ("accuracy", "macro_f1")
# A trial whose process died this often, for example for lack of memory, is marked as failed.
_ATTEMPTS = 3
_SCHEMA = 1
# Warnings for authors of libraries, which do not help the user of a search.
_LIBRARY_WARNINGS = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ResourceWarning, ImportWarning)

Record = dict[str, Any]


class _Hopeless(Exception):
    """Raised to end a fit whose epochs so far are worse than those of most trials."""


@dataclass(frozen=True)
class Progress:
    """Progress of a running search.

    Attributes
    ----------
    records : list of dict
        The finished trials.
    """

    records: list[Record]

    @property
    def best(self) -> Record | None:
        """The trial with the highest score so far."""
        return best_trial(self.records)


class Search:
    """A hyperparameter search for one recipe on one data set.

    Trial 0 uses the default parameters of the recipe. The others are proposed by Optuna's tree-structured Parzen
    estimator. A network that reports its epochs is pruned if, after a quarter of the epochs, it is behind most others
    (median pruning). After an interruption the finished trials are kept and the running trial is resumed, a network at
    its last epoch.

    Parameters
    ----------
    recipe : str
        Name of a recipe, classical or deep.
    dataset : Dataset
        Only Training and PublicTest are copied; PrivateTest is not opened.
    output : str or Path, default="results"
        The search is stored in ``OUTPUT/<dataset name>/tune/<recipe>``.
    space : Space, optional
        The parameters to vary; by default the built-in space of the recipe.
    params : mapping
        Parameters that all trials share.
    metric : {"accuracy", "macro_f1"}
        The metric to maximize on PublicTest.
    subset : int, optional
        Number of training images for the fit, a stratified and seeded subset, for screening.
    seed : int, default=0
        Seed of the proposals, the subset and the recognizer.

    Raises
    ------
    ValueError
        If the recipe, a parameter or the metric is unknown, or the data lacks a split.
    ImportError
        If Optuna is not installed.

    References
    ----------
    Bergstra, Bardenet, Bengio and Kégl, "Algorithms for hyper-parameter optimization", NeurIPS 2011.
    Golovin et al., "Google Vizier", KDD 2017 (the median rule).
    """

    def __init__(
        self,
        recipe: str,
        dataset: Dataset,
        output: str | Path = "results",
        *,
        space: Space | None = None,
        params: Mapping[str, Any] | None = None,
        metric: str = "accuracy",
        subset: int | None = None,
        seed: int = 0,
    ) -> None:
        require_optuna()
        if metric not in METRICS:
            raise ValueError(f"metric must be one of {', '.join(METRICS)}; got {metric!r}")
        self.recipe, self.params = get_recipe(recipe), dict(params or {})
        self.space = resolve_space(self.recipe, space, self.params)
        self.metric, self.subset, self.seed = metric, subset, seed
        self.dataset, self.size = dataset.name, dataset.images.shape[1]
        self.data = fit_data(dataset, subset, seed)
        self.folder = Path(output) / dataset.name / "tune" / recipe
        self.trials = Trials(self.folder)
        self._fingerprint = dataset.fingerprint
        # Strong regularization slows the first epochs, so a network is not pruned in the first quarter of the training.
        self._free_epochs = max(3, (parameters(assemble(self.recipe, self.params)).get("epochs") or 0) // 4)

    def run(
        self,
        trials: int = 30,
        timeout: float | None = None,
        *,
        on_trial: Callable[[Progress], None] = lambda progress: None,
    ) -> Progress:
        """Search until the total number of trials is reached or the time is over.

        Parameters
        ----------
        trials : int
            Total number of trials, including those of earlier runs and trial 0.
        timeout : float, optional
            Seconds after which no further trial starts.
        on_trial : callable
            Called at the start and after each trial.

        Raises
        ------
        ValueError
            If the folder holds a different search, or another process is searching there.
        OSError
            If the disk is full.
        """
        deadline = time.monotonic() + (np.inf if timeout is None else timeout)
        with Store(self.folder).locked():
            self.trials.begin(self._identity())
            records = self.trials.records()
            finished = [record for record in records if record["status"] != "running"]
            running = records[len(finished)] if len(records) > len(finished) else None
            on_trial(Progress(list(finished)))
            while len(finished) < trials and time.monotonic() < deadline:
                finished.append(self._trial(finished, running))
                running = None
                on_trial(Progress(list(finished)))
        return Progress(finished)

    def _identity(self) -> dict[str, Any]:
        return {
            "schema": _SCHEMA,
            "recipe": self.recipe.name,
            "data set": {"name": self.dataset, "fingerprint": self._fingerprint},
            "metric": self.metric,
            "subset": self.subset,
            "seed": self.seed,
            "params": self.params,
            "space": {name: values.as_dict() for name, values in self.space.items()},
        }

    def _trial(self, finished: list[Record], running: Record | None) -> Record:
        """Run the next trial, or resume the interrupted one."""
        number = len(finished)
        # The first trial uses the default parameters, which may be outside of the space.
        given = running and running["params"]
        trial = next_trial(self.space, finished, self.seed, given, self._free_epochs) if number else None
        record = running or self._blank(number, trial.params if trial else self._as_it_is())
        record["attempts"] += 1
        self.trials.write(record)
        try:
            record |= self._attempt(record, trial)
        except BaseException:
            # The trial did not cause this; only a process that dies without an exception counts as an attempt.
            with contextlib.suppress(OSError):
                self.trials.write(record | {"attempts": record["attempts"] - 1})
            raise
        record["finished"] = now()
        self.trials.write(record)
        shutil.rmtree(self.trials.checkpoints(number), ignore_errors=True)
        return record

    def _attempt(self, record: Record, trial: Any) -> Record:
        try:
            if record["attempts"] > _ATTEMPTS:
                raise RuntimeError(f"the process ended {_ATTEMPTS} times in this trial, perhaps for lack of memory")
            return self._measure(record, trial) | {"status": "ok"}
        except _Hopeless as reason:
            return {"status": "pruned", "reason": str(reason)}
        except Exception as error:
            if (isinstance(error, OSError) and error.errno in STORAGE_ERRNOS) or _extra_missing(error):
                raise
            return {"status": "failed", "reason": f"{type(error).__name__}: {' '.join(str(error).split())}"}

    def _as_it_is(self) -> dict[str, Any]:
        params = parameters(assemble(self.recipe, self.params))
        return {name: _plain(params[name]) for name in self.space}

    def _blank(self, number: int, params: Mapping[str, Any]) -> Record:
        empty = dict.fromkeys(("value", "scores", "seconds", "reason", "finished"))
        start = {"trial": number, "status": "running", "params": dict(params), "epochs": {}, "attempts": 0}
        return start | empty | {"warnings": [], "started": now()}

    def _measure(self, record: Record, trial: Any) -> Record:
        params = record["params"] if trial else {}
        recognizer = seed_recognizer(assemble(self.recipe, {**self.params, **params}), self.seed)
        if "checkpoint_dir" in recognizer.get_params():
            recognizer.set_params(checkpoint_dir=str(self.trials.checkpoints(record["trial"])))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            start = time.perf_counter()
            fitted = fit_recognizer(recognizer, self.recipe.family, self.data, on_epoch=self._watch(record, trial))
            seconds = time.perf_counter() - start
        probabilities, _ = fitted.predict_proba("PublicTest", self.data.X_val)
        if not np.isfinite(probabilities).all():
            raise ValueError("its probabilities are not finite")
        scores = score(self.data.y_val, probabilities, [str(name) for name in fitted.recognizer.classes_]).as_dict()
        said = {
            f"{warning.category.__name__}: {str(warning.message).partition(chr(10))[0]}"
            for warning in caught
            if not issubclass(warning.category, _LIBRARY_WARNINGS)
        }
        return {"value": scores[self.metric], "scores": scores, "seconds": seconds, "warnings": sorted(said)}

    def _watch(self, record: Record, trial: Any) -> Callable[[int, Mapping[str, float]], None]:
        """Record each epoch, so that pruning works the same after a resume, and end a trial that is to be pruned."""
        for epoch, value in record["epochs"].items() if trial else ():
            trial.report(value, int(epoch))

        def on_epoch(epoch: int, figures: Mapping[str, float]) -> None:
            value = float(figures["val_accuracy"])
            record["epochs"][str(epoch)] = value
            self.trials.write(record)
            if trial is None:
                return
            trial.report(value, epoch)
            if trial.should_prune():
                raise _Hopeless(f"accuracy {value:.4f} after epoch {epoch}, behind the median of the trials before")

        return on_epoch


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str | None) else repr(value)


def _extra_missing(error: Exception) -> bool:
    return isinstance(error, ImportError) and "ferbench[" in str(error)
