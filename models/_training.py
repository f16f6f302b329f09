"""The training of the CNN: phases, schedules, checkpoints and resuming, on any Keras backend."""

import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from ferbench.models._architectures import TRANSFER, build_network
from ferbench.models._batches import Batches, load_teachers, teach
from ferbench.models._callbacks import Clock, OnEpoch, Progress, State, WeightAverage
from ferbench.models._optional import require

if TYPE_CHECKING:
    from ferbench.models._bundle import LoadedBundle
    from ferbench.models._cnn import CNN

Labelled = tuple[NDArray[np.uint8], NDArray[np.intp]]

# Parameters that do not change what is trained: a training may be resumed, or its weights used, with others.
FREE_PARAMETERS = ("checkpoint_dir", "tensorboard", "test_time", "verbose")


class Training:
    """One training of a CNN, resumable from its folder.

    Parameters
    ----------
    settings : CNN
        The estimator whose parameters to follow.
    folder : Path
        Where checkpoints are kept. A folder that holds the state of the same training is resumed.
    on_epoch : callable, optional
        Called after each epoch with its number, from 1, and its figures.
    """

    def __init__(self, settings: "CNN", folder: Path, on_epoch: OnEpoch | None = None) -> None:
        self.settings = settings
        self.on_epoch = on_epoch
        self.folder = folder
        self.history: dict[str, list[float]] = {}
        self.best_epoch = 0
        self.dtype = _precision(settings.precision)
        optimizer = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD with Nesterov momentum"}[settings.optimizer]
        self.implementation = f"Keras {keras.version()} on {keras.backend.backend()}, {optimizer}, {self.dtype}"

    def run(self, train: Labelled, validation: Labelled) -> list[NDArray[Any]]:
        """Train, or go on training, and return the weights of the best epoch."""
        try:
            return self._run(train, validation)
        except Exception as error:
            if not _out_of_memory(error):
                raise
            size = self.settings.batch_size
            advice = f"try batch_size={size // 2}" if size > 1 else "try a smaller architecture"
            raise MemoryError(f"{self.settings.architecture} with batch_size={size}: {advice}") from error

    def _run(self, train: Labelled, validation: Labelled) -> list[NDArray[Any]]:
        settings = self.settings
        keras.utils.set_random_seed(settings.random_state)
        network = build_network(settings.architecture, train[0].shape[1:], len(settings.classes_), self.dtype)
        _start_from(network, settings)
        self.folder.mkdir(parents=True, exist_ok=True)
        teachers = load_teachers(settings)
        fingerprint = _fingerprint(settings, train, validation, teachers)
        batches: Batches | None = None
        average = WeightAverage(settings.average)
        for phase, last_epoch in enumerate(_phases(settings)):
            _freeze(network, settings, phase)
            state = self._compile(network, average, fingerprint, phase, -(-len(train[1]) // settings.batch_size))
            if state.epoch < last_epoch and not state.stopped:
                if batches is None:
                    batches = Batches(*train, settings, teach(teachers, train[0], settings))
                self._fit(network, batches, validation, state, last_epoch)
        self.history, self.best_epoch = state.history, state.best_epoch()
        # A network without an optimiser: the checkpoint's belongs to the phase it was written in.
        best = build_network(settings.architecture, train[0].shape[1:], len(settings.classes_))
        best.load_weights(state.best_file())
        return best.get_weights()

    def _compile(self, network: Any, average: WeightAverage, fingerprint: str, phase: int, n_steps: int) -> State:
        settings = self.settings
        network.compile(
            _optimizer(settings, n_steps),
            keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing),
            weighted_metrics=[],
            metrics=["accuracy"],
            jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
        )
        state = State(self.folder, self._callbacks(), average, fingerprint)
        state.restore(network, phase, settings.epochs)
        state.phase = phase
        return state

    def _fit(self, network: Any, batches: Batches, validation: Labelled, state: State, last_epoch: int) -> None:
        settings = self.settings
        batches.start_epoch(state.epoch)
        watchers = []
        if settings.tensorboard:
            require("tensorboard", "CNN with tensorboard logs", extra="tensorboard")
            watchers.append(keras.callbacks.TensorBoard(settings.tensorboard))
        averages = [state.average] if settings.average else []
        try:
            network.fit(
                batches,
                validation_data=(
                    validation[0].astype(np.float32),
                    np.eye(len(settings.classes_), dtype=np.float32)[validation[1]],
                ),
                validation_batch_size=256,
                epochs=last_epoch,
                initial_epoch=state.epoch,
                # The checkpoint keeps the averaged weights, the state those that go on being trained.
                callbacks=[
                    Clock(),
                    state.callbacks["checkpoint"],
                    *averages,
                    *(callback for name, callback in state.callbacks.items() if name != "checkpoint"),
                    keras.callbacks.TerminateOnNaN(),
                    state,
                    *watchers,
                    Progress(settings, state.history, self.on_epoch),
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
                monitor="val_accuracy",
                mode="max",
                save_best_only=True,
                save_weights_only=True,
            ),
            "stop": keras.callbacks.EarlyStopping("val_loss", patience=self.settings.patience),
        }
        if self.settings.schedule == "plateau":
            callbacks["plateau"] = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=3, min_lr=1e-5)
        return callbacks


def _optimizer(settings: "CNN", n_steps: int) -> Any:
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        warmup = settings.warmup_epochs * n_steps
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
        # Shrinking scales and offsets of a normalisation regularises nothing.
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _phases(settings: "CNN") -> list[int]:
    """Last epoch of each phase: first the new head alone, then the whole network."""
    frozen = min(settings.frozen_epochs, settings.epochs) if settings.architecture.startswith(TRANSFER) else 0
    return [epoch for epoch in (frozen, settings.epochs) if epoch]


def _freeze(network: Any, settings: "CNN", phase: int) -> None:
    if settings.architecture.startswith(TRANSFER):
        network.get_layer("backbone").trainable = not (settings.frozen_epochs and phase == 0)


def _start_from(network: Any, settings: "CNN") -> None:
    """Load the weights that training starts from."""
    start = settings.initial_weights
    if start is None:
        return
    transfer = settings.architecture.startswith(TRANSFER)
    target = network.get_layer("backbone") if transfer else network
    if start == "imagenet":
        if not transfer:
            raise ValueError(f"initial_weights='imagenet' is for transfer:BACKBONE, not for {settings.architecture}")
        build = getattr(keras.applications, settings.architecture.removeprefix(TRANSFER))
        target.set_weights(
            build(include_top=False, weights="imagenet", input_shape=target.input_shape[1:]).get_weights()
        )
        return
    if not Path(start).is_file():
        raise FileNotFoundError(f"initial_weights: there is no file {start}")
    try:
        target.load_weights(start)
    except Exception as error:
        text = " ".join(str(error).split())[:200]
        raise ValueError(f"initial_weights: {start} does not fit {settings.architecture}: {text}") from error


def _out_of_memory(error: Exception) -> bool:
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "ResourceExhaustedError"
        or ("RESOURCE_EXHAUSTED" in str(error))
    )


def _precision(asked: str) -> str:
    """bfloat16 halves the time where the processor multiplies it, and triples it where it does not."""
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


def _fingerprint(settings: "CNN", train: Labelled, validation: Labelled, teachers: "list[LoadedBundle]") -> str:
    """Identify a training by its parameters and data, so that a checkpoint is never resumed with others."""
    parameters = {k: v for k, v in settings.get_params().items() if k not in (*FREE_PARAMETERS, "teachers")}
    parameters["teachers"] = [teacher.info["sha256"] for teacher in teachers]
    checksum = 0
    for images, targets in (train, validation):
        checksum = zlib.crc32(np.ascontiguousarray(images).data, checksum)
        checksum = zlib.crc32(np.ascontiguousarray(targets).data, checksum)
    return f"{parameters!r} {settings.classes_.tolist()} {checksum:08x}"
