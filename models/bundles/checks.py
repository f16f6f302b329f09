"""Check that the fitted attributes of a loaded recognizer are consistent: shapes, index ranges, finite numbers.

Estimators do not validate their own fitted attributes, and compiled code uses indices and lengths in them without
bounds checks. A file from an unknown source may contain any values, so each known type is checked before it predicts.
"""

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.models.base import parts_of
from ferbench.models.bundles.aliases import public_name
from ferbench.models.bundles.trees import check_boosting, check_forest, check_tree
from ferbench.models.bundles.trusted import OWN
from ferbench.utils import check_parameters

# Types whose arrays contain infinity or NaN by design.
_MAY_BE_INFINITE = ("sklearn.ensemble._hist_gradient_boosting.binning._BinMapper", "sklearn.impute.")


def check_parts(recognizer: Any) -> None:
    """Raise ValueError, naming type and attribute, if the attributes of an estimator inside are inconsistent."""
    for estimator in parts_of(recognizer):
        names = [public_name(f"{kind.__module__}.{kind.__qualname__}", OWN) for kind in type(estimator).__mro__]
        if names[0].startswith("ferbench."):
            check_parameters(estimator)
        # An unfitted estimator, such as a parameter of a meta-estimator, has no attributes to check and cannot predict.
        if any(name.endswith("_") for name in vars(estimator)):
            for check in (_CHECKS[name] for name in names if name in _CHECKS):
                check(Part(estimator))
            _check_numbers(estimator)


def _check_numbers(estimator: Any) -> None:
    """Check that all floating-point attributes are finite."""
    full = f"{type(estimator).__module__}.{type(estimator).__qualname__}"
    if full.startswith(_MAY_BE_INFINITE):
        return
    for name, value in vars(estimator).items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, float | np.floating) and name.endswith("_") and not math.isfinite(each):
                raise Part(estimator).refusal(name, "is no finite number")
            if isinstance(each, np.ndarray) and each.dtype.kind == "f" and not np.isfinite(each).all():
                raise Part(estimator).refusal(name, "holds numbers that are not finite")


class Part:
    """Estimator of a bundle, with methods that return its fitted attributes after a check."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def refusal(self, name: str, problem: str) -> ValueError:
        """Return the error to raise for an attribute."""
        return ValueError(f"{type(self.estimator).__name__}.{name} {problem}; get the bundle from its maker")

    def get(self, name: str) -> Any:
        """Return a required attribute."""
        if (value := getattr(self.estimator, name, None)) is None:
            raise self.refusal(name, "is missing")
        return value

    def number(self, name: str, low: float, high: float = math.inf) -> float:
        """Return a finite number from `low` to `high`."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise self.refusal(name, f"must be a number; got {type(value).__name__}")
        if not low <= value <= high or not math.isfinite(value):
            raise self.refusal(name, f"must be at least {low:g} and at most {high:g}; got {value:g}")
        return float(value)

    def whole(self, name: str, low: int) -> int:
        """Return a whole number of at least `low`."""
        if not isinstance(self.get(name), int | np.integer):
            raise self.refusal(name, f"must be a whole number; got {type(self.get(name)).__name__}")
        return int(self.number(name, low))

    def array(self, name: str, *shape: int | None, kinds: str = "f") -> NDArray[Any]:
        """Return an array of the given shape (None for any length) and kinds of dtype; floats must be finite."""
        value = self.get(name)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in kinds:
            raise self.refusal(name, f"must be an array of kind {kinds}; got {getattr(value, 'dtype', type(value))}")
        fits = value.ndim == len(shape) and all(n in (None, got) for n, got in zip(shape, value.shape, strict=True))
        if not fits:
            expected = ", ".join("any" if n is None else str(n) for n in shape)
            raise self.refusal(name, f"has the shape {value.shape}; expected ({expected})")
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise self.refusal(name, "holds numbers that are not finite")
        return value

    def indices(self, name: str, *shape: int | None, end: int) -> NDArray[Any]:
        """Return an array of indices from 0 to below `end`."""
        value = self.array(name, *shape, kinds="iu")
        if value.size and not (value.min() >= 0 and value.max() < end):
            raise self.refusal(name, f"must lie from 0 to below {end}; got {value.min()} to {value.max()}")
        return value

    @property
    def n_features(self) -> int:
        """Return the number of features seen in `fit`."""
        return self.whole("n_features_in_", 1)

    def classes(self, least: int = 2) -> int:
        """Return the number of classes, at least `least`."""
        labels = self.array("classes_", None, kinds="UOSiufb")
        if len(labels) < least or len(np.unique(labels.astype(str))) != len(labels):
            raise self.refusal("classes_", f"must be {least} or more distinct labels; got {labels!r:.80}")
        return len(labels)

    def calibration(self, width: int, *, scale: str = "score_scale_") -> None:
        """Check the logistic regression that calibrates `width` columns of scores."""
        self.array(scale, width)
        inner = Part(self.get("calibration_"))
        if inner.n_features != width or list(inner.get("classes_")) != list(self.get("classes_")):
            raise self.refusal("calibration_", f"must know the classes of the classifier, by {width} scores")

    def member(self, name: str, value: Any) -> None:
        """Check that a classifier inside has the same classes."""
        if list(getattr(value, "classes_", [])) != list(self.get("classes_")):
            raise self.refusal(name, "must know the same classes")


def machines(n_classes: int) -> int:
    """Return the number of one-against-rest classifiers: one if there are two classes."""
    return 1 if n_classes == 2 else n_classes


def _linear(part: Part) -> None:
    n = machines(part.classes())
    part.array("coef_", n, part.n_features)
    # Some estimators without an intercept store the number 0.
    if np.ndim(part.get("intercept_")):
        part.array("intercept_", n)


def _scaler(part: Part) -> None:
    for name in ("mean_", "var_", "scale_"):
        if getattr(part.estimator, name, None) is not None:
            part.array(name, part.n_features)


def _constant(part: Part) -> None:
    n = part.classes(least=1)
    part.array("class_prior_", n)
    if part.whole("n_classes_", 1) != n or part.whole("n_outputs_", 1) != 1:
        raise part.refusal("n_classes_", f"must be {n}, of one output")


def _svm(part: Part) -> None:
    n_classes, n_features = part.classes(), part.n_features
    if part.get("kernel") == "linear":
        n = machines(n_classes)
        part.array("coefficients_", n_features, n)
        part.array("intercept_", n)
        part.calibration(n, scale="decision_scale_")
        return
    n_pairs = n_classes * (n_classes - 1) // 2
    n_vectors = len(part.array("support_vectors_", None, n_features))
    part.array("coefficients_", n_vectors, n_pairs)
    part.array("intercept_", n_pairs)
    part.array("sigmoids_", 2, n_pairs)
    part.number("gamma_", 0)


def _sgd(part: Part) -> None:
    n = machines(part.classes())
    part.array("coefficients_", part.n_features, n)
    part.array("intercept_", n)
    if part.get("calibrated_"):
        part.calibration(n, scale="decision_scale_")


def _libsvm(part: Part) -> None:
    """Check scikit-learn's support vector machines; LIBSVM reads lengths and indices from these arrays."""
    n_classes, n_features = part.classes(), part.n_features
    n_pairs = n_classes * (n_classes - 1) // 2
    vectors = part.array("support_vectors_", None, n_features)
    fitted_rows = part.get("shape_fit_")
    if part.get("kernel") not in ("linear", "poly", "rbf", "sigmoid") or part.get("_sparse") is not False:
        raise part.refusal("kernel", "must be linear, poly, rbf or sigmoid, on dense rows")
    if not (isinstance(fitted_rows, tuple) and len(fitted_rows) == 2 and fitted_rows[1] == n_features):
        raise part.refusal("shape_fit_", f"must be (rows, {n_features}); got {fitted_rows!r:.80}")
    part.indices("support_", len(vectors), end=max(int(fitted_rows[0]), 0))
    counts = part.indices("_n_support", n_classes, end=len(vectors) + 1)
    if counts.sum() != len(vectors):
        raise part.refusal("n_support_", f"must add up to the {len(vectors)} support vectors; got {counts.sum()}")
    for name in ("dual_coef_", "_dual_coef_"):
        part.array(name, n_classes - 1, len(vectors))
    for name in ("intercept_", "_intercept_"):
        part.array(name, n_pairs)
    for name in ("_probA", "_probB"):
        if getattr(part.estimator, name, np.empty(0)).size:
            part.array(name, n_pairs)
    part.number("_gamma", 0)


def _kernel_rows(part: Part) -> int:
    n_features = part.n_features
    if getattr(part.estimator, "mean_", None) is not None:
        part.array("mean_", n_features)
    n_blocks = len(part.estimator._widths())
    if part.get("kernel") != "linear":
        rates = part.get("rates_")
        good = isinstance(rates, list) and len(rates) == n_blocks
        if not good or not all(isinstance(rate, float) and math.isfinite(rate) for rate in rates):
            raise part.refusal("rates_", f"must be {n_blocks} finite numbers")
    return len(part.array("rows_", None, n_features))


def _kernel_ridge(part: Part) -> None:
    n_classes = part.classes()
    part.array("dual_coef_", _kernel_rows(part), n_classes)
    part.array("shares_", n_classes)
    part.calibration(n_classes)


def _nystroem(part: Part) -> None:
    n = _kernel_rows(part)
    part.array("weights_", n, n)


def _neighbors(part: Part) -> None:
    n_classes, n_features = part.classes(), part.n_features
    if getattr(part.estimator, "mean_", None) is not None:
        part.array("mean_", n_features)
    width = n_features
    if getattr(part.estimator, "components_", None) is not None:
        width = part.array("components_", n_features, None).shape[1]
    rows = part.array("rows_", None, width)
    part.array("norms_", len(rows))
    part.indices("targets_", len(rows), end=n_classes)
    part.whole("n_neighbors", 1)
    part.calibration(n_classes)


def _knn(part: Part) -> None:
    _neighbors(part)
    part.array("shares_", part.classes())


def _calibrated(part: Part) -> None:
    part.member("classifier_", part.get("classifier_"))
    part.calibration(part.classes())


def _mirrored(part: Part) -> None:
    part.member("recognizer_", part.get("recognizer_"))
    if part.get("train"):
        part.calibration(part.classes())


def _ensemble(part: Part, scores: Callable[[int, int], int] = operator.mul) -> None:
    members, n_classes = part.get("members_"), part.classes()
    if not isinstance(members, list) or len(members) < 2:
        raise part.refusal("members_", "must be two or more classifiers")
    for member in members:
        part.member("members_", member)
    if getattr(part.estimator, "calibration_fraction", 1):
        part.calibration(scores(len(members), n_classes))


def _forest(part: Part) -> None:
    n_classes = part.classes(least=1)
    check_forest(part, n_classes)
    if part.get("calibrated_"):
        part.calibration(n_classes)


def _all_checks() -> Iterator[tuple[str, Callable[[Part], object]]]:
    yield "sklearn.dummy.DummyClassifier", _constant
    yield "sklearn.linear_model._base.LinearClassifierMixin", _linear
    yield "sklearn.preprocessing._data.StandardScaler", _scaler
    yield "sklearn.svm._base.BaseSVC", _libsvm
    yield "sklearn.tree._classes.DecisionTreeClassifier", check_tree
    yield (
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        lambda part: check_boosting(part, machines(part.classes())),
    )
    own: dict[str, Callable[[Part], object]] = {
        **{"Calibrated": _calibrated, "Forest": _forest, "KNN": _knn, "KernelRidge": _kernel_ridge},
        **{"LocalSVM": _neighbors, "Mirrored": _mirrored, "NystroemMap": _nystroem},
        **{"SGD": _sgd, "SVM": _svm, "Stack": _ensemble},
        "MeanShape": lambda part: part.array("mean_", None, 2),
        "Vote": lambda part: _ensemble(part, lambda n_members, n_classes: n_classes),
    }
    for name, check in own.items():
        yield f"ferbench.models.{name}", check


_CHECKS = dict(_all_checks())
