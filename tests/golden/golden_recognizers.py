"""What the golden bundles are: recipes with parameters that keep them tiny, by the name of the bundle's folder."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.datasets import Dataset, PointDataset, load_points, make_faces
from ferbench.models import make_recipe

HERE = Path(__file__).parent
BUNDLES = HERE / "bundles"

# Drawn with these; `faces.json` keeps their fingerprints.
SEED, DIFFICULTY, N_FACES = 11, 0.2, 105
# Where a parameter of an estimator has another name by now: old part of the name, new one.
RENAMED_PARAMETERS: dict[str, str] = {"recogniser": "recognizer"}
# How many images every bundle is asked about.
N_ASKED = 8
SIZES = (24, 48)

# Every classifier, on a few HOG features of 24 x 24 pixels.
_HOG: dict[str, Any] = {"features__cell_size": 12, "features__block_size": 1, "features__bins": 6}
_CLASSIFIERS: dict[str, dict[str, Any]] = {
    "boosting": {"classifier__classifier__max_iter": 3, "classifier__classifier__max_leaf_nodes": 4},
    "chi2-svm": {},
    "forest": {"classifier__n_estimators": 12, "classifier__min_samples_leaf": 5},
    "intersection-svm": {},
    "kernel-ridge": {},
    "knn": {"classifier__n_neighbors": 10},
    "lda": {},
    "linear-svm": {},
    "local-svm": {"classifier__n_neighbors": 40, "classifier__n_components": 8},
    "logreg": {},
    "nystroem": {"map__n_components": 30},
    "svm": {},
    "tree": {},
}
_GRID: dict[str, Any] = {"features__grid": 2}
_SIFT: dict[str, Any] = {"features__stride": 6, "features__pyramid": (1, 2), "features__samples": 1500}

# Folder: recipe, size of the images in pixels, parameters. One of the classifiers for every extractor, and so on.
CLASSICAL: dict[str, tuple[str, int, dict[str, Any]]] = {
    **{f"hog-{name}": (f"hog+{name}", 24, {**_HOG, **more}) for name, more in _CLASSIFIERS.items()},
    "hog-mirror-kernel-ridge": (
        "hog+mirror-kernel-ridge",
        24,
        {name.replace("features__", "features__extractor__"): value for name, value in _HOG.items()},
    ),
    "constant": ("constant", 24, {}),
    "pixels": ("pixels+logreg", 24, {"features__equalize": True}),
    "hog-multi": ("hog-multi+logreg", 24, {"features__cell_sizes": (6, 12), "features__block_size": 1}),
    "lbp": ("lbp+logreg", 24, _GRID),
    "gabor": ("gabor+logreg", 24, {**_GRID, "features__wavelengths": (4.0, 8.0), "features__orientations": 4}),
    "landmarks": ("landmarks+logreg", 48, {}),
    "hog-and-landmarks": (
        "hog+landmarks+tree",
        48,
        {"features__hog__cell_size": 16, "features__hog__block_size": 1, "features__hog__signed": True},
    ),
    "sift-bag": ("sift+logreg", 24, {**_SIFT, "features__words": 12}),
    "sift-presence": ("sift+logreg", 24, {**_SIFT, "features__words": 12, "features__encoding": "presence"}),
    "sift-vlad": (
        "sift+logreg",
        24,
        {**_SIFT, "features__words": 3, "features__encoding": "vlad", "features__descriptor_components": 8},
    ),
    "sift-fisher": (
        "sift+logreg",
        24,
        {
            **_SIFT,
            **{"features__words": 3, "features__encoding": "fisher", "features__descriptor_components": 8},
            **{"features__components": 10, "features__normalize": True},
        },
    ),
    "patches": (
        "patches+logreg",
        24,
        {**_GRID, "features__words": 10, "features__patch_size": 6, "features__samples": 1500},
    ),
    "patches-components": (
        "patches+logreg",
        24,
        {
            **{**_GRID, "features__words": 10, "features__patch_size": 6, "features__samples": 1500},
            **{"features__components": 8, "features__normalize": True},
        },
    ),
    "mirror": ("mirror:hog+svm", 24, {f"recogniser__{name}": value for name, value in _HOG.items()}),
    "vote": (
        "vote:hog+logreg,pixels+tree",
        24,
        {f"hog+logreg__{name}": value for name, value in _HOG.items()},
    ),
    "stack": (
        "stack:hog+logreg,hog+kernel-ridge",
        24,
        {f"{member}__{name}": value for member in ("hog+logreg", "hog+kernel-ridge") for name, value in _HOG.items()},
    ),
}
# On top of the golden networks; these bundles carry the network.
ON_NETWORKS: dict[str, tuple[str, int, str]] = {
    "deep": ("deep+logreg", 24, "cnn"),
    "keypoints": ("keypoints+logreg", 48, "points-net"),
}
# Bundles as a recognizer: members, parameters.
PRETRAINED: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "one": (("cnn",), {}),
    "mean-flip": (("cnn", "hog-svm"), {"test_time": "flip"}),
    "ten-crop": (("hog-svm", "mirror", "stack"), {"test_time": "ten-crop"}),
    "adapted": (("landmarks", "cnn"), {"adapt": True}),
}


@cache
def faces(size: int) -> Dataset:
    """The faces that expressions are learned from; the last ones are asked about."""
    return make_faces(N_FACES, size=size, random_state=SEED, difficulty=DIFFICULTY)


def training(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels that the golden bundles are fitted on."""
    drawn = faces(size)
    return drawn.images[:-N_ASKED], drawn.labels[:-N_ASKED]


@cache
def marked() -> PointDataset:
    """The faces that key points are learned from, of 48 x 48 pixels."""
    return load_points("faces", size=48, seed=SEED, n_samples=70, difficulty=DIFFICULTY)


def make(name: str) -> tuple[Any, int]:
    """One of the classical recognizers, not fitted, and the size of its images in pixels."""
    recipe, size, parameters = CLASSICAL[name]
    return make_recipe(recipe, **{_renamed(key): value for key, value in parameters.items()}), size


def _renamed(parameter: str) -> str:
    return "__".join(RENAMED_PARAMETERS.get(part, part) for part in parameter.split("__"))


def asked() -> dict[str, np.ndarray]:
    """The stored images, by their size in pixels."""
    with np.load(BUNDLES / "images.npz") as file:
        return dict(file)
