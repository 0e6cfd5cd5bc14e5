"""What a trained network sees in each cell of images, for a student to learn.

A WaDIQaM sees patches; of a `lite` what its later maps show of each patch is
taken. The features of all non-overlapping patches of an image, from its upper
left corner, lie in one file, ``float16``, image after image and row by row.

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
from sklearn.linear_model import RidgeCV

from kiqa.constants import PAQ2PIQ
from kiqa.io.files import contents_sha256, replacing, write_atomically
from kiqa.io.json_files import read_json
from kiqa.io.weights import find_weights, load_model, read_info
from kiqa.maps.lite import LiteRater
from kiqa.training.runs.packed import PackedImages

LAYER = "features"  # of `kiqa.models.wadiqam`
LITE_MAPS = ("stage5", "stage7", "tuned_stage7")  # of `kiqa.models.lite`: linear, strides 16 and 32
_FILE, _INDEX = "teacher.bin", "teacher.json"
_EVERY = 200  # images between reports
_TOGETHER = 4096  # patches whose quality is computed at once
_SAMPLE = 20_000  # patches whose features give bounds, means and deviations
_PENALTIES = np.logspace(0, 6, 13)  # of the head that is fitted, chosen by leaving one out


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained network in two parts.

    Attributes:
        see: From ``uint8`` images (H, W, 3) to the features of their patches,
            (H // 32, W // 32, c).
        head: From features (n, c) to a dictionary of ``quality`` and perhaps
            ``weight``, (n, 1); ``None``: it is fitted to features and scores.
        name: Name of the weights.
        sha256: Hash of their file.
    """

    see: Callable[[np.ndarray], np.ndarray]
    head: keras.Model | None
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
        head: The teacher's, or the one fitted in its place.
        quality: ``float32`` of shape (patches of all images,): what the
            head says of the features within the bounds.
    """

    content: np.ndarray
    starts: np.ndarray
    grids: list[tuple[int, int]]
    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    head: keras.Model
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
    """Load a network whose features can be learned.

    Args:
        model: Name or file of a WaDIQaM or DIQaM without reference, or of a
            ``lite``.

    Returns:
        The teacher; it is not trained further.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is another network.
    """
    info = read_info(find_weights(model))
    whole = load_model(info.path)
    if info.details.mode == "lite":
        rater = LiteRater(whole, info=info)
        return Teacher(lambda pixels: _cells(rater, pixels), None, info.name, info.sha256)
    names = [layer.name for layer in whole.layers]
    if LAYER not in names or len(whole.inputs) != 1 or not isinstance(whole.output, dict):
        raise ValueError(
            f"Expected a DIQaM or WaDIQaM without reference, or a lite. Received: {info.name}, "
            f"{len(whole.inputs)} inputs. Use wadiqam_nr or lite."
        )
    whole.trainable = False
    for layer in whole.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0  # a fixed function, in the student's training too
    features, patch = whole.get_layer(LAYER).output, int(whole.inputs[0].shape[1])
    if (patch, features.shape[-1]) != (PAQ2PIQ.stride, PAQ2PIQ.features):
        raise ValueError(
            f"Expected a teacher with {PAQ2PIQ.features} features of patches of {PAQ2PIQ.stride} "
            f"pixels. Received: {info.name}, {features.shape[-1]} of {patch}. Use wadiqam_nr or "
            "lite."
        )
    body = keras.Model(whole.inputs[0], features, name="teacher_body")
    head = keras.Model(features, whole.output, name="teacher_head")
    return Teacher(lambda pixels: _patches(body, pixels), head, info.name, info.sha256)


def write_teacher_features(
    teacher: Teacher,
    images: PackedImages,
    folder: str | os.PathLike,
    *,
    files: Sequence[str | os.PathLike],
    scores: np.ndarray,
    report: Callable[[str], None] = lambda message: None,
) -> TeacherFeatures:
    """Compute the features of all images, unless they are there.

    Args:
        teacher: The network.
        images: Images of at least one patch.
        folder: Gets ``teacher.bin`` and ``teacher.json``; what is there is
            used if it is of the same network and of images of the same
            content.
        files: Of the images.
        scores: Theirs, 0..1. A teacher without a head gets a linear one: ridge
            regression of the scores on the images' mean features.
        report: Called with a line about the progress.

    Returns:
        The features.

    Raises:
        OSError: If the disk is full; nothing is left behind.
    """
    folder = Path(folder)
    about = {
        "teacher": teacher.sha256,
        "images": contents_sha256(files),
        "sizes": [list(size) for size in images.sizes],
    }
    grids = [(height // PAQ2PIQ.stride, width // PAQ2PIQ.stride) for height, width in images.sizes]
    index = folder / _INDEX
    if index.is_file():
        if read_json(index) == about:
            return _opened(folder, grids, teacher, scores)
        index.unlink()
    with replacing(folder / _FILE) as temporary, open(temporary, "wb") as file:
        for number in range(len(images)):
            file.write(teacher.see(images.pixels(number)).astype(np.float16).tobytes())
            if (number + 1) % _EVERY == 0:
                report(f"features of {number + 1} of {len(grids)} images")
    write_atomically(index, json.dumps(about).encode("utf-8"))
    return _opened(folder, grids, teacher, scores)


def _patches(body, pixels):
    """A network's features of the patches of an image."""
    patch = PAQ2PIQ.stride
    rows, columns = (side // patch for side in pixels.shape[:2])
    patches = pixels[: rows * patch, : columns * patch].reshape(rows, patch, columns, patch, 3)
    patches = patches.swapaxes(1, 2).reshape(-1, patch, patch, 3)
    return body.predict_on_batch(patches.astype(np.float32)).reshape(rows, columns, -1)


def _cells(rater, pixels):
    """What the maps of a lite show of the patches of an image."""
    patch = PAQ2PIQ.stride
    rows, columns = (side // patch for side in pixels.shape[:2])
    return rater.cells(pixels, LITE_MAPS, (rows, columns), patch)


def _opened(folder, grids, teacher, scores):
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
    mean, deviation = sample.mean(axis=0), sample.std(axis=0)
    deviation[deviation == 0] = 1
    starts = np.concatenate([[0], ends[:-1]])

    def bounded(begin, end):
        return np.clip(content[begin:end].astype(np.float32), low, high)

    head = teacher.head
    if head is None:
        means = [bounded(*span).mean(axis=0) for span in zip(starts, ends, strict=True)]
        head = _fitted_head((np.stack(means) - mean) / deviation, scores, mean, deviation)
    quality = np.empty(len(content), np.float32)
    for at in range(0, len(content), _TOGETHER):
        part = bounded(at, at + _TOGETHER)
        quality[at : at + _TOGETHER] = head.predict_on_batch(part)["quality"][:, 0]
    return TeacherFeatures(content, starts, grids, low, high, mean, deviation, head, quality)


def _fitted_head(rows, scores, mean, deviation):
    """A dense layer from features to quality, from standardised ones of images and their scores."""
    fit = RidgeCV(_PENALTIES).fit(rows.astype(np.float64), scores)
    kernel = fit.coef_ / deviation
    bias = fit.intercept_ - mean @ kernel
    features = keras.Input((len(mean),), name=LAYER)
    dense = keras.layers.Dense(1, dtype="float32", name="quality")
    head = keras.Model(features, {"quality": dense(features)}, name="teacher_head")
    dense.set_weights([kernel[:, None], np.array([bias])])
    head.trainable = False
    return head
