"""Base class of the Keras estimators: parameter checks, parameter groups, float32 prediction and pickling."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from tqdm import tqdm

from ferbench.models.networks.augmentation import Augmentation
from ferbench.models.networks.groups import Group
from ferbench.utils import (
    BOOLEAN,
    SEED,
    Above,
    Between,
    Constraint,
    Either,
    OneOf,
    OrNone,
    Share,
    Type,
    Whole,
    check_parameters,
    read_rows,
    require,
)

BLOCK = 256
PATH = Type((str, Path), "a path")
#: Constraints of the parameters that all networks share; `Augmentation.of` checks `augmentation`.
TRAINING_CONSTRAINTS: dict[str, Constraint] = {
    "epochs": Whole(1),
    "batch_size": Whole(1),
    "optimizer": OneOf(("adam", "adamw", "sgd")),
    "learning_rate": Above(0),
    "weight_decay": Share(),
    "schedule": OneOf(("plateau", "cosine")),
    "warmup_epochs": Whole(0),
    "patience": Whole(1),
    "average": Share(),
    "initial_weights": OrNone(PATH),
    "validation_fraction": Either(Between(0, 1), Whole(1)),
    "precision": OneOf(("auto", "float32", "mixed_bfloat16")),
    "random_state": SEED,
    "checkpoint_dir": OrNone(PATH),
    "tensorboard": OrNone(PATH),
    "verbose": BOOLEAN,
}


def require_keras(owner: str) -> None:
    """Raise ImportError if Keras is not installed; also choose the kernels of TensorFlow, if it is not loaded yet.

    By itself, TensorFlow uses oneDNN only on processors with AVX-512 or newer instructions. On one with AVX2, it
    shortens a training step of `ferbench-net-l` by a third. The environment variable ``TF_ENABLE_ONEDNN_OPTS`` decides
    if it is set.
    """
    require("keras", owner, extra="deep")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def run_in_blocks(network: Any, images: NDArray[np.uint8], *, progress: str | None = None) -> NDArray[np.float32]:
    """Run a Keras network on images of shape (n_samples, height, width); `progress` is the name of a progress bar."""
    # Call the network instead of its `predict`, which is not thread-safe.
    starts = tqdm(range(0, len(images), BLOCK), desc=progress, unit="batch", disable=None if progress else True)
    return np.concatenate(
        [np.asarray(network(read_rows(images, slice(i, i + BLOCK)).astype(np.float32), training=False)) for i in starts]
    )


class NetworkEstimator(BaseEstimator):
    """Base class of estimators with a Keras network in `model_`.

    Attributes
    ----------
    model_ : keras.Model
        Network with the weights of the best epoch.
    history_ : dict of str to list of float
        Losses and metrics, with one entry for each epoch.
    best_epoch_ : int
        Epoch (from 1) whose weights are kept.
    """

    #: Constraint of each parameter, checked in `fit`.
    constraints: ClassVar[Mapping[str, Constraint]] = TRAINING_CONSTRAINTS
    #: Groups of the parameters, by the keywords of `from_groups`.
    group_types: ClassVar[Mapping[str, type[Group]]] = {}
    behavior_version: ClassVar[int] = 1
    behavior_libraries: ClassVar[tuple[str, ...]] = ("keras", "numpy", "opencv-python-headless", "tensorflow")

    architecture: str
    augmentation: Any
    model_: Any

    @classmethod
    def from_groups(cls, architecture: str | None = None, *, augmentation: Any = None, **groups: Group) -> Self:
        """Make an estimator from groups of parameters.

        Parameters
        ----------
        architecture : str, optional
            Name of the network.
        augmentation : Augmentation, mapping or bool, optional
            Random changes of the training images.
        **groups : Group
            Groups by the names in `group_types`, such as ``optimizer=Optimizer("sgd", learning_rate=0.1)``. Fields that
            are not set, and groups that are not given, have the defaults of the class.

        Raises
        ------
        ValueError
            If the class has no group of that name, the group has another type, or the class lacks a parameter of it.

        Examples
        --------
        >>> from ferbench.models import CNN, Distillation, Optimizer, Schedule
        >>> network = CNN.from_groups(
        ...     "ferbench-net-xs",
        ...     optimizer=Optimizer("sgd", learning_rate=0.1),
        ...     schedule=Schedule("cosine", epochs=40),
        ...     distillation=Distillation(("ferbench-net-l",), weight=0.5),
        ... )
        >>> network.optimizer, network.learning_rate, network.epochs, network.distillation
        ('sgd', 0.1, 40, 0.5)
        >>> network.groups()["schedule"].epochs
        40
        """
        flat: dict[str, Any] = {} if architecture is None else {"architecture": architecture}
        flat |= {} if augmentation is None else {"augmentation": augmentation}
        known = cls._get_param_names()
        for name, group in groups.items():
            kind = cls.group_types.get(name)
            if kind is None or not isinstance(group, kind):
                names = ", ".join(f"{key}={each.__name__}(...)" for key, each in cls.group_types.items())
                raise ValueError(f"{cls.__name__}: groups must be of {names}; got {name}={group!r}")
            if foreign := sorted(set(group.parameters()) - set(known)):
                raise ValueError(f"{cls.__name__} has no parameter {foreign[0]!r} of {group!r}; leave it out")
            flat |= group.parameters()
        return cls(**flat)

    def groups(self) -> dict[str, Group]:
        """Return the parameters in groups, as `from_groups` takes them; `get_params` returns them flat."""
        return {name: kind.of(self) for name, kind in self.group_types.items()}

    def _make_network(self) -> Any:
        """Return a new network of the fitted shape, in float32."""
        raise NotImplementedError

    def _set_network(self, weights: list[NDArray[Any]]) -> None:
        # Prediction uses float32 for every training precision, as does the ONNX export.
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


def check_training_parameters(estimator: Any) -> None:
    """Raise ValueError for the first training parameter that is out of range."""
    Augmentation.of(estimator.augmentation)
    check_parameters(estimator)
