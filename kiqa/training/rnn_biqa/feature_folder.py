"""Feature sequences on disk: one file per image, and what made them.

A folder holds ``features.json`` (data set, extractor by name and sha256, form
of the gaze, the teacher if there is one), ``extractor.h5``, a copy of the
network, ``images.jsonl`` with a row an image (several such files if several
processes filled the folder), and ``sequences/``, whose files repeat the
extractor's sha256: a file of another extractor is refused wherever it comes from.

Public names: `FolderInfo`, `FeatureFolder`, `open_folder`, `begin_folder`,
`save_sequence`, `read_sequence`, `sequence_file`, `ROW_COLUMNS`.
"""

import hashlib
import json
import math
import os
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kiqa.evaluation.report import write_json
from kiqa.io.files import replacing
from kiqa.io.json_files import read_json
from kiqa.io.rows import read_rows
from kiqa.io.weights import WeightsInfo
from kiqa.maps.gaze import GazeForm
from kiqa.maps.rnn_biqa import FeatureSequence
from kiqa.training.rnn_biqa.feature_teacher import FeatureTeacher

INFO_FILE, EXTRACTOR_FILE, SEQUENCES = "features.json", "extractor.h5", "sequences"
ROW_COLUMNS = ("name", "sha256", "mos", "content", "set", "patches", "low", "file", "error")
_FIELDS = {"extractor": str, "extractor_sha256": str, "features": int, "dataset": str, "form": dict}


@dataclass(frozen=True)
class FolderInfo:
    """What made the features of a folder.

    Attributes:
        extractor: Name of the network.
        extractor_sha256: Hash of its file.
        features: Number of features of a patch.
        dataset: Key of `kiqa.data.DATASETS`.
        form: How images became patches.
        teacher: Whose scores the training images have, beside people's or
            alone; ``None`` for people's.
    """

    extractor: str
    extractor_sha256: str
    features: int
    dataset: str
    form: GazeForm
    teacher: FeatureTeacher | None = None


@dataclass(frozen=True, eq=False)
class FeatureFolder:
    """The sequences of a folder, by image.

    Attributes:
        path: The folder.
        info: What made them.
        rows: Of each image a dictionary of `ROW_COLUMNS` without errors:
            ``mos`` in 0..1, ``set`` or ``None``, ``file`` below the folder.
    """

    path: Path
    info: FolderInfo
    rows: tuple[dict, ...]

    @property
    def names(self) -> list[str]:
        """Names of the images."""
        return [row["name"] for row in self.rows]

    def sequences(self, names: Sequence[str] | None = None) -> list[FeatureSequence]:
        """Read the sequences of images.

        Args:
            names: Of the images, in the order wanted; ``None`` is all.

        Returns:
            The sequences.

        Raises:
            ValueError: If a name is unknown, or as `read_sequence`.
            FileNotFoundError: If a file is missing.
        """
        return [read_sequence(self.path / row["file"], self.info) for row in self.rows_of(names)]

    def rows_of(self, names: Sequence[str] | None) -> list[dict]:
        """Return the rows of images, see `sequences`.

        Raises:
            ValueError: If a name is unknown.
        """
        if names is None:
            return list(self.rows)
        known = {row["name"]: row for row in self.rows}
        missing = [name for name in names if name not in known]
        if missing:
            raise ValueError(
                f"Expected features of every image. Received: {self.path} without "
                f"{len(missing)} of {len(names)}, such as {missing[:3]}. Continue "
                "python -m kiqa.train_rnn_biqa features there."
            )
        return [known[name] for name in names]


def begin_folder(
    path: str | os.PathLike,
    *,
    extractor: WeightsInfo,
    features: int,
    dataset: str,
    form: GazeForm,
    teacher: FeatureTeacher | None = None,
) -> FolderInfo:
    """Begin or continue a folder of features.

    Args:
        path: The folder; made if missing.
        extractor: The network's file, which is copied there.
        features: Number of features of a patch.
        dataset: Key of `kiqa.data.DATASETS`.
        form: How images become patches.
        teacher: Whose scores the training images have.

    Returns:
        What makes the features.

    Raises:
        ValueError: If the folder holds features of another extractor, data
            set or form, or scores of another teacher.
        OSError: If it cannot be written.
    """
    path = Path(path)
    info = FolderInfo(extractor.name, extractor.sha256, features, dataset, form, teacher)
    if (path / INFO_FILE).is_file():
        earlier = _read_info(path)
        if earlier != info:
            raise ValueError(
                f"Expected features of {_said(info)}, the same as now. Received: {path}, which "
                f"holds features of {_said(earlier)}. Use another folder; for other scores copy "
                f"{SEQUENCES}/ into it, so that only these are written."
            )
        return info
    (path / SEQUENCES).mkdir(parents=True, exist_ok=True)
    with replacing(path / EXTRACTOR_FILE) as temporary:
        shutil.copyfile(extractor.path, temporary)
    values = {
        "extractor": info.extractor,
        "extractor_sha256": info.extractor_sha256,
        "features": features,
        "dataset": dataset,
        "form": form.to_json(),
    }
    if teacher is not None:
        values["teacher"] = teacher.to_json()
    write_json(values, path / INFO_FILE)
    return info


def open_folder(path: str | os.PathLike) -> FeatureFolder:
    """Open a folder of features to read; nothing in it is changed.

    Args:
        path: The folder.

    Returns:
        Its content; of each image the row of the last attempt in each list of
        images, of several lists one without an error. Images that have only
        errors are left out.

    Raises:
        FileNotFoundError: If it is no such folder; the message says how to
            make one.
        ValueError: If a file of it is damaged, no image has features, a score
            is no finite number, or two lists differ in one or in a part.
    """
    path = Path(path)
    if not (path / INFO_FILE).is_file():
        raise FileNotFoundError(
            f"Expected a folder of features with {INFO_FILE}. Received: {path}, which holds "
            "none. Make it: python -m kiqa.train_rnn_biqa features --dataset NAME --data ROOT "
            f"--extractor NAME|FILE --output {path}"
        )
    info, found = _read_info(path), {}
    for file in sorted(path.glob("images*.jsonl")):
        last = {row["name"]: row for row in read_rows(file, form="jsonl", columns=ROW_COLUMNS)}
        _refuse_others(found, last, file)
        found |= {n: row for n, row in last.items() if row["error"] is None or n not in found}
    good = tuple(row for row in found.values() if row["error"] is None)
    if not good:
        raise ValueError(f"Expected features in {path}. Received: none of {len(found)} images.")
    bad = {row["name"]: row["mos"] for row in good if not _is_finite(row["mos"])}
    if bad:
        raise ValueError(
            f"Expected a finite score of every image in {path}. Received: {len(bad)} others, such "
            f"as {dict(list(bad.items())[:3])}. Correct the data set's scores and continue "
            "python -m kiqa.train_rnn_biqa features there."
        )
    return FeatureFolder(path, info, good)


def _refuse_others(found, rows, file):
    """Refuse a list that says another score or part of an image than the lists before."""
    for name, row in rows.items():
        known = found.get(name)
        if known is not None and any(known[key] != row[key] for key in ("mos", "set")):
            raise ValueError(
                f"Expected one score and part of an image in all lists of {file.parent}. Received: "
                f"{name} with {known['mos']}, {known['set']} and in {file.name} {row['mos']}, "
                f"{row['set']}. Delete the list that is out of date."
            )


def sequence_file(image_sha256: str, info: FolderInfo) -> str:
    """Return the name below the folder of an image's file: a hash of all it depends on."""
    key = [image_sha256, info.extractor_sha256, json.dumps(info.form.to_json(), sort_keys=True)]
    return f"{SEQUENCES}/{hashlib.sha256(repr(key).encode()).hexdigest()[:40]}.npz"


def save_sequence(path: Path, sequence: FeatureSequence, info: FolderInfo, *, half: bool) -> None:
    """Write the features of one image, whole or not at all.

    Args:
        path: Target ``.npz``.
        sequence: The features.
        info: What made them.
        half: Store float16, where all values fit; half the room.

    Raises:
        OSError: If it cannot be written.
    """
    values = sequence.values
    if half and np.abs(values).max(initial=0) < np.finfo(np.float16).max:
        values = values.astype(np.float16)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, values=values, low=sequence.low, extractor=info.extractor_sha256)


def read_sequence(path: Path, info: FolderInfo) -> FeatureSequence:
    """Read the features of one image.

    Args:
        path: File of `save_sequence`.
        info: What must have made them.

    Returns:
        The sequence, ``float32``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, of another extractor, empty, or holds
            values that are not finite.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a file of features. Received: {path}, not there. Make it again: delete its "
            "row from images.jsonl and continue python -m kiqa.train_rnn_biqa features."
        )
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            values, low = file["values"].astype(np.float32), int(file["low"])
            extractor = str(file["extractor"])
    except (zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"Expected a file of features. Received: {path} ({error}). It is damaged; delete it."
        ) from error
    if extractor != info.extractor_sha256:
        raise ValueError(
            f"Expected features of {info.extractor}, sha256 {info.extractor_sha256}. Received: "
            f"{path}, of an extractor with sha256 {extractor}. Do not mix extractors."
        )
    if values.ndim != 2 or values.shape[1] != info.features or not 0 <= low <= len(values):
        raise ValueError(
            f"Expected features of shape (patches, {info.features}). Received: {path}, shape "
            f"{values.shape}, {low} of them of the half. It is damaged; delete it."
        )
    if not len(values):
        raise ValueError(f"Expected at least one patch. Received: {path}, an empty sequence.")
    if not np.isfinite(values).all():
        raise ValueError(
            f"Expected finite features. Received: {path}, {np.sum(~np.isfinite(values))} that are "
            "not. Make it again from undamaged weights."
        )
    return FeatureSequence(values, low)


def _is_finite(value):
    return isinstance(value, int | float) and math.isfinite(value)


def _read_info(path):
    try:
        values = read_json(path / INFO_FILE)
        if not all(isinstance(values[key], kind) for key, kind in _FIELDS.items()):
            raise ValueError("a value of the wrong kind")
        return FolderInfo(
            **{key: values[key] for key in _FIELDS if key != "form"},
            form=GazeForm.from_json(values["form"]),
            teacher=FeatureTeacher.from_json(values["teacher"]) if "teacher" in values else None,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"Expected {path / INFO_FILE} with {sorted(_FIELDS)}. Received: {error}. It is "
            "damaged; use another folder."
        ) from error


def _said(info):
    teacher = info.teacher
    scores = "" if teacher is None else f", scores of {teacher.name} with weight {teacher.weight:g}"
    return (
        f"{info.dataset} by {info.extractor} (sha256 {info.extractor_sha256[:12]}), "
        f"{info.form.to_json()}{scores}"
    )
