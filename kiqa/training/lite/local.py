"""Train the network that makes the maps of `lite`, on a trained `lite.h5`.

In images that count as good, a random rectangle is degraded. A window around a
block should get the image's score where it is undistorted, that of a degraded
copy (`kiqa.data.distortions.copies`) where it is, and a mixture between. These are
pseudo-scores. The body is frozen, so that a window is 416 numbers.

Public names: `train_local`, `window_rows`.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Unpack

import keras
import numpy as np

from kiqa import __version__
from kiqa.data.distortions import random_rectangle
from kiqa.data.distortions.copies import KINDS, degraded, kept
from kiqa.data.trained import files_trained_on, in_chain
from kiqa.io.images import load_image
from kiqa.io.weights import Companion, Details, export_h5, load_model, read_info
from kiqa.maps.lite import GRID, LiteRater
from kiqa.models.lite import LOCAL_PARTS, build_lite_local
from kiqa.training.lite.batches import array_plan
from kiqa.training.lite.network import scale_and_spread, set_scale
from kiqa.training.lite.phase import train_phase
from kiqa.training.lite.settings import LiteSettings
from kiqa.training.runs.optimizers import adam, compile_model, learning_rate
from kiqa.training.runs.replicas import squared_error, whole_batch
from kiqa.training.runs.run import RunOptions
from kiqa.training.runs.seeding import model_seed

_COMMON, _COMMONLY = 3, 0.6  # the first so many kinds are drawn more often
_POSITIONS = (0.1, 0.95)
_AREA = (0.2, 0.6)
_CELLS = 120  # of each image
_STREAM = 3  # of random numbers
_ABOUT = "pseudo-scores of windows of locally degraded images"


def train_local(
    weights: str | os.PathLike,
    images: Sequence[tuple[Path, float]],
    output: str | os.PathLike,
    settings: LiteSettings,
    **run: Unpack[RunOptions],
) -> Path:
    """Train and write the network.

    Args:
        weights: A trained ``lite.h5``.
        images: Files of good images, and what each counts as, 0..1.
        output: The file to write.
        settings: What decides the numbers: ``seed``, ``devices`` and those
            whose names begin with ``local``.
        **run: `kiqa.training.runs.run.RunOptions`; checkpoint and history
            are in ``maps`` of its ``workdir``.

    Returns:
        The path written.

    Raises:
        ValueError: If there are no images, or one cannot be read.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    if not images:
        raise ValueError("Expected images to degrade. Received: none. Give a folder of them.")
    info, model = read_info(weights), load_model(weights)
    widths = tuple(model.get_layer(f"{name}_mean").output.shape[-1] for name in LOCAL_PARTS)

    def network():
        return build_lite_local(
            widths=widths,
            units=settings.local_units,
            dropout=settings.local_dropout,
            seed=model_seed(settings.seed),
        )

    versions = settings.local_versions
    rater = LiteRater(model, local=network())
    rows, wanted = window_rows(rater, images, versions=versions, seed=settings.seed)
    report = run.get("report", lambda message: None)
    report(f"{len(wanted)} windows of {versions * len(images)} images")
    inputs = np.split(rows, np.cumsum(widths * 2)[:-1], axis=1)

    def plan(epoch):
        return array_plan(
            inputs, wanted[:, None], batch_size=settings.local_batch_size, seed=settings.seed,
            stream=_STREAM, epoch=epoch,
        )  # fmt: skip

    def build():
        local = network()
        _set_scales(local, inputs)
        steps = len(plan(0)) * settings.local_epochs
        rate = learning_rate(settings.local_learning_rate, schedule="cosine", steps=steps)
        optimizer = adam(rate, weight_decay=settings.local_weight_decay)
        compile_model(local, optimizer=optimizer, loss=whole_batch(squared_error))
        return local

    local = train_phase(
        build, plan, settings, run, epochs=settings.local_epochs,
        folder=Path(run["workdir"], "maps"), resume=run.get("resume", False),
    )  # fmt: skip
    details = Details(
        name="lite_local",
        version=__version__,
        scale="0..1",
        higher_is_better=True,
        mode="lite-local",
        companions={"body": Companion(info.name, info.sha256)},
        trained_on=in_chain(
            files_trained_on([path for path, _ in images], scores="pseudo", about=_ABOUT),
            info.details,
        ),
    )
    return export_h5(local, output, details)


def window_rows(
    rater: LiteRater, images: Iterable[tuple[Path, float]], *, versions: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Degrade a rectangle in each image, and look at some windows.

    Args:
        rater: With a local network, which need not be trained.
        images: As for `train_local`.
        versions: Of each image.
        seed: Of all that is drawn.

    Returns:
        The windows' averages ``float32`` (n, all channels twice), and what
        they should get ``float32`` (n,).
    """
    kinds, rows, wanted = list(KINDS), [], []
    for index, (path, score) in enumerate(images):
        pixels = load_image(path).pixels
        height, width = pixels.shape[:2]
        for version in range(versions):
            rng = np.random.default_rng([seed, 4, index, version])
            count = _COMMON if rng.random() < _COMMONLY else len(kinds)
            kind, position = kinds[int(rng.integers(count))], float(rng.uniform(*_POSITIONS))
            top, left, rect_rows, rect_columns = random_rectangle(
                height, width, area=_AREA, rng=rng
            )
            mask = np.zeros((height, width), bool)
            mask[top : top + rect_rows, left : left + rect_columns] = True
            worse = degraded(pixels, kind, position, rng=rng)
            averages, inside = rater.windows(np.where(mask[..., None], worse, pixels), mask, GRID)
            chosen = rng.choice(len(inside), min(_CELLS, len(inside)), replace=False)
            rows.append(np.concatenate(averages, axis=1)[chosen])
            wanted.append((1 - inside[chosen]) * score + inside[chosen] * kept(score, position))
    return np.concatenate(rows).astype(np.float32), np.concatenate(wanted).astype(np.float32)


def _set_scales(local, inputs):
    """Set the constants of the normalisations, from means and powers of the maps over windows."""
    count, spreads = len(LOCAL_PARTS), []
    for name, mean, power in zip(LOCAL_PARTS, inputs[:count], inputs[count:], strict=True):
        scale, spread = scale_and_spread(mean, power)
        set_scale(local, name, scale)
        spreads.append(spread)
    features = np.concatenate([*inputs[:count], *spreads], axis=1)
    local.get_layer("features_norm").set_weights([features.mean(axis=0), features.var(axis=0)])
    for layer in local.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
