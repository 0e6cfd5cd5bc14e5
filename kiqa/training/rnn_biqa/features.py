"""Fill a folder with the feature sequences of a data set.

Reading, the gaze and its order run ahead in threads, the network in the
calling thread. What is finished is not computed again.

Public names: `extract_features`.
"""

import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from kiqa.data.records import ScoredImage
from kiqa.io.files import sha256_of
from kiqa.io.images import load_image
from kiqa.io.messages import name_file
from kiqa.io.rows import RowFile
from kiqa.io.weights import WeightsInfo, load_model, read_info
from kiqa.maps.gaze import GazeForm, gaze_of
from kiqa.maps.rnn_biqa import GazeExtractor, check_side
from kiqa.scoring import in_shard, read_ahead, usable_workers
from kiqa.training.rnn_biqa.feature_folder import (
    ROW_COLUMNS,
    begin_folder,
    read_sequence,
    save_sequence,
    sequence_file,
)
from kiqa.training.rnn_biqa.feature_teacher import FeatureTeacher


def extract_features(
    records: Sequence[ScoredImage],
    folder: str | os.PathLike,
    *,
    extractor: str | os.PathLike,
    form: GazeForm,
    teacher: FeatureTeacher | None = None,
    shard: tuple[int, int] = (1, 1),
    half: bool = True,
    workers: int | None = None,
) -> Generator[dict, None, None]:
    """Extract the features of images into a folder, or continue to.

    Args:
        records: The images, of one data set.
        folder: Folder of features, see `kiqa.training.rnn_biqa.feature_folder`.
        extractor: Name or file of a feature extractor.
        form: How images become patches.
        teacher: Whose scores the records of the part train have.
        shard: ``(i, n)``: only the i-th of n parts, by name; each part has
            its own list of images in the folder, so that several processes
            may fill it.
        half: Store float16.
        workers: Threads that read images; ``None`` is the cores, at most 8.

    Returns:
        An iterator over the row of each image of the shard, in order, finished
        ones included. An image that cannot be used has ``error`` and is tried
        again next time. The checks have been made when this returns; closing
        the iterator ends the run.

    Raises:
        ValueError: If there is no image or no worker, the file is no feature
            extractor, features are not finite, or the folder holds other
            features.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    records = [record for record in records if in_shard(record.name, shard)]
    if not records:
        raise ValueError(f"Expected images. Received: none in shard {shard[0]}/{shard[1]}.")
    workers = usable_workers() if workers is None else workers
    if workers < 1:
        raise ValueError(
            f"Expected at least 1 worker. Received: {workers}. Leave --workers out, or name the "
            "number of threads."
        )
    folder, info = Path(folder), read_info(extractor)
    network = GazeExtractor(load_model(info.path), form=form, info=_named(info))
    made = begin_folder(
        folder,
        extractor=info,
        features=network.features,
        dataset=records[0].dataset,
        form=form,
        teacher=teacher,
    )
    name = "images.jsonl" if shard == (1, 1) else f"images-{shard[0]}of{shard[1]}.jsonl"
    rows = RowFile(folder / name, form="jsonl", columns=ROW_COLUMNS, resume=True)
    return _extract(records, folder, made, network, rows, half=half, workers=workers)


def _named(info: WeightsInfo) -> WeightsInfo:
    """The description, if it does not speak of another kind of model."""
    mode = info.details.mode
    if mode not in ("rnn-features", "patch"):  # a file that names no mode counts as patch
        raise ValueError(
            f"Expected a feature extractor, of mode 'rnn-features'. Received: {info.path}, "
            f"{mode!r}. Make one: python -m kiqa.train_rnn_biqa fine-tune."
        )
    return info


def _extract(records, folder, info, network, rows, *, half, workers):
    written = {row["name"]: row for row in rows.finished}

    def prepare(record):
        row: dict[str, Any] = {
            **dict.fromkeys(ROW_COLUMNS),
            "name": record.name,
            "mos": record.mos01,
            "content": record.content,
            "set": record.set,
        }
        try:
            row["sha256"] = sha256_of(record.path)
            row["file"] = sequence_file(row["sha256"], info)
            known = _readable(folder / row["file"], info)
            if known is not None:
                return row | {"patches": len(known), "low": known.low}, None
            pixels = load_image(record.path).pixels
            check_side(pixels)
            return row, gaze_of(pixels, info.form)
        except (ValueError, OSError) as error:
            return row | {"file": None, "error": name_file(error, record.path)}, None

    prepared = read_ahead(prepare, records, workers=workers)
    try:
        for row, gaze in prepared:
            if gaze is not None:
                sequence = network.of_gaze(gaze)
                save_sequence(folder / row["file"], sequence, info, half=half)
                row |= {"patches": len(sequence), "low": sequence.low}
            if row != written.get(row["name"]):
                rows.append(row)
            yield row
    finally:
        prepared.close()
        rows.close()


def _readable(path, info):
    """The sequence of a file that is there and whole, else ``None``: it is made again."""
    try:
        return read_sequence(path, info)
    except (ValueError, OSError):
        return None
