"""Recognisers: named recipes, the CNN, and bundles that carry them."""

from ferbench.models._augmentation import Augmentation
from ferbench.models._bundle import LoadedBundle, load_bundle, save_bundle
from ferbench.models._cnn import CNN
from ferbench.models._onnx import OnnxRecogniser
from ferbench.models._recipes import Recipe, describe, get_recipe, make_recipe, recipes
from ferbench.models._svm import SVM
from ferbench.models._tree import Tree

__all__ = [
    "CNN",
    "SVM",
    "Augmentation",
    "LoadedBundle",
    "OnnxRecogniser",
    "Recipe",
    "Tree",
    "describe",
    "get_recipe",
    "load_bundle",
    "make_recipe",
    "recipes",
    "save_bundle",
]
