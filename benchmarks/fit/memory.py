"""Refuse a fit that surely needs more memory than this process may use, before it starts."""

from collections.abc import Callable

from sklearn.pipeline import Pipeline

from ferbench.utils import usable_memory

# A recipe that is fitted block by block, for the advice.
_STREAMED = "sgd-logreg"


class TooLarge(MemoryError):
    """The training images are too many for a recognizer and the memory that it may use."""


def check_memory(recognizer: Pipeline, n_samples: int, n_features: int, memory_mb: float | None = None) -> None:
    """Raise `TooLarge` if a classical recognizer cannot be fitted on so many images.

    Only what the fit surely holds at the same time is counted, so that nothing is refused that would succeed.

    Parameters
    ----------
    recognizer : Pipeline
        Extractor, then the steps that get its features.
    n_samples, n_features : int
        Training images, and columns of their features.
    memory_mb : float, optional
        Budget in MiB, in addition to the limits of the machine and its control groups.

    Raises
    ------
    TooLarge
        The message says how much is needed and allowed, how many images fit, and which recipe to take.
    """
    limit = usable_memory(memory_mb)
    need = least_bytes(recognizer, n_samples, n_features)
    if need <= limit:
        return
    fits = _largest(lambda n: least_bytes(recognizer, n, n_features) <= limit, n_samples)
    last = recognizer.steps[-1][1]
    kept = last.fit_keeps(n_samples) if hasattr(last, "fit_keeps") else "all features"
    raise TooLarge(
        f"{type(last).__name__} keeps {kept} in memory to fit {n_samples:,} images: at least {_size(need)}, "
        f"more than the {_size(limit)} that this process may use; at most {fits:,} images fit; take a recipe "
        f"that is fitted block by block, such as 'hog+{_STREAMED}'"
    )


def least_bytes(recognizer: Pipeline, n_samples: int, n_features: int) -> int:
    """Return the bytes that a fit holds at least: what the steps pass on and keep."""
    held = 0
    for _, step in recognizer.steps[1:]:
        if hasattr(step, "fit_bytes"):
            held += int(step.fit_bytes(n_samples, n_features))
        elif hasattr(step, "transform"):
            held += 4 * n_samples * n_features
    return held


def _largest(fits: Callable[[int], bool], n_samples: int) -> int:
    """Return the largest number of images that fits, by bisection."""
    low, high = 0, n_samples
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 2**30:,.1f} GiB" if n_bytes >= 2**30 else f"{n_bytes / 2**20:,.1f} MiB"
