"""Save a model in a file as a bundle, so that it runs wherever bundles do."""

from pathlib import Path

import numpy as np

from ferbench.models.bundles import check_bundle, save_bundle
from ferbench.models.foreign import (
    ForeignModel,
    TorchScriptModel,
    checksum_of,
    foreign_kind,
    foreign_path,
    load_contract,
)
from ferbench.utils import cache_dir


def foreign_bundle(recipe: str, contract: str | Path | None = None) -> Path:
    """Return the folder of a bundle of a model in a file, kept in the cache by the checksum of the model.

    Parameters
    ----------
    recipe : str
        ``onnx:PATH`` or ``keras:PATH``.
    contract : str, Path or None
        File of its contract; None takes the one beside the model.

    Raises
    ------
    FileNotFoundError
        If the model or its contract is missing.
    ValueError
        If the model contradicts its contract, or is a TorchScript file.
    """
    if foreign_kind(recipe) == "torchscript":
        raise ValueError(f"{recipe} cannot be saved as a bundle: {TorchScriptModel.cannot_travel}")
    path = foreign_path(recipe)
    known = load_contract(path, contract)
    checksum = checksum_of(path, known)
    folder = cache_dir() / "foreign" / checksum
    if (folder / "bundle.json").is_file():
        check_bundle(folder)
    else:
        blank = np.zeros((len(known.labels), known.height, known.width), np.uint8)
        model = ForeignModel(path, contract=contract).fit(blank, known.labels)
        info = {"recipe": {"name": recipe[:900], "params": {"checksum": checksum}}}
        save_bundle(folder, model, image_shape=blank.shape[1:], info=info)
    return folder
