"""Check the nodes of the decision trees in a bundle, since scikit-learn follows them without bounds checks."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ferbench.models.bundles.checks import Part

_REFUSAL = "a decision tree inside points outside itself; get the bundle from its maker"


def check_tree(part: "Part") -> None:
    """Check one decision tree; an unfitted tree, such as a parameter of a forest, has nothing to check."""
    if (tree := getattr(part.estimator, "tree_", None)) is None:
        return
    nodes = tree.__getstate__()["nodes"]
    leaf = (nodes["left_child"] == -1) & (nodes["right_child"] == -1)
    _check_nodes(nodes["left_child"], nodes["right_child"], nodes["feature"], leaf, part.n_features)
    if tree.n_features != part.n_features:
        raise ValueError(_REFUSAL)
    n_classes = part.classes(least=1)
    if tree.n_outputs != 1 or tree.value.shape != (tree.node_count, 1, n_classes):
        raise part.refusal("tree_", f"must give {n_classes} class shares a node; got {tree.value.shape}")
    if not np.isfinite(tree.value).all() or not np.isfinite(nodes["threshold"]).all():
        raise part.refusal("tree_", "holds numbers that are not finite")
    if (nodes["n_node_samples"] < 0).any():
        raise part.refusal("tree_", "counts fewer than no samples in a node")


def check_forest(part: "Part", n_classes: int) -> None:
    """Check that the trees of a forest have its number of features and classes."""
    trees = part.get("estimators_")
    if not isinstance(trees, list) or not trees:
        raise part.refusal("estimators_", "must be trees")
    for tree in trees:
        fitted = getattr(tree, "tree_", None)
        if fitted is None or fitted.n_features != part.n_features or fitted.value.shape[1:] != (1, n_classes):
            raise part.refusal("estimators_", f"must be trees of {part.n_features} columns and {n_classes} classes")


def check_boosting(part: "Part", n_trees: int) -> None:
    """Check the trees of histogram gradient boosting, with `n_trees` trees in each iteration."""
    rounds = part.get("_predictors")
    if part.whole("n_trees_per_iteration_", 1) != n_trees or np.size(part.get("_baseline_prediction")) != n_trees:
        raise part.refusal("n_trees_per_iteration_", f"must be {n_trees}")
    if not isinstance(rounds, list) or any(not isinstance(each, list) or len(each) != n_trees for each in rounds):
        raise part.refusal("_predictors", f"must be lists of {n_trees} trees")
    for predictor in (each for trees in rounds for each in trees):
        nodes = predictor.nodes
        if nodes["is_categorical"].any():
            raise ValueError(_REFUSAL)
        _check_nodes(nodes["left"], nodes["right"], nodes["feature_idx"], nodes["is_leaf"] == 1, part.n_features)
        if not np.isfinite(nodes["value"]).all():
            raise part.refusal("_predictors", "holds numbers that are not finite")


def _check_nodes(
    left: NDArray[Any], right: NDArray[Any], feature: NDArray[Any], leaf: NDArray[np.bool_], n_features: int
) -> None:
    own, first, second = np.arange(len(leaf)), left.astype(np.int64), right.astype(np.int64)
    inner = (own < np.minimum(first, second)) & (np.maximum(first, second) < len(leaf))
    inner &= (feature >= 0) & (feature < n_features)
    if not len(leaf) or not (leaf | inner).all():
        raise ValueError(_REFUSAL)
