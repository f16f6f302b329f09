"""The training of the CNN: classes as targets, weighted and taught, the epoch chosen by validation accuracy."""

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from ferbench.models._architectures import build_network
from ferbench.models._batches import Batches, load_teachers, teach
from ferbench.models._training import Pairs, Training

if TYPE_CHECKING:
    from ferbench.models._bundle import LoadedBundle


class ClassTraining(Training):
    """One training of a :class:`~ferbench.models.CNN`."""

    teachers: "list[LoadedBundle]"

    def build(self, image_shape: tuple[int, int], dtype: str = "float32") -> Any:
        """Return the untrained network, without views of test time."""
        settings = self.settings
        return build_network(
            settings.architecture, image_shape, len(settings.classes_), dtype, input_size=settings.input_size
        )

    def prepare(self, network: Any, train: Pairs) -> None:
        """Open the teachers."""
        self.teachers = load_teachers(self.settings)

    def batches(self, train: Pairs) -> Batches:
        """Return augmented images, targets and weights."""
        return Batches(*train, self.settings, teach(self.teachers, train[0], self.settings))

    def validation(self, pairs: Pairs) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return images and one-hot targets."""
        return pairs[0].astype(np.float32), np.eye(len(self.settings.classes_), dtype=np.float32)[pairs[1]]

    def objective(self) -> dict[str, Any]:
        """Return cross-entropy and accuracy."""
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=self.settings.label_smoothing)
        return {"loss": loss, "weighted_metrics": [], "metrics": ["accuracy"]}

    def parameters(self) -> dict[str, Any]:
        """Parameters that decide what is trained; teachers by what they are, not where they lie."""
        parameters = super().parameters()
        del parameters["teachers"]
        return {**parameters, "teachers": [teacher.info["sha256"] for teacher in self.teachers]}

    def identity(self) -> str:
        """Return the classes."""
        return str(self.settings.classes_.tolist())
