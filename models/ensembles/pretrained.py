"""Use trained bundles as a recognizer, one bundle or the mean of several."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ferbench.features import ImageInput
from ferbench.models.base import MostProbable
from ferbench.models.bundles import DEFAULT_FLOAT32, LoadedBundle, find_shipped, load_bundle, recognizer_sha256
from ferbench.models.networks import five_crops
from ferbench.utils import BOOLEAN, Constraint, OneOf, OrNone, check_parameters, resize_faces


class Pretrained(ImageInput, MostProbable, BaseEstimator):
    """Recognizer that loads trained bundles and averages their probabilities.

    Use it to evaluate bundles in a suite next to other recipes.

    Parameters
    ----------
    bundles : str, Path or sequence of them, default="ferbench-net-l"
        Folders of bundles, or names of bundles that ship with ferbench.
    test_time : {"flip", "ten-crop"} or None, default=None
        Test-time augmentation: average over the image and its mirror image, or over five crops of both. A crop removes
        a twelfth of each side and is enlarged to the input size.
    adapt : bool, default=False
        Whether to accept other image sizes and fewer labels than those of the bundle. Images are resized. The
        probabilities of the missing labels are dropped, and the others are normalized to a sum of one.
        `probabilities_` describes these changes.

    Attributes
    ----------
    implementation_ : str
        Origin of each bundle: recipe, data set and checksum.

    See Also
    --------
    load_bundle : Load a single bundle.
    CNN : Train a network.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.

    Notes
    -----
    `fit` trains nothing. The probabilities are those of the bundles without their calibration, so that a row of a suite
    stays the same if a calibration is added to a bundle.

    If a bundle was trained on other data than the suite's training images, its training data may include the test
    images. `implementation_` names that data set, so that readers can check for leakage.
    """

    behavior_libraries: ClassVar[tuple[str, ...]] = ("onnxruntime", "opencv-python-headless")
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "test_time": OrNone(OneOf(("flip", "ten-crop"))),
        "adapt": BOOLEAN,
    }

    def __init__(
        self,
        bundles: str | Path | Sequence[str | Path] = DEFAULT_FLOAT32,
        *,
        test_time: Literal["flip", "ten-crop"] | None = None,
        adapt: bool = False,
    ) -> None:
        self.bundles = bundles
        self.adapt = adapt
        self.test_time = test_time

    def fit(self, X: NDArray[np.uint8], y: Sequence[str]) -> Self:
        """Load the bundles and check that they match the images and labels; nothing is trained.

        Parameters
        ----------
        X : ndarray of shape (n_samples, height, width), uint8
        y : sequence of str, length n_samples

        Raises
        ------
        FileNotFoundError
            If a bundle is missing.
        ValueError
            If the image size or the labels of a bundle differ from those of `X` and `y`; with `adapt`, if the bundle
            lacks a label of `y`.
        """
        check_parameters(self)
        X = self._first_images(X)
        self.classes_ = np.unique(np.asarray(y))
        names = [self.bundles] if isinstance(self.bundles, str | Path) else list(self.bundles)
        if not names:
            raise ValueError("bundles must name at least one bundle")
        self.members_ = [load_bundle(find_shipped(name)).without_calibration() for name in names]
        for member in self.members_:
            known, wanted = set(member.classes_), set(self.classes_)
            if known != wanted and not (self.adapt and known > wanted):
                raise ValueError(f"{member.path} knows {', '.join(member.classes_)}, not {', '.join(self.classes_)}")
            if member.image_shape != X.shape[1:] and not self.adapt:
                raise ValueError(f"{member.path} takes images of {member.image_shape} pixels; got {X.shape[1:]}")
        self.implementation_ = "; ".join(map(_origin, self.members_))
        parts = [f"mean of {len(names)} recognizers"] if len(names) > 1 else ["of the bundle"]
        parts += [f"mean over {self.test_time}"] if self.test_time else []
        self.probabilities_ = ", ".join([*parts, *self._adaptations(X.shape[1:])])
        return self

    def __getstate__(self) -> dict[str, Any]:
        # Open networks cannot be pickled, so the pickle stores their paths and opens them again.
        state = dict(super().__getstate__())
        if "members_" in state:
            state["members_"] = [str(member.path) for member in self.members_]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "members_" in state:
            self.members_ = [load_bundle(path).without_calibration() for path in state["members_"]]

    def _adaptations(self, shape: tuple[int, ...]) -> list[str]:
        """Describe how images and labels were adapted, for the result record."""
        known = max(len(member.classes_) for member in self.members_)
        sizes = sorted({member.image_shape for member in self.members_} - {shape})
        fewer = [f"those of {len(self.classes_)} of {known} labels, made to sum to one"]
        return (fewer if known > len(self.classes_) else []) + [
            f"images of {shape[1]} x {shape[0]} pixels resized to {width} x {height}" for height, width in sizes
        ]

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return probabilities of shape (n_samples, n_classes) for images of shape (n_samples, height, width)."""
        check_is_fitted(self, "members_")
        X = self._same_images(X)
        total = np.zeros((len(X), len(self.classes_)))
        for view in views(X, self.test_time):
            for member in self.members_:
                total += self._probabilities(member, view)
        return total / total.sum(axis=1, keepdims=True)

    def _probabilities(self, member: LoadedBundle, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the probabilities of one bundle for the labels in `classes_`, in their order."""
        names = list(member.classes_)
        wanted = member.predict_proba(resize_faces(X, member.image_shape))[
            :, [names.index(label) for label in self.classes_]
        ]
        # If the dropped labels have all of the probability, the remaining labels get equal probabilities.
        wanted = np.maximum(wanted, np.finfo(np.float32).tiny)
        return np.asarray(wanted / wanted.sum(axis=1, keepdims=True), dtype=np.float64)


def views(X: NDArray[np.uint8], test_time: str | None) -> Iterator[NDArray[np.uint8]]:
    """Yield the views over which a prediction is averaged, for images of shape (n_samples, height, width)."""
    height, width = X.shape[1:]
    crops = five_crops((height, width)) if test_time == "ten-crop" else [(slice(None), slice(None))]
    for rows, columns in crops:
        view = X[:, rows, columns]
        if view.shape != X.shape:
            view = np.stack([cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR) for image in view])
        yield view
        if test_time is not None:
            yield np.ascontiguousarray(view[:, :, ::-1])


def _origin(member: LoadedBundle) -> str:
    info: dict[str, Any] = member.info
    recipe = info.get("recipe", {}).get("name", "a recognizer")
    dataset = info.get("dataset", {})
    where = f"{dataset.get('name', 'unknown data')} {dataset.get('fingerprint', '')[:8]}".strip()
    return f"bundle {recipe} of {where} ({recognizer_sha256(info)[:12]})"
