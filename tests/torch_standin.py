"""A stand-in of PyTorch with the interface that opens TorchScript files, so that tests do not need PyTorch.

A file of it is an ``.npz`` with the weights of a linear map, and with what the model does beside answering.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_CODE = """
import contextlib
import os
import time
import numpy as np
from torch import jit

float32 = np.float32

class Tensor:
    def __init__(self, array):
        self.array = array

    @property
    def shape(self):
        return self.array.shape

    def to(self, kind):
        return Tensor(self.array.astype(kind))

    def numpy(self):
        return self.array

def from_numpy(array):
    assert array.dtype == np.float32 and array.flags.writeable
    return Tensor(array)

def inference_mode():
    return contextlib.nullcontext()
"""
_JIT = """
import os
import sys
import time
import numpy as np

def load(path, map_location=None):
    assert map_location == "cpu"
    try:
        content = np.load(path)
    except ValueError:
        raise RuntimeError("PytorchStreamReader failed locating file constants.pkl: file not found\\nat once") from None
    return Model(content["weights"], str(content["does"]))

class Model:
    def __init__(self, weights, does):
        self.weights, self.does = weights, does

    def eval(self):
        return self

    def __call__(self, images):
        import torch

        print("a message of the model on standard output")
        exec(self.does)
        answer = images.array.reshape(len(images.array), -1) @ self.weights
        return (torch.Tensor(answer),) if self.does == "'tuple'" else torch.Tensor(answer)
"""


def write_torch(folder: Path) -> Path:
    """Write the stand-in into a folder, with the metadata of a package; return the folder."""
    (folder / "torch").mkdir(parents=True)
    (folder / "torch" / "__init__.py").write_text(_CODE)
    (folder / "torch" / "jit.py").write_text(_JIT)
    info = folder / "torch-9.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 9.1\n")
    (info / "RECORD").write_text("torch/__init__.py,,\n")
    return folder


def write_script(path: Path, weights: NDArray[np.float32], does: str = "") -> Path:
    """Write a file that the stand-in opens; `does` is code that runs at each call."""
    with path.open("wb") as file:
        np.savez(file, weights=weights, does=does)
    return path
