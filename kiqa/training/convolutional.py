"""Patchnet in convolutional form, to train it on pieces larger than a patch.

At Patchnet's own stride (8 pixels) every layer runs once over the whole
piece, so a piece of 160x160 pixels gives the qualities of its 169 patches
for the price of about fifteen. The weights are those of the patch network:
the first dense layer's matrix, reshaped, is the kernel of a convolution.
"""

import keras


def convolutional_form(patchnet: keras.Model) -> keras.Model:
    """Build the convolutional form of a patch network, with its weights.

    Args:
        patchnet: A network of `kiqa.models.patchnet.build_patchnet` with
            ``valid`` padding.

    Returns:
        Functional model of stock layers, ``(n, H, W, 3)``, RGB in 0..255,
        sides at least the patch's, to ``(n, rows, columns, 1)``, one quality
        for each window position at the network's own stride. Layers bear
        the patch network's names.

    Raises:
        ValueError: If the network pads inside the patch.
    """
    inputs = keras.Input((None, None, 3), name="image")
    x, kernel = inputs, 1
    for layer in patchnet.layers[1:]:
        if getattr(layer, "padding", "valid") != "valid":
            raise ValueError(
                f"Expected a network with 'valid' padding. Received: layer {layer.name!r} with "
                f"{layer.padding!r}. Its patches cannot be computed together."
            )
        if isinstance(layer, keras.layers.Flatten):
            kernel = layer.input.shape[1]
        elif isinstance(layer, keras.layers.Dense):
            x = keras.layers.Conv2D(
                layer.units,
                kernel,
                activation=layer.activation,
                dtype=layer.dtype_policy,
                name=layer.name,
            )(x)
            kernel = 1
        else:
            x = layer.__class__.from_config(layer.get_config())(x)
    model = keras.Model(inputs, x, name=f"{patchnet.name}_convolutional")
    copy_weights(patchnet, model)
    return model


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copy weights between a patch network and its convolutional form.

    Args:
        source: Either of the two.
        target: The other one; layers are matched by name.
    """
    for layer in target.layers:
        if layer.weights:
            values = source.get_layer(layer.name).get_weights()
            shapes = [tuple(weight.shape) for weight in layer.weights]
            layer.set_weights(
                [value.reshape(shape) for value, shape in zip(values, shapes, strict=True)]
            )
