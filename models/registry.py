"""Look up recipes by name: extractor and classifier pairs, networks, ensembles, and recipes of other packages."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any, Literal

from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from ferbench.features import MirrorViews, extractors, make_extractor
from ferbench.models.base import library_of, parts_of
from ferbench.models.bundles import recipe_name
from ferbench.models.classifiers import classifier_steps
from ferbench.models.ensembles import Compact, Joined, Mirrored, Pretrained, Stack, Vote, WeightMean
from ferbench.models.foreign import ForeignModel, TorchScriptModel, foreign_kind, foreign_path
from ferbench.models.keypoints import DlibShape, MeanShape, PointNet
from ferbench.models.networks import CNN
from ferbench.models.peers import Peer, get_adapter, peer_name
from ferbench.models.recipe import Estimator, Recipe
from ferbench.models.training_settings import NETWORKS, POINT_NETWORKS
from ferbench.utils import entry_points, find_registered, suggest

ENTRY_POINTS = "ferbench.recipes"

#: Recipes of whole recognizers, which the modules of that folder register.
METHODS: Mapping[str, Recipe] = find_registered("ferbench.models.methods")

# The most accurate bundle that ships; a suite that makes it anew gives its parts.
QUALITY = "ferbench-quality"

# Classifier whose kernel averages over an image and its mirror image; its extractor is wrapped in `MirrorViews`.
MIRROR_VIEWS = "mirror-kernel-ridge"


def recipes() -> dict[str, Recipe]:
    """Return the recipes by name: built-in recipes, then those of the entry-point group ``ferbench.recipes``.

    A module of ``models/methods/`` registers a recipe with ``REGISTERED = {"mine": Recipe(...)}``. The value of an
    entry point is a :class:`Recipe`.

    See Also
    --------
    make_recipe : Make the unfitted recognizer of a recipe.

    Examples
    --------
    >>> from ferbench.models import recipes
    >>> recipes()["hog+svm"].family
    'classical'
    """
    known = [*METHODS.values(), Recipe("cnn", "deep", CNN)]
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
