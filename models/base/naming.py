"""Name the library that fitted a classifier."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sklearn.pipeline import Pipeline


def library_of(classifier: Any) -> str:
    """Return the attribute ``implementation_``, or else package, version and class of the classifier."""
    last = classifier[-1] if isinstance(classifier, Pipeline) else classifier
    package = type(last).__module__.partition(".")[0]
    package = {"sklearn": "scikit-learn"}.get(package, package)
    if said := getattr(last, "implementation_", None):
        return str(said)
    try:
        return f"{package} {version(package)} {type(last).__name__}"
    except PackageNotFoundError:
        return f"{package} {type(last).__name__}"
