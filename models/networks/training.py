"""Train a network on any Keras backend: phases, schedules, checkpoints and resuming."""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
from numpy.typing import NDArray

from ferbench.models.networks.callbacks import STATE, Clock, Goal, OnEpoch, Progress, State, WeightAverage
from ferbench.models.networks.start import freeze, phases, start_from
from ferbench.utils import require, row_blocks

Pairs = tuple[NDArray[np.uint8], NDArray[Any]]

# Images in a batch of the validation.
VALIDATION_BATCH = 256
# Parameters that do not affect the trained weights; a training can be resumed with other values of them.
FREE_PARAMETERS = ("checkpoint_dir", "refit_head", "tensorboard", "test_time", "verbose")


class Training(ABC):
    """Base class of one training of a network, which can be resumed from its folder.

    A subclass defines the network, the batches and the loss.

    Parameters
    ----------
    settings : estimator
        Estimator with the training parameters.
    folder : Path
        Folder of the checkpoints. If it contains the state of the same training, the training is resumed.
    on_epoch : callable, optional
        Called after each epoch with its number, from 1, and its losses and metrics.
    """

    goal: ClassVar[Goal] = Goal()

    def __init__(self, settings: Any, folder: Path, on_epoch: OnEpoch | None = None) -> None:
        self.settings = settings
        self.on_epoch = on_epoch
        self.folder = folder
        self.history: dict[str, list[float]] = {}
        self.best_epoch = 0
        self.dtype = _precision(settings.precision)
        optimizer = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD with Nesterov momentum"}[settings.optimizer]
        self.implementation = f"Keras {keras.version()} on {keras.backend.backend()}, {optimizer}, {self.dtype}"

    @abstractmethod
    def build(self, image_shape: tuple[int, int], dtype: str = "float32") -> Any:
        """Return the untrained network."""

    @abstractmethod
    def prepare(self, network: Any, train: Pairs) -> None:
        """Prepare the initial network, and load other things that the training needs, such as teachers."""

    def begin(self, network: Any, train: Pairs) -> list[NDArray[Any]] | None:
        """Return the weights of the first epoch, or None for those that the network has."""
        return None

    @abstractmethod
    def batches(self, train: Pairs) -> Any:
        """Return the training batches, a ``PyDataset`` whose `start_epoch` takes the number of completed epochs."""

    def pauses(self) -> Sequence[int]:
        """Return the epochs after which the size of the training images changes."""
        return ()

    @abstractmethod
    def validation(self, pairs: Pairs) -> Any:
        """Return the validation images and targets as the network takes them: two arrays, or a ``PyDataset``."""

    @abstractmethod
    def objective(self) -> dict[str, Any]:
        """Return loss and metrics as arguments of ``compile``."""

    def watchers(self, train: Pairs) -> list[Any]:
        """Return further callbacks that look at the validated weights after each epoch."""
        return []

    def parameters(self) -> dict[str, Any]:
        """Return the parameters that affect the trained weights."""
        return {name: value for name, value in self.settings.get_params().items() if name not in FREE_PARAMETERS}

    def identity(self) -> str:
        """Return other properties that affect the trained weights, such as the classes."""
        return ""

    def run(self, train: Pairs, validation: Pairs) -> list[NDArray[Any]]:
        """Start or resume the training, and return the weights of the best epoch."""
        try:
            return self._run(train, validation)
        except Exception as error:
            if not _out_of_memory(error):
                raise
            size = self.settings.batch_size
            advice = f"try batch_size={size // 2}" if size > 1 else "try a smaller architecture"
            raise MemoryError(f"{self.settings.architecture} with batch_size={size}: {advice}") from error

    def _run(self, train: Pairs, validation: Pairs) -> list[NDArray[Any]]:
        settings, image_shape = self.settings, (train[0].shape[1], train[0].shape[2])
        keras.utils.set_random_seed(settings.random_state)
        network = self.build(image_shape, self.dtype)
        self.prepare(network, train)
        start_from(network, settings, lambda: network if self.dtype == "float32" else self.build(image_shape))
        # The weights of a training that is resumed are in its state.
        if not (self.folder / STATE).exists() and (weights := self.begin(network, train)) is not None:
            network.set_weights(weights)
        self.folder.mkdir(parents=True, exist_ok=True)
        fingerprint = f"{self.parameters()!r} {self.identity()} {_checksum(train, validation):08x}"
        batches: Any = None
        average = WeightAverage(settings.average)
        self._watchers = self.watchers(train)
        for phase, last_epoch in enumerate(phases(settings)):
            freeze(network, settings, phase)
            state = self._compile(network, average, fingerprint, phase, -(-len(train[1]) // settings.batch_size))
            # Keras takes the image size from the first batch, so each size needs a separate call of `fit`.
            for stop in sorted({*(pause for pause in self.pauses() if pause < last_epoch), last_epoch}):
                if state.epoch < stop and not state.stopped:
                    batches = self.batches(train) if batches is None else batches
                    self._fit(network, batches, validation, state, stop)
        self.history, self.best_epoch = state.history, state.best_epoch()
        # Load the weights without an optimizer; the optimizer state in the checkpoint belongs to its own phase.
        best = keras.Model(network.inputs, network.outputs)
        best.load_weights(state.best_file())
        return best.get_weights()

    def _compile(self, network: Any, average: WeightAverage, fingerprint: str, phase: int, n_steps: int) -> State:
        settings = self.settings
        network.compile(
            _optimizer(settings, n_steps),
            **self.objective(),
            jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
        )
        state = State(self.folder, self._callbacks(), average, fingerprint, self.goal)
        state.restore(network, phase, settings.epochs)
        state.phase = phase
        return state

    def _fit(self, network: Any, batches: Any, validation: Pairs, state: State, last_epoch: int) -> None:
        settings = self.settings
        # Copy the batches, since workers of the previous `fit` may still prepare batches of the previous size.
        batches = copy(batches)
        batches.start_epoch(state.epoch)
        watchers = []
        if settings.tensorboard:
            require("tensorboard", f"{type(settings).__name__} with tensorboard logs", extra="tensorboard")
            watchers.append(keras.callbacks.TensorBoard(settings.tensorboard))
        averages = [state.average] if settings.average else []
        validated = self.validation(validation)
        _make_variables(network, *(validated if isinstance(validated, tuple) else validated[0]))
        try:
            network.fit(
                batches,
                validation_data=validated,
                validation_batch_size=VALIDATION_BATCH,
                epochs=last_epoch,
                initial_epoch=state.epoch,
                # The checkpoint saves the averaged weights; the state saves the weights that are trained further.
                callbacks=[
                    Clock(),
                    state.callbacks["checkpoint"],
                    *self._watchers,
                    *averages,
                    *(callback for name, callback in state.callbacks.items() if name != "checkpoint"),
                    keras.callbacks.TerminateOnNaN(),
                    state,
                    *watchers,
                    Progress(settings, state.history, self.on_epoch, self.goal),
                ],
                shuffle=False,
                verbose=0,
            )
        finally:
            self.history = state.history
        if state.diverged:
            raise ValueError(self._divergence(state))

    def _divergence(self, state: State) -> str:
        kept = ""
        if state.epoch and self.settings.checkpoint_dir is not None:
            kept = f"; the weights of epoch {state.best_epoch()} are kept in {state.best_file()}"
        rate = self.settings.learning_rate
        return f"the loss is not a number in epoch {state.epoch + 1}; lower learning_rate (now {rate:g}){kept}"

    def _callbacks(self) -> dict[str, Any]:
        callbacks: dict[str, Any] = {
            "checkpoint": keras.callbacks.ModelCheckpoint(
                self.folder / "best-{epoch:03d}.weights.h5",
                monitor=self.goal.chosen_by,
                mode="max" if self.goal.highest else "min",
                save_best_only=True,
                save_weights_only=True,
            ),
            "stop": keras.callbacks.EarlyStopping("val_loss", patience=self.settings.patience),
        }
        if self.settings.schedule == "plateau":
            callbacks["plateau"] = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=3, min_lr=1e-5)
        return callbacks


def _make_variables(network: Any, images: NDArray[Any], targets: NDArray[Any]) -> None:
    """Make the variables of optimizer and metrics.

    Otherwise, the first training step would make them, and TensorFlow would trace this step twice.
    """
    network.optimizer.build(network.trainable_variables)
    network.compute_metrics(images[:1], targets[:1], network(images[:1], training=False), None)
    network.reset_metrics()


def _optimizer(settings: Any, n_steps: int) -> Any:
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        warmup = min(settings.warmup_epochs, settings.epochs - 1) * n_steps
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else rate,
            settings.epochs * n_steps - warmup,
            alpha=0.01,
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    if settings.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=settings.weight_decay or None)
    elif settings.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay)
    else:
        optimizer = keras.optimizers.Adam(rate, weight_decay=settings.weight_decay or None)
    if settings.weight_decay:
        # Weight decay of normalization scales and offsets would not regularize the network.
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _out_of_memory(error: Exception) -> bool:
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "ResourceExhaustedError"
        or ("RESOURCE_EXHAUSTED" in str(error))
    )


def _precision(asked: str) -> str:
    """Return the precision to train in.

    With hardware support, bfloat16 halves the training time; without it, bfloat16 triples the time.
    """
    if asked != "auto":
        return asked
    if keras.backend.backend() != "tensorflow":
        return "mixed_bfloat16" if _accelerated() else "float32"
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return "float32"
    return "mixed_bfloat16" if "avx512_bf16" in flags or "amx_bf16" in flags else "float32"


def _accelerated() -> bool:
    if keras.backend.backend() != "jax":
        return False
    import jax

    return bool(jax.default_backend() == "gpu")


def _checksum(*parts: Pairs) -> int:
    """Return a checksum of images and targets, so that a checkpoint is not resumed with other data."""
    checksum = 0
    for images, targets in parts:
        for block in row_blocks(images):
            checksum = zlib.crc32(np.ascontiguousarray(block).data, checksum)
        checksum = zlib.crc32(np.ascontiguousarray(targets).data, checksum)
    return checksum
