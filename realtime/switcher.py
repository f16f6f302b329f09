"""Change the recognizer of a running pipeline without stopping it."""

import threading
from collections.abc import Callable, Sequence

from ferbench.realtime.pipeline import Pipeline
from ferbench.realtime.recognition import Recognizer


class ModelSwitcher:
    """Switch that loads recognizers by number in the background and passes them to a pipeline.

    Parameters
    ----------
    pipeline : Pipeline
        The running pipeline.
    names : sequence of str
        Names of the recognizers; at most nine, for the keys 1 to 9.
    load : callable
        Returns the recognizer of a name. It is called in a background thread, once per name.

    Attributes
    ----------
    names : tuple of str
        Names of the recognizers.
    message : str or None
        Message for the viewer: which model is loading, or why it could not be loaded.
    """

    def __init__(self, pipeline: Pipeline, names: Sequence[str], load: Callable[[str], Recognizer]) -> None:
        self.names = tuple(names)[:9]
        self.message: str | None = None
        self._pipeline, self._load = pipeline, load
        self._classes = set(pipeline.recognizer.classes_)
        self._loaded: dict[str, Recognizer] = {}
        self._lock = threading.Lock()
        self._wanted: str | None = None

    def choose(self, number: int) -> None:
        """Switch to the recognizer with the given number, starting at 1; returns at once."""
        if not 1 <= number <= len(self.names):
            known = f"1 to {len(self.names)}" if len(self.names) > 1 else "only 1"
            self.message = f"no model {number}; there is {known}"
            return
        self._wanted = self.names[number - 1]
        self.message = f"loading {self._wanted}"
        threading.Thread(target=self._switch, args=(self._wanted,), name="ferbench-model", daemon=True).start()

    def _switch(self, name: str) -> None:
        # Only one load at a time. Further keys wait here, and the last one pressed is used.
        with self._lock:
            if name != self._wanted:
                return
            try:
                recognizer = self._loaded.get(name) or self._load(name)
            except (ValueError, OSError, ImportError) as error:
                self.message = " ".join(str(error).split())
                return
            if set(recognizer.classes_) != self._classes:
                self.message = f"{name} has other labels than the model of this run"
                return
            self._loaded[name] = recognizer
            if name == self._wanted:
                self._pipeline.switch(recognizer)
                self.message = None
