"""Quality maps as values: where each cell lies on the image, and the .npz form.

A `QualityMap` is a grid of cells. Cell (row, column) belongs to the pixel
position ``(row * stride + offset, column * stride + offset)``, the centre of
the patch that the model saw; pixel centres are integers, so for 64x64
patches the offset is 31.5.

A map of a grid of blocks, which may be wider than high and no whole number of
pixels, has the edges of its blocks instead: cell (row, column) is the block from
``row_edges[row]`` to ``row_edges[row + 1]``, where pixel i is the interval from i
to i + 1.
"""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from kiqa.io.arrays import read_npz
from kiqa.io.budget import MAX_BYTES
from kiqa.io.files import replacing
from kiqa.io.images import MAX_PIXELS
from kiqa.io.messages import shortened

_KEYS = (
    "values",
    "stride",
    "offset",
    "image_size",
    "model",
    "weights_sha256",
    "scale",
    "higher_is_better",
)
_EDGES = ("row_edges", "column_edges")  # only in files of maps of blocks
_LARGEST_SIDE = 1_000_000  # pixels; also of a stride and an offset
_LONGEST_TEXT = 1_000


@dataclass(frozen=True, eq=False)
class QualityMap:
    """A local quality map and its place on the image.

    Attributes:
        values: ``float32`` of shape ``(rows, columns)``.
        stride: Pixels between neighbouring cells; 0 for a grid of blocks.
        offset: Pixel position of the centre of cell (0, 0), on both axes;
            not used for a grid of blocks.
        image_size: ``(height, width)`` of the image in pixels.
        model: Name of the model that made the map.
        weights_sha256: Hash of its weights file, empty when not from a file.
        scale: Text such as ``"0..1"``.
        higher_is_better: Direction of the values.
        row_edges: For a grid of blocks, the ``rows + 1`` edges in pixels,
            increasing, within the image.
        column_edges: Likewise, ``columns + 1`` edges.

    Raises:
        ValueError: If it is no map: values that are no finite real numbers in
            rows and columns, an image without pixels, a stride below 1
            without edges, cells that lie outside of any image, edges that do
            not fit the values and the image.

    Examples:
        >>> import kiqa
        >>> values = np.array([[0.2, 0.8]], np.float32)
        >>> found = kiqa.QualityMap(values, 4, 31.5, (64, 68))
        >>> round(found.mean(), 3), found.to_image_size().shape
        (0.5, (64, 68))
    """

    values: np.ndarray
    stride: int
    offset: float
    image_size: tuple[int, int]
    model: str = ""
    weights_sha256: str = ""
    scale: str = "0..1"
    higher_is_better: bool = True
    row_edges: np.ndarray | None = None
    column_edges: np.ndarray | None = None

    def __post_init__(self):
        self._check()
        edges_of_axes = [self.row_edges, self.column_edges]
        if all(edges is None for edges in edges_of_axes):
            return
        for name, edges, cells, side in zip(
            _EDGES, edges_of_axes, self.values.shape, self.image_size, strict=True
        ):
            edges = np.asarray(edges, np.float64)
            fits = edges.shape == (cells + 1,) and edges[0] >= 0 and edges[-1] <= side
            if not fits or not np.all(np.diff(edges) > 0):
                raise ValueError(
                    f"Expected {name} of {cells} cells: {cells + 1} increasing pixel positions "
                    f"from 0 to {side}. Received: {shortened(edges.tolist(), 200)}."
                )
            object.__setattr__(self, name, edges)

    def _check(self):
        """Refuse what is no map of an image."""
        values, sides = self.values, tuple(self.image_size)
        blocks = self.row_edges is not None or self.column_edges is not None
        real = isinstance(values, np.ndarray) and values.dtype.kind in "fiub"
        bad = np.sum(~np.isfinite(values)) if real else 0
        described = f"{getattr(values, 'dtype', type(values))} of shape {np.shape(values)}"
        fine = len(sides) == 2 and all(map(_is_side, sides)) and math.prod(sides) <= MAX_PIXELS
        faults = {
            f"values {described}": not real or values.ndim != 2 or not values.size,
            f"values of which {bad} not finite": bad > 0,
            f"image_size {sides}": not fine,
            f"stride {self.stride}": not _is_side(self.stride) and not (blocks and not self.stride),
            f"offset {self.offset}": not _is_position(self.offset),
            "texts": not all(map(_is_text, (self.model, self.weights_sha256, self.scale))),
        }
        wrong = [shortened(what, 120) for what, is_wrong in faults.items() if is_wrong]
        if wrong:
            raise ValueError(
                "Expected a map of finite real values in rows and columns, an image of 1 to "
                f"{MAX_PIXELS} pixels, a stride of at least 1 pixel (0 with edges) and an offset "
                f"within {_LARGEST_SIDE} pixels. Received: {'; '.join(wrong)}. Make the map again."
            )

    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the edges of the cells, rows and columns, in pixels.

        Pixel i is the interval from i to i + 1. Cells of a map with a stride
        cover ``stride`` pixels round their centres and may reach outside.
        """
        if self.row_edges is not None and self.column_edges is not None:
            return self.row_edges, self.column_edges
        first = self.offset + 0.5 - self.stride / 2
        rows, columns = (first + np.arange(cells + 1) * self.stride for cells in self.values.shape)
        return rows, columns

    def mean(self) -> float:
        """Return the plain mean of the cells, the image's score."""
        return float(np.mean(self.values, dtype=np.float64))

    def to_image_size(self) -> np.ndarray:
        """Interpolate the map to one value per pixel.

        Returns:
            ``float32`` of shape ``image_size``: bilinear between cell
            centres; pixels outside the outermost centres take the value of
            the nearest edge position.
        """
        rows = self._interpolation(0)
        columns = self._interpolation(1)
        values = np.asarray(self.values, np.float32)
        low, high, weight = columns
        wide = values[:, low] * (1 - weight) + values[:, high] * weight
        low, high, weight = rows
        return wide[low] * (1 - weight[:, None]) + wide[high] * weight[:, None]

    def _interpolation(self, axis):
        """Lower cell, upper cell and the upper one's weight for each pixel."""
        cells, pixels = self.values.shape[axis], np.arange(self.image_size[axis])
        if self.row_edges is None:
            position = np.clip((pixels - self.offset) / self.stride, 0, cells - 1)
        else:
            edges = self.edges()[axis]
            position = np.interp(pixels + 0.5, (edges[:-1] + edges[1:]) / 2, np.arange(cells))
        low = np.minimum(position.astype(int), max(cells - 2, 0))
        high = np.minimum(low + 1, cells - 1)
        return low, high, (position - low).astype(np.float32)

    def pad_to_image(self) -> np.ndarray:
        """Place the cells on the image, zeros where no cell lies.

        Each cell fills the ``stride`` x ``stride`` pixels round its centre.
        At stride 1 and 64x64 patches this is 31 zeros above and left, 32
        below and right. A block of a grid fills the pixels whose centres lie
        in it.

        Returns:
            ``float32`` of shape ``image_size``.

        References:
            Thesis, section 5.3: prediction maps are "centered and
            zero-padded to the input resolution".
        """
        if self.row_edges is not None and self.column_edges is not None:
            return self._filled_blocks()
        # The block of a cell has `stride` pixels; its centre is the cell's
        # centre, rounded up-left where the two cannot coincide.
        start = int(np.floor(self.offset - (self.stride - 1) / 2))
        places, inside = [], []
        for cells, side in zip(self.values.shape, self.image_size, strict=True):
            index = (np.arange(side) - start) // self.stride
            places.append(np.clip(index, 0, cells - 1))
            inside.append((index >= 0) & (index < cells))
        return self._placed(places, inside)

    def _placed(self, places, inside):
        """The cells at these rows and columns, zeros outside."""
        values = self.values[np.ix_(*places)]
        return np.where(np.logical_and.outer(*inside), values, 0).astype(np.float32, copy=False)

    def _filled_blocks(self):
        """One value per pixel, of the block that it lies in; zeros outside of all."""
        places, inside = [], []
        for edges, side in zip(self.edges(), self.image_size, strict=True):
            centres = np.arange(side) + 0.5
            index = np.searchsorted(edges, centres, side="right") - 1
            places.append(np.clip(index, 0, len(edges) - 2))
            inside.append((centres >= edges[0]) & (centres < edges[-1]))
        return self._placed(places, inside)

    def save(self, path: str | os.PathLike) -> Path:
        """Write the map as a compressed ``.npz``.

        The file appears whole or not at all: it is written under a temporary
        name and renamed.

        Args:
            path: Target file; an existing one is replaced.

        Returns:
            The path written. Keys: ``values, stride, offset, image_size,
            model, weights_sha256, scale, higher_is_better``, and for a grid
            of blocks ``row_edges, column_edges``.
        """
        path = Path(path)
        with replacing(path) as temporary, open(temporary, "wb") as file:
            self.write(file)
        return path

    def write(self, file: BinaryIO) -> None:
        """Write what `save` writes to an open file; equal maps are equal bytes."""
        keys = _KEYS if self.row_edges is None else (*_KEYS, *_EDGES)
        np.savez_compressed(file, **{key: getattr(self, key) for key in keys})

    @classmethod
    def load(cls, path: str | os.PathLike, *, max_bytes: int = MAX_BYTES) -> "QualityMap":
        """Read a map written by `save`; the file need not be trusted.

        Args:
            path: An ``.npz`` file.
            max_bytes: Most bytes of the file, and of what it unpacks to.

        Returns:
            The `QualityMap`.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is damaged, too large, lacks a key or
                holds no map.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"Expected a quality map file. Received: {path}, not there.")
        try:
            content = read_npz(path, (*_KEYS, *_EDGES), max_bytes=max_bytes)
            missing = [key for key in _KEYS if key not in content]
            if missing:
                raise ValueError(f"without {', '.join(missing)}")
            numbers = {key: content[key] for key in ("values", "stride", "offset", "image_size")}
            if any(array.dtype.kind not in "fiub" for array in numbers.values()):
                kinds = {key: str(array.dtype) for key, array in numbers.items()}
                raise ValueError(f"numbers of the kinds {kinds}")
            stride, sides = content["stride"], content["image_size"].tolist()
            if not isinstance(sides, list) or len(sides) != 2:
                raise ValueError(f"image_size {shortened(sides, 80)}")
            return cls(
                values=content["values"].astype(np.float32, copy=False),
                stride=_whole(stride.item()),
                offset=float(content["offset"].item()),
                image_size=(_whole(sides[0]), _whole(sides[1])),
                model=str(content["model"].item()),
                weights_sha256=str(content["weights_sha256"].item()),
                scale=str(content["scale"].item()),
                higher_is_better=bool(content["higher_is_better"].item()),
                **{key: content[key].astype(np.float64) for key in _EDGES if key in content},
            )
        except (ValueError, TypeError, OSError, OverflowError, MemoryError) as error:
            raise ValueError(
                f"Expected a quality map file (.npz) with {', '.join(_KEYS)}. Received: {path} "
                f"({shortened(error)}). The file is damaged or of another kind; make the map again."
            ) from error


def _is_side(number):
    """Tell a whole number of pixels, at least 1."""
    return isinstance(number, int | np.integer) and 1 <= number <= _LARGEST_SIDE


def _is_position(number):
    known = isinstance(number, int | float | np.integer | np.floating)
    return known and math.isfinite(number) and abs(number) <= _LARGEST_SIDE


def _is_text(text):
    return isinstance(text, str) and len(text) <= _LONGEST_TEXT


def _whole(number):
    if number != int(number):
        raise ValueError(f"{number} where a whole number is expected")
    return int(number)
