"""Quality maps of images: a patch network at every window position.

Cells: all window positions, ``(size - P) // stride + 1`` an axis for patches
of P pixels. The thesis prints the formula without ``+ 1``.

Networks of ``valid`` convolutions, poolings and dense layers run densely
(`kiqa.maps.dense`): exact, and tens of times faster than patch by patch.
Others, such as networks with ``same`` padding, run patch by patch through
the same functions.

References:
    Thesis, section 5.2 and Fig. 9.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from kiqa.data.patches import cut_patches, patch_positions
from kiqa.io.map_files import QualityMap
from kiqa.io.weights import WeightsInfo
from kiqa.maps.dense import build_dense, dense_steps, patch_size, peak_bytes
from kiqa.maps.network_function import network_function
from kiqa.startup import check_process

if TYPE_CHECKING:
    import keras

MEMORY_BUDGET = 512 * 2**20
PATCH_BATCH = 256

# Measured: what TensorFlow takes is more than the activations that are alive.
_FACTOR = 2
_MAP_BYTES = 12  # a cell
_PATCH_BYTES = 1024  # a pixel of a patch, of a network that runs patch by patch

# TensorFlow keeps compiled convolutions for each size it has met, about 1 MiB
# a size and more than a hundred of them: tiles come in few sizes.
_GRAIN = 64


class QualityMapper:
    """Makes quality maps with one model at one stride.

    Args:
        model: Patch network, ``(n, P, P, 3)``, RGB in 0..255, to ``(n, 1)``.
        stride: Pixels between neighbouring cells, at least 1.
        info: What is known of the model's weights; goes into every map.
        memory_budget: Bytes that the network's activations may take. Larger
            images are computed tile by tile; the map does not depend on it.

    Attributes:
        patch: Side of a patch in pixels.
        dense: Whether maps are computed densely.
        reason: Why they are not, empty when they are.

    Raises:
        ValueError: If the model is not a patch network or the stride is not
            a positive integer.
    """

    def __init__(
        self,
        model: "keras.Model",
        *,
        stride: int,
        info: WeightsInfo | None = None,
        memory_budget: int = MEMORY_BUDGET,
    ):
        if isinstance(stride, bool) or not isinstance(stride, (int, np.integer)) or stride < 1:
            raise ValueError(f"Expected a stride of at least 1 pixel. Received: {stride!r}.")
        self.stride = int(stride)
        self.patch = patch_size(model)
        self.memory_budget = memory_budget
        self._info = info
        self._name = info.name if info else model.name
        self._steps, self.reason = dense_steps(model)
        self.dense = self._steps is not None
        if self._steps is not None:
            self._run = build_dense(self._steps, stride=self.stride)
        else:
            self._run = network_function(model, dtype="uint8")

    def map(self, pixels: np.ndarray, *, progress: bool = False) -> QualityMap:
        """Predict the quality map of one image.

        Args:
            pixels: ``uint8`` of shape (H, W, 3), RGB; sides at least the
                patch's.
            progress: Show a progress bar over tiles where there are several.

        Returns:
            `QualityMap` with ``values`` of shape ``((H - P) // stride + 1,
            (W - P) // stride + 1)`` on the model's scale.

        Raises:
            ValueError: If the image is smaller than a patch, not RGB or not
                ``uint8``.

        References:
            Thesis, section 5.2.
        """
        return self.map_batch(np.asarray(pixels)[None], progress=progress)[0]

    def map_batch(self, batch: np.ndarray, *, progress: bool = False) -> list[QualityMap]:
        """Predict the quality maps of images of one size.

        Args:
            batch: ``uint8`` of shape (n, H, W, 3).
            progress: As in `map`.

        Returns:
            A `QualityMap` for each image, equal to that of `map`.

        Raises:
            ValueError: As in `map`.
        """
        check_process()
        self._check(batch)
        height, width = batch.shape[1:3]
        rows = (height - self.patch) // self.stride + 1
        columns = (width - self.patch) // self.stride + 1
        values = np.empty((len(batch), rows, columns), np.float32)
        tiles = self._tiles(rows, columns)
        silent = None if progress and len(tiles) > 1 else True
        for image, out in zip(batch, values, strict=True):
            for top, left, tile_rows, tile_columns in tqdm(tiles, disable=silent, leave=False):
                y, x = top * self.stride, left * self.stride
                part = image[
                    y : y + (tile_rows - 1) * self.stride + self.patch,
                    x : x + (tile_columns - 1) * self.stride + self.patch,
                ]
                cells = self._cells(part)
                out[top : top + tile_rows, left : left + tile_columns] = cells[
                    :tile_rows, :tile_columns
                ]
        info = self._info
        return [
            QualityMap(
                values=out,
                stride=self.stride,
                offset=(self.patch - 1) / 2,
                image_size=(height, width),
                model=self._name,
                weights_sha256=info.sha256 if info else "",
                scale=info.scale if info else "0..1",
                higher_is_better=info.higher_is_better if info else True,
            )
            for out in values
        ]

    def memory(self, height: int, width: int) -> int:
        """Estimate the bytes that the map of an image takes beside its pixels.

        Args:
            height: Of the image in pixels.
            width: Of the image in pixels.

        Returns:
            Bytes at the peak: the network on the largest tile, or on a batch
            of patches, and the map.
        """
        rows, columns = (max(1, (side - self.patch) // self.stride + 1) for side in (height, width))
        cells = _MAP_BYTES * rows * columns
        if self._steps is None:
            return cells + _PATCH_BYTES * PATCH_BATCH * self.patch**2
        tile_rows, tile_columns = self._tiles(rows, columns)[0][2:]
        return cells + _FACTOR * self._needed(tile_rows, tile_columns)

    def _needed(self, rows, columns):
        return peak_bytes(
            self._steps or [],
            stride=self.stride,
            height=_rounded_up((rows - 1) * self.stride + self.patch),
            width=_rounded_up((columns - 1) * self.stride + self.patch),
        )

    def _check(self, batch):
        if batch.ndim != 4 or batch.shape[3] != 3 or batch.dtype != np.uint8:
            raise ValueError(
                "Expected an RGB image of shape (H, W, 3), uint8. "
                f"Received: shape={batch.shape[1:]}, dtype={batch.dtype}."
            )
        if min(batch.shape[1:3]) < self.patch:
            raise ValueError(
                f"Expected an image of at least {self.patch}x{self.patch} pixels, one patch. "
                f"Received: {batch.shape[2]}x{batch.shape[1]}. Use a larger image."
            )

    def _cells(self, part):
        """The cells of one tile, or more to the right and below."""
        if self.dense:
            more = [(0, _rounded_up(side) - side) for side in part.shape[:2]]
            return self._run(np.pad(part, [*more, (0, 0)])[None])[0].numpy()
        positions = patch_positions(*part.shape[:2], patch=self.patch, stride=self.stride)
        batches = [
            self._run(cut_patches(part, positions[at : at + PATCH_BATCH], self.patch))
            for at in range(0, len(positions), PATCH_BATCH)
        ]
        columns = (part.shape[1] - self.patch) // self.stride + 1
        return np.concatenate(batches).reshape(-1, columns)

    def _tiles(self, rows, columns):
        """Split the map so that each tile keeps to the memory budget; patches fit anyway."""
        if self._steps is None:
            return [(0, 0, rows, columns)]
        parts = (1, 1)
        while True:
            tile_rows, tile_columns = math.ceil(rows / parts[0]), math.ceil(columns / parts[1])
            needed = self._needed(tile_rows, tile_columns)
            if needed <= self.memory_budget or tile_rows == tile_columns == 1:
                break
            # Split the longer side: square tiles share the fewest pixels.
            if tile_rows >= tile_columns:
                parts = (parts[0] + 1, parts[1])
            else:
                parts = (parts[0], parts[1] + 1)
        return [
            (top, left, min(tile_rows, rows - top), min(tile_columns, columns - left))
            for top in range(0, rows, tile_rows)
            for left in range(0, columns, tile_columns)
        ]


def _rounded_up(side):
    """The next multiple of the grain; cells of the pixels added are cut off."""
    return -(-side // _GRAIN) * _GRAIN


def predict_quality_map(
    model: "keras.Model", pixels: np.ndarray, *, stride: int, memory_budget: int = MEMORY_BUDGET
) -> QualityMap:
    """Predict a local quality map by sliding a patch model over an image.

    Each cell of the map is the predicted quality of the square patch of
    ``P`` pixels that the model sees there; neighbouring cells are
    ``stride`` pixels apart, so patches overlap when ``stride < P``. For many
    images keep a `QualityMapper`, which prepares the network once.

    Args:
        model: Keras model mapping patches of shape ``(n, P, P, 3)``, RGB in
            0..255, to quality of shape ``(n, 1)``.
        pixels: ``uint8`` of shape ``(H, W, 3)``, RGB; ``H, W >= P``.
        stride: Step between cells in pixels, at least 1. The thesis uses
            ``constants.PATCHNET.stride``; time grows with ``1 / stride**2``
            where the last layers dominate.
        memory_budget: Bytes for activations; see `QualityMapper`.

    Returns:
        `QualityMap` with ``values``, ``float32`` of shape ``(rows,
        columns)``, ``rows = (H - P) // stride + 1``.

    Raises:
        ValueError: If the image is smaller than one patch or is not RGB.

    References:
        Thesis, section 5.2.
    """
    mapper = QualityMapper(model, stride=stride, memory_budget=memory_budget)
    return mapper.map(pixels)
