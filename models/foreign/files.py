"""Find the parts of a foreign model: its file, its contract, and a checksum of both."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from ferbench.models.foreign.contract import Contract, contract_file, read_contract
from ferbench.utils import sha256_of

#: Prefixes of the recipes of foreign models, with the suffixes of their files.
KINDS: Mapping[str, tuple[str, ...]] = {
    "onnx": (".onnx",),
    "keras": (".keras",),
    "torchscript": (".pt", ".torchscript", ".ts"),
}
_REMEDIES = {
    ".h5": "HDF5 files can run code; save it as .keras: keras.saving.save_model(model, 'model.keras')",
    ".hdf5": "HDF5 files can run code; save it as .keras: keras.saving.save_model(model, 'model.keras')",
    ".pt": "TorchScript runs code from the file; export it: torch.onnx.export(model, images, 'model.onnx'), or "
    "measure torchscript:PATH with --trust",
    ".pth": "pickled weights run code from the file; export it: torch.onnx.export(model, images, 'model.onnx')",
}


def foreign_kind(recipe: str) -> str | None:
    """Return the kind of a recipe such as ``onnx:PATH``, or None for other recipes.

    Examples
    --------
    >>> foreign_kind("onnx:my.onnx"), foreign_kind("hog+svm")
    ('onnx', None)
    """
    kind, colon, path = recipe.partition(":")
    return kind if colon and kind in KINDS and path else None


def foreign_path(recipe: str) -> Path:
    """Return the file of a foreign recipe; raise ValueError for one of another format.

    A last part after ``@`` names a variant, unless a file has that name.
    """
    kind, _, name = recipe.partition(":")
    plain, at, _ = name.rpartition("@")
    path = Path(plain) if at and not Path(name).exists() and Path(plain).suffix else Path(name)
    if path.suffix.lower() not in KINDS[kind]:
        remedy = _REMEDIES.get(path.suffix.lower(), f"name a file {' or '.join('*' + each for each in KINDS[kind])}")
        raise ValueError(f"recipe {recipe!r}: {path.name} is no {kind} model; {remedy}")
    if not path.is_file():
        raise FileNotFoundError(f"recipe {recipe!r}: {path} does not exist; name the file of the model")
    return path


def load_contract(path: Path, contract: str | Path | None = None) -> Contract:
    """Read the contract of a model, from the named file or from the one beside it."""
    return read_contract(contract_file(path) if contract is None else Path(contract), path)


def checksum_of(path: Path, contract: Contract) -> str:
    """Return the checksum of a model and its contract, 16 hex digits."""
    content = f"{sha256_of(path)} {sorted(contract.as_table().items())}"
    return hashlib.sha256(content.encode()).hexdigest()[:16]
