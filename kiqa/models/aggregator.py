"""Aggregator: the quality of an image from a stack of its indicator maps.

In: a stack of maps of shape (rows, columns, 3), any resolution of at least
`LEAST_CELLS` cells a side: FISH over 30, gray in 0..1, Patchnet's quality map
(`kiqa.maps.stack`). Out: one score, linear, trained on the MOS in 0..1,
higher is better. DenseNet-169 without its class head, a 1x1 convolution to
one channel (the spatial quality map), and a global maximum over it.

Five layers of DenseNet halve the resolution: one value of the spatial quality
map stands for 32x32 cells of the stack. `spatial_model` gives that map as
output, `spatial_grid` says where its values lie.

Trained weights: ``weights/aggregator.h5``.

References:
    Thesis, section 5.4. G. Huang, Z. Liu, L. van der Maaten, K. Weinberger,
    Densely connected convolutional networks, CVPR 2017.
"""

import os

import keras

from kiqa.models.keras_cache import keras_imagenet_file
from kiqa.models.layer_seeds import layer_seeds

# Keras states 32 as the least side of DenseNet. Measured: from 29 cells on the
# last feature map has one row, below it has none and Keras raises.
LEAST_CELLS = 32

_POOLINGS = {"max": "GlobalMaxPooling2D", "mean": "GlobalAveragePooling2D"}


def build_aggregator(
    *, weights: str | os.PathLike | None = None, pooling: str = "max", seed: int | None = None
) -> keras.Model:
    """Build the aggregator.

    Args:
        weights: ``None`` draws random weights. ``"imagenet"`` takes Keras's
            ImageNet weights for the body, from its cache of models; nothing
            is downloaded. A path is a ``.h5`` file of those
            (``..._notop.h5``) or of an aggregator.
        pooling: ``"max"`` as in the thesis, or ``"mean"``: how the spatial
            quality map becomes one score.
        seed: Makes the random weights reproducible. ``None`` draws new ones
            at each call.

    Returns:
        Functional ``keras.Model``: stacks of shape (n, rows, columns, 3), at
        least `LEAST_CELLS` rows and columns, to (n, 1), higher is better. All
        layers are in one flat graph, ``quality_map`` before ``quality``; these
        two compute in float32 under mixed precision too.

    Raises:
        ValueError: If the pooling is unknown, or the file is of another
            network.
        FileNotFoundError: If there is no such file; for ``"imagenet"`` the
            message says which one, and where to put it.

    References:
        Thesis, section 5.4.
    """
    if pooling not in _POOLINGS:
        raise ValueError(f"Expected pooling to be 'max' or 'mean'. Received: {pooling!r}.")
    if weights == "imagenet":
        weights = keras_imagenet_file("densenet169")
    path = None if weights is None else os.fspath(weights)
    if path is not None and not os.path.isfile(path):
        raise FileNotFoundError(
            f"Expected weights None, 'imagenet' or the path of a .h5 file. Received: {path}, not "
            "there. Correct the path."
        )
    draw = layer_seeds(seed)

    def initializer():
        return keras.initializers.GlorotUniform(seed=draw())

    inputs = keras.Input((None, None, 3), name="maps")
    body = keras.applications.DenseNet169(include_top=False, weights=None, input_tensor=inputs)
    for layer in body.layers:
        if isinstance(layer, keras.layers.Conv2D) and weights is None and seed is not None:
            layer.kernel.assign(initializer()(layer.kernel.shape))
        elif isinstance(layer, keras.layers.ZeroPadding2D):
            # Keras numbers the two through the process; names are the file format.
            layer.name = "conv1_pad" if layer.padding[0][0] == 3 else "pool1_pad"
    quality_map = keras.layers.Conv2D(
        1, 1, kernel_initializer=initializer(), dtype="float32", name="quality_map"
    )(body.output)
    pool = getattr(keras.layers, _POOLINGS[pooling])(dtype="float32", name="quality")
    model = keras.Model(inputs, pool(quality_map), name="aggregator")
    if path is not None:
        _load(model, body, path)
    return model


def spatial_model(model: keras.Model) -> keras.Model:
    """Return the aggregator up to its spatial quality map.

    Args:
        model: From `build_aggregator` or a file of one.

    Returns:
        Model that shares the layers and weights: stacks of shape (n, rows,
        columns, 3) to the map before pooling, (n, rows // 32, columns // 32,
        1), or one more where a side leaves a remainder of 29 or more.

    Raises:
        ValueError: If the model has no layer ``quality_map``.
    """
    names = [layer.name for layer in model.layers]
    if "quality_map" not in names:
        raise ValueError(
            "Expected an aggregator, with a layer 'quality_map' before the pooling. Received: "
            f"{model.name!r}, whose last layers are {names[-3:]}."
        )
    output = model.get_layer("quality_map").output
    return keras.Model(model.inputs[0], output, name=f"{model.name}_map")


def spatial_grid(model: keras.Model) -> tuple[int, float]:
    """Say where the values of the spatial quality map lie on the stack.

    A value belongs to the centre of the cells it is computed from. With
    DenseNet-169 the first convolution and the first pooling keep the centre
    of value 0 at cell 0 and each of the three 2x2 poolings moves it by half
    of its stride: by 2, 4 and 8 cells.

    Args:
        model: From `build_aggregator` or a file of one.

    Returns:
        ``(stride, offset)`` in cells of the stack: value (r, c) lies at cell
        ``(r * stride + offset, c * stride + offset)``; (32, 14.0).

    Raises:
        ValueError: If the model has no layer ``quality_map``.
    """
    grids = {}
    for layer in spatial_model(model).layers:
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        stride, offset = grids[id(inputs[0])] if inputs else (1, 0.0)
        kind, step = type(layer).__name__, 1
        if kind == "ZeroPadding2D":
            offset -= stride * layer.padding[0][0]
        elif kind.endswith(("Conv2D", "Pooling2D")):
            size = getattr(layer, "kernel_size", None) or layer.pool_size
            step = layer.strides[0]
            offset += stride * (size[0] - 1) / 2 * (layer.padding == "valid")
        grids[id(layer.output)] = grid = stride * step, offset
    return grid


def _load(model, body, path):
    """Fill the whole model, or the body, from a file of the same layers."""
    reasons = []
    for target in (model, body):
        try:
            return target.load_weights(path)
        except (ValueError, OSError, KeyError) as error:
            reasons.append(" ".join(str(error).split()))
    raise ValueError(
        "Expected a .h5 file of the DenseNet-169 body without top, or of an aggregator. Received: "
        f"{path} ({reasons[-1]}). Give such a file, for example Keras's ..._notop.h5."
    )
