"""Patchnet in a form that trains well: convolutional, centred, normalised.

At Patchnet's own stride (8 pixels) every layer runs once over a whole piece
of a photograph, so a piece of 112x112 pixels gives the qualities of its 49
patches for the price of about six. Pixels are centred, and from the second
group on batch normalisation stands between a layer and its ReLU; without
both, a network this deep learns slowly from random weights.

None of it is left in the published network: at test time centring and
normalisation are affine, so `fold` puts them into the weights, and the result
is a plain Patchnet with the same outputs.
"""

import keras
import numpy as np

_SCALE, _OFFSET = 1 / 64, -2.0  # 0..255 to -2..1.98
_UNNORMALISED = "group1"  # its maps are large, normalising them costs the most


def training_form(patchnet: keras.Model) -> keras.Model:
    """Build the form to train, starting from a patch network's weights.

    Args:
        patchnet: A network of `kiqa.models.patchnet.build_patchnet` with
            ``valid`` padding.

    Returns:
        Functional model, ``(n, H, W, 3)``, RGB in 0..255, sides at least the
        patch's, to ``(n, rows, columns, 1)``, one quality for each window
        position at the network's own stride. Its layers with weights bear
        the patch network's names; the normalisation of a layer is called
        ``NAME_norm``.

    Raises:
        ValueError: If the network pads inside the patch.
    """
    inputs = keras.Input((None, None, 3), name="image")
    x, kernel = keras.layers.Rescaling(_SCALE, _OFFSET, name="centring")(inputs), 1
    last = patchnet.layers[-1]
    for layer in patchnet.layers:
        if getattr(layer, "padding", "valid") != "valid":
            raise ValueError(
                f"Expected a network with 'valid' padding. Received: layer {layer.name!r} with "
                f"{layer.padding!r}. Its patches cannot be computed together."
            )
        if isinstance(layer, keras.layers.Flatten):
            kernel = layer.input.shape[1]
        elif isinstance(layer, keras.layers.MaxPooling2D):
            x = keras.layers.MaxPooling2D(layer.pool_size, name=layer.name)(x)
        elif layer.weights:
            is_dense = isinstance(layer, keras.layers.Dense)
            filters, size = (layer.units, kernel) if is_dense else (layer.filters, 3)
            kernel = 1 if is_dense else kernel
            own_type = "float32" if layer is last else None
            x = keras.layers.Conv2D(filters, size, dtype=own_type, name=layer.name)(x)
            if layer is not last and not layer.name.startswith(_UNNORMALISED):
                x = keras.layers.BatchNormalization(name=f"{layer.name}_norm")(x)
            x = keras.layers.Activation(layer.activation, dtype=own_type)(x)
    model = keras.Model(inputs, x, name=f"{patchnet.name}_training")
    for layer in patchnet.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            target = model.get_layer(layer.name)
            target.set_weights([kernel.reshape(target.kernel.shape), bias])
    return model


def fold(model: keras.Model, patchnet: keras.Model) -> None:
    """Set a patch network's weights so that it computes what the form does.

    Args:
        model: A network of `training_form`, trained.
        patchnet: The patch network to write to, of the same widths.
    """
    norms = {layer.name: layer for layer in model.layers if layer.name.endswith("_norm")}
    first = True
    for layer in patchnet.layers:
        if not layer.weights:
            continue
        kernel, bias = (w.astype(np.float64) for w in model.get_layer(layer.name).get_weights())
        if first:
            # The patch network scales pixels to 0..1 and does not centre.
            bias = bias + _OFFSET * kernel.sum(axis=(0, 1, 2))
            kernel = kernel * (_SCALE * 255)
            first = False
        norm = norms.get(f"{layer.name}_norm")
        if norm is not None:
            gamma, beta, mean, variance = (w.astype(np.float64) for w in norm.get_weights())
            factor = gamma / np.sqrt(variance + norm.epsilon)
            kernel, bias = kernel * factor, (bias - mean) * factor + beta
        shape = layer.kernel.shape
        layer.set_weights([kernel.reshape(shape).astype(np.float32), bias.astype(np.float32)])
