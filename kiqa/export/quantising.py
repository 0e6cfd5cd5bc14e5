"""Exported networks with weights of eight bits: a quarter of the size.

Weights of convolutions and dense layers become whole numbers, -127..127, with a
scale for each output channel. What runs through the network stays ``float32``:
eight bits of it lose too much, of `lite` whose features' variances are small
differences most of all. Weights alone need no images to calibrate with.

Public names: `Quantiser`, `ONNX`, `LITERT`, `QUANTISATIONS`.
"""

import io
import os
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_MOST = 127
_LEAST_SIZE = 1024  # values; AI Edge Quantizer leaves fewer as they are, too

# What can be asked for -> what kiqa.json says of it.
QUANTISATIONS = {
    "int8": {"weights": "int8, a scale for each output channel", "activations": "float32"}
}


@dataclass(frozen=True)
class Quantiser:
    """How networks of one format get weights of eight bits.

    Attributes:
        replace: Replaces the large weights of a file.
        modules: What must be importable, beside what the format needs.
    """

    replace: Callable[[Path], None]
    modules: tuple[str, ...] = ()


def _replace_onnx(path: Path) -> None:
    """Replace the large weights of a ``.onnx`` file."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(path)
    graph = model.graph
    stored = {each.name: each for each in graph.initializer}
    found, nodes = {}, []
    for node in graph.node:
        if node.op_type not in ("Conv", "Gemm", "MatMul") or node.input[1] not in stored:
            continue
        name = node.input[1]
        values = numpy_helper.to_array(stored[name])
        if values.dtype != np.float32 or values.ndim < 2 or values.size < _LEAST_SIZE:
            continue
        turned = any(each.name == "transB" and each.i for each in node.attribute)
        axis = 0 if node.op_type == "Conv" or turned else values.ndim - 1
        found[name] = (axis, *_whole(values, axis))
    for name, (axis, scale, whole) in found.items():
        parts = {f"{name}_int8": whole, f"{name}_scale": scale}
        graph.initializer.remove(stored[name])
        graph.initializer.extend(numpy_helper.from_array(*each[::-1]) for each in parts.items())
        nodes.append(helper.make_node("DequantizeLinear", list(parts), [name], axis=axis))
    for number, node in enumerate(nodes):
        graph.node.insert(number, node)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _whole(values, axis):
    """Scales of the channels of an axis, and the values over them, rounded."""
    others = tuple(each for each in range(values.ndim) if each != axis)
    scale = np.abs(values).max(axis=others, keepdims=True) / _MOST
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    return scale.ravel(), np.rint(values / scale).astype(np.int8)


def _replace_litert(path: Path) -> None:
    """Replace the large weights of a ``.tflite`` file."""
    from ai_edge_quantizer import quantizer, recipe

    worker = quantizer.Quantizer(os.fspath(path), recipe.weight_only_wi8_afp32())
    with redirect_stderr(io.StringIO()):  # bars of progress
        found = worker.quantize(enable_progress_bar=False, enable_progress_report=False)
    # A file that is open is read from the disk where it is needed: the new one is another.
    beside = path.with_suffix(".quantised")
    beside.write_bytes(found.quantized_model)
    beside.replace(path)


ONNX = Quantiser(_replace_onnx)
LITERT = Quantiser(_replace_litert, ("ai_edge_quantizer",))
