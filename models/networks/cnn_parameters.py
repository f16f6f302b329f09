"""Constraints and groups of the parameters of `CNN`."""

from ferbench.models.networks.groups import (
    Distillation,
    Group,
    Optimizer,
    Prediction,
    Run,
    Schedule,
    Sizes,
    Start,
    Targets,
)
from ferbench.models.networks.network import PATH, TRAINING_CONSTRAINTS
from ferbench.utils import AtLeast, Constraint, Each, OneOf, OrNone, Share, Whole

CNN_CONSTRAINTS: dict[str, Constraint] = {
    **TRAINING_CONSTRAINTS,
    "imbalance": OrNone(OneOf(("weights", "sqrt-weights", "oversample"))),
    "label_smoothing": Share(),
    "teachers": Each(PATH, "folders of bundles, or names of shipped ones, in a list"),
    "distillation": Share(whole=True),
    "frozen_epochs": Whole(0),
    "input_size": OrNone(Whole(8)),
    "progressive_sizes": Each(Whole(8), "whole numbers of at least 8, such as (32, 40, 48)"),
    "refit_head": AtLeast(0),
    "test_time": OrNone(OneOf(("flip", "ten-crop"))),
}

CNN_GROUPS: dict[str, type[Group]] = {
    "optimizer": Optimizer,
    "schedule": Schedule,
    "targets": Targets,
    "distillation": Distillation,
    "start": Start,
    "sizes": Sizes,
    "prediction": Prediction,
    "run": Run,
}
