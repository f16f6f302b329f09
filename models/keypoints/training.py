"""Train a key-point network: batches of points, masked losses, and the error metric."""

import math
from collections.abc import Callable
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ferbench.features import MIRRORED
from ferbench.models.keypoints.architectures import COORDINATES, build_point_network
from ferbench.models.networks import Augmentation, Goal, Pairs, Training

# Losses are computed in pixels of an image with this side, so that they do not depend on the image size.
SIDE = 96
# Wing loss: logarithmic up to `WIDTH` pixels, linear beyond; `CURVE` is its curvature. Relative to the image, the
# values are similar to those of the paper (10 and 2 of 256 pixels).
WIDTH, CURVE = 4.0, 1.0

Tensor = Any


class PointTraining(Training):
    """One training of a :class:`~ferbench.models.PointNet`."""

    goal: ClassVar[Goal] = Goal("rmse", "val_loss", highest=False)

    def build(self, image_shape: tuple[int, int], dtype: str = "float32") -> Any:
        """Return the untrained network."""
        return build_point_network(self.settings.architecture, image_shape, dtype)

    def prepare(self, network: Any, train: Pairs) -> None:
        """Initialize the bias of a dense output layer with the mean shape; heatmaps start at the image center."""
        if COORDINATES not in {layer.name for layer in network.layers}:
            return
        half = np.array(train[0].shape[:0:-1]) / 2
        mean = np.nanmean(train[1], axis=0, dtype=np.float64)
        layer = network.get_layer(COORDINATES)
        layer.set_weights([layer.get_weights()[0], ((mean + 0.5) / half - 1).ravel().astype(np.float32)])

    def batches(self, train: Pairs) -> "PointBatches":
        """Return augmented images and their points."""
        return PointBatches(train[0], train[1], self.settings)

    def validation(self, pairs: Pairs) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return images and points."""
        return pairs[0].astype(np.float32), pairs[1]

    def objective(self) -> dict[str, Any]:
        """Return the masked loss and the root mean squared error."""
        height, width = self.settings.image_shape_
        scale = SIDE / max(height, width)
        return {"loss": masked(LOSSES[self.settings.loss], scale), "metrics": [RootMeanSquaredError()]}


class PointBatches(keras.utils.PyDataset):
    """Shuffled, augmented batches of images and points.

    A batch depends only on seed, epoch and position, so a resumed training gets the same batches.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width), uint8
    points : ndarray of shape (n_samples, 15, 2), float32
        Points in pixels; NaN where one is missing.
    settings : PointNet
        Estimator with the training parameters.
    """

    def __init__(self, images: NDArray[np.uint8], points: NDArray[np.float32], settings: Any) -> None:
        super().__init__()
        self.images, self.points, self.settings = images, points, settings
        self.augmentation = Augmentation.of(settings.augmentation)
        self.start_epoch(0)

    def __len__(self) -> int:
        return math.ceil(len(self.points) / self.settings.batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[Any], NDArray[Any]]:
        size = self.settings.batch_size
        rows = self.order[index * size : (index + 1) * size]
        images, points = self.images[rows], self.points[rows]
        if self.augmentation is not None:
            rng = np.random.default_rng((self.settings.random_state, self.epoch, index))
            offset = self.settings.mark_offset_
            images, points = self.augmentation.with_points(images, points, MIRRORED, rng, offset)
        return images.astype(np.float32), points

    def on_epoch_end(self) -> None:
        self.start_epoch(self.epoch + 1)

    def start_epoch(self, epoch: int) -> None:
        """Shuffle the images for an epoch, counted from 0."""
        self.epoch = epoch
        self.order = np.random.default_rng((self.settings.random_state, epoch)).permutation(len(self.points))


def wing(error: Tensor) -> Tensor:
    """Return the wing loss of errors in pixels (Feng et al., 2018), which weights small errors more than a square."""
    size = ops.abs(error)
    offset = WIDTH * math.log(1 + WIDTH / CURVE) - WIDTH
    return ops.where(size < WIDTH, WIDTH * ops.log(1 + size / CURVE), size + offset)


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {"l2": ops.square, "wing": wing}


def masked(loss: Callable[[Tensor], Tensor], scale: float) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the mean of a loss over the coordinates of each image; missing coordinates (NaN) have a loss of zero.

    Parameters
    ----------
    loss : callable
        Function from errors to losses.
    scale : float
        Factor of the errors before the loss is computed.
    """

    def masked_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
        error, _ = _errors(y_true, y_pred)
        return ops.mean(loss(error * scale), axis=(1, 2))

    return masked_loss


@keras.saving.register_keras_serializable("ferbench")
class RootMeanSquaredError(keras.metrics.Metric):
    """Root mean squared error of the known coordinates, in pixels."""

    def __init__(self, name: str = "rmse", **options: Any) -> None:
        super().__init__(name=name, **options)
        self.total = self.add_weight(shape=(), initializer="zeros", name="total")
        self.known = self.add_weight(shape=(), initializer="zeros", name="known")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> None:
        """Add a batch."""
        error, known = _errors(y_true, y_pred)
        self.total.assign_add(ops.sum(ops.square(error)))
        self.known.assign_add(ops.sum(known))

    def result(self) -> Tensor:
        """Return the value over all batches since the last reset."""
        return ops.sqrt(self.total / ops.maximum(self.known, 1.0))


def _errors(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Return the errors (zero where the target is missing) and a mask of the known coordinates."""
    missing = ops.isnan(y_true)
    known = ops.cast(ops.logical_not(missing), y_pred.dtype)
    # Replace NaN by zero before the subtraction, since the gradient of NaN is NaN even if it is masked later.
    return (y_pred - ops.where(missing, ops.zeros_like(y_true), y_true)) * known, known
