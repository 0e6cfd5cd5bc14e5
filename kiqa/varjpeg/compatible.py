"""Coarser blocks in the finest table's steps: VarJPEG that any JPEG decoder reads.

A JPEG file has one table a component for all blocks. The compatible form
writes the finest one. A block that should be coarser gets levels that cost
fewer bits: for each AC coefficient the level is chosen that minimises

    (coefficient / step - level)^2 + 0.08 * ((own step / step)^2 - 1) * bits

where the own step is that of the block's own quality and the bits are an
estimate from the levels of the whole image. The price of a bit grows with the
square of the own step, as with any uniform quantiser, and begins at nothing:
blocks of the finest quality are rounded to the nearest level as in plain JPEG,
and so are all DC coefficients. Smaller factors than 0.08 give finer and larger
files, larger ones the opposite (docs/varjpeg.md has the measurement).

Public names: :func:`compatible_levels`.
"""

import numpy as np

from kiqa.varjpeg.entropy import as_levels
from kiqa.varjpeg.quantisation import TABLES, block_tables

_BITS_WEIGHT = 0.08  # squared steps a bit; see the head of this module
_ROUNDS = 2  # of choosing levels and counting what they cost
_STEPS_DOWN = 2  # levels towards zero that are tried besides the nearest
_PRIOR = 0.05  # of a size that no level of the image has yet
_LARGEST = 1023
# Bits of the magnitude of each level, JPEG's "size".
_SIZES = np.array([int(level).bit_length() for level in range(_LARGEST + 1)])
_KINDS = int(_SIZES.max()) + 1


def compatible_levels(
    coefficients: np.ndarray, qualities: np.ndarray, component: int, *, finest: int
) -> np.ndarray:
    """Quantise a component with one table, every block as coarsely as it should be.

    Args:
        coefficients: Of `kiqa.varjpeg.transform.forward`, shape ``(rows,
            columns, 8, 8)``.
        qualities: Whole quality of each block, shape ``(rows, columns)``.
        component: 0 for luminance, otherwise chrominance.
        finest: Quality of the table in the file, at least all ``qualities``.

    Returns:
        Levels in steps of the finest table, ``int16``, same shape as the
        coefficients.
    """
    steps = TABLES[finest, min(component, 1)].astype(np.float32)
    levels = as_levels(coefficients / steps)
    coarse = qualities < finest
    if coarse.any():
        scaled = coefficients[coarse].reshape(-1, 64) / steps.reshape(64)
        own = block_tables(qualities[coarse], component).reshape(-1, 64) / steps.reshape(64)
        fine = levels[~coarse].reshape(-1, 64)
        levels[coarse] = _chosen(scaled, own, levels[coarse].reshape(-1, 64), fine).reshape(
            -1, 8, 8
        )
    return levels


def _chosen(scaled, own, nearest, fine):
    """Levels of the coarse blocks; ``fine`` are the others', which share the codes."""
    signs = np.sign(scaled).astype(np.int16)
    levels = np.abs(nearest)
    levels[:, 1:] = 0
    blocks, places = np.nonzero(nearest[:, 1:])  # all others are nearest to zero anyway
    places += 1
    magnitude = np.abs(scaled[blocks, places])
    own = own[blocks, places].astype(np.float32)
    price = _BITS_WEIGHT * (own**2 - 1)
    top = np.abs(nearest[blocks, places])
    rounded = np.minimum(np.floor(np.rint(magnitude / own) * own), _LARGEST).astype(top.dtype)
    candidates = [*(np.maximum(top - down, 0) for down in range(_STEPS_DOWN + 1)), rounded]
    counted = _histogram(np.abs(fine))
    taken = rounded
    for _ in range(_ROUNDS):
        bits = _bits(counted + _histogram_at(levels, places, taken))
        least = magnitude**2 + price * bits[places, 0]
        taken = np.zeros_like(top)
        for each in candidates:
            cost = (magnitude - each) ** 2 + price * bits[places, _SIZES[each]]
            better = cost < least
            least = np.where(better, cost, least)
            taken = np.where(better, each, taken)
    levels[blocks, places] = taken
    return levels * signs


def _histogram(levels):
    """How often each size occurs at each of the 64 places, shape ``(64, sizes)``."""
    counts = np.zeros((64, _KINDS))
    blocks, places = np.nonzero(levels)
    sizes = _SIZES[np.minimum(levels[blocks, places], _LARGEST)]
    np.add.at(counts, (places, sizes), 1)
    counts[:, 0] = len(levels) - counts.sum(axis=1)
    return counts


def _histogram_at(levels, places, taken):
    """The same of the coarse blocks, whose levels other than ``taken`` are zero."""
    codes = places * _KINDS + _SIZES[taken]
    counts = np.bincount(codes, minlength=64 * _KINDS).reshape(64, _KINDS).astype(float)
    counts[:, 0] += len(levels) - counts.sum(axis=1)
    return counts


def _bits(counts):
    """Ideal code length of each size at each place, with the magnitude's own bits."""
    counts = counts + _PRIOR
    lengths = np.log2(counts.sum(axis=1, keepdims=True) / counts)
    return (lengths + np.arange(_KINDS)).astype(np.float32)
