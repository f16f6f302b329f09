"""Recognizer loaded from a bundle. Live mode imports this module, so it does not import scikit-learn."""

from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any, ClassVar, NoReturn, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.features import check_images
from ferbench.models.base import Priors, full_priors, with_priors
from ferbench.models.bundles.calibration import apply_calibration, reject_threshold
from ferbench.models.bundles.files import OUT_OF_SAMPLE
from ferbench.models.bundles.out_of_sample import OutOfSample


@dataclass(frozen=True, repr=False)
class LoadedBundle:
    """Recognizer loaded from a bundle: a fitted scikit-learn classifier of images, which cannot be fitted again.

    Attributes
    ----------
    estimator : classifier
        Fitted scikit-learn classifier over images of shape (n_samples, height, width), uint8.
    info : dict
        Content of ``bundle.json``: labels, input contract, recipe, versions, data set, scores.
    path : Path
        The bundle's folder.
    priors : dict of str to float, optional
        Expected share of each class, see :meth:`with_priors`; None leaves the probabilities as they are.
    calibrated : bool, default=True
        Whether the temperature that the bundle states is applied, see :meth:`without_calibration`.

    See Also
    --------
    ferbench.models.Pretrained : Bundles as an estimator that can be cloned and used in a suite.

    Examples
    --------
    >>> from ferbench.models import load_bundle, pretrained
    >>> load_bundle(pretrained()["ferbench-net-xs"])
    LoadedBundle(ferbench-net-xs, 7 labels, images of 48 x 48 pixels)
    """

    estimator: Any
    info: dict[str, Any]
    path: Path
    priors: dict[str, float] | None = None
    calibrated: bool = True

    _estimator_type: ClassVar[str] = "classifier"

    @property
    def name(self) -> str:
        """Name of the recipe, or of the bundle's folder if the recipe is unknown."""
        return str(self.info.get("recipe", {}).get("name") or self.path.name)

    @property
    def classes_(self) -> NDArray[np.str_]:
        """Labels in the order of the columns of `predict_proba`."""
        return np.asarray(self.info["labels"])

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of the input images, in pixels."""
        return self.info["input"]["height"], self.info["input"]["width"]

    @property
    def reject_below(self) -> float | None:
        """Probability below which an answer is to be called uncertain; None if the bundle states none.

        ``info["calibration"]["reject"]`` says which coverage it had on the validation split. It applies to calibrated
        probabilities, so it is None without the calibration.
        """
        return reject_threshold(self.info) if self.calibrated else None

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return probabilities of shape (n_samples, n_classes) for images of :attr:`image_shape`.

        If the bundle has a calibration, its temperature is applied. Stated class priors come after it.
        """
        X = check_images(X)
        if X.shape[1:] != self.image_shape:
            raise ValueError(f"{self.path} takes images of {self.image_shape} pixels; got {X.shape[1:]}")
        answers = self.estimator.predict_proba(X)
        if self.calibrated:
            answers = apply_calibration(answers, self.info)
        return answers if self.priors is None else with_priors(answers, self.priors, self.info)

    def without_calibration(self) -> Self:
        """Return the same recognizer without its temperature and reject threshold.

        A recognizer is measured so, and is a member or a teacher of another one so. A calibration that is added to a
        finished bundle therefore changes no record. The most probable label is the same with it and without it.

        Examples
        --------
        >>> from ferbench.models import load_bundle, pretrained
        >>> load_bundle(pretrained()["ferbench-net-xs"]).without_calibration().reject_below is None
        True
        """
        return replace(self, calibrated=False)

    def with_priors(self, priors: Priors) -> Self:
        """Return the same recognizer for data whose classes have other shares than the training data.

        Each probability is multiplied by the stated share of its class and divided by the training share, and the
        probabilities of an image are normalized to a sum of one. :attr:`reject_below` applies to the result.

        Parameters
        ----------
        priors : {"uniform"}, str or mapping of str to float
            ``uniform`` gives every class the same share. Otherwise the shares by label, or as text:
            ``angry=0.2,happy=0.4``. Labels that are not named share what is left in proportion to the training shares.

        Raises
        ------
        ValueError
            If the bundle does not state its training shares, a label is unknown, or a share or their sum is out of
            range.

        References
        ----------
        Saerens, Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities: a
        simple procedure", Neural Computation 14, 2002.

        Examples
        --------
        >>> from ferbench.models import load_bundle, pretrained
        >>> load_bundle(pretrained()["ferbench-net-xs"]).with_priors("happy=0.5").priors["happy"]
        0.5
        """
        return replace(self, priors=full_priors(priors, self.info, self.path))

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.str_]:
        """Return the most probable label of each image."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def score(self, X: NDArray[np.uint8], y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy on images of shape (n_samples, height, width), uint8, and their labels.

        Raises
        ------
        ValueError
            If `y` or `sample_weight` is not one value for each image.
        """
        labels = np.asarray(y)
        if labels.shape != (len(X),):
            raise ValueError(f"y must hold one label for each of the {len(X)} images; got shape {labels.shape}")
        weights = None if sample_weight is None else np.asarray(sample_weight, np.float64)
        if weights is not None and weights.shape != labels.shape:
            raise ValueError(f"sample_weight must be as long as y, {len(labels)}; got shape {weights.shape}")
        return float(np.average(self.predict(X) == labels, weights=weights))

    def out_of_sample(self, X: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Return out-of-sample probabilities of shape (n_samples, n_classes) for training images.

        Each image is predicted by a fit without this image. Use them instead of `predict_proba`, which is overconfident
        on training images. Returns None if the bundle does not contain them for all images of `X`.

        Raises
        ------
        ValueError
            If the file of these probabilities is damaged.
        """
        file = self.path / OUT_OF_SAMPLE
        return OutOfSample.read(file, len(self.classes_)).find(X) if file.is_file() else None

    def fit(self, X: object, y: object = None) -> NoReturn:
        """Not supported, since a bundle is already fitted.

        Raises
        ------
        ValueError
            Always; the message names the alternatives.
        """
        raise ValueError(f"a loaded bundle cannot be fitted again; {self._remedy}")

    @property
    def _remedy(self) -> str:
        """End of the error messages: alternatives to cloning or fitting a loaded bundle."""
        recipe = self.info.get("precision", {}).get("of") or self.name
        return (
            f"to measure it as it is, use ferbench.models.Pretrained({str(self.path)!r}), and to fit the recipe anew, "
            f"make_recipe({recipe!r})"
        )

    def __repr__(self) -> str:
        height, width = self.image_shape
        return f"{type(self).__name__}({self.name}, {self._answers}, images of {width} x {height} pixels)"

    @property
    def _answers(self) -> str:
        return f"{len(self.info['labels'])} labels"

    def _repr_html_(self) -> str:
        """Return an HTML table for notebooks."""
        height, width = self.image_shape
        rows = {
            "recipe": self.name,
            "answers": ", ".join(self.info.get("labels") or self.info["points"]),
            "images": f"{width} x {height} pixels, gray",
            "data set": self.info.get("dataset", {}).get("name", "unknown"),
            "folder": str(self.path),
        }
        cells = "".join(f"<tr><th>{name}</th><td>{escape(str(value))}</td></tr>" for name, value in rows.items())
        return f"<table><caption>{type(self).__name__}</caption>{cells}</table>"

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_clone__(self) -> NoReturn:
        raise TypeError(f"a loaded bundle cannot be cloned, since cloning forgets what was learned; {self._remedy}")

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a loaded bundle cannot be pickled; pass its folder on and open it there: load_bundle({str(self.path)!r})"
        )

    def __copy__(self) -> "LoadedBundle":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "LoadedBundle":
        # The object is immutable and its open network is thread-safe, so copies may share it.
        return self

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type=self._estimator_type,
            target_tags=TargetTags(required=True, one_d_labels=True),
            classifier_tags=ClassifierTags(),
            requires_fit=False,
            input_tags=InputTags(two_d_array=False, three_d_array=True),
        )
