from .architectures import Builder, Tensor, build_network, conv, convolve, five_crops, norm, relu, residual_stages
from .augmentation import Augmentation
from .batches import Batches, size_in
from .callbacks import Goal
from .cnn import CNN
from .network import NetworkEstimator, check_training_parameters
from .training import Pairs, Training

__all__ = [
    "CNN",
    "Augmentation",
    "Batches",
    "Builder",
    "Goal",
    "NetworkEstimator",
    "Pairs",
    "Tensor",
    "Training",
    "build_network",
    "check_training_parameters",
    "conv",
    "convolve",
    "five_crops",
    "norm",
    "relu",
    "residual_stages",
    "size_in",
]
