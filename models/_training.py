"""The training loop of the CNN: batches, schedules, checkpoints and resuming, on any Keras backend."""

import json
import math
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ferbench.models._architectures import build_network

if TYPE_CHECKING:
    from ferbench.models._cnn import CNN

Labelled = tuple[NDArray[np.uint8], NDArray[np.intp]]


class Training:
    """One training of a CNN, resumable from its folder.

    Parameters
    ----------
    settings : CNN
        The estimator whose parameters to follow.
    folder : Path
        Where checkpoints are kept. A folder that holds the state of the same training is resumed.
    """

    def __init__(self, settings: "CNN", folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.history: dict[str, list[float]] = {}
        self.best_epoch = 0
        self.dtype = _precision(settings.precision)
        self.implementation = f"Keras {keras.version()} on {keras.backend.backend()}, Adam, {self.dtype}"

    def run(self, train: Labelled, validation: Labelled) -> list[NDArray[Any]]:
        """Train, or go on training, and return the weights of the best epoch."""
        settings, n_classes = self.settings, len(self.settings.classes_)
        keras.utils.set_random_seed(settings.random_state)
        network = build_network(settings.architecture, train[0].shape[1:], n_classes, self.dtype)
        network.compile(
            keras.optimizers.Adam(settings.learning_rate),
            keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing),
            weighted_metrics=[],
            metrics=["accuracy"],
            jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        callbacks = self._callbacks()
        state = _State(self, network, callbacks, _fingerprint(settings, train, validation))
        first_epoch = state.restore()
        batches = _Batches(train, settings, n_classes, first_epoch)
        if first_epoch < settings.epochs and not state.stopped:
            network.fit(
                batches,
                validation_data=(
                    validation[0].astype(np.float32),
                    np.eye(n_classes, dtype=np.float32)[validation[1]],
                ),
                validation_batch_size=256,
                epochs=settings.epochs,
                initial_epoch=first_epoch,
                callbacks=[
                    _Clock(),
                    *callbacks.values(),
                    keras.callbacks.TerminateOnNaN(),
                    state,
                    _Progress(settings),
                ],
                shuffle=False,
                verbose=0,
            )
        if not self.history:
            raise ValueError(
                f"the loss is not a number in the first epoch; lower learning_rate (now {settings.learning_rate})"
            )
        network.load_weights(state.best_file())
        self.best_epoch = 1 + int(np.argmax(self.history["val_accuracy"]))
        return network.get_weights()

    def _callbacks(self) -> dict[str, Any]:
        settings, callbacks = self.settings, {}
        callbacks["checkpoint"] = keras.callbacks.ModelCheckpoint(
            self.folder / "best-{epoch:03d}.weights.h5",
            monitor="val_accuracy",
            mode="max",
            save_best_only=True,
            save_weights_only=True,
        )
        callbacks["stop"] = keras.callbacks.EarlyStopping("val_loss", patience=settings.patience)
        if settings.schedule == "plateau":
            callbacks["plateau"] = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=3, min_lr=1e-5)
        else:
            callbacks["cosine"] = keras.callbacks.LearningRateScheduler(
                _cosine(settings.learning_rate, settings.epochs)
            )
        return callbacks


def _cosine(first: float, epochs: int) -> Callable[[int], float]:
    last = first / 100
    return lambda epoch: last + (first - last) * 0.5 * (1 + np.cos(np.pi * epoch / epochs))


class _Batches(keras.utils.PyDataset):
    """Shuffled, augmented batches; each depends on seed, epoch and position alone, so that a restart repeats it."""

    def __init__(self, train: Labelled, settings: "CNN", n_classes: int, epoch: int) -> None:
        super().__init__()
        self.images, self.targets = train
        self.settings = settings
        self.one_hot = np.eye(n_classes, dtype=np.float32)
        self.weights = _class_weights(self.targets, n_classes, settings.imbalance)
        self._start_epoch(epoch)

    def __len__(self) -> int:
        return math.ceil(len(self.targets) / self.settings.batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        size = self.settings.batch_size
        rows = self.order[index * size : (index + 1) * size]
        images = self.images[rows]
        if self.settings.augmentation is not None:
            rng = np.random.default_rng((self.settings.random_state, self.epoch, index))
            images = self.settings.augmentation(images, rng)
        targets = self.targets[rows]
        return images.astype(np.float32), self.one_hot[targets], self.weights[targets]

    def on_epoch_end(self) -> None:
        self._start_epoch(self.epoch + 1)

    def _start_epoch(self, epoch: int) -> None:
        self.epoch = epoch
        rng = np.random.default_rng((self.settings.random_state, epoch))
        if self.settings.imbalance != "oversample":
            self.order = rng.permutation(len(self.targets))
            return
        share = 1 / np.bincount(self.targets)[self.targets]
        self.order = rng.choice(len(self.targets), len(self.targets), p=share / share.sum())


class _State(keras.callbacks.Callback):
    """Writes everything that the next epoch depends on, so that training can go on after any interruption."""

    def __init__(self, training: Training, network: Any, callbacks: dict[str, Any], fingerprint: str) -> None:
        super().__init__()
        self.training, self.network, self.callbacks, self.fingerprint = (
            training,
            network,
            callbacks,
            fingerprint,
        )
        self.file = training.folder / "state.npz"
        self.stopped = False
        self.callback_fields: dict[str, dict[str, Any]] = {}

    def restore(self) -> int:
        """Load the folder's state, if there is one; return the epoch to go on with."""
        if not self.file.exists():
            return 0
        try:
            with np.load(self.file, allow_pickle=False) as stored:
                note = json.loads(str(stored["note"]))
                values = [stored[f"v{i}"] for i in range(note["n_variables"])]
        except Exception as error:
            raise ValueError(f"{self.file} cannot be read ({error}); delete its folder to start afresh") from error
        if note["fingerprint"] != self.fingerprint:
            raise ValueError(f"{self.file} belongs to other data or parameters; delete its folder to start afresh")
        self.network.optimizer.build(self.network.trainable_variables)
        for variable, value in zip(self._variables(), values, strict=True):
            variable.assign(value)
        self.callback_fields = note["callbacks"]
        self.training.history = note["history"]
        self.stopped = note["stopped"]
        return len(note["history"]["loss"])

    def on_train_begin(self, logs: Any = None) -> None:
        # Only now: Keras resets its callbacks when training begins, and this one comes after them.
        for name, fields in self.callback_fields.items():
            self.callbacks[name].__dict__.update(fields)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logs = logs or {}
        if not np.isfinite(logs.get("loss", np.nan)):
            # The state of the last good epoch stays as it is.
            self.model.stop_training = True
            return
        logs.setdefault("learning_rate", float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)))
        for name in ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"):
            self.training.history.setdefault(name, []).append(float(logs[name]))
        self._save()

    def best_file(self) -> Path:
        """The newest of ModelCheckpoint's files that the state knows of."""
        best = 1 + int(np.argmax(self.training.history["val_accuracy"]))
        return self.training.folder / f"best-{best:03d}.weights.h5"

    def _variables(self) -> list[Any]:
        return [*self.network.variables, *self.network.optimizer.variables]

    def _save(self) -> None:
        values = {f"v{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(self._variables())}
        note = {
            "fingerprint": self.fingerprint,
            "history": self.training.history,
            "stopped": bool(self.model.stop_training),
            "n_variables": len(values),
            "callbacks": {name: _plain_fields(callback) for name, callback in self.callbacks.items()},
        }
        temporary = self.file.with_suffix(".tmp.npz")
        np.savez(temporary, note=np.array(json.dumps(note)), **values)
        temporary.replace(self.file)
        for old in set(self.training.folder.glob("best-*.weights.h5")) - {self.best_file()}:
            old.unlink()


def _plain_fields(callback: Any) -> dict[str, Any]:
    names = ("best", "wait", "cooldown_counter", "stopped_epoch", "best_epoch")
    fields = {name: getattr(callback, name) for name in names if hasattr(callback, name)}
    return {name: float(value) if name == "best" else int(value) for name, value in fields.items() if value is not None}


class _Clock(keras.callbacks.Callback):
    """Adds the seconds an epoch took to its logs."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if logs is not None:
            logs["seconds"] = time.perf_counter() - self.start


class _Progress(keras.callbacks.Callback):
    """One bar over all steps, with the figures of the last epoch."""

    def __init__(self, settings: "CNN") -> None:
        super().__init__()
        self.settings = settings

    def on_train_begin(self, logs: Any = None) -> None:
        disable = None if self.settings.verbose else True
        self.bar = tqdm(desc=self.settings.architecture, unit="step", disable=disable, mininterval=1)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.bar.reset(self.params["steps"])
        self.bar.set_description(f"{self.settings.architecture} epoch {epoch + 1}/{self.settings.epochs}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        shown = ("loss", "accuracy", "val_loss", "val_accuracy")
        text = ", ".join(f"{name} {(logs or {}).get(name, np.nan):.4f}" for name in shown)
        self.bar.set_postfix_str(text)
        if self.settings.verbose:
            tqdm.write(f"epoch {epoch + 1}: {text}, {(logs or {}).get('seconds', np.nan):.1f} s")

    def on_train_end(self, logs: Any = None) -> None:
        self.bar.close()


def _class_weights(targets: NDArray[np.intp], n_classes: int, imbalance: str | None) -> NDArray[np.float32]:
    if imbalance not in ("weights", "sqrt-weights"):
        return np.ones(n_classes, np.float32)
    counts = np.bincount(targets, minlength=n_classes)
    weights = len(targets) / (n_classes * counts)
    weights = np.sqrt(weights) if imbalance == "sqrt-weights" else weights
    # A mean weight of one over the images keeps the loss, and with it the learning rate, on its usual scale.
    return (weights / np.average(weights, weights=counts)).astype(np.float32)


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


def _fingerprint(settings: "CNN", train: Labelled, validation: Labelled) -> str:
    """Identify a training by its parameters and data, so that a checkpoint is never resumed with others."""
    parameters = {k: v for k, v in settings.get_params().items() if k not in ("checkpoint_dir", "verbose")}
    checksum = 0
    for images, targets in (train, validation):
        checksum = zlib.crc32(np.ascontiguousarray(images).data, checksum)
        checksum = zlib.crc32(np.ascontiguousarray(targets).data, checksum)
    return f"{parameters!r} {settings.classes_.tolist()} {checksum:08x}"
