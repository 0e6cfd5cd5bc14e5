"""Random checkpoints of the original programs, and their forward pass in NumPy."""

from dataclasses import replace
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from kiqa.models import wadiqam


def _random_tensors(mode, *, weight_branch=True, seed=0):
    """Tensors of a network as chainer and PyTorch lay them out, by layer: (kernel, bias)."""
    rng = np.random.default_rng(seed)

    def layer(*shape, bias=0.0, gain=1.0):
        deviation = gain / np.sqrt(np.prod(shape[1:]))
        kernel = rng.normal(0, deviation, shape).astype(np.float32)
        return kernel, (bias + rng.normal(0, 0.1, shape[0])).astype(np.float32)

    paper = wadiqam.WADIQAM
    layers, channels = {}, 3
    for index, width in enumerate((width for stage in paper.conv_widths for width in stage), 1):
        layers[f"conv{index}"] = layer(width, channels, 3, 3, gain=1.5)
        channels = width
    features = 3 * channels if mode == "fr" else channels
    layers["fc1"] = layer(paper.units, features, gain=1.5)
    layers["fc2"] = layer(1, paper.units, bias=40.0)
    if weight_branch:
        layers["fc1_a"] = layer(paper.units, features)
        kernel, bias = layer(1, paper.units, gain=0.1 * np.sqrt(512 / paper.units))
        layers["fc2_a"] = np.abs(kernel), bias
    return layers


def _features_of(layers, patches):
    """Ten convolutions with zero padding, each one product of matrices, five 2x2 poolings."""
    x = np.asarray(patches, np.float64).transpose(0, 3, 1, 2)
    for index in range(1, 11):
        kernel, bias = (part.astype(np.float64) for part in layers[f"conv{index}"])
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        sums = np.tensordot(windows, kernel, ((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
        x = np.maximum(sums + bias[:, None, None], 0)
        side = x.shape[-1]
        if index % 2 == 0:
            x = x.reshape(*x.shape[:2], side // 2, 2, side // 2, 2).max(axis=(3, 5))
    return x.reshape(len(x), -1)


def _branch(layers, names, features):
    """Two dense layers, ReLU between them."""
    (first, bias), (last, offset) = (
        [part.astype(np.float64) for part in layers[name]] for name in names
    )
    return (np.maximum(features @ first.T + bias, 0) @ last.T + offset)[:, 0]


def _original(layers, patches, references=None, *, weighted, order="difference first", least=1e-6):
    """Patch qualities, weights and the image's score, as the original code computes them."""
    features = _features_of(layers, patches)
    if references is not None:
        other = _features_of(layers, references)
        joined = [features - other, features, other]
        features = np.concatenate(joined if order == "difference first" else joined[::-1], axis=1)
    quality = _branch(layers, ("fc1", "fc2"), features)
    weight = np.ones_like(quality)
    if weighted:
        weight = np.maximum(_branch(layers, ("fc1_a", "fc2_a"), features), 0) + least
    return quality, weight, np.sum(quality * weight) / np.sum(weight)


def _blocks(pixels, *, skip_last=False):
    """All non-overlapping 32x32 patches, row by row; or as the ports' loops make them."""
    height, width = pixels.shape[:2]
    end = 0 if skip_last else 1
    return np.stack(
        [
            pixels[top : top + 32, left : left + 32]
            for top in range(0, height - 32 + end, 32)
            for left in range(0, width - 32 + end, 32)
        ]
    )


def _write_chainer(path, layers):
    """As chainer.serializers.save_hdf5 does: compressed, but for single numbers.

    The largest are left as they are, too: noise takes long and does not get smaller.
    """
    with h5py.File(path, "w") as file:
        for name, parts in layers.items():
            group = file.require_group(f"/{name}")
            for key, array in zip("Wb", parts, strict=True):
                compression = 4 if 1 < array.size < 100_000 else None
                group.create_dataset(key, data=array, compression=compression)
    return path


@pytest.fixture(scope="module")
def narrow_wadiqam():
    """WaDIQaM in little, and its checkpoints; `test_convert.py` takes the papers' widths."""
    widths = ((32, 32), (8, 8), (8, 8), (8, 8), (16, 16))
    little = replace(wadiqam.WADIQAM, conv_widths=widths, units=16)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("models.wadiqam", "convert.wadiqam_tensors"):
            patch.setattr(f"kiqa.{module}.WADIQAM", little)
        yield


@pytest.fixture(scope="session")
def twin():
    """The functions of this module, without the underscore."""
    return SimpleNamespace(
        random_tensors=_random_tensors,
        original=_original,
        blocks=_blocks,
        write_chainer=_write_chainer,
    )


@pytest.fixture(scope="session")
def pair(photo):
    """An image of 100x96 pixels (3x3 patches) and a distorted version."""
    reference = photo[60:160, 100:196]
    noise = np.random.default_rng(5).normal(0, 20, reference.shape)
    return np.clip(reference + noise, 0, 255).astype(np.uint8), reference
