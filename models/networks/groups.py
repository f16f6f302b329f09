"""The parameters of networks in groups: small frozen objects to read them by, and to make a network from.

An estimator keeps its parameters flat, as scikit-learn's ``get_params`` and the records of a benchmark name them:
grouped, every checkpoint and every cell would be another.
"""

from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Self


class Unset(Enum):
    """What a field holds that leaves a parameter at the estimator's own default."""

    UNSET = "the estimator's default"

    def __repr__(self) -> str:
        return "default"


UNSET = Unset.UNSET


@dataclass(frozen=True)
class Group:
    """Base class of the groups; a field's name is the parameter's, unless its metadata say another."""

    def parameters(self) -> dict[str, Any]:
        """Flat parameters of the fields that are set."""
        values = {flat_name(each): getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not UNSET}

    @classmethod
    def of(cls, estimator: Any) -> Self:
        """Return the group as an estimator has it; what it has no parameter for stays unset."""
        return cls(**{each.name: getattr(estimator, flat_name(each), UNSET) for each in fields(cls)})


def flat_name(each: Any) -> str:
    """Name of the estimator's parameter behind a field."""
    return str(each.metadata.get("flat", each.name))


@dataclass(frozen=True)
class Optimizer(Group):
    """How a step is taken: ``name`` is the parameter ``optimizer``."""

    name: Literal["adam", "adamw", "sgd"] | Unset = field(default=UNSET, metadata={"flat": "optimizer"})
    learning_rate: float | Unset = UNSET
    weight_decay: float | Unset = UNSET
    batch_size: int | Unset = UNSET
    average: float | Unset = UNSET


@dataclass(frozen=True)
class Schedule(Group):
    """How long is trained, and at which rates: ``name`` is the parameter ``schedule``."""

    name: Literal["plateau", "cosine"] | Unset = field(default=UNSET, metadata={"flat": "schedule"})
    epochs: int | Unset = UNSET
    warmup_epochs: int | Unset = UNSET
    patience: int | Unset = UNSET


@dataclass(frozen=True)
class Start(Group):
    """What the training starts from: weights, and for how many epochs a backbone keeps them."""

    initial_weights: str | Path | Unset | None = UNSET
    frozen_epochs: int | Unset = UNSET


@dataclass(frozen=True)
class Targets(Group):
    """What is learned: how rare classes are raised, and how sure the targets are. For a PointNet, its loss."""

    imbalance: Literal["weights", "sqrt-weights", "oversample"] | Unset | None = UNSET
    label_smoothing: float | Unset = UNSET
    loss: Literal["wing", "l2"] | Unset = UNSET


@dataclass(frozen=True)
class Distillation(Group):
    """Who teaches, and how much: ``weight`` is the parameter ``distillation``."""

    teachers: tuple[str | Path, ...] | Unset = UNSET
    weight: float | Unset = field(default=UNSET, metadata={"flat": "distillation"})


@dataclass(frozen=True)
class Sizes(Group):
    """Sides in pixels in which the network sees the images."""

    input_size: int | Unset | None = UNSET
    progressive_sizes: tuple[int, ...] | Unset = UNSET


@dataclass(frozen=True)
class Prediction(Group):
    """What happens after the training: a refitted last layer, and views that are averaged over."""

    refit_head: float | Unset = UNSET
    test_time: Literal["flip", "ten-crop"] | Unset | None = UNSET


@dataclass(frozen=True)
class Run(Group):
    """What a training needs besides: validation, arithmetic, seed, folders and a progress bar."""

    validation_fraction: float | Unset = UNSET
    precision: Literal["auto", "float32", "mixed_bfloat16"] | Unset = UNSET
    random_state: int | Unset = UNSET
    checkpoint_dir: str | Path | Unset | None = UNSET
    tensorboard: str | Path | Unset | None = UNSET
    verbose: bool | Unset = UNSET
