"""Checks that every extractor must pass, built-in or from another package."""

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ferbench.utils import Images

N_IMAGES = 24


def check_extractor(extractor: Any, *, size: int = 48) -> None:
    """Run every check of this module on an extractor.

    Parameters
    ----------
    extractor : transformer
        Unfitted extractor, or a union of several; it is cloned, not changed.
    size : int, default=48
        Height and width of the test images, in pixels.

    Raises
    ------
    AssertionError
        If a check fails; the message says what was expected and what the extractor returned.

    See Also
    --------
    ImageExtractor : Base class of the extractors.
    sklearn.utils.estimator_checks.check_estimator : The same kind of checks for other estimators.

    Examples
    --------
    >>> from ferbench.features import PixelExtractor, check_extractor
    >>> check_extractor(PixelExtractor())
    """
    images = check_pictures(size)
    for check in CHECKS:
        check(extractor, images)


def check_pictures(size: int) -> Images:
    """Return reproducible test images of smooth blobs, ndarray of shape (24, size, size), uint8."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (N_IMAGES, 8, 8), dtype=np.uint8)
    return np.stack([cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC) for image in coarse])


def check_parameters_are_stored(extractor: Any, images: Images) -> None:
    """Check that the constructor only stores parameters and that `fit` does not change them."""
    copy = clone(extractor)
    before = _repr(copy)
    _demand(before == _repr(extractor), "clone changed the parameters", _repr(extractor), before)
    copy.fit(images)
    _demand(_repr(copy) == before, "fit changed the parameters", before, _repr(copy))


def check_rows(extractor: Any, images: Images) -> None:
    """Check that `transform` returns one finite float32 row for each image."""
    rows = _fitted(extractor, images).transform(images)
    _demand(isinstance(rows, np.ndarray), "wrong type of the result", "ndarray", type(rows).__name__)
    _demand(rows.dtype == np.float32, "wrong dtype", "float32", rows.dtype)
    _demand(rows.ndim == 2 and len(rows) == len(images), "wrong shape", (len(images), "n"), rows.shape)
    _demand(rows.shape[1] > 0, "no features", "at least one column", rows.shape)
    _demand(np.isfinite(rows).all(), "features that are not finite", "finite numbers", "NaN or infinity")


def check_flat_images(extractor: Any, images: Images) -> None:
    """Check that images of a single gray level give finite rows."""
    flat = np.stack([np.full_like(images[0], level) for level in (0, 128, 255)])
    rows = _fitted(extractor, images).transform(flat)
    _demand(np.isfinite(rows).all(), "flat images give features that are not finite", "finite", "NaN or infinity")


def check_deterministic(extractor: Any, images: Images) -> None:
    """Check that two fits on the same images give the same rows, with labels or without."""
    labels = np.where(np.arange(len(images)) % 2, "happy", "sad")
    first, second = _fitted(extractor, images), clone(extractor).fit(images, labels)
    rows = first.transform(images)
    _demand_equal(rows, first.transform(images), "a second transform gives other rows")
    _demand_equal(rows, second.transform(images), "a second fit gives other rows")
    _demand_equal(rows, clone(extractor).fit_transform(images), "fit_transform differs from fit and transform")


def check_one_image_equals_batch_row(extractor: Any, images: Images) -> None:
    """Check that the row of an image does not depend on the batch, on its position or on the memory layout."""
    fitted = _fitted(extractor, images)
    rows = fitted.transform(images)
    alone = np.concatenate([fitted.transform(images[i : i + 1]) for i in range(len(images))])
    _demand_equal(rows, alone, "an image alone gives another row than in a batch")
    _demand_equal(rows[::-1], fitted.transform(images[::-1]), "the order of the batch changes rows")
    _demand_equal(rows, fitted.transform(np.asfortranarray(images)), "the memory layout changes rows")


def check_leaves_images_alone(extractor: Any, images: Images) -> None:
    """Check that the extractor accepts read-only images, such as memory maps."""
    frozen = images.copy()
    frozen.setflags(write=False)
    _demand_equal(
        _fitted(extractor, images).transform(images),
        _fitted(extractor, frozen).transform(frozen),
        "read-only images give other rows",
    )


def check_picklable(extractor: Any, images: Images) -> None:
    """Check that a pickled copy gives the same rows."""
    fitted = _fitted(extractor, images)
    copy = pickle.loads(pickle.dumps(fitted))
    _demand_equal(fitted.transform(images), copy.transform(images), "a pickled copy gives other rows")


def check_feature_names(extractor: Any, images: Images) -> None:
    """Check that `get_feature_names_out` returns a different name for each column."""
    fitted = _fitted(extractor, images)
    names = list(fitted.get_feature_names_out())
    width = fitted.transform(images[:1]).shape[1]
    _demand(len(names) == width, "wrong number of feature names", width, len(names))
    _demand(all(isinstance(name, str) for name in names), "feature names of other types", "str", type(names[0]))
    _demand(len(set(names)) == len(names), "repeated feature names", len(names), len(set(names)))


def check_refuses_use_before_fit(extractor: Any, images: Images) -> None:
    """Check that `transform` before `fit` raises scikit-learn's NotFittedError."""
    _demand_error(NotFittedError, "transform before fit", lambda: clone(extractor).transform(images))


def check_refuses_wrong_images(extractor: Any, images: Images) -> None:
    """Check that `fit` and `transform` raise a one-line ValueError if `X` is not a batch of gray images."""
    fractions = images.astype(np.float32) / 255
    holed = fractions.copy()
    holed[3, 0, 0] = np.nan
    wrong = {
        "float images": fractions,
        "images with NaN": holed,
        "int64 images": images.astype(np.int64),
        "a single image": images[0],
        "color images": np.stack([images] * 3, axis=-1),
        "no images": images[:0],
    }
    fitted = _fitted(extractor, images)
    for name, X in wrong.items():
        _demand_error(ValueError, f"fit on {name}", partial(clone(extractor).fit, X))
        _demand_error(ValueError, f"transform of {name}", partial(fitted.transform, X))


def check_refuses_another_size(extractor: Any, images: Images) -> None:
    """Check that `transform` raises a one-line ValueError for images of another size than in `fit`."""
    fitted = _fitted(extractor, images)
    for other in (np.pad(images, ((0, 0), (0, 6), (0, 6))), images[:, :-1], images[:, :, :-1]):
        _demand_error(ValueError, "transform of images of another size", partial(fitted.transform, other))


Check = Callable[[Any, Images], None]

CHECKS: tuple[Check, ...] = (
    check_parameters_are_stored,
    check_rows,
    check_flat_images,
    check_deterministic,
    check_one_image_equals_batch_row,
    check_leaves_images_alone,
    check_picklable,
    check_feature_names,
    check_refuses_use_before_fit,
    check_refuses_wrong_images,
    check_refuses_another_size,
)


def _fitted(extractor: Any, images: Images) -> Any:
    return clone(extractor).fit(images)


def _repr(extractor: Any) -> str:
    """Return all parameters as text, including nested ones and the values of arrays."""
    return repr(sorted((name, str(value)) for name, value in extractor.get_params().items()))


def _demand(fulfilled: Any, problem: str, expected: object, got: object) -> None:
    if not fulfilled:
        raise AssertionError(f"{problem}: expected {expected}; got {got}")


def _demand_equal(expected: NDArray[Any], got: NDArray[Any], problem: str) -> None:
    if not np.array_equal(expected, got):
        difference = "another shape" if expected.shape != got.shape else np.abs(expected - got).max()
        raise AssertionError(f"{problem}: expected equal rows; got a largest difference of {difference}")


def _demand_error(kind: type[Exception], action: str, call: Callable[[], object]) -> None:
    try:
        call()
    except kind as error:
        _demand(len(str(error).splitlines()) == 1, f"{action}: error message", "one line", repr(str(error)))
    except Exception as error:
        raise AssertionError(f"{action}: expected {kind.__name__}; got {error!r}") from error
    else:
        raise AssertionError(f"{action}: expected {kind.__name__}; got no error")
