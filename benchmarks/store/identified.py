"""Identify models of others in the parameters of a cell."""

from collections.abc import Mapping
from typing import Any

from ferbench.models.foreign import pinned
from ferbench.models.peers import peer_name, pinned_release


def identified(recipe: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with what identifies a model of others: checksum or version."""
    return pinned_release(peer_name(recipe), pinned(recipe, params))
