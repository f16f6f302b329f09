"""Keras callbacks: state for resuming, averaged weights, epoch times, progress and training curves."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ferbench.models.networks.curves import draw_curves, sparkline
from ferbench.models.networks.network import run_in_blocks
from ferbench.utils import atomic_file

History = dict[str, list[float]]
STATE = "state.npz"
# Values that only some trainings have, and only for some epochs: NaN for the others.
_SOMETIMES = ("train_accuracy",)
OnEpoch = Callable[[int, Mapping[str, float]], None]


class Goal(NamedTuple):
    """Metric that a training shows besides its loss, and the validation value that selects the epoch."""

    figure: str = "accuracy"
    chosen_by: str = "val_accuracy"
    highest: bool = True

    def figures(self) -> tuple[str, ...]:
        """Names of the values that are shown: loss and metric, in training and validation."""
        return ("loss", self.figure, "val_loss", f"val_{self.figure}")


class WeightAverage(keras.callbacks.Callback):
    """Exponential moving average of all weights, used in validation and checkpoints.

    The statistics of batch normalization are averaged too, so that they fit the averaged kernels. The average is
    updated every eighth step with the eighth power of the decay. This gives nearly the same average with an eighth of
    the copies.
    """

    EVERY = 8

    def __init__(self, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.steps = 0
        self.values: list[NDArray[Any]] = []
        self.own: list[NDArray[Any]] | None = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps += 1
        if self.steps % self.EVERY:
            return
        # With JAX, the weights are in the state of the training step until they are read.
        getattr(self.model, "jax_state_sync", lambda: None)()
        weights = self.model.get_weights()
        if not self.values:
            self.values = weights
            return
        # The decay is smaller at first, so that the random initial weights soon leave the average.
        decay = min(self.decay**self.EVERY, self.steps / (self.steps + 10 * self.EVERY))
        for i, value in enumerate(weights):
            self.values[i] += (1 - decay) * (value - self.values[i])

    def on_test_begin(self, logs: Any = None) -> None:
        if self.values:
            self.own = self.model.get_weights()
            self.model.set_weights(self.values)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.own is not None:
            self.model.set_weights(self.own)
            self.own = None


class TrainAccuracy(keras.callbacks.Callback):
    """Adds the accuracy on the true labels of unaugmented training images to the logs of some epochs.

    The training accuracy of Keras is on augmented images, and with teachers or mixed images it is the agreement with
    soft targets. This one can be compared with the validation accuracy. It is measured with the weights that are
    validated, so list this callback before :class:`WeightAverage`. Other epochs get NaN.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width), uint8
        Training images; at most 2,000 of them are used, at equal distances.
    classes : ndarray of shape (n_samples,), int
        Index of each image's class.
    n_epochs : int
        Planned number of epochs: the first, every third and the last one are measured.
    """

    EVERY = 3
    MOST = 2000

    def __init__(self, images: NDArray[np.uint8], classes: NDArray[np.intp], n_epochs: int) -> None:
        super().__init__()
        rows = np.unique(np.linspace(0, len(images) - 1, min(len(images), self.MOST)).astype(int))
        self.images, self.classes, self.n_epochs = images[rows], classes[rows], n_epochs

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if logs is None:
            return
        due = epoch % self.EVERY == 0 or epoch + 1 == self.n_epochs
        logs["train_accuracy"] = self._accuracy() if due else np.nan

    def _accuracy(self) -> float:
        found = run_in_blocks(self.model, self.images).argmax(axis=1)
        return float((found == self.classes).mean())


class State(keras.callbacks.Callback):
    """Writes the complete training state after each epoch, so that an interrupted training can be resumed."""

    def __init__(
        self, folder: Path, callbacks: dict[str, Any], average: WeightAverage, fingerprint: str, goal: Goal
    ) -> None:
        super().__init__()
        self.goal = goal
        self.file, self.folder = folder / STATE, folder
        self.callbacks, self.average, self.fingerprint = callbacks, average, fingerprint
        self.history: History = {}
        self.phase = 0
        self.stopped = False
        self.diverged = False
        self.callback_fields: dict[str, dict[str, Any]] = {}

    @property
    def epoch(self) -> int:
        """Number of completed epochs."""
        return len(self.history.get("loss", ()))

    def restore(self, network: Any, phase: int, n_epochs: int) -> None:
        """Load the state in the folder, if there is one, into a network of the same training phase.

        Raises
        ------
        ValueError
            If the file is damaged or belongs to another training.
        """
        if not self.file.exists():
            return
        try:
            with np.load(self.file, allow_pickle=False) as stored:
                note = json.loads(str(stored["note"]))
                values = {name: stored[name] for name in stored.files if name != "note"}
                self._check(note)
                self._assign(network, note, values, phase)
        except ValueError as error:
            if str(self.file) in str(error):
                raise
            raise self._unreadable(error) from error
        except Exception as error:
            raise self._unreadable(error) from error
        self.stopped = note["stopped"] or self.epoch >= n_epochs

    def on_train_begin(self, logs: Any = None) -> None:
        # Restore the callbacks here, since Keras resets them at the start of training and this callback runs last.
        for name, fields in self.callback_fields.items():
            self.callbacks[name].__dict__.update(fields)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logs = logs or {}
        if not (np.isfinite(logs.get("loss", np.nan)) and np.isfinite(logs.get("val_loss", np.nan))):
            # Keep the state of the last valid epoch.
            self.diverged = self.model.stop_training = True
            return
        logs.setdefault("learning_rate", float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)))
        before = self.epoch
        for name in (*self.goal.figures(), "learning_rate", "seconds", *(name for name in _SOMETIMES if name in logs)):
            # The state of an earlier version has no such value for the epochs before.
            self.history.setdefault(name, [np.nan] * before).append(float(logs[name]))
        self.stopped = bool(self.model.stop_training)
        self.callback_fields = {name: _plain_fields(callback) for name, callback in self.callbacks.items()}
        self._save()

    def best_epoch(self) -> int:
        """Epoch, from 1, with the best validation value."""
        values = np.array(self.history[self.goal.chosen_by])
        return 1 + int(np.argmax(values if self.goal.highest else -values))

    def best_file(self) -> Path:
        """File in which ModelCheckpoint saves the weights of the best epoch."""
        return self.folder / f"best-{self.best_epoch():03d}.weights.h5"

    def _check(self, note: dict[str, Any]) -> None:
        if note["fingerprint"] != self.fingerprint:
            raise ValueError(f"{self.file} belongs to other data or parameters; delete its folder to start again")

    def _unreadable(self, error: Exception) -> ValueError:
        return ValueError(f"{self.file} cannot be read ({error}); delete its folder to start again")

    def _assign(self, network: Any, note: dict[str, Any], values: dict[str, NDArray[Any]], phase: int) -> None:
        groups = {"network": network.variables}
        if note["phase"] == phase:
            # Each phase starts with a new optimizer and new callbacks.
            network.optimizer.build(network.trainable_variables)
            groups["optimizer"] = network.optimizer.variables
            self.callback_fields = note["callbacks"]
        for group, variables in groups.items():
            for i, variable in enumerate(variables):
                variable.assign(values[f"{group}{i}"])
        self.average.values = [values[f"average{i}"] for i in range(note["n_average"])]
        self.average.steps = note["average_steps"]
        self.history = note["history"]

    def _save(self) -> None:
        groups = {
            "network": [keras.ops.convert_to_numpy(v) for v in self.model.variables],
            "optimizer": [keras.ops.convert_to_numpy(v) for v in self.model.optimizer.variables],
            "average": self.average.values,
        }
        values = {f"{group}{i}": value for group, arrays in groups.items() for i, value in enumerate(arrays)}
        note = {
            "fingerprint": self.fingerprint,
            "history": self.history,
            "phase": self.phase,
            "stopped": self.stopped,
            "n_average": len(self.average.values),
            "average_steps": self.average.steps,
            "callbacks": self.callback_fields,
        }
        with atomic_file(self.file) as part:
            np.savez(part, note=np.array(json.dumps(note)), **values)
        for old in set(self.folder.glob("best-*.weights.h5")) - {self.best_file()}:
            old.unlink()


def _plain_fields(callback: Any) -> dict[str, Any]:
    names = ("best", "wait", "cooldown_counter", "stopped_epoch", "best_epoch")
    fields = {name: getattr(callback, name) for name in names if hasattr(callback, name)}
    return {name: float(value) if name == "best" else int(value) for name, value in fields.items() if value is not None}


class Clock(keras.callbacks.Callback):
    """Adds the duration of each epoch, in seconds, to its logs."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if logs is not None:
            logs["seconds"] = time.perf_counter() - self.start


class Progress(keras.callbacks.Callback):
    """Shows a progress bar, prints the values of each epoch, and draws the training curves."""

    def __init__(self, settings: Any, history: History, on_epoch: OnEpoch | None, goal: Goal) -> None:
        super().__init__()
        self.settings, self.history, self.listener, self.goal = settings, history, on_epoch, goal

    def on_train_begin(self, logs: Any = None) -> None:
        disable = None if self.settings.verbose else True
        self.bar = tqdm(desc=self.settings.architecture, unit="step", disable=disable, mininterval=1)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.bar.reset(self.params["steps"])
        self.bar.set_description(f"{self.settings.architecture} epoch {epoch + 1}/{self.settings.epochs}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if not self.history:
            return
        text = ", ".join(f"{name} {(logs or {}).get(name, np.nan):.4f}" for name in self.goal.figures())
        self.bar.set_postfix_str(text)
        if self.settings.verbose:
            curve = sparkline(self.history[self.goal.chosen_by])
            tqdm.write(f"epoch {epoch + 1}: {text}, {(logs or {}).get('seconds', np.nan):.1f} s {curve}")
        if self.settings.checkpoint_dir is not None:
            file = Path(self.settings.checkpoint_dir) / "curves.png"
            draw_curves(self.history, file, f"{self.settings.architecture}, epoch {epoch + 1}/{self.settings.epochs}")
        if self.listener is not None:
            self.listener(epoch + 1, {name: values[-1] for name, values in self.history.items()})

    def on_train_end(self, logs: Any = None) -> None:
        self.bar.close()
