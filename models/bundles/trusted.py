"""List of the types that may be loaded from a bundle, and its extension by other packages."""

import contextlib
import importlib.util
from collections.abc import Iterable, Mapping
from importlib.metadata import packages_distributions, version
from typing import Any

from ferbench import features
from ferbench.models.base import parts_of
from ferbench.models.bundles.aliases import public_name
from ferbench.utils import entry_points, find_registered

#: Group of entry points with which another package trusts its own types; the value is a sequence of full type names.
ENTRY_POINTS = "ferbench.trusted_types"

#: Types of ferbench, by their public names.
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
        "ferbench.models.SGD",
        "ferbench.models.SVM",
        "ferbench.models.Stack",
        "ferbench.models.Tree",
        "ferbench.models.Vote",
    }
)
#: Types of other libraries that recipes contain. skops does not trust decision trees by default, since scikit-learn
#: follows their nodes without bounds checks; `check_parts` does these checks.
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
#: Losses of gradient boosting, which hold nothing. The name of their module depends on the release of scikit-learn, and
#: skops trusts that of the installed one alone.
LOSSES = frozenset(
    f"{module}.CyHalf{kind}Loss" for module in ("_loss", "sklearn._loss._loss") for kind in ("Binomial", "Multinomial")
)
# Folders whose modules register extractors and classifiers of feature rows.
_ROOMS = ("ferbench.features", "ferbench.models.classifiers")
# Packages that every installation has.
_KNOWN = frozenset({"builtins", "ferbench", "numpy", "scipy", "sklearn"})


def trusted_types(found: Iterable[str]) -> list[str]:
    """Return the types of a bundle that may be loaded; skops loads no other types and runs no code from the file.

    Parameters
    ----------
    found : iterable of str
        Full names of the types in the bundle. What the modules of ferbench register, and the entry points of other
        packages, are read only if one of the names is in none of the lists above.
    """
    named = set(found)
    known = named & (OWN | FOREIGN | LOSSES)
    rest = named - known
    if any(name.startswith("ferbench.") for name in rest):
        known |= rest & _registered()
        rest -= known
    if any(not name.startswith(("sklearn.", "numpy.", "builtins.")) for name in rest):
        known |= rest & _of_packages()
    return sorted(known)


def refusal(unknown: Iterable[str], plugins: Mapping[str, str] | None = None) -> str:
    """Return the error message for a bundle with these untrusted types, with the remedy.

    Parameters
    ----------
    unknown : iterable of str
        Full names of the types.
    plugins : mapping of str to str, optional
        Module -> the package that contains it, as the bundle names them.
    """
    name = min(unknown)
    package = name.partition(".")[0]
    try:
        missing = importlib.util.find_spec(package) is None
    except (ImportError, ValueError):
        missing = True
    if missing:
        known = (plugins or {}).get(package, "")
        remedy = f"pip install {known!r}" if known else "install it"
        return f"it needs {name}, and the package {package!r} is not installed; {remedy}, then load the bundle again"
    return (
        f"it holds the type {name}, which ferbench does not trust; if you trust the bundle's maker, name the type in "
        f"an entry point of the group {ENTRY_POINTS}"
    )


def plugins_of(recognizer: Any) -> dict[str, str]:
    """Return the packages of others in a recognizer: module -> requirement such as ``my-faces==1.0``."""
    modules = {type(part).__module__.partition(".")[0] for part in parts_of(recognizer)} - _KNOWN
    if not modules:
        return {}
    owners = packages_distributions()
    named = {module: owners[module][0] for module in sorted(modules) if module in owners}
    return {module: f"{package}=={version(package)}" for module, package in named.items()}


def _registered() -> set[str]:
    """Return the types of ferbench in the extractors and classifiers that its modules register."""
    names: set[str] = set()
    for room in _ROOMS:
        for make in find_registered(room).values():
            # A library that is not installed must not prevent loading bundles that do not need it.
            with contextlib.suppress(ImportError):
                names |= type_names(make())
    return {name for name in names if name.startswith("ferbench.")}


def _of_packages() -> set[str]:
    """Return the types that other packages trust, and the types that their extractors contain."""
    names: set[str] = set()
    # A broken entry point must not prevent loading bundles that do not need it.
    for point in entry_points(group=ENTRY_POINTS):
        with contextlib.suppress(Exception):
            names |= {str(name) for name in point.load()}
    for name, make in features.extractors().items():
        if name not in features.BUILT_IN:
            with contextlib.suppress(ImportError):
                names |= type_names(make())
    return names


def type_names(recognizer: Any) -> set[str]:
    """Return the full names of the types in an unfitted recognizer; types of ferbench have their public names."""
    kinds = {type(part) for part in parts_of(recognizer)}
    return {public_name(f"{kind.__module__}.{kind.__qualname__}", OWN) for kind in kinds}
