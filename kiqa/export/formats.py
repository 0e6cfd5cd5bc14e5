"""The formats: how a network is written in each, and how it is opened again.

Writing is Keras's own ``Model.export`` and ``Model.save``. Opening is what a user
of the file does, without kiqa, so that the comparison sees what they see.

Public names: `Format`, `FORMATS`, `Opened`, `check_installed`.
"""

import logging
import os
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kiqa.export.quantising import LITERT, ONNX, Quantiser
from kiqa.startup import quiet_log

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Opened:
    """An exported network, ready to run.

    Attributes:
        inputs: Shapes of its inputs, by name; ``None`` is any size.
        outputs: Names of its outputs, in the order of ``run``.
        run: From the inputs, ``float32``, by name, to the outputs.
    """

    inputs: dict[str, tuple[int | None, ...]]
    outputs: tuple[str, ...]
    run: Callable[[dict[str, np.ndarray]], list[np.ndarray]]

    @property
    def batches(self) -> bool:
        """Whether it takes several samples at a time."""
        return all(shape[0] is None for shape in self.inputs.values())


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        ending: Of a network's file; ``""`` where it is a folder.
        write: Writes a network, which has been called, to a path.
        open: Opens what ``write`` wrote.
        modules: What must be importable.
        extra: Of kiqa, that installs them.
        quantiser: Makes weights of eight bits, where the format has them.
    """

    ending: str
    write: Callable[["keras.Model", Path], None]
    open: Callable[[Path], Opened]
    modules: tuple[str, ...] = ()
    extra: str = ""
    quantiser: Quantiser | None = None


def check_installed(name: str, *, quantise: bool = False) -> None:
    """Refuse a format whose libraries are not installed; loads none of them.

    Args:
        name: A key of `FORMATS`.
        quantise: Whether the networks will be quantised.

    Raises:
        ImportError: With what is missing and how to install it.
    """
    form = FORMATS[name]
    modules = form.modules + (form.quantiser.modules if quantise and form.quantiser else ())
    missing = [module for module in modules if util.find_spec(module) is None]
    if missing:
        raise ImportError(
            f"Expected {', '.join(modules)} for the format {name}. Received: no "
            f"{' and no '.join(missing)}. Install: pip install 'kiqa[{form.extra}]'."
        )


def _write_saved_model(network, path):
    with _silent():
        network.export(path, format="tf_saved_model", verbose=False)


def _open_saved_model(path):
    import tensorflow as tf

    loaded = tf.saved_model.load(os.fspath(path))
    signature = loaded.signatures["serving_default"]
    specs = signature.structured_input_signature[1]
    outputs = tuple(sorted(signature.structured_outputs))

    def run(arrays):
        inputs = {name: tf.constant(array) for name, array in arrays.items()}
        found = loaded.signatures["serving_default"](**inputs)  # whose variables go with `loaded`
        return [found[name].numpy() for name in outputs]

    return Opened({name: tuple(spec.shape) for name, spec in specs.items()}, outputs, run)


def _write_onnx(network, path):
    with _silent():
        network.export(path, format="onnx", verbose=False)


def _open_onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(os.fspath(path), providers=["CPUExecutionProvider"])
    inputs = {
        each.name: tuple(side if isinstance(side, int) else None for side in each.shape)
        for each in session.get_inputs()
    }
    return Opened(
        inputs,
        tuple(each.name for each in session.get_outputs()),
        lambda arrays: session.run(None, arrays),
    )


def _write_litert(network, path):
    import keras
    import tensorflow as tf

    options: dict[str, Any] = {
        # Built-in operations only: others ("flex") need TensorFlow where the file is run.
        "target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    }
    loops = (keras.layers.RNN, keras.layers.Bidirectional)
    if any(isinstance(layer, loops) for layer in network.layers):
        # Lists of tensors, which a loop over steps fills, must know what they hold.
        (tensor,) = network.inputs
        shape = (1, *tensor.shape[1:])
        spec = keras.InputSpec(shape=shape, dtype="float32", name=tensor.name)
        options["input_signature"] = [spec]
    with _silent():
        network.export(path, format="litert", verbose=False, **options)


def _open_litert(path):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=os.fspath(path))
    signature = interpreter.get_signature_runner("serving_default")
    inputs = {
        name: tuple(None if side < 0 else int(side) for side in detail["shape_signature"])
        for name, detail in signature.get_input_details().items()
    }
    outputs = tuple(sorted(signature.get_output_details()))

    def run(arrays):
        found = signature(**arrays)
        return [found[name] for name in outputs]

    return Opened(inputs, outputs, run)


def _write_keras(network, path):
    with _silent():
        network.save(path)


def _open_keras(path):
    import keras

    network = keras.models.load_model(path, compile=False)
    named = network.output if isinstance(network.output, dict) else network.output_names

    inputs = {tensor.name: tuple(tensor.shape) for tensor in network.inputs}

    def run(arrays):
        values = [arrays[name] for name in inputs]
        found = network(values if len(values) > 1 else values[0], training=False)
        return [np.asarray(value) for value in keras.tree.flatten(found)]

    return Opened(inputs, tuple(sorted(named)), run)


@contextmanager
def _silent():
    """Without what libraries log, warn of and print, which is for their developers."""
    loggers = [logging.getLogger(name) for name in ("absl", "tensorflow", "tf2onnx")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(action="ignore"), quiet_log(whole=True):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


FORMATS = {
    "saved-model": Format("", _write_saved_model, _open_saved_model),
    "onnx": Format(
        ".onnx", _write_onnx, _open_onnx, ("onnx", "onnxruntime", "tf2onnx"), "onnx", ONNX
    ),
    "litert": Format(".tflite", _write_litert, _open_litert, ("ai_edge_litert",), "litert", LITERT),
    "keras": Format(".keras", _write_keras, _open_keras),
}
