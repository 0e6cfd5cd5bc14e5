"""What the command line of RNN-BIQA's trainings is told, as data.

Public names: `fine_tuning_parts`, `write_features`.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from tqdm import tqdm

from kiqa.data import DATASETS
from kiqa.data.records import ScoredImage
from kiqa.data.splits import assign_split, read_split
from kiqa.maps.gaze import GazeForm
from kiqa.training.rnn_biqa.settings import PRESETS, FineTuningSettings


def fine_tuning_parts(
    arguments: argparse.Namespace, settings: FineTuningSettings
) -> tuple[list[ScoredImage], list[ScoredImage]]:
    """Return the images to train and to validate on.

    Args:
        arguments: With ``dataset``, ``data`` and ``split``.
        settings: Of the training; 0 epochs need no data.

    Returns:
        The sets train and val, the latter perhaps empty; all images of a data
        set without any split, as the paper uses LIVE In the Wild.

    Raises:
        ValueError: If the data set is not named.
        FileNotFoundError: If it is not there.
    """
    if arguments.dataset is None or arguments.data is None:
        if settings.epochs == 0:
            return [], []
        received = [n for n in ("dataset", "data") if getattr(arguments, n) is not None]
        raise ValueError(
            "Expected --dataset and --data, the images to train on. Received: "
            f"{f'only --{received[0]}' if received else 'neither'}. Add what is missing, or "
            "--epochs 0 to build the extractor without training."
        )
    records = DATASETS[arguments.dataset](arguments.data)
    if arguments.split is not None:
        records = assign_split(records, read_split(arguments.split), allow_unmatched=True)
    if all(record.set is None for record in records):
        return records, []
    return tuple([r for r in records if r.set == part] for part in ("train", "val"))


def write_features(
    records: Sequence[ScoredImage], arguments: argparse.Namespace, *, say: Callable[[str], None]
) -> tuple[int, int]:
    """Extract features as the command line says, with a progress bar.

    Args:
        records: The images.
        arguments: With the options of ``features``.
        say: Told of each image that cannot be used.

    Returns:
        Number of images, and of those that could not be used.

    Raises:
        ValueError: As `kiqa.training.rnn_biqa.features.extract_features`.
        OSError: Likewise.
    """
    from kiqa.training.rnn_biqa.features import extract_features

    form = replace(
        GazeForm.of(PRESETS[arguments.preset]),
        display=arguments.display_size,
        smaller_side=arguments.smaller_side,
    )
    rows = extract_features(
        records, arguments.workdir, extractor=arguments.extractor, form=form,
        shard=arguments.shard, half=not arguments.float32, workers=arguments.workers,
    )  # fmt: skip
    images = errors = 0
    total = len(records) if arguments.shard == (1, 1) else None
    try:
        for row in tqdm(rows, total=total, unit="image", disable=not sys.stderr.isatty()):
            images += 1
            if row["error"] is not None:
                errors += 1
                say(row["error"])
    finally:
        rows.close()
    return images, errors
