"""The published file of `lite`, with what rows say beside a score.

Public names: `export_lite`, `LEVEL`.
"""

import os
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import keras
import numpy as np

from kiqa.io.images import load_image
from kiqa.io.weights import TrainingPart, export_h5, load_model
from kiqa.maps.lite import WORKING_AREA, LiteRater
from kiqa.training.lite.calibration import interval, percentiles
from kiqa.training.runs.origin import described

LEVEL = 0.9  # of the interval


def export_lite(
    model: keras.Model,
    path: str | os.PathLike,
    *,
    train: Sequence[Path],
    validation: Sequence[Path],
    wanted: np.ndarray,
    trained_on: Sequence[TrainingPart],
    initial: str | None,
) -> Path:
    """Write the network with its percentiles and interval.

    Args:
        model: The trained network.
        path: Target ending in ``.h5``.
        train: Files of the training images. They and those of ``validation``
            are rated as `kiqa.maps.lite.LiteRater.score` rates any image, not
            from the stored features, which are of squares, and by the network
            as it is read from a file: in ``float32``, whatever it was trained in.
        validation: Files of the validation images, (m,).
        wanted: Their MOS, (m,).
        trained_on: Which images.
        initial: What the body started from.

    Returns:
        The path written.

    Raises:
        OSError: If an image cannot be read, or writing fails.
        ValueError: If an image cannot be rated.
    """
    about = partial(described, "lite", trained_on, initial, mode="lite", working_area=WORKING_AREA)
    with tempfile.TemporaryDirectory() as folder:
        rater = LiteRater(load_model(export_h5(model, Path(folder) / Path(path).name, about())))
    trained, validated = (
        np.array([rater.score(load_image(path).pixels) for path in paths])
        for paths in (train, validation)
    )
    details = about(
        percentiles=tuple(percentiles(trained)),
        interval=interval(validated, wanted, level=LEVEL, edges_from=trained),
    )
    return export_h5(model, path, details)
