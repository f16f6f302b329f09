"""Identify a foreign model in the parameters of a cell."""

from collections.abc import Mapping
from typing import Any

from ferbench.models.foreign.files import checksum_of, foreign_kind, foreign_path, load_contract
from ferbench.models.foreign.script_network import torch_release
from ferbench.models.foreign.trust import check_trusted


def pinned(recipe: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a recipe, for a foreign model with its checksum, so that a new file is a new cell.

    A TorchScript file must be trusted; the version of PyTorch is added, so that another one is another cell.

    Raises
    ------
    FileNotFoundError, ValueError
        If the model or its contract is missing, the contract is wrong, or a TorchScript file is not trusted.
    ImportError
        If PyTorch is not installed in the interpreter of a TorchScript file.
    """
    if (kind := foreign_kind(recipe)) is None or "checksum" in params:
        return dict(params)
    path = foreign_path(recipe)
    if kind != "torchscript":
        return {**params, "checksum": checksum_of(path, load_contract(path, params.get("contract")))}
    check_trusted(path)
    contract = load_contract(path, params.get("contract"))
    return {"release": torch_release(path, contract), **params, "checksum": checksum_of(path, contract)}
