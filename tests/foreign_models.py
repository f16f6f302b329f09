"""Small ONNX models with contracts, written for tests: a linear map of the input, as trained elsewhere."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LABELS = ["happy", "sad", "angry", "disgust", "fear", "neutral", "surprise"]


def write_model(
    path: Path,
    weights: NDArray[np.float32],
    shape: list[Any],
    *,
    softmax: bool = False,
    kind: int = TensorProto.FLOAT,
    before: tuple[Any, ...] = (),
    **options: Any,
) -> Path:
    """Write a model: flatten, multiply by the weights, softmax if asked; `before` are further nodes."""
    nodes = [*before, helper.make_node("Cast", ["x"], ["c"], to=TensorProto.FLOAT)]
    nodes += [helper.make_node("Flatten", ["c"], ["f"], axis=1), helper.make_node("MatMul", ["f", "w"], ["logits"])]
    nodes += [helper.make_node("Softmax", ["logits"], ["p"], axis=1)] if softmax else []
    output = helper.make_tensor_value_info("p" if softmax else "logits", TensorProto.FLOAT, ["n", weights.shape[1]])
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", kind, shape)],
        [output],
        [numpy_helper.from_array(weights, "w")],
    )
    opsets = options.pop("opsets", [helper.make_opsetid("", 17)])
    onnx.save_model(helper.make_model(graph, opset_imports=opsets, ir_version=9), path, **options)
    return path


def weights(size: int, n_labels: int = 7) -> NDArray[np.float32]:
    """Weights of a linear model, always the same."""
    return np.random.default_rng(0).normal(0, 0.05, (size, n_labels)).astype(np.float32)


def write_contract(model: Path, **changes: Any) -> Path:
    """Write the contract beside a model; a change of None leaves the key out."""
    table: dict[str, Any] = {"size": 24, "color": "gray", "layout": "nchw", "labels": LABELS, "output": "logits"}
    table |= {"scale": 255, "mean": 0.5, "deviation": 0.5, **changes}
    lines = [f"{key} = {_toml(value)}" for key, value in table.items() if value is not None]
    file = model.with_suffix(".toml")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _toml(value: Any) -> str:
    return repr(value).replace("'", '"') if isinstance(value, list | str) else str(value).lower()
