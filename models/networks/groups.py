"""Groups of related parameters of networks, as frozen dataclasses.

Estimators store their parameters flat. Nested parameters would change the names in ``get_params``, and with them every
checkpoint and every cell id of a benchmark.
"""

from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Self


class Unset(Enum):
    """Type of the value of a field that is not set; its parameter keeps the default of the estimator."""

    UNSET = "the estimator's default"

    def __repr__(self) -> str:
        return "default"


UNSET = Unset.UNSET


@dataclass(frozen=True)
class Group:
    """Base class of the groups; a field has the name of its parameter, unless its metadata give another name."""

    def parameters(self) -> dict[str, Any]:
        """Return the flat parameters of the fields that are set."""
        values = {flat_name(each): getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not UNSET}

    @classmethod
    def of(cls, estimator: Any) -> Self:
        """Return the group with the values of an estimator; fields without a parameter stay unset."""
        return cls(**{each.name: getattr(estimator, flat_name(each), UNSET) for each in fields(cls)})


def flat_name(each: Any) -> str:
    """Return the name of the estimator's parameter for a field."""
    return str(each.metadata.get("flat", each.name))


@dataclass(frozen=True)
class Optimizer(Group):
    """Parameters of the optimizer; ``name`` is the parameter ``optimizer``."""

    name: Literal["adam", "adamw", "sgd"] | Unset = field(default=UNSET, metadata={"flat": "optimizer"})
    learning_rate: float | Unset = UNSET
    weight_decay: float | Unset = UNSET
    batch_size: int | Unset = UNSET
    average: float | Unset = UNSET


@dataclass(frozen=True)
class Schedule(Group):
    """Length of the training and schedule of the learning rate; ``name`` is the parameter ``schedule``."""

    name: Literal["plateau", "cosine"] | Unset = field(default=UNSET, metadata={"flat": "schedule"})
    epochs: int | Unset = UNSET
    warmup_epochs: int | Unset = UNSET
    patience: int | Unset = UNSET


@dataclass(frozen=True)
class Start(Group):
    """Initial weights, and the number of epochs in which the backbone is frozen."""

    initial_weights: str | Path | Unset | None = UNSET
    frozen_epochs: int | Unset = UNSET


@dataclass(frozen=True)
class Targets(Group):
    """Class imbalance and label smoothing of a CNN; loss of a PointNet."""

    imbalance: Literal["weights", "sqrt-weights", "oversample"] | Unset | None = UNSET
    label_smoothing: float | Unset = UNSET
    loss: Literal["wing", "l2"] | Unset = UNSET


@dataclass(frozen=True)
class Distillation(Group):
    """Teachers, and the weight of their probabilities; ``weight`` is the parameter ``distillation``."""

    teachers: tuple[str | Path, ...] | Unset = UNSET
    weight: float | Unset = field(default=UNSET, metadata={"flat": "distillation"})


@dataclass(frozen=True)
class Sizes(Group):
    """Sizes to which the images are resized, in pixels."""

    input_size: int | Unset | None = UNSET
    progressive_sizes: tuple[int, ...] | Unset = UNSET


@dataclass(frozen=True)
class Prediction(Group):
    """Settings after the training: a refitted last layer, and test-time augmentation."""

    refit_head: float | Unset = UNSET
    test_time: Literal["flip", "ten-crop"] | Unset | None = UNSET


@dataclass(frozen=True)
class Run(Group):
    """Validation split, precision, seed, folders and progress bar of a training."""

    validation_fraction: float | Unset = UNSET
    precision: Literal["auto", "float32", "mixed_bfloat16"] | Unset = UNSET
    random_state: int | Unset = UNSET
    checkpoint_dir: str | Path | Unset | None = UNSET
    tensorboard: str | Path | Unset | None = UNSET
    verbose: bool | Unset = UNSET
