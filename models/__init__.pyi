from .bundles.aliases import bundle_name, recipe_name
from .bundles.bundle import load_bundle, save_bundle
from .bundles.loaded import LoadedBundle
from .bundles.onnx_network import OnnxRecogniser, OnnxRecognizer
from .bundles.points import LoadedPoints
from .bundles.shipped import pretrained
from .classifiers.forest import Forest
from .classifiers.kernel_ridge import KernelRidge
from .classifiers.knn import KNN
from .classifiers.local_svm import LocalSVM
from .classifiers.nystroem import NystroemMap
from .classifiers.registry import classifier_steps
from .classifiers.sgd import SGD
from .classifiers.svm import SVM
from .classifiers.tree import Tree
from .ensembles.calibrated import Calibrated
from .ensembles.compact import Compact
from .ensembles.joined import Joined
from .ensembles.mirrored import Mirrored
from .ensembles.pretrained import Pretrained
from .ensembles.stack import Stack
from .ensembles.vote import Vote
from .ensembles.weight_mean import WeightMean
from .extractors.deep import DeepExtractor
from .extractors.keypoints import KeypointExtractor
from .foreign.model import ForeignModel
from .foreign.torchscript import TorchScriptModel
from .foreign_bundles import foreign_bundle
from .keypoints.dlib_shape import DlibShape
from .keypoints.mean_shape import MeanShape
from .keypoints.points_net import PointNet
from .networks.augmentation import Augmentation
from .networks.cnn import CNN
from .networks.groups import Distillation, Optimizer, Prediction, Run, Schedule, Sizes, Start, Targets
from .peers.peer import Peer
from .recipe import Estimator, Recipe
from .registry import MIRROR_VIEWS, describe, get_recipe, make_recipe, recipes
from .streaming import can_stream, fit_in_stream, predict_in_stream

__all__ = [
    "CNN",
    "KNN",
    "MIRROR_VIEWS",
    "SGD",
    "SVM",
    "Augmentation",
    "Calibrated",
    "Compact",
    "DeepExtractor",
    "Distillation",
    "DlibShape",
    "Estimator",
    "ForeignModel",
    "Forest",
    "Joined",
    "KernelRidge",
    "KeypointExtractor",
    "LoadedBundle",
    "LoadedPoints",
    "LocalSVM",
    "MeanShape",
    "Mirrored",
    "NystroemMap",
    "OnnxRecogniser",
    "OnnxRecognizer",
    "Optimizer",
    "Peer",
    "PointNet",
    "Prediction",
    "Pretrained",
    "Recipe",
    "Run",
    "Schedule",
    "Sizes",
    "Stack",
    "Start",
    "Targets",
    "TorchScriptModel",
    "Tree",
    "Vote",
    "WeightMean",
    "bundle_name",
    "can_stream",
    "classifier_steps",
    "describe",
    "fit_in_stream",
    "foreign_bundle",
    "get_recipe",
    "load_bundle",
    "make_recipe",
    "predict_in_stream",
    "pretrained",
    "recipe_name",
    "recipes",
    "save_bundle",
]
