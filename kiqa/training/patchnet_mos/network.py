"""Patchnet ready to be trained on pieces of images, and what it says of whole ones.

Public names: `compile_patchnet_mos`, `mean_qualities`.
"""

import os

import keras
import numpy as np

from kiqa.models.patchnet import build_patchnet
from kiqa.training.patchnet_mos.losses import piece_loss
from kiqa.training.patchnet_mos.settings import MosSettings
from kiqa.training.runs.convolutional import training_form
from kiqa.training.runs.images import ImageStore
from kiqa.training.runs.optimizers import adam, compile_model, learning_rate
from kiqa.training.runs.replicas import predict_batch, whole_batch
from kiqa.training.runs.seeding import model_seed
from kiqa.training.runs.start import start_whole


def compile_patchnet_mos(
    pieces: np.ndarray,
    settings: MosSettings,
    *,
    steps: int,
    initial: str | os.PathLike | None = None,
) -> keras.Model:
    """Build the form that is trained, with optimiser and loss.

    Args:
        pieces: Pieces of images, which the first kernels whiten.
        settings: What decides the numbers.
        steps: Batches of an epoch.
        initial: As for `kiqa.training.patchnet_mos.train.train_patchnet_mos`.

    Returns:
        Compiled model of `kiqa.training.runs.convolutional.training_form`.
    """
    patchnet = build_patchnet(seed=model_seed(settings.seed))
    if initial is not None:
        start_whole(patchnet, initial)
    model = training_form(patchnet, pieces=pieces if initial is None else None)
    rate = learning_rate(
        settings.learning_rate,
        schedule="cosine",
        steps=settings.epochs * steps,
        warmup_steps=settings.warmup_steps,
    )
    loss = piece_loss(
        images=settings.batch_size,
        pieces=settings.pieces,
        copies=settings.copies,
        image=settings.image_loss,
        cell=settings.cell_loss,
        correlation=settings.correlation_loss,
        distortion=settings.distortion_loss,
    )
    compile_model(
        model,
        optimizer=adam(
            rate,
            weight_decay=settings.weight_decay,
            clip_norm=settings.clip_norm,
            ema_momentum=settings.ema_momentum,
        ),
        loss=whole_batch(loss),
    )
    return model


def mean_qualities(model: keras.Model, images: ImageStore) -> np.ndarray:
    """Return the mean of each image's map.

    Args:
        model: Network in the form that is trained.
        images: Images.

    Returns:
        ``float32`` of shape (n,).
    """
    maps = (predict_batch(model, images.pixels(i)[None]) for i in range(len(images.paths)))
    return np.array([np.mean(values) for values in maps], np.float32)
