"""Store and look up out-of-sample probabilities of training images."""

import hashlib
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ferbench.utils import read_arrays

Images = NDArray[np.uint8]


class OutOfSample:
    """Probabilities of training images, each predicted by a fit without this image.

    Parameters
    ----------
    digests : ndarray of shape (n_images,), uint64
        Checksums of the distinct images, in ascending order.
    probabilities : ndarray of shape (n_images, n_classes), float32
        Probabilities in the order of `digests`.
    """

    def __init__(self, digests: NDArray[np.uint64], probabilities: NDArray[np.float32]) -> None:
        if digests.dtype != np.uint64 or probabilities.dtype != np.float32:
            raise ValueError(f"expected uint64 and float32; got {digests.dtype} and {probabilities.dtype}")
        if probabilities.ndim != 2 or digests.shape != probabilities.shape[:1] or not len(digests):
            raise ValueError(f"checksums of shape {digests.shape} do not fit answers of shape {probabilities.shape}")
        if np.any(digests[1:] <= digests[:-1]) or not np.isfinite(probabilities).all():
            raise ValueError("checksums must ascend, and answers must be finite")
        self.digests, self.probabilities = digests, probabilities

    @classmethod
    def of(cls, recognizer: Any, images: Images) -> Self | None:
        """Collect the leave-one-out probabilities of a fitted recognizer.

        Parameters
        ----------
        recognizer : classifier
            Classifier with ``loo_probabilities_``, or a pipeline that ends with one.
        images : ndarray of shape (n_samples, height, width), uint8
            Training images in the order of `fit`.

        Returns
        -------
        OutOfSample or None
            None if the recognizer does not have probabilities for all images. Identical images get their mean.
        """
        last = recognizer[-1] if hasattr(recognizer, "steps") else recognizer
        answers = getattr(last, "loo_probabilities_", None)
        if answers is None or len(answers) != len(images):
            return None
        digests, place, counts = np.unique(_digests(images), return_inverse=True, return_counts=True)
        total = np.zeros((len(digests), answers.shape[1]))
        np.add.at(total, place, answers)
        return cls(digests, (total / counts[:, None]).astype(np.float32))

    @classmethod
    def read(cls, file: Path, n_classes: int) -> Self:
        """Read a file of `write`; raise ValueError if its content is invalid."""
        arrays = read_arrays(file, "copy the bundle again")
        try:
            answers = cls(arrays["digests"], arrays["probabilities"])
            if answers.probabilities.shape[1] != n_classes:
                raise ValueError(f"it holds {answers.probabilities.shape[1]} classes, the bundle {n_classes}")
        except (ValueError, KeyError) as error:
            raise ValueError(f"{file}: {error}; copy the bundle again") from error
        return answers

    def write(self, file: Path) -> None:
        """Write a ``.npz`` file."""
        np.savez_compressed(file, digests=self.digests, probabilities=self.probabilities)

    def find(self, images: Images) -> NDArray[np.float32] | None:
        """Return probabilities of shape (n_samples, n_classes), or None if an image is unknown."""
        digests = _digests(images)
        places = np.searchsorted(self.digests, digests).clip(max=len(self.digests) - 1)
        return self.probabilities[places] if np.array_equal(self.digests[places], digests) else None


def _digests(images: Images) -> NDArray[np.uint64]:
    each = (hashlib.blake2b(image.tobytes(), digest_size=8).digest() for image in images)
    return np.frombuffer(b"".join(each), np.uint64)
