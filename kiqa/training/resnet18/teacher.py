"""What a trained WaDIQaM sees in each patch of images, for a student to learn.

The features of all non-overlapping patches of an image, from its upper left
corner, lie in one file, ``float16``, image after image and row by row.

Public names: `Teacher`, `TeacherFeatures`, `load_teacher`,
`write_teacher_features`.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from kiqa.io.files import replacing, write_atomically
from kiqa.io.json_files import read_json
from kiqa.io.weights import find_weights, load_model, read_info
from kiqa.training.runs.packed import PackedImages

LAYER = "features"  # of `kiqa.models.wadiqam`
_FILE, _INDEX = "teacher.bin", "teacher.json"
_EVERY = 200  # images between reports
_TOGETHER = 4096  # patches whose quality is computed at once
_SAMPLE = 20_000  # patches whose features give bounds, means and deviations


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained network in two parts.

    Attributes:
        body: From patches (n, P, P, 3), 0..255, to features (n, c).
        head: From features to a dictionary of ``quality`` and perhaps
            ``weight``, (n, 1).
        patch: P, pixels.
        name: Name of the weights.
        sha256: Hash of their file.
    """

    body: keras.Model
    head: keras.Model
    patch: int
    name: str
    sha256: str


@dataclass(frozen=True, eq=False)
class TeacherFeatures:
    """Features of images' patches, mapped into memory.

    Attributes:
        content: ``float16`` of shape (patches of all images, c).
        starts: Where each image begins.
        grids: ``(rows, columns)`` of each.
        low: ``float32`` of shape (c,): first percentile of each feature. A few
            patches have features a hundred times as large as all others;
            they are cut off there.
        high: Likewise, 99th percentile.
        mean: Mean of the features within these bounds.
        deviation: Their deviation; 1 where it is zero.
        quality: ``float32`` of shape (patches of all images,): what the
            teacher's head says of its features within the bounds.
    """

    content: np.ndarray
    starts: np.ndarray
    grids: list[tuple[int, int]]
    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    quality: np.ndarray

    def grid(self, index: int) -> np.ndarray:
        """Return an image's features, ``float16`` of shape (rows, columns, c)."""
        rows, columns = self.grids[index]
        return self._of(self.content, index).reshape(rows, columns, -1)

    def qualities(self, index: int) -> np.ndarray:
        """Return the qualities of an image's patches, ``float32`` of shape (rows, columns)."""
        return self._of(self.quality, index).reshape(self.grids[index])

    def standardised(self, features: np.ndarray) -> np.ndarray:
        """Return features within the bounds less their mean, over their deviation, ``float32``."""
        bounded = np.clip(features.astype(np.float32), self.low, self.high)
        return (bounded - self.mean) / self.deviation

    def _of(self, values, index):
        rows, columns = self.grids[index]
        begin = self.starts[index]
        return values[begin : begin + rows * columns]


def load_teacher(model: str | os.PathLike) -> Teacher:
    """Load a WaDIQaM or DIQaM without reference, in two parts.

    Args:
        model: Name or file of the weights.

    Returns:
        The teacher; it is not trained further.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is another network.
    """
    info = read_info(find_weights(model))
    whole = load_model(info.path)
    names = [layer.name for layer in whole.layers]
    if LAYER not in names or len(whole.inputs) != 1 or not isinstance(whole.output, dict):
        raise ValueError(
            f"Expected a DIQaM or WaDIQaM without reference. Received: {info.name}, "
            f"{len(whole.inputs)} inputs. Use wadiqam_nr."
        )
    whole.trainable = False
    for layer in whole.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0  # a fixed function, in the student's training too
    features = whole.get_layer(LAYER).output
    return Teacher(
        keras.Model(whole.inputs, features, name="teacher_body"),
        keras.Model(features, whole.output, name="teacher_head"),
        int(whole.inputs[0].shape[1]),
        info.name,
        info.sha256,
    )


def write_teacher_features(
    teacher: Teacher,
    images: PackedImages,
    folder: str | os.PathLike,
    *,
    names: Sequence[str],
    report: Callable[[str], None] = lambda message: None,
) -> TeacherFeatures:
    """Compute the features of all images, unless they are there.

    Args:
        teacher: The network.
        images: Images of at least one patch.
        folder: Gets ``teacher.bin`` and ``teacher.json``; what is there is
            used if it is of the same network and of images of the same
            names and sizes.
        names: Of the images.
        report: Called with a line about the progress.

    Returns:
        The features.

    Raises:
        OSError: If the disk is full; nothing is left behind.
    """
    folder = Path(folder)
    about = {
        "teacher": teacher.sha256,
        "names": list(names),
        "sizes": [list(size) for size in images.sizes],
    }
    grids = [(height // teacher.patch, width // teacher.patch) for height, width in images.sizes]
    index = folder / _INDEX
    if index.is_file():
        known = read_json(index)
        if {key: known.get(key) for key in about} == about:
            return _opened(folder, grids, teacher)
        index.unlink()
    with replacing(folder / _FILE) as temporary, open(temporary, "wb") as file:
        for number, (rows, columns) in enumerate(grids):
            patch = teacher.patch
            pixels = images.pixels(number)[: rows * patch, : columns * patch]
            patches = pixels.reshape(rows, patch, columns, patch, 3).swapaxes(1, 2)
            patches = patches.reshape(-1, patch, patch, 3)
            features = teacher.body.predict_on_batch(patches.astype(np.float32))
            file.write(features.astype(np.float16).data)
            if (number + 1) % _EVERY == 0:
                report(f"features of {number + 1} of {len(grids)} images")
    write_atomically(index, json.dumps(about).encode("utf-8"))
    return _opened(folder, grids, teacher)


def _opened(folder, grids, teacher):
    """The features of a folder, with the numbers of a sample of them."""
    ends = np.cumsum([rows * columns for rows, columns in grids])
    numbers = np.memmap(folder / _FILE, np.float16, "r")
    if len(numbers) % ends[-1]:
        raise ValueError(
            f"Expected features of {ends[-1]} patches in {folder / _FILE}. Received: "
            f"{len(numbers)} numbers. Delete {folder / _INDEX}; they are made again."
        )
    content = numbers.reshape(ends[-1], -1)
    sample = content[:: max(1, len(content) // _SAMPLE)].astype(np.float32)
    low, high = np.percentile(sample, (1, 99), axis=0).astype(np.float32)
    sample = np.clip(sample, low, high)
    deviation = sample.std(axis=0)
    deviation[deviation == 0] = 1
    starts = np.concatenate([[0], ends[:-1]])
    quality = np.empty(len(content), np.float32)
    for at in range(0, len(content), _TOGETHER):
        part = np.clip(content[at : at + _TOGETHER].astype(np.float32), low, high)
        quality[at : at + _TOGETHER] = teacher.head.predict_on_batch(part)["quality"][:, 0]
    mean = sample.mean(axis=0)
    return TeacherFeatures(content, starts, grids, low, high, mean, deviation, quality)
