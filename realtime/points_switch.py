"""Key points switched on and off while a pipeline runs."""

import threading
from collections.abc import Callable

from ferbench.realtime.pipeline import Pipeline
from ferbench.realtime.recognition import KeyPoints


class PointsSwitch:
    """Shows and hides the key points of a window, and loads their model when it is first wanted.

    Parameters
    ----------
    pipeline : Pipeline
        The running pipeline. If it finds key points from the start, they stay in what is written to files, and only
        the window hides them; if not, they are found only while they are shown, and cost nothing before.
    load : callable
        Makes the key-point model; called at most once with success, in a thread of its own.

    Attributes
    ----------
    shown : bool
        Whether the window is to draw them.
    message : str or None
        What the viewer should know: that the model is loading, or why it did not work.
    """

    def __init__(self, pipeline: Pipeline, load: Callable[[], KeyPoints]) -> None:
        self.shown = pipeline.points is not None
        self.message: str | None = None
        self._pipeline, self._load = pipeline, load
        self._kept, self._points = self.shown, pipeline.points
        self._lock = threading.Lock()

    def toggle(self) -> None:
        """Show them if they are hidden, and hide them if they are shown; returns at once."""
        self.shown = not self.shown
        self.message = None
        if self.shown and self._points is None:
            self.message = "loading the key points"
            threading.Thread(target=self._fetch, name="ferbench-points", daemon=True).start()
        else:
            self._apply()

    def _fetch(self) -> None:
        # One at a time: a key pressed meanwhile only says whether they are to be shown.
        with self._lock:
            try:
                self._points = self._points or self._load()
                self.message = None
            except (ValueError, OSError, ImportError) as error:
                self.message, self.shown = " ".join(str(error).split()), False
        self._apply()

    def _apply(self) -> None:
        self._pipeline.switch_points(self._points if self.shown or self._kept else None)
