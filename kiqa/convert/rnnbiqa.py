"""The authors' RNN-BIQA, exported from Matlab as arrays: extractor and recurrent network.

Matlab's own files of networks hold objects that only Matlab reads. What is read here
are arrays, in one ``.npz`` or ``.mat`` file, named LAYER__PROPERTY after Matlab's
names of both; docs/convert.md has the lines that write them. Layers are those of
Matlab's ``resnet50`` (``conv1``, ``bn_conv1``, ``res2a_branch2a`` and so on), whose
classes are not needed, and those of the recurrent network as Matlab numbers them:

- ``sequenceinput__Mean``, features;
- ``fc_1__Weights`` (out, in) and ``fc_1__Bias``, ``fc_2`` likewise;
- ``gru_1`` to ``gru_4``: ``InputWeights`` (3 units, in), ``RecurrentWeights`` (3 units,
  units) and ``Bias`` (3 units, or 6 with a recurrent one): reset, update, candidate.

Public names: `convert_rnnbiqa`.

References:
    github.com/jarikorhonen/rnnbiqa; Korhonen et al. 2021; MathWorks, gruLayer.
"""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kiqa.constants import RNN_BIQA, RNN_BIQA_CODE
from kiqa.convert.written import write_converted
from kiqa.io.arrays import read_npz
from kiqa.io.files import sha256_of
from kiqa.io.mat_files import read_mat
from kiqa.io.state_dicts import check_tensors
from kiqa.io.weights import Companion, check_h5_name

if TYPE_CHECKING:
    import keras

_BYTES = 1 << 30  # of the file; both networks have 120 megabytes
_BLOCKS = {2: "abc", 3: "abcd", 4: "abcdef", 5: "abc"}
_BRANCHES = {"branch2a": 1, "branch2b": 2, "branch2c": 3, "branch1": 0}
_NORM = ("Scale", "Offset", "TrainedMean", "TrainedVariance")
_CLASSES = ("fc__", "fc1000__", "new_fc__")  # heads of the extractor, which are not needed
_MEAN = "input_1__Mean"
_FORM = ("downscaling", "short_axis", "small_images")


def convert_rnnbiqa(source: str | os.PathLike, output: str | os.PathLike) -> Path:
    """Convert both networks.

    Args:
        source: The arrays, ``.npz`` or ``.mat``.
        output: File of the recurrent network, ending in ``.h5``; its stem is the
            model's name. The extractor is written beside it as ``STEM_features.h5``.

    Returns:
        The path of the recurrent network.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such file, or arrays are missing, extra, of another
            shape or not finite.
        OSError: If writing fails.
    """
    from kiqa.models.rnn_biqa import build_rnn_biqa
    from kiqa.models.rnn_features import build_extractor, without_head

    source, output = Path(source), Path(output)
    check_h5_name(output)  # before the extractor is written beside it
    found = {
        name: np.asarray(value)
        for name, value in _arrays(source).items()
        if not name.startswith(("__", *_CLASSES))
    }
    mean = found.get("sequenceinput__Mean")
    if mean is not None and mean.dtype.kind not in "fiu":
        raise ValueError(
            f"Expected numbers as sequenceinput__Mean in {source}. Received: {mean.dtype}."
        )
    network = build_rnn_biqa(
        masked=RNN_BIQA_CODE.masked, mean=None if mean is None else mean.ravel().tolist()
    )
    extractor = without_head(build_extractor("resnet50"))
    places = [*_extractor_places(extractor), *_recurrent_places(network)]
    shapes = {name: shape for _, named in places for name, shape in named.items()}
    shapes[_MEAN] = (3,)
    shapes["sequenceinput__Mean"] = (network.input_shape[-1],)
    flat = {name: _as_expected(name, found[name], shapes.get(name)) for name in found}
    for name in [name for name in flat if name.startswith("gru_") and name.endswith("__Bias")]:
        if flat[name].size == 2 * shapes.get(name, (0,))[0]:
            shapes[name] = (flat[name].size,)
    check_tensors(flat, shapes, source)
    _check_mean(flat[_MEAN], extractor, source)
    for layer, named in places:
        layer.set_weights(_values(layer, {name.split("__")[1]: flat[name] for name in named}))
    write = partial(write_converted, source=source, project="rnnbiqa", higher_is_better=True)
    features = output.with_name(f"{output.stem}_features.h5")
    scale = "features, at least 0"
    features = write(extractor, features, scale=scale, mode="rnn-features", backbone="resnet50")
    return write(
        network,
        output,
        scale="0..1",
        mode="rnn-biqa",
        pooling="rnn",
        masked=RNN_BIQA_CODE.masked,
        multi_resolution=True,
        form={key: getattr(RNN_BIQA_CODE, key) for key in _FORM},
        companions={"extractor": Companion(features.stem, sha256_of(features))},
    )


def _extractor_places(model: "keras.Model") -> Iterator[tuple]:
    """Layers of the extractor, each with the names and shapes of its arrays."""
    names = {"conv1": "conv1_conv", "bn_conv1": "conv1_bn"}
    for stage, letters in _BLOCKS.items():
        for block, letter in enumerate(letters, start=1):
            for branch, number in _BRANCHES.items():
                if branch == "branch1" and letter != "a":
                    continue
                ours = f"conv{stage}_block{block}_{number}"
                names[f"res{stage}{letter}_{branch}"] = f"{ours}_conv"
                names[f"bn{stage}{letter}_{branch}"] = f"{ours}_bn"
    for theirs, ours in names.items():
        layer = model.get_layer(ours)
        if ours.endswith("_bn"):
            count = layer.gamma.shape[0]
            shapes = {f"{theirs}__{part}": (count,) for part in _NORM}
            yield layer, shapes | {f"{theirs}__Epsilon": (1,)}
        else:
            kernel = tuple(layer.kernel.shape)
            yield layer, {f"{theirs}__Weights": kernel, f"{theirs}__Bias": kernel[-1:]}


def _recurrent_places(model: "keras.Model") -> Iterator[tuple]:
    """Layers of the recurrent network, likewise."""
    for theirs, ours in (("fc_1", "hidden"), ("fc_2", "score")):
        layer = model.get_layer(ours)
        inputs, units = layer.kernel.shape
        yield layer, {f"{theirs}__Weights": (units, inputs), f"{theirs}__Bias": (units,)}
    for number, units in enumerate(RNN_BIQA.gru_units, start=1):
        layer = model.get_layer(f"gru{number}")
        inputs = layer.get_weights()[0].shape[0]
        yield (
            layer,
            {
                f"gru_{number}__InputWeights": (3 * units, inputs),
                f"gru_{number}__RecurrentWeights": (3 * units, units),
                f"gru_{number}__Bias": (3 * units,),
            },
        )


def _as_expected(name, value, shape):
    """Without the axes of length one that Matlab adds; a mean image as its mean colour."""
    if name == _MEAN and value.ndim == 3:
        return value.mean(axis=(0, 1))
    if shape is None:
        return value
    long, wanted = ([length for length in sides if length != 1] for sides in (value.shape, shape))
    if len(shape) == 1:
        return value.reshape(-1) if len(long) < 2 else value
    return value.reshape(shape) if long == wanted else value


def _check_mean(mean, extractor, source):
    """The colour that Matlab subtracts must be the one in our graph."""
    ours = -np.asarray(extractor.get_layer("centre").offset, np.float64)
    if np.abs(mean - ours).max() > 0.5:
        raise ValueError(
            f"{source}: Expected {_MEAN} near {ours.round(2).tolist()}, red, green and blue, of "
            f"Matlab's resnet50. Received: {np.round(mean, 2).tolist()}. Is it another network?"
        )


def _values(layer, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The weights of a layer of ours from the arrays of theirs."""
    if "Scale" in arrays:
        variance = arrays["TrainedVariance"] + arrays["Epsilon"] - layer.epsilon
        return [*(arrays[part] for part in _NORM[:3]), np.maximum(variance, 0)]
    if "InputWeights" in arrays:
        units = layer.units
        bias = arrays["Bias"].reshape(-1, 3 * units)
        bias = np.concatenate([bias, np.zeros((2 - len(bias), 3 * units))])
        return [
            _turned(arrays["InputWeights"].T, units),
            _turned(arrays["RecurrentWeights"].T, units),
            _turned(bias, units),
        ]
    kernel = arrays["Weights"]
    return [kernel.T if kernel.ndim == 2 else kernel, arrays["Bias"]]


def _turned(values, units):
    """Gates in Keras's order: update, reset, candidate."""
    reset, update, candidate = np.split(values, [units, 2 * units], axis=1)
    return np.concatenate([update, reset, candidate], axis=1)


def _arrays(source):
    if source.suffix != ".mat":
        return read_npz(source, max_bytes=_BYTES)
    try:
        return read_mat(source, max_bytes=_BYTES)
    except ValueError as error:
        raise ValueError(
            f"Expected a Matlab file of version 5 to 7 (save -v7). Received: {source} ({error}). "
            "Save it again."
        ) from error
