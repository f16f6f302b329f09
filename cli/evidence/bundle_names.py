"""Find several bundles for the values of ``--model``, each by a name of its own."""

from collections.abc import Sequence
from pathlib import Path

from ferbench.benchmarks import choose
from ferbench.models import bundles


def folders_by_name(names: Sequence[str], results: Path) -> dict[str, Path]:
    """Return the folder of each named bundle; its name is that of its recipe, or its folder's if that is taken.

    Raises
    ------
    FileNotFoundError
        If there is no bundle of a name.
    ValueError
        If a bundle is damaged, is no recognizer of expressions, or is named twice.
    """
    found: dict[str, Path] = {}
    for name in names:
        path = bundles.find_shipped(name)
        if not (path / "bundle.json").is_file():
            path = choose.find_bundle(name, results)
        info = bundles.read_description(path)
        if "labels" not in info:
            raise ValueError(f"{path} finds key points; name a recognizer of expressions")
        if path.resolve() in {folder.resolve() for folder in found.values()}:
            raise ValueError(f"--model {name} names the same bundle as another: {path}; name each once")
        title = str(info.get("recipe", {}).get("name") or path.name)
        found[f"{title} ({path.name})" if title in found else title] = path
    return found
