"""Remember which TorchScript files the user trusts: opening one runs code from it."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ferbench.models.foreign.files import foreign_kind, foreign_path
from ferbench.utils import sha256_of

#: SHA-256 of the trusted files, joined by commas; the command line sets it, and child processes inherit it.
VARIABLE = "FERBENCH_TRUSTED"


def trust_recipes(recipes: Iterable[str]) -> list[Path]:
    """Trust the TorchScript files of recipes, and no others, in this process and the processes that it starts.

    A file is trusted as it is now: after a change it is not.

    Returns
    -------
    list of Path
        The files that are trusted.
    """
    files = [foreign_path(recipe) for recipe in recipes if foreign_kind(recipe) == "torchscript"]
    os.environ[VARIABLE] = ",".join(sha256_of(file) for file in files)
    return files


@contextmanager
def trusting(recipes: Iterable[str]) -> Iterator[None]:
    """Trust the TorchScript files of recipes within a ``with`` statement, besides those trusted before."""
    before = os.environ.get(VARIABLE)
    trust_recipes(recipes)
    try:
        os.environ[VARIABLE] += f",{before or ''}"
        yield
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before


def check_trusted(path: Path) -> None:
    """Raise ValueError unless the user trusts a TorchScript file, and FileNotFoundError if there is none."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist; name the file of the model")
    if sha256_of(path) not in os.environ.get(VARIABLE, "").split(","):
        raise ValueError(
            f"{path}: opening a TorchScript file runs code from it; if you trust its maker, add --trust (in Python, "
            f"TorchScriptModel(path, trust=True)), or export it: torch.onnx.export(model, images, 'model.onnx')"
        )
