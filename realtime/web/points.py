"""The key-point model that a server offers, loaded when it is first asked for."""

import json
import threading
from pathlib import Path
from typing import Any

from ferbench.realtime import KeyPoints
from ferbench.realtime.recognition import find_points, finds_points
from ferbench.realtime.web.refusal import Refusal


class PointsOffer:
    """Key points for whoever wants them.

    Parameters
    ----------
    bundle : str, Path or None
        A key-point bundle's folder or shipped name; None offers none.
    on : bool
        Whether they are found where nobody says whether they are wanted.

    Raises
    ------
    FileNotFoundError
        If there is no such bundle.
    ValueError
        If the bundle is one of a recognizer.
    """

    def __init__(self, bundle: str | Path | None, *, on: bool = False) -> None:
        self._path = None if bundle is None else find_points(bundle)
        self.on = on and self._path is not None
        self._lock = threading.Lock()
        self._loaded: KeyPoints | None = None
        if self._path is not None and not finds_points(json.loads((self._path / "bundle.json").read_text())):
            # Its own words say what it is and what to do.
            self.get()

    def get(self) -> KeyPoints:
        """Return the model, loading it first where needed; may be called from any thread.

        Raises
        ------
        Refusal
            404 where there is none.
        """
        if self._path is None:
            message = "this server finds no key points: start it with --points and the folder of a key-point bundle"
            raise Refusal(404, "no_points", message)
        with self._lock:
            self._loaded = self._loaded or KeyPoints.load(self._path)
            return self._loaded

    def describe(self) -> dict[str, Any] | None:
        """Return what is known of the model without loading it; None where there is none."""
        return None if self._path is None else {"name": self._path.name, "on": self.on}
