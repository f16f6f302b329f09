from .forest import Forest
from .kernel_ridge import KernelRidge
from .knn import KNN
from .local_svm import LocalSVM
from .nystroem import NystroemMap
from .registry import Steps, classifier_steps
from .sgd import SGD
from .svm import SVM
from .tree import Tree

__all__ = [
    "KNN",
    "SGD",
    "SVM",
    "Forest",
    "KernelRidge",
    "LocalSVM",
    "NystroemMap",
    "Steps",
    "Tree",
    "classifier_steps",
]
