"""FISH: sharpness of an image from the energies of its wavelet coefficients.

Three levels of the separable CDF 9/7 wavelet transform; at each level the
logarithm of the mean squared coefficient of the LH, HL and HH bands; a
weighted sum of these, fine levels counting most. Higher is sharper; a
constant image has 0, sharp images have 10 to 30.

Here are the score of a whole image, the map over blocks of 16x16 pixels with
its own score (FISH_bb), and that map on the grid of sliding windows as a fast
option. The exact map of sliding windows is `kiqa.maps.sliding_fish.fish_map`.

Sides are cropped to multiples of 8, at the right and the bottom: the official
code is exact for such sides only. The transform is PyWavelets' ``bior4.4``
with ``reflect`` (whole-sample symmetric) borders, cut to half the length on
each level; its LH and HL are the official ones but for the sign.

References:
    P. V. Vu and D. M. Chandler, A fast wavelet-based algorithm for global and
    local image sharpness estimation, IEEE Signal Processing Letters 19(7),
    423-426, 2012.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pywt

from kiqa.constants import PATCHNET
from kiqa.data.patches import grid_shape
from kiqa.io.map_files import QualityMap

# Weights of the three levels, finest first, and of HH against LH and HL.
LEVEL_WEIGHTS = (4.0, 2.0, 1.0)
DIAGONAL_WEIGHT = 0.8
SCALE = ">=0"  # of maps and scores

_LUMINANCE = (0.298936021293775, 0.587043074451121, 0.114020904255103)
_BLOCK = 8  # coefficients of the finest level in a block's side; 4 and 2 on the next
_STRIP = 64  # rows
_LARGEST = 100  # FISH_bb takes the largest 1 % of the map
_TILE = 1 << 14  # cells or blocks that OpenCV interpolates at once; it takes 2**15 - 2 a side


def luminance_of(image: np.ndarray) -> np.ndarray:
    """Return gray values as they are before any rounding.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), or gray values 0..255 of
            shape (H, W), finite.

    Returns:
        ``float64`` of shape (H, W), 0..255: Matlab's ``rgb2gray`` of an image
        in ``double``; gray values as they are.

    Raises:
        ValueError: If the image is neither.

    Examples:
        >>> luminance_of(np.full((1, 1, 3), 255, np.uint8)).round(3)
        array([[255.]])
    """
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8:
        gray = np.empty(image.shape[:2])
        for at in range(0, len(image), _STRIP):  # the product holds its factor in float64
            np.matmul(image[at : at + _STRIP], np.array(_LUMINANCE), out=gray[at : at + _STRIP])
        return gray
    if image.ndim != 2 or image.dtype.kind not in "uif":
        raise ValueError(
            "Expected an RGB image of shape (H, W, 3), uint8, or gray values of shape (H, W). "
            f"Received: shape={image.shape}, dtype={image.dtype}."
        )
    gray = image.astype(np.float64)
    if not np.isfinite(gray).all():
        raise ValueError(
            f"Expected finite gray values. Received: {np.sum(~np.isfinite(gray))} that are not."
        )
    return gray


def gray_of(image: np.ndarray) -> np.ndarray:
    """Return the gray values that FISH looks at.

    Args:
        image: As for `luminance_of`.

    Returns:
        ``float64`` of shape (H, W), 0..255: Matlab's ``rgb2gray`` of
        ``uint8``, rounded to whole numbers, for RGB; gray values as they are.

    Raises:
        ValueError: As `luminance_of`.

    Examples:
        >>> gray_of(np.array([[[255, 0, 0]]], np.uint8))
        array([[76.]])
    """
    gray = luminance_of(image)
    return np.floor(gray + 0.5) if np.ndim(image) == 3 else gray


def analyse(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """One level of the CDF 9/7 transform along one axis.

    Args:
        values: ``float64``, an even number of values along the axis.
        axis: The axis.

    Returns:
        Low band and high band, half as long along the axis.
    """
    half = values.shape[axis] // 2
    bands = pywt.dwt(values, "bior4.4", mode="reflect", axis=axis)
    low, high = (np.take(band, range(2, 2 + half), axis=axis) for band in bands)
    return low, high


def level_sum(energies: Sequence[Sequence[Any]]) -> np.ndarray:
    """Combine mean squared coefficients to FISH.

    Args:
        energies: For each level, finest first, the mean squares of LH, HL and
            HH; numbers or arrays of one shape.

    Returns:
        FISH, of the shape of the means.
    """
    total: Any = 0.0
    for weight, means in zip(LEVEL_WEIGHTS, energies, strict=True):
        vertical, horizontal, diagonal = (np.log10(1 + mean) for mean in means)
        total = total + weight * (
            DIAGONAL_WEIGHT * diagonal + (1 - DIAGONAL_WEIGHT) * (vertical + horizontal) / 2
        )
    return total


def fish(image: np.ndarray) -> float:
    """Return the sharpness of a whole image.

    Args:
        image: As for `gray_of`, at least 8 pixels a side.

    Returns:
        FISH, at least 0, higher is sharper.

    Raises:
        ValueError: If the image is not as stated.

    Examples:
        >>> from skimage import data
        >>> image = data.chelsea()[:128, :128]
        >>> fish(image) > fish(cv2.blur(image, (5, 5)))
        True

    References:
        Vu and Chandler 2012, section II-A.
    """
    bands = _bands(image, least=8)
    return float(level_sum([[np.mean(band**2) for band in level] for level in bands]))


def fish_blocks(image: np.ndarray) -> np.ndarray:
    """Return FISH of overlapping blocks of 16x16 pixels, 8 pixels apart.

    Args:
        image: As for `gray_of`, at least 16 pixels a side.

    Returns:
        ``float64`` of shape (H // 8 - 1, W // 8 - 1), higher is sharper.

    Raises:
        ValueError: If the image is not as stated.

    Examples:
        >>> from skimage import data
        >>> image = data.chelsea()[:128, :128]
        >>> fish_blocks(image).shape
        (15, 15)

    References:
        Vu and Chandler 2012, section II-B.
    """
    energies = []
    for level, bands in enumerate(_bands(image, least=16)):
        side = _BLOCK >> level
        energies.append([_block_means(band**2, side) for band in bands])
    return level_sum(energies)


def fish_bb(image: np.ndarray) -> float:
    """Return the sharpness of an image from its sharpest blocks.

    Args:
        image: As for `fish_blocks`.

    Returns:
        Root mean square of the largest 1 % of `fish_blocks`, of one at least.

    Raises:
        ValueError: As `fish_blocks`.

    Examples:
        >>> from skimage import data
        >>> image = data.chelsea()[:128, :128]
        >>> fish_bb(image) > fish(image)  # of its sharpest blocks
        True

    References:
        Vu and Chandler 2012, section II-B.
    """
    values = np.sort(fish_blocks(image), axis=None)
    largest = values[-max(1, values.size // _LARGEST) :]
    return float(np.sqrt(np.mean(largest**2)))


def fish_block_map(
    image: np.ndarray, *, stride: int = PATCHNET.stride, window: int = PATCHNET.patch
) -> QualityMap:
    """Return the block map on the grid of sliding windows: fast, not exact.

    FISH of a window is replaced by the mean of `fish_blocks` over the
    window's area (a box filter of the window's size, then bilinear at the
    window's centre). Smoother and lower than the exact map where sharpness
    changes within a window.

    Args:
        image: As for `gray_of`, at least a window a side.
        stride: Pixels between windows, at least 1.
        window: Side of a window in pixels, at least 16.

    Returns:
        `QualityMap` of shape ((H - window) // stride + 1, ...).

    Raises:
        ValueError: If the image is not as stated.

    Examples:
        >>> from skimage import data
        >>> image = data.chelsea()[:128, :128]
        >>> fish_block_map(image, stride=8).values.shape
        (9, 9)
    """
    gray = gray_of(image)
    rows, columns = grid_shape(*gray.shape, patch=window, stride=stride)
    blocks = fish_blocks(gray).astype(np.float32)
    across = max(1, window // 8 - 1)  # blocks that lie in a window
    smooth = cv2.blur(blocks, (across, across), borderType=cv2.BORDER_REFLECT)
    # Block (r, c) has its centre at pixel 8 r + 7.5, a window its own at offset + stride * r; a
    # mean of an even number of blocks lies half a block before its place.
    early = (1 - across % 2) / 2
    y, x = (
        ((np.arange(count) * stride + (window - 1) / 2 - 7.5) / 8 + early).astype(np.float32)
        for count in (rows, columns)
    )
    values = _interpolated(smooth, y, x, step=max(1, 8 * _TILE // max(8, stride)))
    return as_map(values, stride=stride, window=window, image_size=gray.shape, model="fish_blocks")


def as_map(
    values: np.ndarray, *, stride: int, window: int, image_size: Sequence[int], model: str
) -> QualityMap:
    """Return values of sliding windows as a `QualityMap`, higher is sharper."""
    return QualityMap(
        values=values.astype(np.float32),
        stride=int(stride),
        offset=(window - 1) / 2,
        image_size=(int(image_size[0]), int(image_size[1])),
        model=model,
        scale=SCALE,
        higher_is_better=True,
    )


def _interpolated(blocks, y, x, *, step):
    """Values at rising places between blocks, bilinear, ``step`` by ``step`` at once."""
    values = np.empty((len(y), len(x)), np.float32)
    for row in range(0, len(y), step):
        down = y[row : row + step]
        top, bottom = int(down[0]), int(down[-1]) + 2
        for column in range(0, len(x), step):
            along = x[column : column + step]
            left, right = int(along[0]), int(along[-1]) + 2
            across, below = np.meshgrid(along - left, down - top)
            values[row : row + step, column : column + step] = cv2.remap(
                blocks[top:bottom, left:right], across, below, cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )  # fmt: skip
    return values


def _bands(image, *, least):
    """LH, HL and HH of three levels of the image, cropped to multiples of 8."""
    gray = gray_of(image)
    if min(gray.shape) < least:
        raise ValueError(
            f"Expected an image of at least {least}x{least} pixels. "
            f"Received: {gray.shape[1]}x{gray.shape[0]}. Use a larger image."
        )
    approximation = gray[: gray.shape[0] // 8 * 8, : gray.shape[1] // 8 * 8]
    levels = []
    for _ in LEVEL_WEIGHTS:
        low, high = analyse(approximation, 0)
        approximation, low_high = analyse(low, 1)
        high_low, high_high = analyse(high, 1)
        levels.append((low_high, high_low, high_high))
    return levels


def _block_means(squares, side):
    """Means over blocks of ``side`` coefficients, half of it apart."""
    half = side // 2
    rows, columns = (length // half for length in squares.shape)
    tiles = squares[: rows * half, : columns * half].reshape(rows, half, columns, half)
    sums = tiles.sum(axis=(1, 3))
    pairs = sums[1:] + sums[:-1]
    return (pairs[:, 1:] + pairs[:, :-1]) / side**2
