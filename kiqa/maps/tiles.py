"""A network on a large array, tile by tile, with the outputs of the whole array.

A tile is seen with a margin, as much as an output sees beyond its own cell, and
the margin's outputs are dropped. Tiles are cut at multiples of the stride, where
each layer's windows begin as they do in the whole array; its padding is met at
the array's own borders only.

Public names: `TiledNetwork`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class TiledNetwork:
    """A convolutional network that keeps within a size.

    Attributes:
        run: From ``float32`` of shape (1, H, W, c) to
            (1, ceil(H / stride), ceil(W / stride), f).
        stride: Cells of the input for one of the output.
        margin: Cells that an output sees on either side of its own, or more; a
            multiple of the stride.
        most: Cells of the input that it is given at once, the margin included.
        cell_bytes: What a cell of the input takes while it runs, measured.
    """

    run: Callable[[np.ndarray], np.ndarray]
    stride: int
    margin: int
    most: int
    cell_bytes: int

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the network's output.

        Args:
            values: Of shape (H, W, c); each tile is made ``float32``.

        Returns:
            ``float32`` of shape (ceil(H / stride), ceil(W / stride), f).
        """
        height, width = values.shape[:2]
        tiles = self._tiles(height, width)
        found = np.empty(0, np.float32)
        for rows, columns in tiles:
            tile = values[None, rows.seen, columns.seen].astype(np.float32, copy=False)
            part = self.run(tile)[0, rows.inside, columns.inside]
            if len(tiles) == 1:
                return part
            if not found.size:
                size = (-(-side // self.stride) for side in (height, width))
                found = np.empty((*size, part.shape[-1]), np.float32)
            found[rows.cells, columns.cells] = part
        return found

    def memory(self, height: int, width: int) -> int:
        """Return the bytes that the largest tile of an input takes, its margin included."""
        largest = max(rows.size * columns.size for rows, columns in self._tiles(height, width))
        return self.cell_bytes * largest

    def _tiles(self, height, width):
        """The parts of both axes, every row of tiles after the other."""
        parts = [1, 1]
        while True:
            cut = [self._cut(*each) for each in zip((height, width), parts, strict=True)]
            most = [max(part.size for part in axis) for axis in cut]
            if math.prod(most) <= self.most or max(most) <= 2 * self.margin + self.stride:
                return [(rows, columns) for rows in cut[0] for columns in cut[1]]
            parts[0 if most[0] >= most[1] else 1] += 1

    def _cut(self, side, count):
        length = -(-side // (count * self.stride)) * self.stride
        return [_Part(at, min(side, at + length), side, self) for at in range(0, side, length)]


class _Part:
    """A tile on one axis: what is seen of the input, and what is kept of the output."""

    def __init__(self, start, stop, side, network):
        margin, stride = network.margin, network.stride
        self.seen = slice(max(0, start - margin), min(side, stop + margin))
        self.cells = slice(start // stride, -(-stop // stride))
        first = self.seen.start // stride
        self.inside = slice(self.cells.start - first, self.cells.stop - first)
        self.size = self.seen.stop - self.seen.start
