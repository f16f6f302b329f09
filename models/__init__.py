"""Recognisers: named recipes, the CNN, and bundles that carry them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferbench.models._augmentation import Augmentation
    from ferbench.models._bundle import load_bundle, save_bundle
    from ferbench.models._calibrated import Calibrated
    from ferbench.models._cnn import CNN
    from ferbench.models._forest import Forest
    from ferbench.models._kernel_ridge import KernelRidge
    from ferbench.models._knn import KNN
    from ferbench.models._loaded import LoadedBundle
    from ferbench.models._local_svm import LocalSVM
    from ferbench.models._mirrored import Mirrored
    from ferbench.models._nystroem import NystroemMap
    from ferbench.models._onnx import OnnxRecogniser
    from ferbench.models._points_bundle import LoadedPoints
    from ferbench.models._points_dlib import DlibShape
    from ferbench.models._points_mean import MeanShape
    from ferbench.models._points_net import PointNet
    from ferbench.models._pretrained import Pretrained
    from ferbench.models._recipes import Recipe, describe, get_recipe, make_recipe, recipes
    from ferbench.models._shipped import pretrained
    from ferbench.models._stack import Stack
    from ferbench.models._svm import SVM
    from ferbench.models._tree import Tree
    from ferbench.models._vote import Vote

__all__ = [
    "CNN",
    "KNN",
    "SVM",
    "Augmentation",
    "Calibrated",
    "DlibShape",
    "Forest",
    "KernelRidge",
    "LoadedBundle",
    "LoadedPoints",
    "LocalSVM",
    "MeanShape",
    "Mirrored",
    "NystroemMap",
    "OnnxRecogniser",
    "PointNet",
    "Pretrained",
    "Recipe",
    "Stack",
    "Tree",
    "Vote",
    "describe",
    "get_recipe",
    "load_bundle",
    "make_recipe",
    "pretrained",
    "recipes",
    "save_bundle",
]

# Where each name lives. It is imported when it is first used: running a network's bundle live must not wait for
# scikit-learn, which most of these modules need.
_HOMES = {
    "Augmentation": "_augmentation",
    "CNN": "_cnn",
    "Calibrated": "_calibrated",
    "DlibShape": "_points_dlib",
    "Forest": "_forest",
    "KNN": "_knn",
    "KernelRidge": "_kernel_ridge",
    "LoadedBundle": "_loaded",
    "LoadedPoints": "_points_bundle",
    "LocalSVM": "_local_svm",
    "MeanShape": "_points_mean",
    "Mirrored": "_mirrored",
    "NystroemMap": "_nystroem",
    "OnnxRecogniser": "_onnx",
    "PointNet": "_points_net",
    "Pretrained": "_pretrained",
    "Recipe": "_recipes",
    "SVM": "_svm",
    "Stack": "_stack",
    "Tree": "_tree",
    "Vote": "_vote",
    "describe": "_recipes",
    "get_recipe": "_recipes",
    "load_bundle": "_bundle",
    "make_recipe": "_recipes",
    "pretrained": "_shipped",
    "recipes": "_recipes",
    "save_bundle": "_bundle",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
