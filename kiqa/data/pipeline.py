"""tf.data pipelines: patches from arrays, patches from images, whole images.

Public names: `patch_pipeline`, `image_patch_pipeline`, `eval_pipeline`,
`decode_image`, `readable_errors`.

Pixels are RGB uint8, 0..255, and stay so: networks scale inside. Labels are
float32. Everything random follows from ``(seed, epoch)`` alone and not from
TensorFlow's global seed, so a resumed run sees the batches of an
uninterrupted one. No sample is dropped; last batches may be smaller.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tensorflow as tf

from kiqa.constants import PATCHNET
from kiqa.data.patches import cut_patches, random_positions
from kiqa.data.records import ScoredImage
from kiqa.io.images import ImageError, load_image, plain_coding

_MIXED_BATCHES = 4  # patches of so many batches are shuffled among each other


def patch_pipeline(
    x: np.ndarray,
    y: np.ndarray,
    *,
    batch_size: int,
    seed: int,
    epoch: int,
    flip: bool = False,
) -> tf.data.Dataset:
    """Batches of one training epoch from patches in memory.

    The arrays are not copied; each batch is gathered when it is needed.

    Args:
        x: ``(N, P, P, 3)``, uint8.
        y: ``(N,)``, labels.
        batch_size: Patches in a batch.
        seed: Seed of the run.
        epoch: Number of the epoch; another one is another order.
        flip: Mirror a random half of the patches left to right.

    Returns:
        Dataset of ``(patches (B, P, P, 3) uint8, labels (B, 1) float32)``,
        every patch once, the last batch with the remainder.

    Raises:
        ValueError: The arrays do not fit each other, or are empty.
    """
    if x.dtype != np.uint8 or x.ndim != 4 or y.shape != x.shape[:1] or not len(x):
        raise ValueError(
            "expected x of uint8 (N, P, P, 3) and y of (N,) with N >= 1; received x "
            f"{x.dtype} {x.shape} and y {y.shape}; build both with kiqa.data.konpatch"
        )
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(x))
    mirrored = rng.random(len(x)) < (0.5 if flip else 0.0)

    def gather(start):
        chosen = order[start : start + batch_size]
        patches, labels = x[chosen], y[chosen, None].astype(np.float32)
        turned = mirrored[chosen]
        patches[turned] = patches[turned, :, ::-1]
        return patches, labels

    def batch(start):
        patches, labels = tf.numpy_function(gather, [start], (tf.uint8, tf.float32))
        return tf.ensure_shape(patches, (None, *x.shape[1:])), tf.ensure_shape(labels, (None, 1))

    starts = tf.data.Dataset.range(0, len(x), batch_size)
    return starts.map(batch, num_parallel_calls=2, deterministic=True).prefetch(2)


def image_patch_pipeline(
    records: Sequence[ScoredImage],
    *,
    patches_per_image: int,
    batch_size: int,
    seed: int,
    epoch: int,
    flip: bool = False,
    patch: int = PATCHNET.patch,
) -> tf.data.Dataset:
    """Batches of one training epoch of random patches from image files.

    Each image is decoded once an epoch, and all its patches carry its score.
    Iterate inside `readable_errors`.

    Args:
        records: Scored images; their order does not matter.
        patches_per_image: Random positions in each image, all different.
        batch_size: Patches in a batch.
        seed: Seed of the run.
        epoch: Number of the epoch; another one has other patches.
        flip: Mirror a random half of the patches left to right.
        patch: Side of a patch in pixels.

    Returns:
        Dataset of ``(patches (B, patch, patch, 3) uint8, labels (B, 1)
        float32 in 0..1)``, the last batch with the remainder.

    Raises:
        ValueError: There are no records.
    """
    paths, labels = _columns(records)
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(records))
    mixing_seed = tf.constant(rng.integers(2**31), tf.int64)

    def cut(pixels, index, path):
        own = np.random.default_rng((seed, epoch, index))
        height, width = pixels.shape[:2]
        try:
            positions = random_positions(height, width, patches_per_image, patch=patch, rng=own)
        except ValueError as error:
            raise ImageError(f"{_text(path)}: {error}") from error
        patches = cut_patches(pixels, positions, patch)
        if flip:
            turned = own.random(patches_per_image) < 0.5
            patches[turned] = patches[turned, :, ::-1]
        return patches

    def sample(index, path, label):
        arguments = [decode_image(path), index, path]
        patches = tf.numpy_function(cut, arguments, tf.uint8)
        patches = tf.ensure_shape(patches, (patches_per_image, patch, patch, 3))
        return patches, tf.fill((patches_per_image, 1), label)

    def mix(group, pair):
        patches, labels = pair
        patches = tf.reshape(patches, (-1, patch, patch, 3))
        place = tf.random.experimental.stateless_shuffle(
            tf.range(tf.shape(patches)[0]), seed=tf.stack([mixing_seed, group])
        )
        return tf.gather(patches, place), tf.gather(tf.reshape(labels, (-1, 1)), place)

    group = max(1, _MIXED_BATCHES * batch_size // patches_per_image)
    dataset = tf.data.Dataset.from_tensor_slices((order, paths[order], labels[order]))
    dataset = dataset.map(sample, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    dataset = dataset.batch(group).enumerate()
    dataset = dataset.map(mix)
    return dataset.rebatch(batch_size).prefetch(2)


def eval_pipeline(records: Sequence[ScoredImage]) -> tf.data.Dataset:
    """Whole images one at a time, in the order of the records.

    Deterministic and complete, so predictions join records by position.
    Iterate inside `readable_errors`.

    Args:
        records: Scored images.

    Returns:
        Dataset of ``(pixels (H, W, 3) uint8, label float32 in 0..1)``.

    Raises:
        ValueError: There are no records.
    """
    dataset = tf.data.Dataset.from_tensor_slices(_columns(records))
    return dataset.map(
        lambda path, label: (decode_image(path), label),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    ).prefetch(2)


def decode_image(path: tf.Tensor) -> tf.Tensor:
    """Decode one file inside a graph, to the pixels of `load_image`.

    Plain 8-bit RGB and gray JPEG and PNG are decoded by TensorFlow, all else
    by `load_image`; `plain_coding` decides. The default DCT of TensorFlow
    would be off by about one level.

    Args:
        path: String scalar.

    Returns:
        ``(H, W, 3)``, RGB, uint8. Evaluating it raises a TensorFlow error
        for unusable files; see `readable_errors`.
    """
    decoders = {
        "": lambda: tf.numpy_function(_load, [path], tf.uint8),
        "jpeg": lambda: tf.io.decode_jpeg(
            tf.io.read_file(path), channels=3, dct_method="INTEGER_ACCURATE"
        ),
        "png": lambda: tf.io.decode_png(tf.io.read_file(path), channels=3),
    }
    names = list(decoders)
    which = tf.numpy_function(lambda file: names.index(_coding(file)), [path], tf.int64)
    pixels = tf.switch_case(tf.cast(which, tf.int32), list(decoders.values()))
    return tf.ensure_shape(pixels, (None, None, 3))


@contextmanager
def readable_errors() -> Iterator[None]:
    """Raise the loader's error that is hidden in a TensorFlow error.

    Raises:
        ImageError: A file of the pipeline cannot be used; the message is one
            line that names it.
        FileNotFoundError: It is not there; likewise.
    """
    try:
        yield
    except tf.errors.OpError as error:
        found = re.search(r"(ImageError|FileNotFoundError): (.*)", error.message)
        if found is None:
            raise
        kind = ImageError if found[1] == "ImageError" else FileNotFoundError
        raise kind(found[2]) from None


def _columns(records):
    if not records:
        raise ValueError("expected at least one record, received none; check the data set's part")
    paths = np.array([os.fspath(record.path) for record in records])
    return paths, np.array([record.mos01 for record in records], np.float32)


def _coding(path):
    file = Path(_text(path))
    return plain_coding(file.read_bytes()) if file.is_file() else ""


def _load(path):
    return load_image(_text(path)).pixels


def _text(path):
    """Text of a path in `tf.numpy_function`: bytes, or eagerly an array of them."""
    return os.fsdecode(np.asarray(path, object).item())
