"""The parameters of networks in groups: `groups` reads them, `from_groups` sets them."""

import dataclasses
import inspect
import pickle
from pathlib import Path
from typing import Any

import pytest
from sklearn.base import clone

from ferbench import models
from ferbench.models import (
    CNN,
    Augmentation,
    Distillation,
    Optimizer,
    PointNet,
    Prediction,
    Run,
    Schedule,
    Sizes,
    Start,
    Targets,
)
from ferbench.models.networks.groups import UNSET, Group, flat_name

NETWORKS: list[Any] = [CNN, PointNet]
IDS: dict[str, Any] = {"ids": lambda each: each.__name__}
UNGROUPED = {"architecture", "augmentation"}

CHANGED: dict[str, Any] = {
    "architecture": "tiny",
    "epochs": 3,
    "batch_size": 16,
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "weight_decay": 5e-3,
    "schedule": "cosine",
    "warmup_epochs": 1,
    "patience": 2,
    "average": 0.99,
    "imbalance": None,
    "label_smoothing": 0.1,
    "teachers": ("ferbench-net-xs",),
    "distillation": 0.5,
    "initial_weights": "start.weights.h5",
    "frozen_epochs": 1,
    "input_size": 32,
    "progressive_sizes": (32, 48),
    "refit_head": 1.0,
    "test_time": "flip",
    "validation_fraction": 0.3,
    "precision": "float32",
    "random_state": 7,
    "checkpoint_dir": Path("run"),
    "tensorboard": "logs",
    "verbose": True,
}


@pytest.mark.parametrize("network", NETWORKS, **IDS)
def test_every_parameter_belongs_to_one_group(network: Any) -> None:
    grouped = [name for group in network().groups().values() for name in group.parameters()]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == set(network().get_params()) - UNGROUPED


@pytest.mark.parametrize("network", NETWORKS, **IDS)
def test_groups_of_the_defaults_make_the_defaults(network: Any) -> None:
    assert network.from_groups().get_params() == network().get_params()
    assert network.from_groups(**network().groups()).get_params() == network().get_params()


def test_groups_keep_every_changed_parameter_of_a_cnn() -> None:
    network = CNN(**CHANGED)
    assert set(CHANGED) == set(network.get_params()) - {"augmentation"}
    again = CNN.from_groups("tiny", **network.groups())
    assert again.get_params() == network.get_params()


def test_groups_keep_the_parameters_that_only_a_point_net_has() -> None:
    network = PointNet("points-tiny", loss="l2", epochs=3, random_state=7)
    assert network.groups()["targets"] == Targets(loss="l2")
    again = PointNet.from_groups("points-tiny", **network.groups())
    assert again.get_params() == network.get_params()


def test_groups_have_the_values_of_the_estimator() -> None:
    groups = CNN(optimizer="adamw", distillation=0.3, schedule="cosine").groups()
    assert set(groups) == {
        "optimizer",
        "schedule",
        "targets",
        "distillation",
        "start",
        "sizes",
        "prediction",
        "run",
    }
    optimizer, schedule, distillation = groups["optimizer"], groups["schedule"], groups["distillation"]
    assert isinstance(optimizer, Optimizer)
    assert isinstance(schedule, Schedule)
    assert isinstance(distillation, Distillation)
    assert (optimizer.name, optimizer.learning_rate, schedule.name) == ("adamw", 0.001, "cosine")
    assert (distillation.weight, distillation.teachers) == (0.3, ())
    assert set(PointNet().groups()) == {"optimizer", "schedule", "targets", "start", "run"}


@pytest.mark.parametrize(
    "groups, expected",
    [
        ({"optimizer": Optimizer("sgd", learning_rate=0.1)}, {"optimizer": "sgd", "learning_rate": 0.1}),
        ({"schedule": Schedule("cosine", epochs=5)}, {"schedule": "cosine", "epochs": 5}),
        ({"targets": Targets(imbalance=None)}, {"imbalance": None}),
        ({"distillation": Distillation(("a", "b"), 0.2)}, {"teachers": ("a", "b"), "distillation": 0.2}),
        ({"start": Start("imagenet", 2)}, {"initial_weights": "imagenet", "frozen_epochs": 2}),
        ({"sizes": Sizes(progressive_sizes=(32, 48))}, {"progressive_sizes": (32, 48)}),
        ({"prediction": Prediction(test_time="flip")}, {"test_time": "flip"}),
        ({"run": Run(random_state=3), "sizes": Sizes(input_size=64)}, {"random_state": 3, "input_size": 64}),
    ],
    ids="-".join,
)
def test_a_group_sets_its_own_parameters_and_no_others(groups: dict[str, Group], expected: dict[str, Any]) -> None:
    network = CNN.from_groups(**groups)
    assert network.get_params() == CNN().get_params() | expected


@pytest.mark.parametrize("network", NETWORKS, **IDS)
def test_architecture_and_augmentation_are_set_outside_the_groups(network: Any) -> None:
    augmentation = Augmentation(flip=False)
    made = network.from_groups("mine", augmentation=augmentation, schedule=Schedule(epochs=2))
    assert (made.architecture, made.augmentation, made.epochs) == ("mine", augmentation, 2)


@pytest.mark.parametrize(
    "network, groups, message",
    [
        (CNN, {"optimiser": Optimizer()}, r"^CNN: groups must be of optimizer=Optimizer\(\.\.\.\).*; got optimiser="),
        (CNN, {"optimizer": Schedule(epochs=3)}, r"^CNN: groups must be of .*; got optimizer=Schedule\("),
        (CNN, {"optimizer": "sgd"}, "^CNN: groups must be of .*; got optimizer='sgd'$"),
        (CNN, {"targets": Targets(loss="l2")}, r"^CNN has no parameter 'loss' of Targets\(.*; leave it out$"),
        (PointNet, {"sizes": Sizes(input_size=32)}, r"^PointNet: groups must be of .*; got sizes=Sizes\("),
        (PointNet, {"targets": Targets(imbalance=None)}, "^PointNet has no parameter 'imbalance' of .*; leave it out$"),
        (PointNet, {"start": Start(frozen_epochs=1)}, "^PointNet has no parameter 'frozen_epochs' of .*; leave it"),
    ],
)
def test_a_wrong_group_is_named(network: Any, groups: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network.from_groups(**groups)


@pytest.mark.parametrize("network", NETWORKS, **IDS)
def test_fields_of_groups_are_parameters_of_an_estimator(network: Any) -> None:
    known = set(inspect.signature(CNN).parameters) | set(inspect.signature(PointNet).parameters)
    for kind in network.group_types.values():
        assert {flat_name(field) for field in dataclasses.fields(kind)} <= known


def test_unset_fields_are_not_parameters() -> None:
    assert Optimizer().parameters() == {}
    assert Optimizer(learning_rate=0.1).parameters() == {"learning_rate": 0.1}
    assert "learning_rate=default" in repr(Optimizer())


def test_groups_are_frozen_and_pickle_with_their_unset_fields() -> None:
    group = Optimizer("sgd")
    with pytest.raises(dataclasses.FrozenInstanceError):
        group.name = "adam"  # type: ignore[misc]
    again = pickle.loads(pickle.dumps(group))
    assert again == group
    assert again.learning_rate is UNSET


def test_a_network_from_groups_can_be_cloned() -> None:
    network = CNN.from_groups("tiny", optimizer=Optimizer("sgd", learning_rate=0.1))
    assert clone(network).get_params() == network.get_params()


@pytest.mark.parametrize("network", NETWORKS, **IDS)
def test_every_group_of_a_network_is_public(network: Any) -> None:
    for kind in network.group_types.values():
        assert getattr(models, kind.__name__) is kind and kind.__name__ in models.__all__
