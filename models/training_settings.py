"""Training parameters of the named networks."""

from collections.abc import Mapping
from typing import Any

# Settings for small residual networks on tens of thousands of faces: Nesterov momentum with a high learning rate, one
# cosine cycle and averaged weights. Rare classes get no extra weight, since that would reduce accuracy. Set `imbalance`
# if their recall matters more.
_MODERN: Mapping[str, Any] = {
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "weight_decay": 0.005,
    "schedule": "cosine",
    "warmup_epochs": 2,
    "epochs": 48,
    "patience": 48,
    "average": 0.999,
    "label_smoothing": 0.1,
    "imbalance": None,
    "augmentation": {"zoom": 0.15},
}
NETWORKS: Mapping[str, Mapping[str, Any]] = {
    "cnn-4conv": {},
    "cnn-gap": {"imbalance": "oversample"},
    "resnet-blocks": {},
    "mini-xception": {"imbalance": None},
    "vgg-fer": {**_MODERN, "learning_rate": 0.01, "weight_decay": 0.001, "average": 0.0},
    "transfer": {"architecture": "transfer:MobileNetV3Small", "frozen_epochs": 4, "learning_rate": 0.0005},
    "ferbench-net-l": _MODERN,
    "ferbench-net-m": _MODERN,
    "ferbench-net-xs": _MODERN,
}
"""Training parameters of each named network; the architecture is the one of the same name unless it is named here."""

POINT_NETWORKS: Mapping[str, Mapping[str, Any]] = {
    "points-net": {
        "optimizer": "adamw",
        "learning_rate": 0.002,
        "weight_decay": 0.001,
        "warmup_epochs": 2,
        "epochs": 120,
        "patience": 120,
        "batch_size": 32,
        "average": 0.998,
        "augmentation": {
            "rotation": 20.0,
            "shift": 0.1,
            "zoom": 0.25,
            "erase": 0.3,
            "brighten": 0.15,
            "contrast": 0.3,
            "coarsen": 0.4,
        },
    },
    # A widely used baseline: Adam, the epoch with the lowest validation loss, and mirrored and brightened faces.
    "points-resnet": {
        "loss": "l2",
        "schedule": "plateau",
        "patience": 20,
        "augmentation": {"rotation": 0.0, "shift": 0.0, "zoom": 0.0, "brighten": 0.33},
    },
}
"""Training parameters of each key-point network."""
