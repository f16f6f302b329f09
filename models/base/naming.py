"""What to call the library behind a fitted classifier."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sklearn.pipeline import Pipeline


def library_of(classifier: Any) -> str:
    """Its ``implementation_``, or the package, version and class it comes from."""
    last = classifier[-1] if isinstance(classifier, Pipeline) else classifier
    package = type(last).__module__.partition(".")[0]
    package = {"sklearn": "scikit-learn"}.get(package, package)
    if said := getattr(last, "implementation_", None):
        return str(said)
    try:
        return f"{package} {version(package)} {type(last).__name__}"
    except PackageNotFoundError:
        return f"{package} {type(last).__name__}"
