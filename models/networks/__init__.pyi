from .architectures import Builder, build_network
from .augmentation import Augmentation
from .batches import Batches, size_in
from .blocks import Tensor, conv, convolve, norm, relu, residual_stages
from .callbacks import Goal
from .class_training import ClassTraining
from .cnn import CNN
from .groups import Distillation, Group, Optimizer, Prediction, Run, Schedule, Sizes, Start, Targets
from .known import find_architecture
from .network import TRAINING_CONSTRAINTS, NetworkEstimator, check_training_parameters, require_keras
from .training import Pairs, Training
from .views import five_crops

__all__ = [
    "CNN",
    "TRAINING_CONSTRAINTS",
    "Augmentation",
    "Batches",
    "Builder",
    "ClassTraining",
    "Distillation",
    "Goal",
    "Group",
    "NetworkEstimator",
    "Optimizer",
    "Pairs",
    "Prediction",
    "Run",
    "Schedule",
    "Sizes",
    "Start",
    "Targets",
    "Tensor",
    "Training",
    "build_network",
    "check_training_parameters",
    "conv",
    "convolve",
    "find_architecture",
    "five_crops",
    "norm",
    "relu",
    "require_keras",
    "residual_stages",
    "size_in",
]
