"""Quantize the network of a bundle to 8-bit integers.

The network gets a pair of quantize and dequantize nodes at each convolution (static quantization; Jacob et al., CVPR
2018), whose ranges come from calibration images. Activations and weights are unsigned. Processors without VNNI multiply
unsigned by signed bytes with an instruction that saturates at 16 bits, which costs up to three points of accuracy on
them; products of unsigned bytes take another way, which is exact on every processor.
"""

import contextlib
import io
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ferbench.features import check_images
from ferbench.models.base import import_onnxruntime
from ferbench.models.bundles.bundle import load_bundle
from ferbench.models.bundles.description import TASK, recognizer_sha256, write_description
from ferbench.models.bundles.files import NETWORK, file_sha256
from ferbench.utils import atomic_folder, require

PRECISION, SUFFIX = "int8", "-int8"
#: Number of calibration images; more change the ranges of the activations little.
CALIBRATION = 256
_BATCH = 32
# Operations of networks that hold 8-bit integers, also of those that were joined from several.
_IN_8_BITS = ("QuantizeLinear", "DequantizeLinear", "MatMulInteger", "QLinearConv")


def quantize_bundle(
    source: str | Path, target: str | Path, images: NDArray[np.uint8], *, progress: bool = False
) -> Path:
    """Write a bundle whose network computes with 8-bit integers.

    Parameters
    ----------
    source : str or Path
        Folder of a bundle with a float32 network.
    target : str or Path
        Folder to create.
    images : ndarray of shape (n_samples, height, width), uint8
        Calibration images: training images, never those of a test. A few hundred are enough.
    progress : bool, default=False
        Show a progress bar on a terminal.

    Returns
    -------
    Path
        The new folder. Its ``bundle.json`` has the field ``precision``, and no scores: those of the float32 network are
        not those of the new one.

    Raises
    ------
    ValueError
        If the bundle has no float32 network of expressions, the images do not fit it, or `target` exists.
    ImportError
        If the package onnx is not installed.
    """
    require("onnx", "int8 export", extra="deep")
    source, target = Path(source), Path(target)
    bundle = load_bundle(source)
    _check(bundle.info, source, target)
    images = check_images(images)
    if images.shape[1:] != bundle.image_shape:
        raise ValueError(f"{source} takes images of {bundle.image_shape} pixels; calibration got {images.shape[1:]}")
    # The calibrator joins the batches, so all must have the same length.
    images = images[: max(len(images) - len(images) % _BATCH, min(len(images), _BATCH))]
    with atomic_folder(target) as scratch:
        _quantize(source / NETWORK, scratch / NETWORK, images, progress=progress)
        write_description(scratch, _description(bundle.info, bundle.recipe, len(images), scratch))
    try:
        load_bundle(target)
    except ValueError:
        shutil.rmtree(target)
        raise
    return target


def precision_of(info: Mapping[str, Any]) -> str:
    """Return the precision of a bundle's network by its description: ``float32`` or ``int8``."""
    return str(info.get("precision", {}).get("type", "float32"))


def _check(info: Mapping[str, Any], source: Path, target: Path) -> None:
    if info.get("task") == TASK or NETWORK not in info["files"]:
        raise ValueError(f"{source}: int8 is for networks of expressions; this bundle has none")
    if "contract" in info:
        raise ValueError(f"{source} is a foreign network with an input contract of its own; int8 is for ferbench's own")
    if precision_of(info) != "float32":
        raise ValueError(f"{source} is {precision_of(info)} already; give the bundle of the float32 network")
    if target.exists():
        raise ValueError(f"{target} exists; choose another folder")


def _description(info: Mapping[str, Any], name: str, n_images: int, folder: Path) -> dict[str, Any]:
    """Return the description: that of the float32 network with the precision, without scores and calibration."""
    recipe = {**info.get("recipe", {}), "name": f"{name}{SUFFIX}"}
    precision = {"type": PRECISION, "of": name, "sha256": recognizer_sha256(info), "calibration_images": n_images}
    kept = {key: value for key, value in info.items() if key not in ("calibration", "scores", "sha256")}
    return {
        **kept,
        "recipe": recipe,
        "precision": precision,
        "versions": {**info["versions"], "onnx": version("onnx"), "onnxruntime": version("onnxruntime")},
        "files": {NETWORK: file_sha256(folder / NETWORK)},
    }


def _quantize(source: Path, target: Path, images: NDArray[np.uint8], *, progress: bool) -> None:
    import onnx

    import_onnxruntime()
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    graph = onnx.load(source).graph
    if any(node.op_type in _IN_8_BITS for node in graph.node):
        raise ValueError(f"{source.parent}: parts of this network have 8 bits already; give one in float32")
    bar = tqdm(_batches(images), desc="calibrate", unit="batch", disable=None if progress else True)
    with _silent():
        quantize_static(
            source,
            target,
            _Reader(graph.input[0].name, iter(bar)),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QUInt8,
            calibrate_method=CalibrationMethod.Percentile,
            nodes_to_exclude=_kept_in_float(graph.node),
            extra_options={"WeightSymmetric": True, "CalibPercentile": 99.999},
        )


def _kept_in_float(nodes: Sequence[Any]) -> list[str]:
    """Return the names of the nodes that stay in float32.

    These are all nodes to the end of the first residual block (without one, the first convolution), where rounding
    costs most and saves least, and everything after the last convolution.
    """
    places = [place for place, node in enumerate(nodes) if node.op_type == "Conv"]
    if not places:
        raise ValueError("the network has no convolution; int8 would not make it faster")
    sums = [place for place, node in enumerate(nodes) if node.op_type == "Add" and place > places[0]]
    # The activation after the sum belongs to the block; a sum behind the last convolution is that of the last layer.
    last = sums[0] + 1 if sums and sums[0] < places[-1] else places[0]
    return [node.name for place, node in enumerate(nodes) if place <= last or node.op_type in _ENDS]


_ENDS = ("GlobalAveragePool", "Squeeze", "MatMul", "Gemm", "Softmax")


def _batches(images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    return [images[start : start + _BATCH].astype(np.float32) for start in range(0, len(images), _BATCH)]


class _Reader:
    """Calibration batches as onnxruntime reads them, one after the other, then None."""

    def __init__(self, name: str, batches: Iterator[NDArray[np.float32]]) -> None:
        self.name, self.batches = name, batches

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        batch = next(self.batches, None)
        return None if batch is None else {self.name: batch}


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep the remarks of the quantizer, which are for its developers, off the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
