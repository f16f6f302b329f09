"""Use Optuna in a search: propose parameters, prune trials, and compute parameter importances."""

from collections.abc import Mapping, Sequence
from typing import Any

from ferbench.benchmarks.tune.space import Choices, Range, Space
from ferbench.utils import require

# Number of complete trials before the pruning starts.
_FREE_TRIALS = 5
# Minimum number of finished trials for parameter importances.
_ENOUGH = 10


def require_optuna() -> None:
    """Raise an ImportError that names the extra to install if Optuna is missing."""
    require("optuna", "ferbench tune", extra="tune")


def next_trial(
    space: Space,
    records: Sequence[Mapping[str, Any]],
    seed: int,
    params: Mapping[str, Any] | None,
    free_epochs: int,
) -> Any:
    """Start the next trial of a search: an Optuna trial with its parameters.

    The state of the search is rebuilt from the records each time, and the seed of the sampler depends only on the
    number of the trial. Therefore a resumed search proposes the same parameters as an uninterrupted one.

    Parameters
    ----------
    space : Space
    records : sequence of mapping
        The finished trials.
    seed : int
        Seed of the search.
    params : mapping or None
        Parameters of the trial; None lets Optuna choose.
    free_epochs : int
        Number of epochs before a network may be pruned.
    """
    import optuna

    study = _replay(space, records)
    study.sampler = optuna.samplers.TPESampler(seed=(1000003 * seed + len(records)) % 2**32)
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=_FREE_TRIALS, n_warmup_steps=free_epochs)
    if params is not None:
        study.enqueue_trial(dict(params))
    return study.ask(_distributions(space))


def importances(space: Space, records: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the share of the variation that each parameter explains, by Optuna; empty with too few trials."""
    import optuna

    study = _replay(space, records)
    done = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    varied = [name for name in space if len({trial.params[name] for trial in done}) > 1]
    if len(done) < _ENOUGH or not varied or len({trial.value for trial in done}) < 2:
        return {}
    return optuna.importance.get_param_importances(study, params=varied)


def _replay(space: Space, records: Sequence[Mapping[str, Any]]) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    states = optuna.trial.TrialState
    distributions = _distributions(space)
    study = optuna.create_study(direction="maximize")
    for record in records:
        # Default parameters may be outside of the space, such as gamma="scale" of an SVM; Optuna does not get them.
        if not all(space[name].holds(record["params"].get(name)) for name in space):
            continue
        epochs = {int(epoch): value for epoch, value in record["epochs"].items()}
        state = {"ok": states.COMPLETE, "pruned": states.PRUNED}.get(record["status"], states.FAIL)
        value = record["value"] if state is states.COMPLETE else None
        params = {name: record["params"][name] for name in space}
        study.add_trial(
            optuna.trial.create_trial(
                state=state, value=value, params=params, distributions=distributions, intermediate_values=epochs
            )
        )
    return study


def _distributions(space: Space) -> dict[str, Any]:
    return {name: _distribution(values) for name, values in space.items()}


def _distribution(values: Range | Choices) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(values, Choices):
        return CategoricalDistribution(values.values)
    if values.whole:
        return IntDistribution(int(values.low), int(values.high), log=values.log)
    return FloatDistribution(values.low, values.high, log=values.log)
