"""The network of a training of `lite`: its start, its two trained parts, its loss.

Public names: `start_network`, `set_scales`, `scale_and_spread`, `set_scale`, `stored_stage`,
`judge_of`, `tail_of`, `copy_judge`, `compile_for`, `as_inputs`, `DENSE`, `UNTRAINED`.
"""

import keras
import numpy as np
from keras import ops

from kiqa.models.efficientnet_lite import fold_norms, stage_layers
from kiqa.models.lite import JUDGES, PARTS, TUNED, build_lite
from kiqa.training.lite.settings import LiteSettings
from kiqa.training.runs.imagenet import imagenet_efficientnet_lite
from kiqa.training.runs.optimizers import adam, compile_model, learning_rate
from kiqa.training.runs.replicas import pearson, whole_batch
from kiqa.training.runs.seeding import model_seed
from kiqa.training.runs.start import start_whole

_STAGE = 3  # the fourth
_FROZEN = ("stage1", "stage2", "stage3")  # maps before the stored one
UNTRAINED = (None, "imagenet")  # starts that are no trained lite
DENSE = ("hidden", "judgement")  # layers of each judge that are trained
_EPSILON = 1e-3  # of the scales' normalisation layers
_LEAST = 1e-6


_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)


def start_network(settings: LiteSettings, *, initial: str | None = "imagenet") -> keras.Model:
    """Build the network with the body's first weights, in both copies of its later stages.

    Args:
        settings: Of the run.
        initial: ``"imagenet"``, ``None`` for random weights, or name or file
            of a trained ``lite``, of which all weights are taken.

    Returns:
        `kiqa.models.lite.build_lite`'s model; its normalisations are
        constants of the training.

    Raises:
        FileNotFoundError: If the package of ImageNet's weights, or the file,
            is missing.
        ValueError: If it is another version or damaged, or the file's network
            has other shapes.
    """
    model = build_lite(
        variant=settings.variant,
        units=settings.units,
        dropout=settings.dropout,
        l2=settings.l2,
        seed=model_seed(settings.seed),
    )
    if initial == "imagenet":
        for layer in fold_norms(imagenet_efficientnet_lite(settings.variant)).layers:
            if layer.weights:
                model.get_layer(layer.name).set_weights(layer.get_weights())
    if initial in UNTRAINED:
        _copy_stages(model)
    else:
        start_whole(model, initial)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    return model


def _copy_stages(model):
    """Let the tuned stages begin as the frozen ones."""
    for layer in model.layers:
        if layer.weights and isinstance(layer, _CONVOLUTIONS) and layer.name.startswith(TUNED):
            first = model.get_layer(layer.name.removeprefix(TUNED))
            layer.set_weights(first.get_weights())


def set_scales(model: keras.Model, averages: np.ndarray) -> None:
    """Set the scales of variances, and mean and variance of all features.

    Args:
        model: From `start_network`; changed in place.
        averages: Of training images on the frozen body, (n, all channels
            twice). The copy that will be tuned begins with the same.
    """
    means, powers = np.split(averages, 2, axis=1)
    edges = np.cumsum(_widths(model))[:-1]
    spreads, scales = [], {}
    for name, mean, power in zip(
        JUDGES[""], np.split(means, edges, axis=1), np.split(powers, edges, axis=1), strict=True
    ):
        scales[name], spread = scale_and_spread(mean, power)
        spreads.append(spread)
    for name in PARTS:
        set_scale(model, name, scales[name.removeprefix(TUNED)])
    features = np.concatenate([means, *spreads], axis=1)
    for prefix in JUDGES:
        model.get_layer(f"{prefix}features_norm").set_weights(
            [features.mean(axis=0), features.var(axis=0)]
        )


def scale_and_spread(mean: np.ndarray, power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the scale of a map's variances, the median's, and the variances squeezed by it.

    Args:
        mean: Averages of a map, (n, channels).
        power: Those of its square.

    Returns:
        ``(scale, spread)``, of shapes (channels,) and (n, channels).
    """
    variance = np.maximum(power - mean**2, 0)
    scale = np.median(variance, axis=0) + _LEAST
    return scale, variance / (variance + scale)


def set_scale(model: keras.Model, name: str, scale: np.ndarray) -> None:
    """Set the scale of the variances of a map: the constants of its normalisation."""
    model.get_layer(f"{name}_scale").set_weights(
        [np.sqrt(1 + _EPSILON) / scale, np.zeros_like(scale), np.ones_like(scale)]
    )


def stored_stage(model: keras.Model, variant: str) -> keras.KerasTensor:
    """Return the output of the last stage that exists once and is stored, the fourth."""
    return model.get_layer(stage_layers(variant, folded=True)[_STAGE]).output


def judge_of(model: keras.Model) -> keras.Model:
    """Return the judge of the frozen body, from twelve averages to its score."""
    averages = [
        model.get_layer(f"{name}_{kind}").output
        for kind in ("mean", "power")
        for name in JUDGES[""]
    ]
    return keras.Model(averages, model.get_layer("judgement").output, name="judge")


def copy_judge(model: keras.Model) -> None:
    """Let the judge of the tuned copy begin with the weights of the other one."""
    for name in DENSE:
        model.get_layer(f"{TUNED}{name}").set_weights(model.get_layer(name).get_weights())


def tail_of(model: keras.Model, settings: LiteSettings) -> keras.Model:
    """Return the part from stage 4 to the tuned copy's judge; only the copy is trained.

    Args:
        model: From `start_network`; layers are shared.
        settings: Of the run.

    Returns:
        Model of stage 4's maps and six averages of earlier ones to scores.
    """
    for layer in model.layers:
        if not layer.name.startswith(TUNED):
            layer.trainable = False
    start = stored_stage(model, settings.variant)
    early = [
        model.get_layer(f"{name}_{kind}").output for kind in ("mean", "power") for name in _FROZEN
    ]
    return keras.Model([start, *early], model.get_layer("tuned_judgement").output, name="tail")


def as_inputs(model: keras.Model, averages: np.ndarray, *, early: bool = False) -> list[np.ndarray]:
    """Cut rows of averages into a network's inputs.

    Args:
        model: From `start_network`.
        averages: (n, all channels twice).
        early: For the tail: those of the frozen maps only.

    Returns:
        Arrays (n, channels): means, then powers.
    """
    widths = _widths(model)
    parts = np.split(averages, np.cumsum(widths * 2)[:-1], axis=1)
    if early:
        count = len(_FROZEN)
        parts = parts[:count] + parts[len(widths) : len(widths) + count]
    return parts


def compile_for(model: keras.Model, settings: LiteSettings, *, rate: float, steps: int) -> None:
    """Compile a part for so many steps; the learning rate falls along a cosine.

    Targets are (n, 2): the score wanted, and the weight of the image in squared
    error and correlation.
    """
    schedule = learning_rate(rate, schedule="cosine", steps=max(steps, 1))
    compile_model(
        model,
        optimizer=adam(schedule, clip_norm=settings.clip_norm),
        loss=whole_batch(_loss(settings.error_weight, settings.correlation_loss)),
    )


def _widths(model):
    """Channels of the frozen body's six maps."""
    return [model.get_layer(f"{name}_mean").output.shape[-1] for name in JUDGES[""]]


def _loss(error_weight, correlation_loss):
    def loss(wanted, found):
        wanted, weight = wanted[:, :1], wanted[:, 1:]
        weight = weight / ops.mean(weight)
        error = ops.mean(weight * ops.square(wanted - found))
        return error_weight * error + correlation_loss * (1 - pearson(found, wanted, weight))

    return loss
