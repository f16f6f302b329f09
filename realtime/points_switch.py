"""Switch key points on and off while a pipeline runs."""

import threading
from collections.abc import Callable

from ferbench.realtime.pipeline import Pipeline
from ferbench.realtime.recognition import KeyPoints


class PointsSwitch:
    """Switch that shows and hides key points in a window, and loads their model at first use.

    Parameters
    ----------
    pipeline : Pipeline
        The running pipeline. If it finds key points from the start, the switch only hides them in the window, and files
        still contain them. Otherwise they are found only while they are shown.
    load : callable
        Returns the key-point model. It is called in a background thread, and not again once it succeeded.

    Attributes
    ----------
    shown : bool
        Whether the window draws the key points.
    message : str or None
        Message for the viewer: the model is loading, or why it could not be loaded.
    """

    def __init__(self, pipeline: Pipeline, load: Callable[[], KeyPoints]) -> None:
        self.shown = pipeline.points is not None
        self.message: str | None = None
        self._pipeline, self._load = pipeline, load
        self._kept, self._points = self.shown, pipeline.points
        self._lock = threading.Lock()

    def toggle(self) -> None:
        """Show or hide the key points; returns at once."""
        self.shown = not self.shown
        self.message = None
        if self.shown and self._points is None:
            self.message = "loading the key points"
            threading.Thread(target=self._fetch, name="ferbench-points", daemon=True).start()
        else:
            self._apply()

    def _fetch(self) -> None:
        # Only one load at a time. Pressing the key during a load only changes whether the points are shown.
        with self._lock:
            try:
                self._points = self._points or self._load()
                self.message = None
            except (ValueError, OSError, ImportError) as error:
                self.message, self.shown = " ".join(str(error).split()), False
        self._apply()

    def _apply(self) -> None:
        self._pipeline.switch_points(self._points if self.shown or self._kept else None)
