"""Patchnet in a form that trains well: convolutional, centred, normalised.

At Patchnet's own stride (8 pixels) every layer runs once over a whole piece
of an image, so a piece of 112x112 pixels gives the qualities of its 49
patches for the price of about six. Pixels are centred, and from the second
group on batch normalisation stands between a layer and its ReLU; without
both, a network this deep learns slowly from random weights.

None of it is left in the published network: at test time centring and
normalisation are affine, so `fold` puts them into the weights, and the result
is a plain Patchnet with the same outputs.
"""

import keras
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

SCALE, OFFSET = 1 / 64, -2.0  # 0..255 to -2..1.98
_NOISE_FLOOR = (2 / 64) ** 2  # variance of two gray levels, after centring
MOMENTUM = 0.95  # of the running averages; an epoch may be short
_UNNORMALISED = "group1"  # its maps are large, normalising them costs the most


def training_form(patchnet: keras.Model, *, pieces: np.ndarray | None) -> keras.Model:
    """Build the form to train, starting from a patch network's weights.

    Args:
        patchnet: A network of `kiqa.models.patchnet.build_patchnet` with
            ``valid`` padding.
        pieces: Pieces of images, ``uint8`` of shape ``(n, H, W, 3)``. The
            first layer starts with kernels that whiten their 3x3
            neighbourhoods instead of the patch network's: fine structure,
            which distortions change, then weighs as much as brightness.
            ``None``, for a patch network that was trained before, keeps its
            first kernels and normalises nothing: the form starts as the same
            function.

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
    x, kernel = keras.layers.Rescaling(SCALE, OFFSET, name="centring")(inputs), 1
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
            fresh = pieces is not None and not layer.name.startswith(_UNNORMALISED)
            if layer is not last and fresh:
                x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{layer.name}_norm")(x)
            x = keras.layers.Activation(layer.activation, dtype=own_type)(x)
    model = keras.Model(inputs, x, name=f"{patchnet.name}_training")
    for layer in patchnet.layers:
        if layer.weights:
            weights, bias = layer.get_weights()
            target = model.get_layer(layer.name)
            target.set_weights([weights.reshape(target.kernel.shape), bias])
    first = next(layer for layer in model.layers if layer.weights)
    weights, bias = first.get_weights()
    if pieces is None:  # centring is taken back, as in `fold`
        weights = weights / (SCALE * 255)
        bias = bias - OFFSET * weights.sum(axis=(0, 1, 2))
    else:
        weights = whitening_kernels(pieces, first.filters)
    first.set_weights([weights, bias])
    return model


def whitening_kernels(pieces: np.ndarray, filters: int) -> np.ndarray:
    """Return kernels that whiten 3x3 neighbourhoods of centred pixels.

    They are the eigenvectors of the neighbourhoods' covariance, scaled to
    unit variance, with both signs as far as there are filters: ReLU keeps one.

    Args:
        pieces: ``uint8`` of shape (n, H, W, 3).
        filters: Number of kernels.

    Returns:
        ``float32`` of shape (3, 3, 3, filters), for pixels scaled by 1/64
        and moved by -2.
    """
    centred = pieces.astype(np.float32) * SCALE + OFFSET
    windows = sliding_window_view(centred, (3, 3), axis=(1, 2))[:, ::3, ::3]
    samples = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 27).astype(np.float64)
    variances, vectors = np.linalg.eigh(np.cov(samples, rowvar=False))
    order = np.argsort(variances)[::-1]
    scaled = vectors[:, order] / np.sqrt(variances[order] + _NOISE_FLOOR)
    both = np.concatenate([scaled, -scaled], axis=1)
    both = np.tile(both, (1, -(-filters // both.shape[1])))[:, :filters]
    return both.reshape(3, 3, 3, filters).astype(np.float32)


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
            bias = bias + OFFSET * kernel.sum(axis=(0, 1, 2))
            kernel = kernel * (SCALE * 255)
            first = False
        norm = norms.get(f"{layer.name}_norm")
        if norm is not None:
            kernel, bias = without_norm(kernel, bias, norm)
        shape = layer.kernel.shape
        layer.set_weights([kernel.reshape(shape).astype(np.float32), bias.astype(np.float32)])


def without_norm(
    kernel: np.ndarray, bias: np.ndarray, norm: keras.layers.BatchNormalization
) -> tuple[np.ndarray, np.ndarray]:
    """Return a layer's weights, ``float64``, with the normalisation after it folded in."""
    gamma, beta, mean, variance = (w.astype(np.float64) for w in norm.get_weights())
    factor = gamma / np.sqrt(variance + norm.epsilon)
    return kernel * factor, (bias - mean) * factor + beta
