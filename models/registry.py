"""Look up recipes by name: extractor and classifier pairs, networks, ensembles, and recipes of other packages."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from typing import Any, Literal, Protocol, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from ferbench.features import MirrorViews, extractors, make_extractor
from ferbench.models.base import check_settable, library_of, parts_of
from ferbench.models.bundles import recipe_name, renamed_parameters, renamed_values
from ferbench.models.classifiers import classifier_steps
from ferbench.models.ensembles import Compact, Joined, Mirrored, Pretrained, Stack, Vote, WeightMean
from ferbench.models.foreign import ForeignModel, TorchScriptModel, foreign_kind, foreign_path
from ferbench.models.keypoints import DlibShape, MeanShape, PointNet
from ferbench.models.networks import CNN
from ferbench.models.peers import Peer, get_adapter, peer_name
from ferbench.models.training_settings import NETWORKS, POINT_NETWORKS
from ferbench.utils import entry_points, suggest

ENTRY_POINTS = "ferbench.recipes"

# The most accurate bundle that ships; a suite that makes it anew gives its parts.
QUALITY = "ferbench-quality"

# Classifier whose kernel averages over an image and its mirror image; its extractor is wrapped in `MirrorViews`.
MIRROR_VIEWS = "mirror-kernel-ridge"


class Estimator(Protocol):
    """Type of the estimators that recipes make.

    They are scikit-learn estimators on images of shape (n_samples, height, width), uint8. Key-point recipes are
    regressors without `predict_proba`. Other attributes, such as the steps of a pipeline, are allowed.
    """

    def fit(self, X: ArrayLike, y: ArrayLike, *args: Any, **options: Any) -> Self:
        """Fit on images and labels, or points."""

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Label, or points, of each image."""

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Probabilities of shape (n_samples, n_classes), in the order of `classes_`."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name."""

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters by name."""

    def __getitem__(self, key: Any, /) -> Any: ...

    def __getattr__(self, name: str, /) -> Any: ...


@dataclass(frozen=True)
class Recipe:
    """Name and factory of an unfitted recognizer.

    Attributes
    ----------
    name : str
        Name in suites and tables, such as ``hog+svm``.
    family : {"classical", "deep", "pretrained", "constant", "keypoints"}
        Kind of recognizer. The runner passes the validation images to `fit`, as ``X_val`` and ``y_val`` for ``deep``,
        and as ``X_val`` and ``points_val`` for ``keypoints``.
    make : callable
        Returns a new scikit-learn estimator over images of shape (n_samples, height, width), uint8.
    """

    name: str
    family: Literal["classical", "deep", "pretrained", "constant", "keypoints"]
    make: Callable[[], BaseEstimator]

    def build(self, **parameters: Any) -> Estimator:
        """Return a new recognizer with `parameters` set, named as in scikit-learn: ``classifier__C=3``.

        Only numbers and strings of the steps can be set. For security, the steps themselves cannot be replaced, and
        paths cannot be set, such as the ``memory`` of a pipeline, whose files would be unpickled.

        Raises
        ------
        ValueError
            If the recipe has no parameter of that name, or it may not be set; the message names the closest one.

        Warns
        -----
        FutureWarning
            If a parameter has a deprecated name or value; the next release will remove these.
        """
        recognizer: Estimator = cast(Any, self.make())
        parameters = self._renamed(parameters, recognizer)
        check_settable(self.name, recognizer, parameters)
        return recognizer.set_params(**parameters)

    def _renamed(self, parameters: dict[str, Any], recognizer: Estimator) -> dict[str, Any]:
        """Return the parameters with deprecated names and values replaced by current ones."""
        known = recognizer.get_params()
        renamed = {old: new for old, new in renamed_parameters(parameters).items() if new in known}
        if twice := [old for old, new in renamed.items() if new in parameters]:
            raise ValueError(f"recipe {self.name} got {twice[0]!r} and {renamed[twice[0]]!r}; name one of them")
        current = {renamed.get(name, name): value for name, value in parameters.items()}
        values = renamed_values({**known, "": recognizer}, current)
        changes = [f"{old} was renamed to {new}" for old, new in renamed.items()]
        changes += [f"{name}={current[name]!r} was renamed to {value!r}" for name, value in values.items()]
        if changes:
            warnings.warn(
                f"recipe {self.name}: {', '.join(changes)}; the next release removes the old name",
                FutureWarning,
                stacklevel=4,
            )
        return current | values


def recipes() -> dict[str, Recipe]:
    """Return the recipes by name: built-in recipes, then those of the entry-point group ``ferbench.recipes``.

    The value of an entry point is a :class:`Recipe`.

    See Also
    --------
    make_recipe : Make the unfitted recognizer of a recipe.

    Examples
    --------
    >>> from ferbench.models import recipes
    >>> recipes()["hog+svm"].family
    'classical'
    """
    known = [Recipe("constant", "constant", _constant), Recipe("cnn", "deep", CNN)]
    known += [Recipe("pretrained", "pretrained", Pretrained), Recipe("joined", "pretrained", Joined)]
    known.append(Recipe("weight-mean", "pretrained", WeightMean))
    known.append(Recipe(QUALITY, "pretrained", lambda: Joined(QUALITY)))
    known += [_network(name, settings) for name, settings in NETWORKS.items()]
    known += [Recipe("mean-shape", "keypoints", MeanShape), Recipe("dlib-shape", "keypoints", DlibShape)]
    known += [_points(name, settings) for name, settings in POINT_NETWORKS.items()]
    features, classifiers = [*extractors(), "hog+landmarks"], classifier_steps()
    known += [_cross(feature, classifier) for feature in features for classifier in classifiers]
    found = {recipe.name: recipe for recipe in known}
    for point in entry_points(group=ENTRY_POINTS):
        if (recipe := _load(point)) is not None:
            found[point.name] = recipe
    return found


def get_recipe(name: str) -> Recipe:
    """Return a recipe by name, such as ``extractor[+extractor…]+classifier``.

    ``mirror:RECIPE`` trains a recipe also on mirror images and averages its predictions over them (:class:`Mirrored`).
    ``compact:RECIPE`` compiles a fitted recipe to a small network (:class:`Compact`).
    ``vote:RECIPE,RECIPE…`` is a soft vote (:class:`Vote`), and ``stack:RECIPE,RECIPE…`` is a stack (:class:`Stack`).

    ``onnx:PATH`` and ``keras:PATH`` are models that were trained elsewhere (:class:`ForeignModel`), and so is
    ``torchscript:PATH``, which must be trusted (:class:`TorchScriptModel`). ``peer:NAME`` is the recognizer of another
    package (:class:`Peer`).

    The part after an ``@`` labels a variant: ``cnn@no-flip`` is the recipe ``cnn`` under another name, so that a suite
    can contain it several times with different parameters.

    Raises
    ------
    ValueError
        If there is no such recipe; the message names the closest one.

    Examples
    --------
    >>> from ferbench.models import get_recipe
    >>> get_recipe("hog+landmarks+svm").name
    'hog+landmarks+svm'
    """
    name = recipe_name(name)
    if foreign_kind(name):
        return _foreign(name)
    if (peer := peer_name(name)) is not None:
        get_adapter(peer)
        return Recipe(name, "pretrained", lambda: Peer(peer))
    if (composed := _composed(name)) is not None:
        return composed
    known = recipes()
    if name in known:
        return known[name]
    plain, at, variant = name.partition("@")
    if at and variant:
        return replace(get_recipe(plain), name=name)
    features, _, classifier = name.rpartition("+")
    if classifier in classifier_steps() and set(features.split("+")) <= set(extractors()):
        return _cross(features, classifier)
    raise ValueError(f"there is no recipe {name!r}; {suggest(name, known)}")


def make_recipe(name: str, **parameters: Any) -> Estimator:
    """Return a new, unfitted recognizer by recipe name.

    Examples
    --------
    >>> from ferbench.models import make_recipe
    >>> make_recipe("hog+svm", classifier__C=10)["classifier"]
    SVM(C=10)
    """
    return get_recipe(name).build(**parameters)


def describe(recognizer: Any) -> dict[str, str]:
    """Describe which library fitted a recognizer, and how its probabilities were computed."""
    last = recognizer[-1] if isinstance(recognizer, Pipeline) else recognizer
    default = {
        LogisticRegression: "softmax of the linear model, its own likelihood",
        DummyClassifier: "class shares of the training images",
    }
    # The origin of a network shows whether it may have been trained on the test images.
    origins = {origin for part in parts_of(recognizer) if (origin := getattr(part, "origin_", None))}
    return {
        "implementation": "; ".join([library_of(recognizer), *sorted(origins)]),
        "probabilities": getattr(last, "probabilities_", None) or default.get(type(last), "as the library gives them"),
    }


def _network(name: str, settings: Mapping[str, Any]) -> Recipe:
    return Recipe(name, "deep", lambda: CNN(**{"architecture": name, **settings}))


def _points(name: str, settings: Mapping[str, Any]) -> Recipe:
    return Recipe(name, "keypoints", lambda: PointNet(**{"architecture": name, **settings}))


def _constant() -> DummyClassifier:
    return DummyClassifier(strategy="prior")


def _cross(features: str, classifier: str) -> Recipe:
    def make() -> Pipeline:
        extractor = make_extractor(features)
        if classifier == MIRROR_VIEWS:
            extractor = MirrorViews(extractor)
        return Pipeline([("features", extractor), *classifier_steps()[classifier]()])

    return Recipe(f"{features}+{classifier}", "classical", make)


def _foreign(name: str) -> Recipe:
    path = foreign_path(name)
    kind = TorchScriptModel if foreign_kind(name) == "torchscript" else ForeignModel
    return Recipe(name, "pretrained", lambda: kind(str(path)))


def _composed(name: str) -> Recipe | None:
    """Return the recipe of a composed name (compact, mirror, vote or stack), or None for other names."""
    kind, colon, rest = name.partition(":")
    if not colon or kind not in ("compact", "mirror", "stack", "vote"):
        return None
    if kind in ("compact", "mirror"):
        inner, wrap = get_recipe(rest), {"compact": Compact, "mirror": Mirrored}[kind]
        if inner.family != "classical":
            reason = "mirrors by its own parameters" if kind == "mirror" else "is none"
            raise ValueError(f"recipe {name!r}: {kind}: takes a classical recipe; {rest} {reason}")
        return Recipe(name, "classical", lambda: wrap(inner.make()))
    members = [get_recipe(part.strip()) for part in rest.split(",")]
    if named := [member.name for member in members if foreign_kind(member.name) or peer_name(member.name)]:
        raise ValueError(f"recipe {name!r}: {kind}: takes no model of others; name {named[0]!r} as its own recipe")
    names = [member.name for member in members]
    if len(set(names)) < max(2, len(names)) or any(member.family == "keypoints" for member in members):
        raise ValueError(f"recipe {name!r}: {kind}: takes two or more different recognizers, separated by commas")
    ensemble = Vote if kind == "vote" else Stack
    family: Literal["classical", "deep"] = "deep" if any(each.family == "deep" for each in members) else "classical"
    return Recipe(name, family, lambda: ensemble([(member.name, member.make()) for member in members]))


def _load(point: EntryPoint) -> Recipe | None:
    """Load the recipe of another package; a broken recipe gives a warning, so the others stay usable."""
    try:
        recipe = point.load()
    except Exception as error:
        problem = f"cannot be loaded: {error}"
    else:
        if isinstance(recipe, Recipe):
            return recipe
        problem = f"must be a ferbench.models.Recipe; got {type(recipe).__name__}"
    package = f"package {point.dist.name}" if point.dist else "an unknown package"
    warnings.warn(f"recipe {point.name!r} of {package} {problem}", RuntimeWarning, stacklevel=3)
    return None
