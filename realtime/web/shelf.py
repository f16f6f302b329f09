"""Provide the models of a server, each loaded at first use."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench.models import load_bundle
from ferbench.models.base import Priors, full_priors
from ferbench.models.bundles import uncertain_text
from ferbench.realtime import FaceEvent, Recognizer
from ferbench.realtime.drawing import color_of
from ferbench.realtime.recognition import check_recognizer
from ferbench.realtime.tracking import COMPOUNDS
from ferbench.realtime.web.refusal import Refusal


class Shelf:
    """Recognizers of a server by name, loaded at first use.

    Parameters
    ----------
    bundles : mapping of str to Path
        Folders of the bundles; the first is the default.
    provider : str, default="cpu"
        Execution provider of onnxruntime, see :func:`ferbench.models.load_bundle`.
    priors : {"uniform"}, str or mapping of str to float, optional
        Expected shares of the classes, for all models; see :class:`Recognizer`.

    Raises
    ------
    ValueError
        If `bundles` is empty, or `priors` do not fit one of them.
    """

    def __init__(self, bundles: Mapping[str, Path], provider: str = "cpu", priors: Priors | None = None) -> None:
        if not bundles:
            raise ValueError("no model to serve: name a bundle with --model, or create one with `ferbench run`")
        self._bundles, self._provider, self._priors = dict(bundles), provider, priors
        self.default = next(iter(self._bundles))
        self._descriptions = {name: _describe(name, path, priors) for name, path in self._bundles.items()}
        self._loaded: dict[str, Recognizer] = {}
        self._locks = {name: threading.Lock() for name in self._bundles}

    def check(self, name: str | None) -> str:
        """Check the name of a model and return it; None gives the default.

        Raises
        ------
        Refusal
            404 if the model does not exist.
        """
        if name is None:
            return self.default
        if name not in self._bundles:
            known = ", ".join(self._bundles)
            raise Refusal(404, "unknown_model", f"no model is called {name[:80]!r}; there are: {known}")
        return name

    def get(self, name: str | None = None) -> Recognizer:
        """Return a recognizer; loading it can take seconds. May be called from any thread."""
        name = self.check(name)
        with self._locks[name]:
            if name not in self._loaded:
                self._loaded[name] = self._load(name)
            return self._loaded[name]

    def _load(self, name: str) -> Recognizer:
        bundle = load_bundle(self._bundles[name], n_threads=1, provider=self._provider)
        return Recognizer(bundle, name=name, priors=self._priors)

    def describe(self) -> list[dict[str, Any]]:
        """Return the descriptions of all models without loading them."""
        return [{**about, "default": name == self.default} for name, about in self._descriptions.items()]

    def about(self, name: str) -> dict[str, Any]:
        """Return name, classes, colors and columns of one model."""
        return self._descriptions[name]


def _describe(name: str, path: Path, priors: Priors | None) -> dict[str, Any]:
    file = path / "bundle.json"
    if not file.is_file():
        raise FileNotFoundError(f"{path} is not a bundle: it has no bundle.json")
    info = json.loads(file.read_text())
    check_recognizer(info, path)
    classes, scores = info["labels"], info.get("scores", {})
    return {
        "name": name,
        "recipe": info.get("recipe", {}).get("name"),
        "kind": "network" if "model.onnx" in info["files"] else "classical",
        "classes": classes,
        "compounds": [name for pair, name in COMPOUNDS.items() if pair <= set(classes)],
        "colours": {label: color_of(label, classes) for label in classes},
        "columns": FaceEvent.columns(classes),
        "dataset": info.get("dataset", {}).get("name"),
        # The same split for all models: some have no figure on PrivateTest.
        "accuracy": scores.get("PublicTest", {}).get("accuracy"),
        "priors": None if priors is None else full_priors(priors, info, path),
        "uncertain": uncertain_text(info),
    }
