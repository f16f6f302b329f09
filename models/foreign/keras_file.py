"""Convert a Keras file to ONNX, so that it is measured and saved like any other foreign model."""

import contextlib
import io
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.models.foreign.contract import Contract
from ferbench.utils import require


def convert_keras(file: Path, target: Path, contract: Contract) -> None:
    """Write a ``.keras`` file as ONNX.

    Keras opens it in safe mode: without lambda layers and without code from the file.

    Raises
    ------
    ImportError
        If the extra ``deep`` is not installed.
    ValueError
        If the file is damaged, needs code that Keras does not have, or contradicts the contract.
    """
    for module in ("keras", "tensorflow", "tf2onnx"):
        require(module, "a Keras model", extra="deep")
    import keras

    # Keras opens no file with a suffix in other letters.
    given, file = file, file if file.suffix == ".keras" else Path(shutil.copyfile(file, target.with_suffix(".keras")))
    try:
        network: Any = keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(f"{given}: Keras cannot open it in safe mode: {reason}") from error
    sides = {"n": 1, "c": contract.channels, "h": contract.height, "w": contract.width}
    try:
        # Keras can only export a network that was called before.
        network(np.zeros([sides[axis] for axis in contract.layout], np.float32))
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{given}: does not take the input of its contract; correct the contract: {reason}") from error
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        network.export(target, format="onnx", verbose=False)
