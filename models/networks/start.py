"""Start a training from existing weights: of a file, of ``keras.applications``, or of a bundle."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ferbench.models.bundles import NETWORK, check_bundle, find_shipped, read_description
from ferbench.models.networks.architectures import TRANSFER
from ferbench.models.networks.onnx_weights import load_onnx_weights, normalizations


def start_bundle(settings: Any) -> Path | None:
    """Return the folder of the bundle that a training starts from, or None if it starts from something else."""
    start = settings.initial_weights
    if start is None:
        return None
    folder = find_shipped(start)
    return folder if (folder / "bundle.json").is_file() else None


def keeps_head(settings: Any, folder: Path) -> bool:
    """Return whether the last layer of a bundle fits the labels of the training, in their order."""
    labels = read_description(folder).get("labels", [])
    return list(labels) == [str(label) for label in getattr(settings, "classes_", [])]


def start_from(network: Any, settings: Any, build: Callable[[], Any]) -> None:
    """Load the initial weights.

    Parameters
    ----------
    network : keras.Model
        Network to train.
    settings : estimator
        Its parameter ``initial_weights`` names the weights.
    build : callable
        Returns the same network in float32, which can be compared with the file of a bundle; `network` itself if it is
        in float32.
    """
    start = settings.initial_weights
    if start is None:
        return
    if (folder := start_bundle(settings)) is not None:
        check_bundle(folder)
        plain = build()
        load_onnx_weights(plain, folder / NETWORK, head=keeps_head(settings, folder))
        if plain is not network:
            network.set_weights(plain.get_weights())
        return
    transfer = settings.architecture.startswith(TRANSFER)
    target = network.get_layer("backbone") if transfer else network
    if start == "imagenet":
        target.set_weights(_imagenet(settings.architecture, target))
        return
    if not Path(start).is_file():
        raise FileNotFoundError(f"initial_weights: there is no file {start}")
    try:
        target.load_weights(start)
    except Exception as error:
        text = " ".join(str(error).split())[:200]
        raise ValueError(f"initial_weights: {start} does not fit {settings.architecture}: {text}") from error


def _imagenet(architecture: str, target: Any) -> Any:
    import keras

    if not architecture.startswith(TRANSFER):
        raise ValueError(f"initial_weights='imagenet' is for transfer:BACKBONE, not for {architecture}")
    build = getattr(keras.applications, architecture.removeprefix(TRANSFER))
    return build(include_top=False, weights="imagenet", input_shape=target.input_shape[1:]).get_weights()


def phases(settings: Any) -> list[int]:
    """Return the last epoch of each phase: first only the new head is trained, then the whole network."""
    frozen = min(settings.frozen_epochs, settings.epochs) if settings.architecture.startswith(TRANSFER) else 0
    return [epoch for epoch in (frozen, settings.epochs) if epoch]


def freeze(network: Any, settings: Any, phase: int) -> None:
    """Freeze the backbone in the first phase of a transfer, and the normalization of a network from a bundle."""
    if settings.architecture.startswith(TRANSFER):
        network.get_layer("backbone").trainable = not (settings.frozen_epochs and phase == 0)
    elif start_bundle(settings) is not None:
        for layer in normalizations(network):
            layer.trainable = False
