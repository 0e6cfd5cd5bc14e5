"""Quality maps as values: where each cell lies on the image, and the .npz form.

A `QualityMap` is a grid of cells. Cell (row, column) belongs to the pixel
position ``(row * stride + offset, column * stride + offset)``, the centre of
the patch that the model saw; pixel centres are integers, so for 64x64
patches the offset is 31.5.
"""

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kiqa.io.whole_files import replacing

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


_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, RuntimeError)


@dataclass(frozen=True, eq=False)
class QualityMap:
    """A local quality map and its place on the image.

    Attributes:
        values: ``float32`` of shape ``(rows, columns)``.
        stride: Pixels between neighbouring cells.
        offset: Pixel position of the centre of cell (0, 0), on both axes.
        image_size: ``(height, width)`` of the image in pixels.
        model: Name of the model that made the map.
        weights_sha256: Hash of its weights file, empty when not from a file.
        scale: Text such as ``"0..1"``.
        higher_is_better: Direction of the values.
    """

    values: np.ndarray
    stride: int
    offset: float
    image_size: tuple[int, int]
    model: str = ""
    weights_sha256: str = ""
    scale: str = "0..1"
    higher_is_better: bool = True

    def mean(self) -> float:
        """Return the plain mean of the cells, the image's score."""
        return float(np.mean(self.values, dtype=np.float64))

    def to_image_size(self) -> np.ndarray:
        """Interpolate the map to one value a pixel.

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
        cells = self.values.shape[axis]
        position = (np.arange(self.image_size[axis]) - self.offset) / self.stride
        position = np.clip(position, 0, cells - 1)
        low = np.minimum(position.astype(int), max(cells - 2, 0))
        high = np.minimum(low + 1, cells - 1)
        return low, high, (position - low).astype(np.float32)

    def pad_to_image(self) -> np.ndarray:
        """Place the cells on the image, zeros where no cell lies.

        Each cell fills the ``stride`` x ``stride`` pixels round its centre.
        At stride 1 and 64x64 patches this is 31 zeros above and left, 32
        below and right.

        Returns:
            ``float32`` of shape ``image_size``.

        References:
            Thesis, section 5.3: prediction maps are "centered and
            zero-padded to the input resolution".
        """
        stride = self.stride
        padded = np.zeros(self.image_size, np.float32)
        blocks = np.repeat(np.repeat(self.values, stride, axis=0), stride, axis=1)
        # The block of a cell has `stride` pixels; its centre is the cell's
        # centre, rounded up-left where the two cannot coincide.
        start = int(np.floor(self.offset - (stride - 1) / 2))
        source = max(0, -start)
        top = max(0, start)
        height = min(self.image_size[0] - top, blocks.shape[0] - source)
        width = min(self.image_size[1] - top, blocks.shape[1] - source)
        padded[top : top + height, top : top + width] = blocks[
            source : source + height, source : source + width
        ]
        return padded

    def save(self, path: str | os.PathLike) -> Path:
        """Write the map as a compressed ``.npz``.

        The file appears whole or not at all: it is written under a temporary
        name and renamed.

        Args:
            path: Target file; an existing one is replaced.

        Returns:
            The path written. Keys: ``values, stride, offset, image_size,
            model, weights_sha256, scale, higher_is_better``.
        """
        path = Path(path)
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **{key: getattr(self, key) for key in _KEYS})
        return path

    @classmethod
    def load(cls, path: str | os.PathLike) -> "QualityMap":
        """Read a map written by `save`.

        Args:
            path: An ``.npz`` file.

        Returns:
            The `QualityMap`.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is damaged or lacks a key.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"Expected a quality map file. Received: {path}, not there.")
        try:
            with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
                missing = [key for key in _KEYS if key not in file]
                if missing:
                    raise ValueError(f"without {', '.join(missing)}")
                content = {key: file[key] for key in _KEYS}
            return cls(
                values=content["values"].astype(np.float32),
                stride=int(content["stride"]),
                offset=float(content["offset"]),
                image_size=tuple(int(side) for side in content["image_size"]),
                model=str(content["model"]),
                weights_sha256=str(content["weights_sha256"]),
                scale=str(content["scale"]),
                higher_is_better=bool(content["higher_is_better"]),
            )
        except (ValueError, TypeError, KeyError, OSError, EOFError, *_ZIP_ERRORS) as error:
            raise ValueError(
                f"Expected a quality map file (.npz) with {', '.join(_KEYS)}. Received: {path} "
                f"({error}). The file is damaged or of another kind; make the map again."
            ) from error
