"""Scores of images, of rectangles and of blocks, by the network of `lite`.

Every image is first brought to one working resolution: the same aspect, an
area of `WORKING_AREA` pixels, by OpenCV's area relation where it shrinks and
bicubic where it grows. So the same image at other sizes gets nearly the same
score, and a large one costs no more than a small one.

The body looks at the image once. A rectangle's score is the head's verdict on
the averages of the body's maps, and of their squares, over that rectangle; a
cell that is partly inside counts with that part. A map rates, for each of its
blocks, a window around the block's centre, moved inside where it would leave
the image: by the local network, if there is one, `LOCAL_WINDOW` working pixels,
else by the same judges, `WINDOW` pixels.

Public names: `LiteRater`, `working_pixels`, `working_size`, `WORKING_AREA`,
`LEAST_SIDE`, `WINDOW`, `LOCAL_WINDOW`, `GRID`.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from kiqa.data.resizing import resampled
from kiqa.io.map_files import QualityMap
from kiqa.io.weights import WeightsInfo
from kiqa.maps.network_function import network_function
from kiqa.maps.paq2piq import block_map, check_rois, grid_edges
from kiqa.models.lite import LOCAL_PARTS, PARTS, split
from kiqa.startup import check_process

if TYPE_CHECKING:
    import keras

WORKING_AREA = 384 * 384  # pixels; the network was trained there
LEAST_SIDE = 32  # of an image
WINDOW = 96  # working pixels a side
LOCAL_WINDOW = 48
GRID = (24, 24)  # blocks of a map: 16 working pixels of a square image
_BYTES = 256 << 20  # the network at the working resolution, measured
_AT_ONCE = 1024  # rectangles rated together


def working_size(height: int, width: int, *, area: int = WORKING_AREA) -> tuple[int, int]:
    """Return height and width of an image at the working resolution.

    Args:
        height: Of the image in pixels.
        width: Of the image in pixels.
        area: Pixels of the working resolution; the network was trained with
            the default.

    Returns:
        ``(height, width)``, at least 1, about ``area`` pixels in all.
    """
    factor = math.sqrt(area / (height * width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def working_pixels(pixels: np.ndarray, *, area: int = WORKING_AREA) -> np.ndarray:
    """Bring an image to the working resolution.

    Args:
        pixels: ``uint8`` of shape (H, W, 3), RGB, sides at least
            `LEAST_SIDE`.
        area: As for `working_size`.

    Returns:
        ``uint8`` of shape (*working_size(H, W, area=area), 3).

    Raises:
        ValueError: If it is no such image.
    """
    pixels = np.asarray(pixels)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ValueError(
            "Expected an RGB image of shape (H, W, 3), uint8. "
            f"Received: shape={pixels.shape}, dtype={pixels.dtype}."
        )
    height, width = pixels.shape[:2]
    if min(height, width) < LEAST_SIDE:
        raise ValueError(
            f"Expected an image of at least {LEAST_SIDE}x{LEAST_SIDE} pixels. Received: "
            f"{width}x{height}. Use a larger image."
        )
    return resampled(pixels, *working_size(height, width, area=area))


class LiteRater:
    """Rates images and rectangles of them with the network of `lite`.

    Args:
        model: From `kiqa.models.lite.build_lite`, or loaded from its file.
        local: From `kiqa.models.lite.build_lite_local`, trained on the maps of
            this model; makes the maps. ``None`` leaves them to the judges.
        info: What is known of the weights; goes into every map.
        map_sha256: Hash of the file of ``local``; stands in every map in place
            of that of ``info``, whose hash that file names.

    Raises:
        ValueError: If the model is another network.
    """

    def __init__(
        self,
        model: "keras.Model",
        *,
        local: "keras.Model | None" = None,
        info: WeightsInfo | None = None,
        map_sha256: str | None = None,
    ):
        maps, rate = split(model)
        self._local = local
        self._local_maps = None if local is None else network_function(_early(model))
        self._info = info
        self.map_sha256 = map_sha256 or (info.sha256 if info else "")
        self._whole = network_function(model)
        self._maps = network_function(maps)
        self._rate = rate

    def score(self, pixels: np.ndarray) -> float:
        """Rate a whole image.

        Args:
            pixels: ``uint8`` of shape (H, W, 3), RGB, sides at least
                `LEAST_SIDE`.

        Returns:
            The score in 0..1.

        Raises:
            ValueError: If it is no such image.
        """
        check_process()
        return float(self._whole(_batch(working_pixels(pixels)))[0, 0])

    @staticmethod
    def memory(height: int, width: int) -> int:
        """Estimate the most bytes that rating takes beside the pixels, of an image of any size."""
        return _BYTES

    def rate(self, pixels: np.ndarray, rois: np.ndarray) -> np.ndarray:
        """Rate rectangles of an image, in one pass of the body.

        Args:
            pixels: As in `score`.
            rois: Of shape (m, 4): left, top, right, bottom in pixels.

        Returns:
            ``float32`` of shape (m,), in 0..1. Of the whole image it is near
            `score`, and the same where 32 divides both sides of the working
            resolution: cells that are partly outside count less here.

        Raises:
            ValueError: If the image or a rectangle is not such.
        """
        work = working_pixels(pixels)
        height, width = pixels.shape[:2]
        scale = np.array([work.shape[1] / width, work.shape[0] / height] * 2, np.float32)
        rois = check_rois(rois, (height, width)) * scale
        maps = self._features(work)
        scores = []
        for at in range(0, len(rois), _AT_ONCE):
            some = rois[at : at + _AT_ONCE]
            averages = self._averages(
                maps,
                lambda stride, cells, some=some: _shares(some[:, [1, 3]], stride, cells[0]),
                lambda stride, cells, some=some: _shares(some[:, [0, 2]], stride, cells[1]),
                "mh,hwc,mw->mc",
            )
            scores.append(self._rated(averages))
        return np.concatenate(scores)

    def map(self, pixels: np.ndarray, grid: tuple[int, int] = GRID) -> QualityMap:
        """Rate the blocks of an image, each by a window around it.

        Args:
            pixels: As in `score`.
            grid: ``(rows, columns)`` of blocks.

        Returns:
            `QualityMap` of shape ``grid`` with the edges of its blocks.

        Raises:
            ValueError: If it is no such image, or there are fewer pixels
                than blocks.
        """
        work = working_pixels(pixels)
        height, width = pixels.shape[:2]
        for side, cells in zip((height, width), grid, strict=True):
            grid_edges(side, cells)  # refuses before anything is computed
        values = self._rated(self._block_averages(work, grid), local=self._local is not None)
        values = values.reshape(grid)
        found = block_map(values, (height, width), info=self._info, model="lite", scale="0..1")
        return replace(found, weights_sha256=self.map_sha256)

    def cells(
        self, pixels: np.ndarray, parts: Sequence[str], shape: tuple[int, int], side: int
    ) -> np.ndarray:
        """Return what some of the body's maps show of square cells, for training.

        Args:
            pixels: As in `score`.
            parts: Names of maps, of `kiqa.models.lite.PARTS`.
            shape: ``(rows, columns)`` of cells, which begin at the upper left
                corner.
            side: Pixels a side of a cell.

        Returns:
            The maps' averages over each cell, one map after the other:
            ``float32`` of shape (rows, columns, channels).

        Raises:
            ValueError: If it is no such image.
        """
        work = working_pixels(pixels)
        begin, end = (
            [
                (np.arange(count) + further)[:, None] * side * work.shape[axis] / pixels.shape[axis]
                for axis, count in enumerate(shape)
            ]
            for further in (0, 1)
        )
        rows, columns = (
            np.concatenate(span, axis=1).astype(np.float32) for span in zip(begin, end, strict=True)
        )
        maps = dict(zip(PARTS, self._features(work), strict=True))
        averages = [
            np.einsum(
                "rh,hwc,kw->rkc",
                _shares(rows, PARTS[name], maps[name].shape[0]),
                maps[name],
                _shares(columns, PARTS[name], maps[name].shape[1]),
                optimize=True,
            )
            for name in parts
        ]
        return np.concatenate(averages, axis=-1)

    def windows(
        self, pixels: np.ndarray, mask: np.ndarray, grid: tuple[int, int] = GRID
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return what the windows around the blocks of an image show, for training.

        Args:
            pixels: As in `score`.
            mask: Of shape (H, W), 0..1.
            grid: ``(rows, columns)`` of blocks.

        Returns:
            The averages that the network of the maps is given, (blocks,
            channels) each; and the mask's mean over each window, (blocks,).
        """
        work = working_pixels(pixels)
        size = work.shape[1], work.shape[0]
        mask = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        rows, columns = (
            _shares(spans, 1, side)
            for spans, side in zip(self._spans(work, grid), mask.shape, strict=True)
        )
        return self._block_averages(work, grid), (rows @ mask @ columns.T).reshape(-1)

    def _spans(self, work, grid):
        """Begin and end of the windows on both axes."""
        length = WINDOW if self._local is None else LOCAL_WINDOW
        return [_windows(work.shape[axis], grid[axis], length) for axis in (0, 1)]

    def _block_averages(self, work, grid):
        """Averages over the windows around blocks, (blocks, channels) each."""
        rows, columns = self._spans(work, grid)
        averages = self._averages(
            self._features(work, local=self._local is not None),
            lambda stride, cells: _shares(rows, stride, cells[0]),
            lambda stride, cells: _shares(columns, stride, cells[1]),
            "rh,hwc,kw->rkc",
        )
        return [values.reshape(-1, values.shape[-1]) for values in averages]

    def _features(self, work, *, local=False):
        """The body's maps, ``float32`` (rows, columns, channels) each."""
        check_process()
        run = self._local_maps if local and self._local_maps is not None else self._maps
        return [values[0] for values in run(_batch(work))]

    def _averages(self, maps, rows, columns, equation):
        """Means of the maps, then of their squares, over rectangles."""
        means, powers = [], []
        for values, stride in zip(maps, list(PARTS.values())[: len(maps)], strict=True):
            shares = rows(stride, values.shape), columns(stride, values.shape)
            for target, content in ((means, values), (powers, np.square(values))):
                target.append(np.einsum(equation, shares[0], content, shares[1], optimize=True))
        return means + powers

    def _rated(self, averages, *, local=False):
        """Scores of averages, ``float32`` of shape (m,)."""
        rate = self._local if local and self._local is not None else self._rate
        scores = [
            np.asarray(rate([a[at : at + _AT_ONCE] for a in averages], training=False))[:, 0]
            for at in range(0, len(averages[0]), _AT_ONCE)
        ]
        return np.concatenate(scores)


def _early(model):
    """The part of the body that the local network needs."""
    import keras

    maps = [model.get_layer(f"{name}_mean").input for name in LOCAL_PARTS]
    return keras.Model(model.inputs[0], maps)


def _windows(side, blocks, length):
    """Begin and end of the window around each block, inside the image: (blocks, 2)."""
    length = min(length, side)
    middles = (np.arange(blocks) + 0.5) * side / blocks
    begin = np.clip(middles - length / 2, 0, side - length)
    return np.stack([begin, begin + length], axis=1).astype(np.float32)


def _shares(spans, stride, cells):
    """How much of each span every cell makes up, ``float32`` (spans, cells), rows add up to 1.

    The last cell of a side that the stride does not divide is only partly
    inside the image; what lies beyond does not count.
    """
    begin = np.arange(cells, dtype=np.float32) * stride
    inside = np.minimum(spans[:, 1:], begin + stride) - np.maximum(spans[:, :1], begin)
    inside = np.maximum(inside, 0)
    return inside / inside.sum(axis=1, keepdims=True)


def _batch(pixels):
    return pixels[None].astype(np.float32)
