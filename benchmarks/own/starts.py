"""Choose the network and the parameters of a training that starts from a bundle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench import models
from ferbench.models.bundles import NETWORK, check_bundle, find_shipped, precision_of, read_description, recipe_name
from ferbench.models.networks import find_architecture

#: Parameters of a network that starts from a bundle: a small learning rate, small batches and few epochs.
FINE_TUNING: Mapping[str, Any] = {
    "epochs": 15,
    "patience": 15,
    "warmup_epochs": 1,
    "learning_rate": 0.01,
    "batch_size": 16,
    "average": 0.0,
}


def fine_tuning(recipe: str, start: str | Path) -> tuple[str, dict[str, Any]]:
    """Return the recipe and the parameters of a network that starts from a bundle.

    The architecture is compared, not the name: the weights of a bundle may be the mean of several trainings. A former
    name of a shipped bundle that is also the former name of another recipe, ``ferbench-net``, is the recipe that fits.

    Parameters
    ----------
    recipe : str
        Name of the recipe that was asked for.
    start : str or Path
        Name of a shipped bundle, or a folder.

    Raises
    ------
    FileNotFoundError
        If there is no such bundle.
    ValueError
        If the recipe is no network, or the bundle has another one or none that can be trained further. The message
        names a command that works.
    ImportError
        If the extra ``deep`` is not installed.
    """
    folder = find_shipped(start)
    if not (folder / "bundle.json").is_file():
        raise FileNotFoundError(
            f"--from {start}: no such bundle; expected a bundle's folder or one of {', '.join(_startable())}"
        )
    file, image_shape = _network_of(folder, start)
    found = models.get_recipe(recipe)
    asked, made = {"initial_weights": str(start), **FINE_TUNING}, found.make()
    trained = found.family == "deep" and hasattr(made, "initial_weights")
    # A network of another package has layers of its own, and says itself what it can start from.
    architecture = getattr(made, "architecture", None)
    if trained and (architecture is None or find_architecture(file, image_shape, [architecture])):
        return recipe, asked
    fitting = find_architecture(file, image_shape, _named())
    if fitting is None:
        raise ValueError(f"{start} cannot be trained further: it holds no single network of ferbench; {_remedy()}")
    if trained and models.bundle_name(recipe) == fitting:
        return fitting, asked
    told = f"{start} has the network {fitting} and {recipe} another one"
    if not trained:
        told = f"{recipe} is no network, so it cannot start from {start}"
    raise ValueError(f"{told}; use ferbench train {fitting} --from {start}")


def _named() -> list[str]:
    """Return the architectures that have a recipe of the same name; those of the networks that ship come first."""
    deep = {name: recipe for name, recipe in models.recipes().items() if recipe.family == "deep"}
    named = [name for name, recipe in deep.items() if getattr(recipe.make(), "architecture", None) == name]
    return sorted(named, key=lambda name: not name.startswith("ferbench-net"))


def _network_of(folder: Path, start: str | Path) -> tuple[Path, tuple[int, int]]:
    """Return the ONNX file of a bundle and the height and width of its images."""
    info = check_bundle(folder)
    if info.get("task") == "keypoints":
        raise ValueError(f"{start} cannot be trained further on labels: it finds key points; {_remedy()}")
    if precision_of(info) != "float32":
        raise ValueError(f"{start} cannot be trained further: it has 8-bit weights; {_float32_of(info)}")
    if not (folder / NETWORK).is_file():
        raise ValueError(f"{start} cannot be trained further: it holds no network; {_remedy()}")
    return folder / NETWORK, (info["input"]["height"], info["input"]["width"])


def _float32_of(info: Mapping[str, Any]) -> str:
    """Say which float32 bundle an int8 bundle was made of, if that one ships."""
    made_of = info.get("precision", {}).get("of")
    for name in _startable():
        if recipe_name(read_description(find_shipped(name)).get("recipe", {}).get("name", "")) == made_of:
            return f"start from the float32 network that it was made of: ferbench train {name} --from {name}"
    return "start from the float32 bundle that it was made of"


def _remedy() -> str:
    return "start from one network: " + " or ".join(f"ferbench train {name} --from {name}" for name in _startable())


def _startable() -> list[str]:
    """Names of the shipped bundles that a training can start from: they are those of their networks."""
    known = models.recipes()
    return [name for name in models.pretrained() if name in known and known[name].family == "deep"]
