"""Provide the key-point model of a server, loaded at first use."""

import json
import threading
from pathlib import Path
from typing import Any

from ferbench.realtime import KeyPoints
from ferbench.realtime.recognition import find_points, finds_points
from ferbench.realtime.web.refusal import Refusal


class PointsOffer:
    """Optional key-point model of a server, loaded at first use.

    Parameters
    ----------
    bundle : str, Path or None
        Folder or shipped name of a key-point bundle; None for no key points.
    on : bool
        Whether key points are found by default.
    provider : str, default="cpu"
        Execution provider of onnxruntime, see :func:`ferbench.models.load_bundle`.

    Raises
    ------
    FileNotFoundError
        If the bundle does not exist.
    ValueError
        If the bundle is a recognizer.
    """

    def __init__(self, bundle: str | Path | None, *, on: bool = False, provider: str = "cpu") -> None:
        self._provider = provider
        self._path = None if bundle is None else find_points(bundle)
        self.on = on and self._path is not None
        self._lock = threading.Lock()
        self._loaded: KeyPoints | None = None
        if self._path is not None and not finds_points(json.loads((self._path / "bundle.json").read_text())):
            # The original error already contains the remedy.
            self.get()

    def get(self) -> KeyPoints:
        """Return the model, loaded if necessary; may be called from any thread.

        Raises
        ------
        Refusal
            404 if there is none.
        """
        if self._path is None:
            message = "this server has no key-point model; start it with --points and the folder of a key-point bundle"
            raise Refusal(404, "no_points", message)
        with self._lock:
            self._loaded = self._loaded or KeyPoints.load(self._path, provider=self._provider)
            return self._loaded

    def describe(self) -> dict[str, Any] | None:
        """Return the description of the model without loading it; None if there is none."""
        return None if self._path is None else {"name": self._path.name, "on": self.on}
