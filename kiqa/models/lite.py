"""The network of `lite`, our own scorer: an image's quality from the statistics of deep features.

In: RGB images of shape (H, W, 3), any size, values 0..255; the engine brings
them to one working resolution first (`kiqa.maps.lite`). Out: quality in 0..1.

The body is EfficientNet-Lite, its normalisations folded into the convolutions.
Its last two stages and the head exist twice: as ImageNet left them, and tuned
to quality (layers ``tuned_...``). Each of the two has a judge: of the ends of
six of its stages, strides 2 to 32, it takes mean and variance over the image.
A variance v becomes v / (v + s), with a scale s for each channel: bounded, so
that an image unlike all others does not throw the score about. Two dense
layers follow, the last one a sigmoid. The score is the mean of both judges,
which err in different places.

The judges see the maps through ``NAME_mean`` and ``NAME_power`` alone, the means
of a map and of its square. Averages over a part of the maps in their place give
the quality of that part: `split` cuts the network there.

Cells of the later stages see most of the image, and the judges know whole
images only. Maps are therefore made by a third, small network, `build_lite_local`,
of the averages of the first four maps over a window.

Trained weights: ``weights/lite.h5`` and ``weights/lite_local.h5``.

Public names: `build_lite`, `build_lite_local`, `split`, `PARTS`, `JUDGES`,
`LOCAL_PARTS`, `TUNED_FROM`, `TUNED`.

References:
    None: this network is kiqa's. Body: see `kiqa.models.efficientnet_lite`.
"""

import keras

from kiqa.models.efficientnet_lite import (
    STRIDES,
    build_efficientnet_lite,
    later_stages,
    stage_layers,
)

# Name of a map -> its place among `stage_layers`: the last before each loss of resolution, the
# last block, the head.
_STAGES = {"stage1": 0, "stage2": 1, "stage3": 2, "stage5": 4, "stage7": 6, "head": 7}
TUNED_FROM = 6  # first stage that exists twice
TUNED = "tuned_"  # before the names of the layers that are tuned to quality
# Prefix of a judge's layers -> the maps that it sees.
JUDGES = {
    "": tuple(_STAGES),
    TUNED: ("stage1", "stage2", "stage3", "stage5", "tuned_stage7", "tuned_head"),
}
# Name of a map -> pixels between its cells.
PARTS = {
    name: (*STRIDES, STRIDES[-1])[_STAGES[name.removeprefix(TUNED)]]
    for name in dict.fromkeys(JUDGES[""] + JUDGES[TUNED])
}

LOCAL_PARTS = JUDGES[""][:4]
_LOCAL_WIDTHS = (16, 24, 48, 120)  # of Lite2


def build_lite_local(
    *,
    widths: tuple[int, ...] = _LOCAL_WIDTHS,
    units: int = 64,
    dropout: float = 0.2,
    seed: int | None = None,
) -> keras.Model:
    """Build the network that rates a window, with fresh random weights.

    Args:
        widths: Channels of the maps `LOCAL_PARTS`; those of Lite2 by default.
        units: Of the hidden layer.
        dropout: Of features and hidden units, in training.
        seed: As for `build_lite`.

    Returns:
        ``keras.Model`` named ``lite_local`` of eight averages over a window,
        of the maps `LOCAL_PARTS` and then of their squares, each
        (n, channels), to scores (n, 1) in 0..1.
    """
    inputs = {
        kind: [
            keras.Input((width,), name=f"{name}_{kind}")
            for name, width in zip(LOCAL_PARTS, widths, strict=True)
        ]
        for kind in ("mean", "power")
    }
    statistics = [
        (mean, _spread(mean, power, name=name))
        for name, mean, power in zip(LOCAL_PARTS, inputs["mean"], inputs["power"], strict=True)
    ]
    score = _judge(statistics, prefix="", units=units, dropout=dropout, l2=0.0, seed=seed)
    return keras.Model([*inputs["mean"], *inputs["power"]], score, name="lite_local")


def build_lite(
    *,
    variant: str = "lite2",
    units: int = 256,
    dropout: float = 0.5,
    l2: float = 1e-4,
    seed: int | None = None,
) -> keras.Model:
    """Build the network with fresh random weights.

    Args:
        variant: Of EfficientNet-Lite.
        units: Of the judges' hidden layers.
        dropout: Of features and hidden units, in training.
        l2: Penalty of the hidden layers' weights, in training.
        seed: Makes the weights reproducible. ``None`` draws new ones at each
            call.

    Returns:
        Flat functional ``keras.Model`` named ``lite``: images (n, H, W, 3),
        0..255, to scores (n, 1) in 0..1. The layers ``NAME_scale`` hold 1 / s
        of the variances, ``features_norm`` and ``tuned_features_norm`` mean
        and variance of all features; they are set from training images. The
        judges' own scores are the layers ``judgement`` and
        ``tuned_judgement``.

    Raises:
        ValueError: If there is no such variant.
    """
    body = build_efficientnet_lite(variant, classes=None, folded=True, seed=seed)
    names = stage_layers(variant, folded=True)
    ends = {name: body.get_layer(names[place]).output for name, place in _STAGES.items()}
    tuned = later_stages(ends["stage5"], variant=variant, first=TUNED_FROM, prefix=TUNED, seed=seed)
    later = keras.Model(body.inputs[0], tuned)
    ends["tuned_stage7"] = later.get_layer(f"{TUNED}{names[_STAGES['stage7']]}").output
    ends["tuned_head"] = tuned
    statistics = {name: _statistics(ends[name], name=name) for name in PARTS}
    judgements = [
        _judge(
            [statistics[name] for name in seen], prefix=prefix, units=units, dropout=dropout,
            l2=l2, seed=None if seed is None else 1000 * seed + 900 + 10 * number,
        )
        for number, (prefix, seen) in enumerate(JUDGES.items())
    ]  # fmt: skip
    score = keras.layers.Average(dtype="float32", name="score")(judgements)
    return keras.Model(body.inputs[0], score, name="lite")


def split(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Cut the network between its maps and their averages; layers are shared.

    Args:
        model: From `build_lite`, or loaded from its file.

    Returns:
        ``(maps, rate)``: images to a list of maps, in the order of `PARTS`;
        and averages, of all maps and then of all their squares, each (n,
        channels), to scores (n, 1).

    Raises:
        ValueError: If the model has other layers.
    """
    try:
        layers = {
            kind: [model.get_layer(f"{name}_{kind}") for name in PARTS]
            for kind in ("mean", "power")
        }
    except ValueError as error:
        raise ValueError(
            f"Expected the network of lite, with layers such as stage1_mean. Received: "
            f"{model.name!r}. Use a file of mode 'lite'."
        ) from error
    maps = keras.Model(model.inputs[0], [layer.input for layer in layers["mean"]], name="maps")
    averages = [layer.output for kind in ("mean", "power") for layer in layers[kind]]
    return maps, keras.Model(averages, model.outputs[0], name="rate")


def _statistics(x, *, name):
    """Mean of a map, and its variance squeezed into 0..1."""
    pool, multiply = keras.layers.GlobalAveragePooling2D, keras.layers.Multiply
    square = multiply(dtype="float32", name=f"{name}_square")([x, x])
    mean = pool(dtype="float32", name=f"{name}_mean")(x)
    power = pool(dtype="float32", name=f"{name}_power")(square)
    return mean, _spread(mean, power, name=name)


def _spread(mean, power, *, name):
    """The variance from the means of a map and of its square, squeezed into 0..1."""
    below = keras.layers.Multiply(dtype="float32", name=f"{name}_mean_square")([mean, mean])
    x = keras.layers.Subtract(dtype="float32", name=f"{name}_difference")([power, below])
    x = keras.layers.ReLU(dtype="float32", name=f"{name}_variance")(x)  # rounding can go below 0
    x = keras.layers.BatchNormalization(center=False, dtype="float32", name=f"{name}_scale")(x)
    return keras.layers.Activation("softsign", dtype="float32", name=f"{name}_spread")(x)


def _judge(statistics, *, prefix, units, dropout, l2, seed):
    """Two dense layers over the means and spreads of some maps."""
    seeds = [None if seed is None else seed + index for index in range(4)]
    means, spreads = zip(*statistics, strict=True)
    x = keras.layers.Concatenate(dtype="float32", name=f"{prefix}features")([*means, *spreads])
    x = keras.layers.BatchNormalization(center=False, scale=False, name=f"{prefix}features_norm")(x)
    x = keras.layers.Dropout(dropout, seed=seeds[0], name=f"{prefix}features_dropout")(x)
    x = keras.layers.Dense(
        units,
        activation="relu",
        kernel_initializer=keras.initializers.VarianceScaling(0.1, seed=seeds[1]),
        kernel_regularizer=keras.regularizers.L2(l2),
        name=f"{prefix}hidden",
    )(x)
    x = keras.layers.Dropout(dropout, seed=seeds[2], name=f"{prefix}hidden_dropout")(x)
    return keras.layers.Dense(
        1,
        activation="sigmoid",
        kernel_initializer=keras.initializers.GlorotUniform(seed=seeds[3]),
        dtype="float32",
        name=f"{prefix}judgement",
    )(x)
