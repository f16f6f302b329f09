"""Training batches of a classifier: shuffled, augmented and weighted, with soft targets from teachers."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ferbench.models.bundles import LoadedBundle, find_shipped, load_bundle
from ferbench.models.networks.augmentation import Augmentation
from ferbench.utils import read_rows

if TYPE_CHECKING:
    from ferbench.models.networks.cnn import CNN

# Number of augmented views of each image, in addition to the image and its mirror image, that a teacher predicts.
AUGMENTED_VIEWS = 2


class Batches(keras.utils.PyDataset):
    """Shuffled, augmented batches of images, targets and weights.

    A batch depends only on seed, epoch and position, so a resumed training gets the same batches.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width), uint8
    targets : ndarray of shape (n_samples,), int
        Index of each image's class.
    settings : CNN
        Estimator with the training parameters.
    soft_targets : ndarray of shape (n_samples, n_classes) or None
        Probabilities of the teachers.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        targets: NDArray[np.intp],
        settings: "CNN",
        soft_targets: NDArray[np.float32] | None,
    ) -> None:
        super().__init__()
        self.originals, self.classes, self.settings = images, targets, settings
        self.augmentation = Augmentation.of(settings.augmentation)
        n_classes = len(settings.classes_)
        self.targets = np.eye(n_classes, dtype=np.float32)[targets]
        if soft_targets is not None:
            self.targets += settings.distillation * (soft_targets - self.targets)
        self.weights = _class_weights(targets, n_classes, settings.imbalance)
        self.start_epoch(0)

    def __len__(self) -> int:
        return math.ceil(len(self.targets) / self.settings.batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        size = self.settings.batch_size
        rows = self.order[index * size : (index + 1) * size]
        images, targets, weights = read_rows(self.images, rows), self.targets[rows], self.weights[self.classes[rows]]
        if self.augmentation is None:
            return images.astype(np.float32), targets, weights
        rng = np.random.default_rng((self.settings.random_state, self.epoch, index))
        moved = self.augmentation(images, rng).astype(np.float32)
        # The weights are an additional column of the targets, so that mixing also mixes the weights.
        mixed, columns = self.augmentation.mix(moved, np.column_stack([targets, weights]), rng)
        return mixed, columns[:, :-1], columns[:, -1]

    def on_epoch_end(self) -> None:
        self._draw(self.epoch + 1)

    def start_epoch(self, epoch: int) -> None:
        """Shuffle the images for an epoch, counted from 0, and resize them to the size of the epoch."""
        side = size_in(self.settings.progressive_sizes, epoch, self.settings.epochs)
        if side is not None and self.originals.shape[1:] != (side, side):
            resized = [cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in self.originals]
            self.images = np.stack(resized)
        else:
            self.images = self.originals
        self._draw(epoch)

    def _draw(self, epoch: int) -> None:
        self.epoch = epoch
        rng = np.random.default_rng((self.settings.random_state, epoch))
        if self.settings.imbalance != "oversample":
            self.order = rng.permutation(len(self.targets))
            return
        share = 1 / np.bincount(self.classes)[self.classes]
        self.order = rng.choice(len(self.targets), len(self.targets), p=share / share.sum())


class PlainBatches(keras.utils.PyDataset):
    """Batches of images as they are, in order, with one-hot targets: a validation split too large for memory."""

    def __init__(self, images: NDArray[np.uint8], targets: NDArray[np.float32], batch_size: int) -> None:
        super().__init__()
        self.images, self.targets, self.batch_size = images, targets, batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.targets) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rows = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return read_rows(self.images, rows).astype(np.float32), self.targets[rows]


def size_in(sizes: Sequence[int], epoch: int, n_epochs: int) -> int | None:
    """Return the side, in pixels, of the training images in an epoch, counted from 0; None for the original size."""
    return sizes[min(epoch * len(sizes) // n_epochs, len(sizes) - 1)] if sizes else None


def load_teachers(settings: "CNN") -> list[LoadedBundle]:
    """Load the bundles of the teachers without their calibration, and check their classes and image size.

    Raises
    ------
    FileNotFoundError
        If a bundle is missing.
    ValueError
        If a bundle has other classes or another image size.
    """
    paths: Sequence[str | Path] = [settings.teachers] if isinstance(settings.teachers, str) else settings.teachers
    teachers = [load_bundle(find_shipped(path)).without_calibration() for path in paths]
    for teacher in teachers:
        if sorted(teacher.classes_) != sorted(settings.classes_):
            raise ValueError(
                f"teacher {teacher.path} knows {', '.join(sorted(teacher.classes_))}; the training labels are "
                f"{', '.join(sorted(settings.classes_))}"
            )
        if teacher.image_shape != tuple(settings.image_shape_):
            raise ValueError(f"teacher {teacher.path} takes {teacher.image_shape} pixels, not {settings.image_shape_}")
    return teachers


def teach(teachers: "Sequence[LoadedBundle]", images: NDArray[np.uint8], settings: "CNN") -> NDArray[np.float32] | None:
    """Return the mean probabilities of the teachers over views of each image, in the order of the classes.

    If the bundle of a teacher contains out-of-sample probabilities for these images, they are used instead of the
    views.
    """
    if not teachers:
        return None
    augmentation = Augmentation.of(settings.augmentation)
    rng = np.random.default_rng((settings.random_state, 1))
    total = np.zeros((len(images), len(settings.classes_)), np.float32)
    disable = None if settings.verbose else True
    known = [teacher.out_of_sample(images) for teacher in teachers]
    for start in tqdm(range(0, len(images), 512), desc="teachers", unit="batch", disable=disable):
        rows = slice(start, start + 512)
        part = images[rows]
        views = [part, np.ascontiguousarray(part[:, :, ::-1])]
        if augmentation is not None:
            views += [augmentation(part, rng) for _ in range(AUGMENTED_VIEWS)]
        for teacher, answers in zip(teachers, known, strict=True):
            columns = np.searchsorted(settings.classes_, teacher.classes_)
            seen = (
                np.mean([teacher.predict_proba(view) for view in views], axis=0) if answers is None else answers[rows]
            )
            total[rows, columns] += seen
    return total / total.sum(axis=1, keepdims=True)


def _class_weights(targets: NDArray[np.intp], n_classes: int, imbalance: str | None) -> NDArray[np.float32]:
    if imbalance not in ("weights", "sqrt-weights"):
        return np.ones(n_classes, np.float32)
    counts = np.bincount(targets, minlength=n_classes)
    weights = len(targets) / (n_classes * counts)
    weights = np.sqrt(weights) if imbalance == "sqrt-weights" else weights
    # Weights with a mean of one keep the scale of the loss, so the learning rate need not change.
    return (weights / np.average(weights, weights=counts)).astype(np.float32)
