"""What the estimators over Keras share: checked training parameters, prediction in float32, and small pickles."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from tqdm import tqdm

from ferbench.models.networks.augmentation import Augmentation

BLOCK = 256


def run_in_blocks(network: Any, images: NDArray[np.uint8], *, progress: str | None = None) -> NDArray[np.float32]:
    """Outputs of a Keras network for images of shape (n_samples, height, width), with a progress bar if it is named."""
    # Calling the network, not `predict`: safe to call from several threads.
    starts = tqdm(range(0, len(images), BLOCK), desc=progress, unit="batch", disable=None if progress else True)
    return np.concatenate(
        [np.asarray(network(images[i : i + BLOCK].astype(np.float32), training=False)) for i in starts]
    )


class NetworkEstimator(BaseEstimator):
    """Base class of estimators with a Keras network in `model_`."""

    model_: Any

    def _make_network(self) -> Any:
        """Return a new network of the fitted shape, in float32."""
        raise NotImplementedError

    def _set_network(self, weights: list[NDArray[Any]]) -> None:
        # Whatever the precision of training, prediction is float32, as in the ONNX export.
        self.model_ = self._make_network()
        self.model_.set_weights(weights)

    def _run_network(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return run_in_blocks(self.model_, images)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "model_" in state:
            state["model_"] = state["model_"].get_weights()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        weights = state.pop("model_", None)
        super().__setstate__(state)
        if weights is not None:
            self._set_network(weights)


def check_training_parameters(estimator: Any, choices: dict[str, tuple[Any, ...]]) -> None:
    """Raise a ValueError that names a parameter of training which is out of range.

    Parameters
    ----------
    estimator : estimator
        Whose parameters to check; those that it does not have are passed over.
    choices : dict of str to tuple
        What else may take only certain values.
    """
    Augmentation.of(estimator.augmentation)
    choices = {
        "optimizer": ("adam", "adamw", "sgd"),
        "schedule": ("plateau", "cosine"),
        **choices,
        "precision": ("auto", "float32", "mixed_bfloat16"),
    }
    for name, allowed in choices.items():
        if (value := getattr(estimator, name)) not in allowed:
            raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}; got {value!r}")
    lowest = {"epochs": 1, "batch_size": 1, "patience": 1, "warmup_epochs": 0, "frozen_epochs": 0}
    for name, least in lowest.items():
        if not (isinstance(value := getattr(estimator, name, least), int) and value >= least):
            raise ValueError(f"{name} must be a whole number of at least {least}; got {value!r}")
    if not estimator.learning_rate > 0:
        raise ValueError(f"learning_rate must be above 0; got {estimator.learning_rate!r}")
    for name in ("label_smoothing", "average", "weight_decay"):
        if not 0 <= getattr(estimator, name, 0.0) < 1:
            raise ValueError(f"{name} must be in [0, 1); got {getattr(estimator, name)!r}")
