"""Train the network that makes the maps of `lite`, on a trained `lite.h5`.

In images that count as good, a random rectangle is degraded. A window around a
block should get the image's score where it is undistorted, that of a degraded
copy (`kiqa.data.distortions.copies`) where it is, and a mixture between. These are
pseudo-scores. The body is frozen, so that a window is 416 numbers.

Public names: `train_local`, `window_rows`.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

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
from kiqa.training.runs.optimizers import adam, compile_model, learning_rate
from kiqa.training.runs.seeding import epoch_rng, model_seed

_COMMON, _COMMONLY = 3, 0.6  # the first so many kinds are drawn more often
_POSITIONS = (0.1, 0.95)
_AREA = (0.2, 0.6)
_CELLS = 120  # of each image
_LEAST, _EPSILON = 1e-6, 1e-3
_ABOUT = "pseudo-scores of windows of locally degraded images"


def train_local(
    weights: str | os.PathLike,
    images: Sequence[tuple[Path, float]],
    output: str | os.PathLike,
    *,
    versions: int = 4,
    epochs: int = 14,
    batch: int = 256,
    rate: float = 2e-3,
    decay: float = 1e-3,
    units: int = 64,
    seed: int = 0,
    report: Callable[[str], None] = lambda message: None,
) -> Path:
    """Train and write the network.

    Args:
        weights: A trained ``lite.h5``.
        images: Files of good images, and what each counts as, 0..1.
        output: The file to write.
        versions: Degraded versions of each image.
        epochs: Of training.
        batch: Windows in a step.
        rate: AdamW's learning rate at first; it falls along a cosine.
        decay: AdamW's.
        units: Of the hidden layer.
        seed: Of all that is drawn.
        report: Called with a line about the windows.

    Returns:
        The path written.

    Raises:
        ValueError: If there are no images, or one cannot be read.
        OSError: If a file cannot be read or written.
    """
    if not images:
        raise ValueError("Expected images to degrade. Received: none. Give a folder of them.")
    info, model = read_info(weights), load_model(weights)
    widths = tuple(model.get_layer(f"{name}_mean").output.shape[-1] for name in LOCAL_PARTS)
    local = build_lite_local(widths=widths, units=units, seed=model_seed(seed))
    rater = LiteRater(model, local=local)
    rows, wanted = window_rows(rater, images, versions=versions, seed=seed)
    report(f"{len(wanted)} windows of {versions * len(images)} images")
    parts = _set_scales(local, rows, widths)
    steps = -(-len(wanted) // batch) * epochs
    schedule = learning_rate(rate, schedule="cosine", steps=steps)
    compile_model(local, optimizer=adam(schedule, weight_decay=decay), loss="mse")
    for epoch in range(epochs):
        order = epoch_rng(seed, 3, epoch=epoch).permutation(len(wanted))
        local.fit(
            [part[order] for part in parts], wanted[order, None],
            batch_size=batch, shuffle=False, verbose=0,
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


def _set_scales(local, rows, widths):
    """Set the constants of the normalisations; return the network's inputs."""
    parts = np.split(rows, np.cumsum(widths * 2)[:-1], axis=1)
    count, spreads = len(widths), []
    for name, mean, power in zip(LOCAL_PARTS, parts[:count], parts[count:], strict=True):
        variance = np.maximum(power - mean**2, 0)
        scale = np.median(variance, axis=0) + _LEAST
        local.get_layer(f"{name}_scale").set_weights(
            [np.sqrt(1 + _EPSILON) / scale, np.zeros_like(scale), np.ones_like(scale)]
        )
        spreads.append(variance / (variance + scale))
    features = np.concatenate([*parts[:count], *spreads], axis=1)
    local.get_layer("features_norm").set_weights([features.mean(axis=0), features.var(axis=0)])
    for layer in local.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    return parts
