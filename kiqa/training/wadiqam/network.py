"""DIQaM and WaDIQaM ready to be trained, and their predictions while they are.

Public names: `network_of`, `compile_wadiqam`, `predict_scores`.
"""

import os
from collections.abc import Sequence

import keras
import numpy as np

from kiqa.constants import WADIQAM
from kiqa.models.wadiqam import build_wadiqam
from kiqa.training.runs.optimizers import NO_DECAY, adam, compile_model, scheduled_rate
from kiqa.training.runs.replicas import whole_batch
from kiqa.training.runs.seeding import model_seed
from kiqa.training.runs.start import start_from
from kiqa.training.wadiqam.batches import PatchSource, fixed_patches, network_inputs, patch_source
from kiqa.training.wadiqam.form import plain_form, training_form
from kiqa.training.wadiqam.losses import pooled_loss
from kiqa.training.wadiqam.settings import WadiqamSettings

_BATCH = 512  # validation patches in a step
_SAMPLE = 64  # images that the whitening kernels look at


def network_of(settings: WadiqamSettings, *, seed: int | None = None) -> keras.Model:
    """Build the network that the settings name, with random weights."""
    return build_wadiqam(
        mode=settings.mode,
        pooling=settings.pooling,
        fusion=settings.fusion,
        shallow=settings.shallow,
        seed=seed,
    )


def compile_wadiqam(
    source: PatchSource,
    scores: np.ndarray,
    settings: WadiqamSettings,
    *,
    initial: str | os.PathLike | None = None,
) -> keras.Model:
    """Build what is trained, with optimiser and loss.

    Args:
        source: Training images.
        scores: Their scores, shape (n,).
        settings: What decides the numbers.
        initial: As for `train_wadiqam`.

    Returns:
        Compiled model of the network's inputs to quality and weight side by
        side (`kiqa.training.wadiqam.form`).
    """
    network = network_of(settings, seed=model_seed(settings.seed))
    kept = () if initial is None else start_from(network, initial)
    if settings.form == "plain":
        model = plain_form(network, dropout=settings.dropout)
    else:
        model = training_form(
            network,
            dropout=settings.dropout,
            patches=_sample(source, seed=settings.seed),
            mean=float(np.mean(scores)),
            seed=model_seed(settings.seed, 1),
            kept=kept,
        )
    rate = scheduled_rate(settings, batches=len(source) // settings.batch_size)
    loss = pooled_loss(
        patches=settings.patches,
        pooling=settings.pooling,
        patch=settings.patch_loss,
        correlation=settings.correlation_loss,
    )
    compile_model(
        model,
        optimizer=adam(
            rate,
            weight_decay=settings.weight_decay,
            no_decay=NO_DECAY,
            clip_norm=settings.clip_norm,
            ema_momentum=settings.ema_momentum,
            epsilon=WADIQAM.epsilon,
        ),
        loss=whole_batch(loss),
    )
    return model


def predict_scores(
    model: keras.Model, inputs: Sequence[np.ndarray], *, patches: int, pooling: str
) -> tuple[np.ndarray, np.ndarray]:
    """Predict qualities of patches and the scores of their images.

    Args:
        model: Of `compile_wadiqam`.
        inputs: As `kiqa.training.wadiqam.batches.fixed_patches` returns them.
        patches: Patches an image.
        pooling: ``"average"`` or ``"weighted"``.

    Returns:
        Qualities of shape (images, patches) and scores of shape (images,).
    """
    parts = []
    for at in range(0, len(inputs[0]), _BATCH):
        batch = [patch[at : at + _BATCH] for patch in inputs]
        missing = _BATCH - len(batch[0])
        if missing and at:  # one batch size, one compiled function
            batch = [np.pad(part, [(0, missing), *[(0, 0)] * 3]) for part in batch]
        predicted = keras.ops.convert_to_numpy(model.predict_on_batch(network_inputs(batch)))
        parts.append(predicted[: _BATCH - missing])
    predicted = np.concatenate(parts).astype(np.float64).reshape(-1, patches, parts[0].shape[1])
    quality = predicted[..., 0]
    weights = predicted[..., 1] if pooling == "weighted" else np.ones_like(quality)
    return quality, np.sum(quality * weights, axis=1) / np.sum(weights, axis=1)


def _sample(source, *, seed):
    """Patches of some training images."""
    order = np.random.default_rng(seed).permutation(len(source))[:_SAMPLE]
    images = [source.images.paths[index] for index in order]
    sampled = patch_source(images, keep_bytes=0)
    return fixed_patches(sampled, 16, seed=seed)[0]
