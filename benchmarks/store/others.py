"""Add models of others to a suite: peers with an interpreter, contract and trust of a model in a file."""

from collections.abc import Mapping
from dataclasses import replace

from ferbench.benchmarks.store.suite import Suite
from ferbench.models.foreign import foreign_kind, trust_recipes
from ferbench.models.peers import get_adapter, peer_name


def with_peers(suite: Suite, peers: Mapping[str, str]) -> tuple[Suite, list[str]]:
    """Return a suite with the peers that have an interpreter, and what to say about those that are left out.

    Parameters
    ----------
    suite : Suite
        A suite; a peer in `peers` that it does not name is added.
    peers : mapping of str to str
        Interpreter by name of the peer.
    """
    named = {name: recipe for recipe in suite.recipes if (name := peer_name(recipe)) is not None}
    left_out = [name for name in named if name not in peers]
    recipes = [recipe for recipe in suite.recipes if peer_name(recipe) not in left_out]
    recipes += [f"peer:{name}" for name in peers if name not in named]
    notes = [f"not measured: {name}; {get_adapter(name).install}; then --peer {name}=PYTHON" for name in left_out]
    return replace(suite, recipes=tuple(recipes)), notes


def with_contract(suite: Suite, contract: str) -> Suite:
    """Return a suite whose models in files use a contract, except those that name their own.

    Raises
    ------
    ValueError
        If the suite names no model in a file.
    """
    named = [recipe for recipe in suite.recipes if foreign_kind(recipe)]
    if not named:
        raise ValueError(
            f"--contract {contract}: suite {suite.name} names no model in a file; add onnx:PATH to its recipes"
        )
    params = dict(suite.params)
    for recipe in named:
        params[recipe] = {"contract": contract, **params.get(recipe, {})}
    return replace(suite, params=params)


def trust_models(suite: Suite, *, trust: bool) -> None:
    """Trust the TorchScript files of a suite, as ``--trust`` asks, or none.

    Raises
    ------
    ValueError
        If they are to be trusted and there is none.
    FileNotFoundError
        If a file does not exist.
    """
    if not trust_recipes(suite.recipes if trust else ()) and trust:
        raise ValueError(f"--trust: suite {suite.name} names no TorchScript file; leave the option out")


def has_peers(suite: Suite) -> bool:
    """Return whether a suite measures models in other interpreters: packages or TorchScript files."""
    return any(peer_name(recipe) is not None or foreign_kind(recipe) == "torchscript" for recipe in suite.recipes)
