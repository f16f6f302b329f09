"""Write ONNX graphs node by node, for recognizers that are compiled to one network."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Versions that Keras writes as well, so that its networks can be included.
OPSET, IR_VERSION = 15, 8
INPUT, OUTPUT = "images", "probabilities"
# Quantized numbers are unsigned bytes around this one. Products of signed bytes saturate on processors without VNNI.
ZERO = 128


class Graph:
    """An ONNX graph under construction; values are known by their names.

    Its input, the value ``images``, holds float32 gray values 0 to 255 of shape (n_samples, height, width).

    Parameters
    ----------
    image_shape : tuple of (int, int)
        Height and width of the images, in pixels.
    int8 : bool, default=False
        Whether `project` stores its matrix and computes with 8-bit integers, in a quarter of the memory.
    """

    def __init__(self, image_shape: tuple[int, int], *, int8: bool = False) -> None:
        self.image_shape = image_shape
        self.int8 = int8
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._names: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """Add an array of numbers and return its name; equal arrays are stored once."""
        from onnx import numpy_helper

        array = np.asarray(values, dtype, order="C")
        key = (array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).digest())
        if key not in self._names:
            self._names[key] = f"constant{len(self._constants)}"
            self._constants.append(numpy_helper.from_array(array, self._names[key]))
        return self._names[key]

    def add(self, operator: str, *inputs: "str | float | NDArray[Any]", **attributes: Any) -> str:
        """Add a node of an operator and return the name of its result; numbers and arrays become float32 constants."""
        from onnx import helper

        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        result = f"{operator.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, names, [result], name=result, **attributes))
        return result

    def reshape(self, value: str, *shape: int) -> str:
        """Reshape a value; 0 keeps the length of an axis, and -1 is what is left."""
        return self.add("Reshape", value, self.constant(shape, np.int64))

    def crop(self, value: str, axis: int, start: int, stop: int, step: int = 1) -> str:
        """Return a part of a value along one axis; a step of -1 reverses it."""
        return self.add("Slice", value, *(self.constant([number], np.int64) for number in (start, stop, axis, step)))

    def split(self, value: str, axis: int, sizes: Sequence[int] | NDArray[np.intp]) -> list[str]:
        """Cut a value along one axis into parts of these lengths."""
        from onnx import helper

        results = [f"split{len(self._nodes)}_{part}" for part in range(len(sizes))]
        inputs = [value, self.constant(sizes, np.int64)]
        self._nodes.append(helper.make_node("Split", inputs, results, name=results[0], axis=axis))
        return results

    def mirror(self, images: str) -> str:
        """Exchange left and right of images."""
        return self.crop(images, 2, -1, np.iinfo(np.int64).min, -1)

    def sum(self, value: str, axis: int) -> str:
        """Sum along one axis, which is kept with length one."""
        return self.add("ReduceSum", value, self.constant([axis], np.int64), keepdims=1)

    def unit(self, value: str, least: float = 1e-12) -> str:
        """Scale to unit length along the last axis; vectors shorter than `least` are divided by `least`."""
        return self.add("Div", value, self.add("Max", self.add("ReduceL2", value, axes=[-1], keepdims=1), least))

    def project(self, value: str, matrix: NDArray[np.float32], largest: float) -> str:
        """Multiply rows by a matrix of shape (n_columns, n_results), with 8-bit integers if the graph has them.

        Parameters
        ----------
        value : str
            Rows of shape (n_samples, n_columns).
        matrix : ndarray of shape (n_columns, n_results), float32
        largest : float
            Largest magnitude of the rows that 8-bit integers express; larger ones are clipped.
        """
        if not self.int8:
            return self.add("MatMul", value, matrix)
        step = np.float32(largest / (ZERO - 1))
        steps = np.maximum(np.abs(matrix).max(axis=0), np.float32(1e-30)) / np.float32(ZERO - 1)
        zero = self.constant(ZERO, np.uint8)
        rounded = self.constant(np.rint(matrix / steps) + ZERO, np.uint8)
        product = self.add("MatMulInteger", self.add("QuantizeLinear", value, float(step), zero), rounded, zero, zero)
        return self.add("Mul", self.add("Cast", product, to=_float_type()), steps * step)

    def include(self, file: Path, images: str) -> str:
        """Add the network of an ONNX file, which reads its images from `images`, and return its first output."""
        import onnx
        from onnx import compose

        model = onnx.load(file)
        opset = next(each.version for each in model.opset_import if each.domain == "")
        if opset != OPSET:
            raise ValueError(f"{file} is a network of opset {opset}; only those of opset {OPSET} can be joined")
        graph = compose.add_prefix(model, f"network{len(self._nodes)}_").graph
        inputs = {graph.input[0].name: images}
        for node in graph.node:
            node.input[:] = [inputs.get(name, name) for name in node.input]
        self._nodes += list(graph.node)
        self._constants += list(graph.initializer)
        return str(graph.output[0].name)

    def content(self, result: str, n_classes: int) -> bytes:
        """Return the content of the ONNX file whose only output is `result`, of shape (n_samples, n_classes)."""
        import onnx
        from onnx import TensorProto, helper

        nodes = [*self._nodes, helper.make_node("Identity", [result], [OUTPUT], name=OUTPUT)]
        images = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n_samples", *self.image_shape])
        answer = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n_samples", n_classes])
        graph = helper.make_graph(nodes, "recognizer", [images], [answer], self._constants)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="ferbench")
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())


def _float_type() -> int:
    from onnx import TensorProto

    return int(TensorProto.FLOAT)
