"""What a bundle of scikit-learn parts may hold, and whether the trees in it stay within themselves."""

import contextlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.models.base import parts_of

# Not trusted by skops, since scikit-learn follows their nodes without looking; `check_trees` looks.
_TREES = ("sklearn.tree._tree.Tree", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor")


def trusted_types() -> list[str]:
    """Types that registered recipes consist of; skops builds no other and runs no code from the file."""
    from ferbench.features import MirrorViews, PixelExtractor, extractors
    from ferbench.models import classifier_steps
    from ferbench.models.ensembles import Mirrored, Stack, Vote
    from ferbench.models.keypoints import MeanShape

    parts = [step for make in classifier_steps().values() for _, step in make()]
    parts += [MeanShape(), MirrorViews(PixelExtractor()), Mirrored(None), Stack([]), Vote([])]
    for make in extractors().values():
        # Another package's broken extractor must not keep bundles from loading that do not use it.
        with contextlib.suppress(ImportError):
            parts.append(make())
    kinds = {type(inner) for part in parts for inner in parts_of(part)}
    return sorted({*_TREES, *(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds)})


def check_trees(estimator: Any) -> None:
    """Refuse tree nodes that point outside the tree: scikit-learn follows them without looking."""
    for part in parts_of(estimator):
        if (tree := getattr(part, "tree_", None)) is not None:
            nodes = tree.__getstate__()["nodes"]
            leaf = (nodes["left_child"] == -1) & (nodes["right_child"] == -1)
            _check(nodes["left_child"], nodes["right_child"], nodes["feature"], leaf, part.n_features_in_)
            if tree.n_features != part.n_features_in_:
                raise ValueError(_REFUSAL)
        for predictor in np.ravel(np.asarray(getattr(part, "_predictors", []), dtype=object)):
            nodes = predictor.nodes
            if nodes["is_categorical"].any():
                raise ValueError(_REFUSAL)
            leaf = nodes["is_leaf"] == 1
            _check(nodes["left"], nodes["right"], nodes["feature_idx"], leaf, part.n_features_in_)


_REFUSAL = "a decision tree inside points outside itself; get the bundle from its maker"


def _check(
    left: NDArray[Any], right: NDArray[Any], feature: NDArray[Any], leaf: NDArray[np.bool_], n_features: int
) -> None:
    own, first, second = np.arange(len(leaf)), left.astype(np.int64), right.astype(np.int64)
    inner = (own < np.minimum(first, second)) & (np.maximum(first, second) < len(leaf))
    inner &= (feature >= 0) & (feature < n_features)
    if not len(leaf) or not (leaf | inner).all():
        raise ValueError(_REFUSAL)
