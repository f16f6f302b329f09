"""Train a classifier: weighted classes, soft targets of teachers, and a refitted last layer."""

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ferbench.models.bundles import recognizer_sha256
from ferbench.models.networks.architectures import build_network
from ferbench.models.networks.batches import Batches, PlainBatches, load_teachers, size_in, teach
from ferbench.models.networks.callbacks import TrainAccuracy
from ferbench.models.networks.network import run_in_blocks
from ferbench.models.networks.start import keeps_head, start_bundle
from ferbench.models.networks.training import VALIDATION_BATCH, Pairs, Training

if TYPE_CHECKING:
    from ferbench.models.bundles import LoadedBundle

# Inverse regularization strength of the last layer for new labels. Weak features with little data need a strong one.
NEW_HEAD = 0.01
# Validation images that take more as float32 are read batch by batch.
LARGE_BYTES = 2**28


class ClassTraining(Training):
    """One training of a :class:`~ferbench.models.CNN`."""

    teachers: "list[LoadedBundle]"

    def build(self, image_shape: tuple[int, int], dtype: str = "float32") -> Any:
        """Return the untrained network, without test-time augmentation."""
        settings, n_classes = self.settings, len(self.settings.classes_)
        if not settings.progressive_sizes:
            return build_network(settings.architecture, image_shape, n_classes, dtype, input_size=settings.input_size)
        try:
            return build_network(settings.architecture, None, n_classes, dtype)
        except ValueError as error:
            raise ValueError(
                f"progressive_sizes: {settings.architecture} takes images of one size only, since it has a fully "
                "connected layer; leave progressive_sizes out"
            ) from error

    def prepare(self, network: Any, train: Pairs) -> None:
        """Load the teachers."""
        self.teachers = load_teachers(self.settings)

    def begin(self, network: Any, train: Pairs) -> list[NDArray[Any]] | None:
        """Fit the last layer by logistic regression if the network starts from a bundle with other labels."""
        folder = start_bundle(self.settings)
        if folder is None or keeps_head(self.settings, folder):
            return None
        return self._with_fitted_head(network.get_weights(), train, NEW_HEAD)

    def batches(self, train: Pairs) -> Batches:
        """Return augmented images, targets and weights."""
        return Batches(*train, self.settings, teach(self.teachers, train[0], self.settings))

    def pauses(self) -> list[int]:
        """Return the last epoch of each size of the training images."""
        sizes, n = self.settings.progressive_sizes, self.settings.epochs
        return [epoch for epoch in range(1, n) if size_in(sizes, epoch, n) != size_in(sizes, epoch - 1, n)]

    def watchers(self, train: Pairs) -> list[Any]:
        """Return the accuracy on the true labels of unaugmented training images."""
        return [TrainAccuracy(*train, self.settings.epochs)]

    def validation(self, pairs: Pairs) -> Any:
        """Return images and one-hot targets, or batches of them if the images would take much memory as float32."""
        targets = np.eye(len(self.settings.classes_), dtype=np.float32)[pairs[1]]
        if 4 * pairs[0].size > LARGE_BYTES:
            return PlainBatches(pairs[0], targets, VALIDATION_BATCH)
        return pairs[0].astype(np.float32), targets

    def objective(self) -> dict[str, Any]:
        """Return cross-entropy and accuracy."""
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=self.settings.label_smoothing)
        return {"loss": loss, "weighted_metrics": [], "metrics": ["accuracy"]}

    def refit_head(self, weights: list[NDArray[Any]], train: Pairs) -> list[NDArray[Any]]:
        """Return the weights with a last layer that is refitted by logistic regression on the penultimate features."""
        return self._with_fitted_head(weights, train, self.settings.refit_head)

    def _with_fitted_head(self, weights: list[NDArray[Any]], train: Pairs, strength: float) -> list[NDArray[Any]]:
        images, classes = train
        network = self.build((images.shape[1], images.shape[2]))
        network.set_weights(weights)
        head = network.layers[-1]
        see = keras.Model(network.inputs[0], head.input)
        both = np.concatenate([images, images[:, :, ::-1]])
        features = run_in_blocks(see, both, progress="last layer" if self.settings.verbose else None)
        mean, spread = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64) + 1e-6
        regression = LogisticRegression(C=strength, max_iter=1000)
        regression.fit((features - mean) / spread, np.tile(classes, 2))
        # For two classes, the regression has one column of logits, but the softmax layer needs two.
        slopes, offsets = regression.coef_, regression.intercept_
        if len(slopes) == 1:
            slopes, offsets = np.concatenate([-slopes, slopes]) / 2, np.concatenate([-offsets, offsets]) / 2
        kernel = (slopes / spread).T
        head.set_weights([kernel, offsets - mean @ kernel])
        return network.get_weights()

    def parameters(self) -> dict[str, Any]:
        """Parameters that affect the trained weights; teachers are identified by content, not by path."""
        parameters = super().parameters()
        del parameters["teachers"]
        return {**parameters, "teachers": [recognizer_sha256(teacher.info) for teacher in self.teachers]}

    def identity(self) -> str:
        """Return the classes."""
        return str(self.settings.classes_.tolist())
