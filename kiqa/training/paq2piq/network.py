"""PaQ-2-PiQ ready to be trained, and its predictions while it is.

Body, RoIPool and head are one model here; the published files hold body and
head only, which share the weights.

Public names: `compile_paq2piq`, `body_and_head`, `predict_images`,
`RegionPooling`.
"""

import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kiqa.constants import PAQ2PIQ
from kiqa.io.weights import load_model
from kiqa.models.paq2piq import build_paq2piq_body, build_paq2piq_head
from kiqa.models.roi_pool import roi_pool
from kiqa.training.paq2piq.batches import ImageSet, whole_image
from kiqa.training.paq2piq.initial import refuse_imagenet_resnet18
from kiqa.training.paq2piq.losses import region_loss
from kiqa.training.paq2piq.settings import Paq2piqSettings
from kiqa.training.runs.optimizers import adam, compile_model, scheduled_rate
from kiqa.training.runs.replicas import predict_batch, whole_batch
from kiqa.training.runs.seeding import model_seed
from kiqa.training.runs.start import freeze_stages, start_efficientnet_lite

_PIXELS = 2**22  # validated together


class RegionPooling(keras.layers.Layer):
    """`kiqa.models.roi_pool.roi_pool` as a layer, for training only."""

    def __init__(self, **options: Any):
        # Without autocast: coordinates lose their last bits in half precision.
        super().__init__(autocast=False, **options)

    def call(self, features: Any, rois: Any) -> Any:
        """Pool the features of rectangles."""
        return roi_pool(features, rois)

    def compute_output_shape(self, features_shape: Sequence, rois_shape: Sequence) -> tuple:
        """Return (n, m, bins, bins, channels)."""
        return (*rois_shape[:2], PAQ2PIQ.bins, PAQ2PIQ.bins, features_shape[-1])


def compile_paq2piq(
    scores: np.ndarray,
    settings: Paq2piqSettings,
    *,
    initial: str | os.PathLike | None = None,
) -> keras.Model:
    """Build what is trained, with optimiser and loss.

    Args:
        scores: Of the training images, shape (n,).
        settings: What decides the numbers.
        initial: Name or file of a network with this body to start from: of
            a ResNet-18, such as one of ``kiqa convert resnet18``, or for
            EfficientNet-Lite2 as of
            `kiqa.training.runs.start.start_efficientnet_lite`. ``None`` draws
            random weights.

    Returns:
        Compiled model of pixels and rectangles to scores (n, m); its two
        parts are those of `body_and_head`.

    Raises:
        ValueError: If the file holds another network.
        FileNotFoundError: If there is no such file.
    """
    body = build_paq2piq_body(settings.body, seed=model_seed(settings.seed))
    head = build_paq2piq_head(
        kind=settings.model, features=body.output.shape[-1], seed=model_seed(settings.seed, 1)
    )
    if initial is not None:
        start = _start_resnet18 if settings.body == "resnet18" else start_efficientnet_lite
        start(body, initial)
    freeze_stages(body, settings.frozen_stages)
    if settings.start_at_mean:
        _start_at(head, float(np.mean(scores)))
    model = _joined(body, head, settings)
    # A schedule counts what the optimiser is given, and an update has several parts.
    rate = scheduled_rate(
        settings, batches=len(scores) // settings.batch_size, accumulate=settings.accumulate
    )
    compile_model(
        model,
        optimizer=adam(
            rate,
            weight_decay=settings.weight_decay,
            clip_norm=settings.clip_norm,
            accumulate=settings.accumulate,
            ema_momentum=settings.ema_momentum,
            beta_1=PAQ2PIQ.beta_1,
            beta_2=PAQ2PIQ.beta_2,
            epsilon=1e-8,
            factor=settings.head_rate / settings.learning_rate,
            special=head.trainable_variables,
        ),
        loss=whole_batch(
            region_loss(patch=settings.patch_weight, correlation=settings.correlation_loss)
        ),
    )
    return model


def body_and_head(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Return the body and the head of a model of `compile_paq2piq`."""
    body, head = (layer for layer in model.layers if isinstance(layer, keras.Model))
    return body, head


def predict_images(model: keras.Model, images: ImageSet, settings: Paq2piqSettings) -> np.ndarray:
    """Predict the scores of validation images.

    Args:
        model: Of `compile_paq2piq`.
        images: The images.
        settings: Those of the training.

    Returns:
        ``float64`` of shape (n,).
    """
    side = settings.side if settings.pad_validation else None
    scores = np.empty(len(images))
    shapes = {}
    for index, size in enumerate(images.store.sizes):
        padded = side is not None and max(size) <= side
        shapes.setdefault((side, side) if padded else size, []).append(index)
    for (height, width), members in shapes.items():
        together = max(1, _PIXELS // (height * width))
        for at in range(0, len(members), together):
            chosen = members[at : at + together]
            parts = [
                whole_image(
                    images.tasks[index],
                    images.store.pixels(index),
                    side=side,
                    feedback=settings.model == "fm",
                )
                for index in chosen
            ]
            pixels, rois = (np.stack(part) for part in zip(*parts, strict=True))
            scores[chosen] = _predict(model, pixels, rois, settings.model)
    return scores


def _predict(model, pixels, rois, kind):
    """Scores of images of one size."""
    body, head = body_and_head(model)
    features = predict_batch(body, pixels).astype(np.float32)
    if kind != "bm":
        features = ops.convert_to_numpy(roi_pool(features, rois))
    if kind == "rm":
        features = features[:, 0]
    return predict_batch(head, features)[:, 0]


def _joined(body, head, settings):
    """Body, pooling and head as one model of pixels and rectangles."""
    side = settings.side
    pixels = keras.Input((side, side, 3), name="pixels")
    if settings.model == "bm":
        return keras.Model(pixels, head(body(pixels)), name="paq2piq_bm")
    count = settings.patches + 1
    rois = keras.Input((count, 4), name="rois")
    pooled = RegionPooling(name="roi_pool")(body(pixels), rois)
    if settings.model == "fm":
        scores = head(pooled)
    else:
        cells = (PAQ2PIQ.bins, PAQ2PIQ.bins, body.output.shape[-1])
        single = _Reshaped(cells, name="regions")(pooled)
        scores = _Reshaped((count,), dtype="float32", name="scores")(head(single))
    return keras.Model([pixels, rois], scores, name=f"paq2piq_{settings.model}")


class _Reshaped(keras.layers.Layer):
    """A reshape that changes the number of entries, which Keras's layer does not."""

    def __init__(self, shape, **options):
        super().__init__(**options)
        self._shape = shape

    def call(self, x):
        return ops.reshape(x, (-1, *self._shape))

    def compute_output_shape(self, shape):
        return (None, *self._shape)


def _start_resnet18(body, initial):
    """Set the body's weights from a file of a ResNet-18."""
    if str(initial) == "imagenet":
        refuse_imagenet_resnet18()
    source = load_model(initial)
    named = {layer.name: layer.get_weights() for layer in source.layers if layer.weights}
    wanted = {layer.name: layer for layer in body.layers if layer.weights}
    fits = named.keys() == wanted.keys() and all(
        [value.shape for value in named[name]] == [tuple(w.shape) for w in layer.weights]
        for name, layer in wanted.items()
    )
    if not fits:
        raise ValueError(
            f"Expected a ResNet-18 of kiqa to start from. Received: {initial}, with the layers "
            f"{sorted(named)[:6]}. Convert one with `kiqa convert resnet18`, or leave initial out "
            "for random weights."
        )
    for name, layer in wanted.items():
        layer.set_weights(named[name])


def _start_at(head, mean):
    """Make a head's first outputs near a value, by its last biases."""
    for layer in head.layers:
        if isinstance(layer, keras.layers.Dense) and layer.units == 1:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, np.full_like(bias, mean)])
