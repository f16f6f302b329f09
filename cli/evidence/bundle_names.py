"""Find several bundles for the values of ``--model``, each by a name of its own."""

from collections.abc import Sequence
from pathlib import Path

from ferbench.cli.arguments import distinct_name, find_model, is_listed
from ferbench.models import bundles


def folders_by_name(names: Sequence[str], results: Path) -> dict[str, Path]:
    """Return the folder of each named bundle by the name under which it ships, or else by that of its recipe.

    Raises
    ------
    FileNotFoundError
        If there is no bundle of a name.
    ValueError
        If a bundle is damaged, is no recognizer of expressions, or is named twice.
    """
    found: dict[str, Path] = {}
    for name in names:
        path = find_model(name, results, live=False)
        info = bundles.read_description(path)
        if "labels" not in info:
            raise ValueError(f"{path} finds key points; name a recognizer of expressions")
        if is_listed(path, found):
            raise ValueError(f"--model {name} names the same bundle as another: {path}; name each once")
        title = bundles.shipped_name(path) or str(info.get("recipe", {}).get("name") or path.name)
        found[distinct_name(title, path, found)] = path
    return found
