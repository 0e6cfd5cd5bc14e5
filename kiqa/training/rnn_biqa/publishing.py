"""The pooling network and its extractor, side by side as one published model.

Public names: `publish_pooling`.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import keras

from kiqa import __version__
from kiqa.data.trained import in_chain
from kiqa.io.files import replacing
from kiqa.io.weights import Companion, Details, TrainingPart, export_h5
from kiqa.training.rnn_biqa.feature_folder import EXTRACTOR_FILE, FeatureFolder
from kiqa.training.rnn_biqa.settings import PoolingSettings
from kiqa.training.runs.origin import details_of


def publish_pooling(
    model: keras.Model,
    folder: str | os.PathLike,
    features: FeatureFolder,
    settings: PoolingSettings,
    *,
    trained_on: Sequence[TrainingPart],
) -> Path:
    """Write a pooling network, and beside it the extractor it was trained with.

    Args:
        model: The network.
        folder: Where the files are written: ``rnn_biqa.h5`` (or
            ``average_biqa.h5``) and the extractor under its name.
        features: The features it was trained on.
        settings: Of the training.
        trained_on: Which images these are, from `kiqa.data.trained`; goes
            into the file.

    Returns:
        The path of the network.

    Raises:
        OSError: If a file cannot be written or the extractor is missing.
    """
    folder, info = Path(folder), features.info
    with replacing(folder / f"{info.extractor}.h5") as temporary:
        shutil.copyfile(features.path / EXTRACTOR_FILE, temporary)
    return export_h5(
        model,
        folder / f"{model.name}.h5",
        Details(
            name=model.name,
            version=__version__,
            scale="0..1",
            higher_is_better=True,
            mode="rnn-biqa",
            pooling=settings.method,
            masked=settings.masked,
            multi_resolution=settings.multi_resolution,
            form=info.form.to_json(),
            companions={"extractor": Companion(info.extractor, info.extractor_sha256)},
            trained_on=in_chain(trained_on, details_of(features.path / EXTRACTOR_FILE)),
        ),
    )
