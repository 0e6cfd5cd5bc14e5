"""A patch network turned into one that computes a whole map at once.

Sliding a patch network over an image computes almost everything many times:
neighbouring windows share most of their pixels. A network of ``valid``
convolutions, poolings and dense layers can instead run over the whole image,
layer by layer, and give exactly the numbers of the sliding window:

- A layer with stride p (a pooling) runs with its stride where the map's
  stride allows it. Where it does not, the layer runs once for each of its
  p x p offsets, and the results, *fragments*, go on side by side as a batch.
  Every later layer is then an ordinary convolution over the fragments.
- The first dense layer becomes a convolution over the pixels it flattened,
  the others become 1x1 convolutions.
- At the end the fragments are interleaved to one map.

Positions, with all numbers a side: the network's own stride after some
layers is ``c``; the grid that is kept is ``g``, a divisor of both ``c`` and
the map's stride; ``d = c / g`` fragments make up the grid, and fragment
``phase`` holds the positions ``g * (phase + d * m)``.

References:
    The fragments are those of A. Giusti, D. Ciresan, J. Masci, L. Gambardella,
    J. Schmidhuber, Fast image scanning with deep max-pooling convolutional
    neural networks, ICIP 2013.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

_IDENTITY_AT_TEST = ("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout")
_POINTWISE = ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Rescaling", "BatchNormalization")
_POOLINGS = ("MaxPooling2D", "AveragePooling2D")


@dataclass(frozen=True)
class Step:
    """One layer of the dense network and how it runs.

    Attributes:
        kind: ``"pointwise"``, ``"window"`` (convolution or pooling),
            ``"dense"``, or ``"vector"``: pointwise behind a dense layer.
        layer: The Keras layer.
        size: Side of the window in pixels of the layer's input.
        stride: Stride of the window.
        units: Channels of the output, ``None`` where they do not change.
    """

    kind: str
    layer: object
    size: int = 1
    stride: int = 1
    units: int | None = None


@dataclass(frozen=True)
class _Run:
    """A step at a given map stride: the fragments before and after it."""

    step: Step
    stride: int  # of the window, in pixels of a fragment
    offsets: int = 1  # a side, at which the step runs
    spacing: int = 1  # pixels between these offsets
    # For the first dense step: per fragment kept, its index in the batch,
    # and the (row, column) where its first cell lies.
    select: tuple[tuple[int, tuple[int, int]], ...] = ()


def patch_size(model: "keras.Model") -> int:
    """Return the side of the square patch that a model takes, in pixels.

    Args:
        model: Keras model with one input of shape ``(n, P, P, 3)`` and one
            output of shape ``(n, 1)``.

    Raises:
        ValueError: If the model is not such a patch network.
    """
    inputs, outputs = model.inputs, model.outputs
    shapes = [tuple(tensor.shape) for tensor in (*inputs, *outputs)]
    if (
        len(inputs) != 1
        or len(outputs) != 1
        or len(shapes[0]) != 4
        or shapes[0][1] is None
        or shapes[0][1] != shapes[0][2]
        or shapes[0][3] != 3
        or shapes[1][1:] != (1,)
    ):
        raise ValueError(
            "Expected a patch network, (n, P, P, 3) -> (n, 1). "
            f"Received: model {model.name!r} with inputs and outputs {shapes}."
        )
    return shapes[0][1]


def dense_steps(model: "keras.Model") -> tuple[list[Step] | None, str]:
    """Read a patch network as steps of a dense one.

    Args:
        model: Patch network as for `patch_size`.

    Returns:
        ``(steps, "")``, or ``(None, reason)`` when some layer has no dense
        form; such a network is run patch by patch.
    """
    steps, flattened = [], False
    side = patch_size(model)
    previous = None
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "InputLayer":
            previous = layer.output
            continue
        if layer.input is not previous:
            return None, f"layer {layer.name!r} is not in a plain chain"
        previous = layer.output
        if kind in _IDENTITY_AT_TEST:
            continue
        if kind == "Flatten":
            flattened = True
        elif kind in _POINTWISE or kind == "Dense" and flattened:
            axis = getattr(layer, "axis", -1)
            # Behind Flatten each value of a window has its own statistics, until a dense layer.
            own = axis not in (-1, 3) or (flattened and side != 1)
            if kind == "BatchNormalization" and own or kind == "PReLU":
                return None, f"layer {layer.name!r} ({kind}) does not treat all positions alike"
            if kind == "Dense":
                steps.append(Step("dense", layer, side, units=layer.units))
                side = 1
            else:
                steps.append(Step("vector" if flattened else "pointwise", layer))
        elif kind == "Conv2D" or kind in _POOLINGS:
            size = layer.kernel_size if kind == "Conv2D" else layer.pool_size
            problem = _window_problem(layer, kind, size)
            if problem:
                return None, f"layer {layer.name!r} has {problem}"
            stride = layer.strides[0]
            units = layer.filters if kind == "Conv2D" else None
            steps.append(Step("window", layer, size[0], stride, units))
            side = (side - size[0]) // stride + 1
        else:
            return None, f"layer {layer.name!r} ({kind}) has no dense form"
    if not flattened or side != 1:
        return None, "the network does not end in dense layers"
    return steps, ""


def _window_problem(layer, kind, size):
    """Say why a convolution or pooling cannot be made dense, or ''."""
    if layer.padding != "valid":
        return f"{layer.padding!r} padding, which sees the patch's border"
    if layer.data_format != "channels_last":
        return "channels first"
    if size[0] != size[1] or layer.strides[0] != layer.strides[1]:
        return "unequal sides"
    if kind == "Conv2D" and (layer.dilation_rate != (1, 1) or layer.groups != 1):
        return "dilation or groups"
    return ""


def _plan(steps, stride):
    """Lay out the steps at a map stride.

    Returns:
        ``(runs, targets, cells)``: the runs, the place of each fragment's
        first cell in the map, and the fragments a side.
    """
    runs, network, grid = [], 1, 1
    phases = [(0, 0)]
    for step in steps:
        if step.kind == "dense" and not any(run.select for run in runs):
            apart, spread = stride // grid, network // grid
            common = math.gcd(apart, spread)
            select, targets = [], []
            for index, phase in enumerate(phases):
                if phase[0] % common or phase[1] % common:
                    continue
                start = tuple(_first_cell(p, spread, apart) for p in phase)
                select.append((index, start))
                targets.append(
                    tuple((p + spread * m) // apart for p, m in zip(phase, start, strict=True))
                )
            runs.append(_Run(step, apart // common, select=tuple(select)))
            cells = spread // common
        elif step.stride == 1:
            runs.append(_Run(step, 1))
        else:
            spread = network // grid
            network *= step.stride
            finer = math.gcd(stride, network) if spread == 1 else grid
            spacing = finer // grid
            offsets = step.stride // spacing
            phases = [
                (row * spread + phase[0], column * spread + phase[1])
                for row in range(offsets)
                for column in range(offsets)
                for phase in phases
            ]
            runs.append(_Run(step, step.stride, offsets, spacing))
            grid = finer
    return runs, targets, cells


def _first_cell(phase, spread, apart):
    """The first m with ``phase + spread * m`` a multiple of ``apart``."""
    return next(m for m in range(apart) if (phase + spread * m) % apart == 0)


def build_dense(steps: list[Step], *, stride: int) -> Callable:
    """Build the function that maps whole images at a stride.

    Args:
        steps: From `dense_steps`.
        stride: Pixels between neighbouring cells, at least 1.

    Returns:
        A ``tf.function``: ``uint8`` images (n, H, W, 3), sides at least the
        patch's, to ``float32`` (n, rows, columns). Rows and columns are at
        least the number of window positions; what is beyond it is to be
        cut off.
    """
    import tensorflow as tf

    runs, targets, cells = _plan(steps, stride)
    order = np.argsort([row * cells + column for row, column in targets])

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)], autograph=False)
    def dense(images):
        x = tf.cast(images, tf.float32)
        fragments = 1
        for run in runs:
            if run.offsets > 1:
                x = _split(x, run)
                fragments *= run.offsets**2
            if run.select:
                x = _select(x, run, fragments)
            x = _apply(x, run)
        shape = tf.shape(x)
        count, rows, columns = shape[0] // len(order), shape[1], shape[2]
        x = tf.gather(tf.reshape(x, [len(order), count, rows, columns]), order)
        x = tf.reshape(x, [cells, cells, count, rows, columns])
        x = tf.transpose(x, [2, 3, 0, 4, 1])
        return tf.reshape(x, [count, rows * cells, columns * cells])

    return dense


def _split(x, run):
    """Stack the image shifted by each offset as a batch, offsets outermost."""
    import tensorflow as tf

    reach = (run.offsets - 1) * run.spacing
    rows, columns = tf.shape(x)[1], tf.shape(x)[2]
    x = tf.pad(x, [[0, 0], [0, reach], [0, reach], [0, 0]])
    shifts = range(0, reach + 1, run.spacing)
    return tf.concat(
        [x[:, top : top + rows, left : left + columns] for top in shifts for left in shifts],
        axis=0,
    )


def _select(x, run, fragments):
    """Keep the fragments with cells, each from its first cell on."""
    import tensorflow as tf

    starts = [start for _, start in run.select]
    if len(starts) == fragments and not any(map(any, starts)):
        return x
    reach = max(map(max, starts))
    rows, columns = tf.shape(x)[1], tf.shape(x)[2]
    pieces = tf.split(tf.pad(x, [[0, 0], [0, reach], [0, reach], [0, 0]]), fragments)
    return tf.concat(
        [
            pieces[index][:, top : top + rows, left : left + columns]
            for index, (top, left) in run.select
        ],
        axis=0,
    )


def _apply(x, run):
    """Run one layer on the fragments."""
    import tensorflow as tf

    step = run.step
    if step.kind == "vector":  # built for the values of one window, without places
        shape = tf.shape(x)
        return tf.reshape(step.layer(tf.reshape(x, [-1, x.shape[-1]]), training=False), shape)
    if step.kind != "dense":
        return step.layer(x, training=False) if step.kind == "pointwise" else step.layer(x)
    kernel = tf.reshape(step.layer.kernel, [step.size, step.size, -1, step.units])
    x = tf.nn.conv2d(x, kernel, run.stride, "VALID")
    if step.layer.use_bias:
        x = tf.nn.bias_add(x, step.layer.bias)
    return step.layer.activation(x)


def peak_bytes(steps: list[Step], *, stride: int, height: int, width: int) -> int:
    """Estimate the memory that one image of a size takes at its peak.

    Args:
        steps: From `dense_steps`.
        stride: Stride of the map.
        height: Image height in pixels.
        width: Image width in pixels.

    Returns:
        Bytes of the largest input and output of a layer that are alive
        together, with the copies that the fragments need.
    """
    channels, fragments, peak = 3, 1, 0
    for run in _plan(steps, stride)[0]:
        before = fragments * height * width * channels
        if run.offsets > 1:
            fragments *= run.offsets**2
        if run.select:
            fragments = len(run.select)
        input_size = fragments * height * width * channels
        height = max(1, (height - run.step.size) // run.stride + 1)
        width = max(1, (width - run.step.size) // run.stride + 1)
        channels = run.step.units or channels
        made = fragments * height * width * channels
        # Splitting and selecting hold the pieces and their concatenation at once.
        copied = 2 * max(before, input_size) if input_size != before else input_size
        peak = max(peak, 4 * max(copied, input_size + made))
    return peak
