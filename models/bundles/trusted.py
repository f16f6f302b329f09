"""Which types a bundle of scikit-learn parts may hold: a list of names, and what other packages add to it."""

import contextlib
import importlib.util
from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Any

from ferbench import features
from ferbench.models.base import parts_of
from ferbench.models.bundles.aliases import public_name

#: Group of entry points by which another package names its types: the value is a sequence of dotted type names.
ENTRY_POINTS = "ferbench.trusted_types"

#: ferbench's own, by the door that they are imported from.
OWN = frozenset(
    {
        "ferbench.features.GaborExtractor",
        "ferbench.features.HOGExtractor",
        "ferbench.features.LBPExtractor",
        "ferbench.features.LandmarkExtractor",
        "ferbench.features.MirrorViews",
        "ferbench.features.MultiHOGExtractor",
        "ferbench.features.PatchExtractor",
        "ferbench.features.PixelExtractor",
        "ferbench.features.SIFTExtractor",
        "ferbench.models.Calibrated",
        "ferbench.models.DeepExtractor",
        "ferbench.models.Forest",
        "ferbench.models.KNN",
        "ferbench.models.KernelRidge",
        "ferbench.models.KeypointExtractor",
        "ferbench.models.LocalSVM",
        "ferbench.models.MeanShape",
        "ferbench.models.Mirrored",
        "ferbench.models.NystroemMap",
        "ferbench.models.SVM",
        "ferbench.models.Stack",
        "ferbench.models.Tree",
        "ferbench.models.Vote",
    }
)
#: Of other libraries: what recipes consist of besides. skops does not trust the trees on its own, since scikit-learn
#: follows their nodes without looking; `check_parts` looks.
FOREIGN = frozenset(
    {
        "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
        "sklearn.dummy.DummyClassifier",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.pipeline.FeatureUnion",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.StandardScaler",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._tree.Tree",
    }
)


def trusted_types(found: Iterable[str]) -> list[str]:
    """Those of the types in a bundle that may be built; skops builds no other, and runs no code from the file.

    Parameters
    ----------
    found : iterable of str
        Full names of the types that the bundle names. Other packages are asked only about names that ferbench does not
        know.
    """
    named = set(found)
    known = named & (OWN | FOREIGN)
    rest = named - known
    if any(not name.startswith(("sklearn.", "numpy.", "builtins.")) for name in rest):
        known |= rest & _of_packages()
    return sorted(known)


def refusal(unknown: Iterable[str]) -> str:
    """Say why a bundle with these types is refused, and what to do."""
    name = min(unknown)
    package = name.partition(".")[0]
    try:
        missing = importlib.util.find_spec(package) is None
    except (ImportError, ValueError):
        missing = True
    if missing:
        return f"it needs {name}, and the package {package!r} is not installed; install it, then load the bundle again"
    return (
        f"it holds the type {name}, which ferbench does not trust; if you trust the bundle's maker, name the type in "
        f"an entry point of the group {ENTRY_POINTS}"
    )


def _of_packages() -> set[str]:
    """Types that other packages name, and those that their extractors consist of."""
    names: set[str] = set()
    # Another package's broken entry point must not keep bundles from loading that do not use it.
    for point in entry_points(group=ENTRY_POINTS):
        with contextlib.suppress(Exception):
            names |= {str(name) for name in point.load()}
    for name, make in features.extractors().items():
        if name not in features.BUILT_IN:
            with contextlib.suppress(ImportError):
                names |= type_names(make())
    return names


def type_names(recognizer: Any) -> set[str]:
    """Full names of the types that an unfitted recognizer consists of, ferbench's own by their public names."""
    kinds = {type(part) for part in parts_of(recognizer)}
    return {public_name(f"{kind.__module__}.{kind.__qualname__}", OWN) for kind in kinds}
