"""What a trained WaDIQaM sees in each patch of pictures, for a student to learn.

The features of all non-overlapping patches of a picture, from its upper left
corner, lie in one file, ``float16``, picture after picture and row by row.

Public names: `Teacher`, `TeacherFeatures`, `load_teacher`,
`write_teacher_features`.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from kiqa.io.weights import find_weights, load_model, read_info
from kiqa.io.whole_files import replacing, write_atomically
from kiqa.training.packed_pictures import PackedPictures

LAYER = "features"  # of `kiqa.models.wadiqam`
_FILE, _INDEX = "teacher.bin", "teacher.json"
_EVERY = 200  # pictures between reports


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
    """Features of pictures' patches, mapped into memory.

    Attributes:
        content: ``float16`` of shape (patches of all pictures, c).
        starts: Where each picture begins.
        grids: ``(rows, columns)`` of each.
        scale: ``float32`` of shape (c,): root of the mean square of each
            feature; 1 where it is always zero.
    """

    content: np.ndarray
    starts: np.ndarray
    grids: list[tuple[int, int]]
    scale: np.ndarray

    def grid(self, index: int) -> np.ndarray:
        """Return a picture's features, ``float16`` of shape (rows, columns, c)."""
        rows, columns = self.grids[index]
        begin = self.starts[index]
        return self.content[begin : begin + rows * columns].reshape(rows, columns, -1)


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
    pictures: PackedPictures,
    folder: str | os.PathLike,
    *,
    report: Callable[[str], None] = lambda message: None,
) -> TeacherFeatures:
    """Compute the features of all pictures, unless they are there.

    Args:
        teacher: The network.
        pictures: Pictures of at least one patch.
        folder: Gets ``teacher.bin`` and ``teacher.json``; what is there is
            used if it is of the same network and as many pictures of the
            same sizes.
        report: Told how far it is.

    Returns:
        The features.

    Raises:
        OSError: If the disk is full; nothing is left behind.
    """
    folder = Path(folder)
    about = {"teacher": teacher.sha256, "sizes": [list(size) for size in pictures.sizes]}
    grids = [(height // teacher.patch, width // teacher.patch) for height, width in pictures.sizes]
    index = folder / _INDEX
    if index.is_file():
        known = json.loads(index.read_text(encoding="utf-8"))
        if {key: known.get(key) for key in about} == about:
            return _opened(folder, grids, known["scale"])
        index.unlink()
    squares, count = 0.0, 0
    with replacing(folder / _FILE) as temporary, open(temporary, "wb") as file:
        for number, (rows, columns) in enumerate(grids):
            patch = teacher.patch
            pixels = pictures.pixels(number)[: rows * patch, : columns * patch]
            patches = pixels.reshape(rows, patch, columns, patch, 3).swapaxes(1, 2)
            patches = patches.reshape(-1, patch, patch, 3)
            features = teacher.body.predict_on_batch(patches.astype(np.float32))
            features = features.astype(np.float16)
            squares = squares + np.sum(features.astype(np.float64) ** 2, axis=0)
            count += len(features)
            file.write(features.data)
            if (number + 1) % _EVERY == 0:
                report(f"features of {number + 1} of {len(grids)} pictures")
    scale = np.sqrt(squares / count)
    scale[scale == 0] = 1
    write_atomically(index, json.dumps(about | {"scale": scale.tolist()}).encode("utf-8"))
    return _opened(folder, grids, scale)


def _opened(folder, grids, scale):
    content = np.memmap(folder / _FILE, np.float16, "r").reshape(-1, len(scale))
    ends = np.cumsum([rows * columns for rows, columns in grids])
    if len(content) != ends[-1]:
        raise ValueError(
            f"Expected features of {ends[-1]} patches in {folder / _FILE}. Received: "
            f"{len(content)}. Delete {folder / _INDEX}; they are made again."
        )
    starts = np.concatenate([[0], ends[:-1]])
    return TeacherFeatures(content, starts, grids, np.array(scale, np.float32))
