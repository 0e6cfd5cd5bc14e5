"""DIQaM and WaDIQaM: the quality, and the weight, of one 32x32 patch.

In: RGB patches of shape (32, 32, 3), values 0..255, neither scaled nor
centred; with a reference (``mode="fr"``) the distorted patch and the reference
patch at the same position. Out, by name: ``quality``, on the scale of the
scores that the network was trained on, and with weighted pooling ``weight``,
at least 1e-6. The score of an image is the mean of its patches' qualities
(DIQaM), or their mean weighted by the weights (WaDIQaM): `kiqa.maps.wadiqam`.

Ten 3x3 convolutions in five stages, a 2x2 max pooling after each, and two
dense layers a branch, widths of section III-A; with a reference both patches
run through the same layers and their features are fused (section III-B). The
convolutions pad with zeros inside the patch, so the network applied to a
whole image is another one: images are computed patch by patch.

Trained weights: ``weights/wadiqam_nr.h5`` and ``weights/wadiqam_fr.h5``.

Public names: `build_wadiqam`.

References:
    S. Bosse, D. Maniry, K.-R. Müller, T. Wiegand, W. Samek, Deep neural
    networks for no-reference and full-reference image quality assessment,
    IEEE Transactions on Image Processing 27(1), 2018,
    doi:10.1109/TIP.2017.2760518. Sections III and IV-H; order of the fused
    features and the weight's constant as in the authors' code, deepIQA.
"""

import keras

from kiqa.constants import WADIQAM
from kiqa.models.layer_seeds import layer_seeds

# The features that each fusion joins, in the order of the authors' code.
_FUSIONS = {
    "difference": ("difference",),
    "concatenation": ("distorted", "reference"),
    "both": ("difference", "distorted", "reference"),
}


def build_wadiqam(
    *,
    mode: str = "nr",
    pooling: str = "weighted",
    fusion: str = "both",
    shallow: bool = False,
    seed: int | None = None,
) -> keras.Model:
    """Build one of the four networks with fresh random weights.

    Args:
        mode: ``"nr"`` (no reference) or ``"fr"`` (full reference).
        pooling: ``"weighted"`` (WaDIQaM), or ``"average"`` (DIQaM), which
            has no weight branch.
        fusion: Of the features of both patches, only for ``"fr"``:
            ``"difference"`` f_d - f_r, ``"concatenation"`` of f_d and f_r,
            or ``"both"`` (f_d - f_r, f_d, f_r), the paper's choice.
        shallow: The small network of section IV-H: five convolutions, 256
            features. The paper lists four poolings, its parameter count asks
            for a fifth, which is here.
        seed: Makes the initial weights and dropout reproducible. ``None``
            draws new ones at each call.

    Returns:
        Flat functional ``keras.Model`` of patches ``(n, 32, 32, 3)``, for
        ``"fr"`` of two such inputs, ``distorted`` and ``reference``, to a
        dictionary of ``quality`` and, with weighted pooling, ``weight``, both
        of shape ``(n, 1)`` and ``float32`` under mixed precision too.

    Raises:
        ValueError: If mode, pooling or fusion is unknown.

    References:
        Bosse et al. 2018, section III; section IV-H for ``shallow``.
    """
    for name, value, choices in (
        ("mode", mode, ("nr", "fr")),
        ("pooling", pooling, ("average", "weighted")),
        ("fusion", fusion, tuple(_FUSIONS)),
    ):
        if value not in choices:
            raise ValueError(
                f"Expected {name} to be one of {', '.join(choices)}. Received: {value!r}."
            )
    draw = layer_seeds(seed)

    def initializer():
        return keras.initializers.LecunNormal(seed=draw())

    widths = WADIQAM.shallow_widths if shallow else WADIQAM.conv_widths
    body = _body_layers(widths, initializer=initializer)
    shape = (WADIQAM.patch, WADIQAM.patch, 3)
    if mode == "nr":
        inputs = keras.Input(shape, name="patch")
        features = _apply(body, inputs)
    else:
        inputs = [keras.Input(shape, name=name) for name in ("distorted", "reference")]
        distorted, reference = (_apply(body, patch) for patch in inputs)
        features = _fuse(distorted, reference, fusion=fusion)
    units = WADIQAM.shallow_units if shallow else WADIQAM.units
    branch = {"units": units, "initializer": initializer, "draw": draw}
    outputs = {"quality": _branch(features, **branch, name="quality")}
    if pooling == "weighted":
        raw = _branch(features, **branch, name="weight_raw")
        raw = keras.layers.ReLU(dtype="float32", name="weight_relu")(raw)
        outputs["weight"] = keras.layers.Rescaling(
            1.0, WADIQAM.least_weight, dtype="float32", name="weight"
        )(raw)
    name = f"{'wadiqam' if pooling == 'weighted' else 'diqam'}_{mode}"
    return keras.Model(inputs, outputs, name=name)


def _body_layers(widths, *, initializer):
    """The layers from a patch to its features, to be applied once or twice."""
    layers = []
    for stage, filters in enumerate(widths, start=1):
        layers += [
            keras.layers.Conv2D(
                count,
                3,
                padding="same",
                activation="relu",
                kernel_initializer=initializer(),
                name=f"stage{stage}_conv{index}",
            )
            for index, count in enumerate(filters, start=1)
        ]
        layers.append(keras.layers.MaxPooling2D(2, name=f"stage{stage}_pool"))
    return [*layers, keras.layers.Flatten(name="features")]


def _apply(layers, x):
    for layer in layers:
        x = layer(x)
    return x


def _fuse(distorted, reference, *, fusion):
    """Join the features of the distorted and the reference patch."""
    tensors = {"distorted": distorted, "reference": reference}
    if "difference" in _FUSIONS[fusion]:
        tensors["difference"] = keras.layers.Subtract(name="difference")([distorted, reference])
    joined = [tensors[part] for part in _FUSIONS[fusion]]
    return keras.layers.Concatenate(name="fusion")(joined) if len(joined) > 1 else joined[0]


def _branch(x, *, units, initializer, draw, name):
    """Two dense layers from features to one number per patch."""
    x = keras.layers.Dense(
        units, activation="relu", kernel_initializer=initializer(), name=f"{name}_hidden"
    )(x)
    x = keras.layers.Dropout(WADIQAM.dropout, seed=draw(), name=f"{name}_dropout")(x)
    return keras.layers.Dense(1, kernel_initializer=initializer(), dtype="float32", name=name)(x)
