"""Map stacks, the input of the aggregator: FISH, gray and Patchnet's map.

Normalisation is fixed: FISH over `constants.AGGREGATOR.fish_scale`, gray in
0..1, Patchnet's map as it is. Nothing is stretched image by image, so that
absolute sharpness survives.

References:
    Thesis, section 5.4 and Fig. 13. It names the maps, not their order or
    scale; those are ours.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from kiqa.constants import AGGREGATOR
from kiqa.io.map_files import QualityMap
from kiqa.io.weights import WeightsInfo
from kiqa.maps.fish import fish_block_map
from kiqa.maps.gray import gray_map
from kiqa.maps.quality import QualityMapper
from kiqa.maps.sliding_fish import fish_map

if TYPE_CHECKING:
    import keras

MAPS = ("fish", "gray", "patchnet")
FISH_FORMS = ("sliding", "blocks")
_FISH_BYTES, _MOST_FISH = 80, 384 << 20  # a pixel, and of a tile of FISH, measured
_GRAY_BYTES = 24  # a pixel: gray values in float64, and once in float32


class StackMaker:
    """Makes map stacks with one Patchnet at one stride.

    Args:
        model: Patch network, as for `kiqa.maps.quality.QualityMapper`.
        stride: Pixels between cells.
        fish: ``"sliding"``, exact, or ``"blocks"``, FISH_bb on the same grid:
            faster, not exact.
        info: What is known of the model's weights.

    Attributes:
        stride: As given.
        fish: As given.
        patch: Side of a window in pixels.
        weights_sha256: Of the model's file, or of its weights' values if it
            is not from a file.

    Raises:
        ValueError: If an argument is not as stated.
    """

    def __init__(
        self,
        model: "keras.Model",
        *,
        stride: int = AGGREGATOR.stride,
        fish: str = FISH_FORMS[0],
        info: WeightsInfo | None = None,
    ):
        if fish not in FISH_FORMS:
            raise ValueError(f"Expected fish to be one of {FISH_FORMS}. Received: {fish!r}.")
        self._mapper = QualityMapper(model, stride=stride, info=info)
        self.stride, self.fish, self.patch = self._mapper.stride, fish, self._mapper.patch
        self.weights_sha256 = info.sha256 if info else _values_sha256(model)

    def maps(self, pixels: np.ndarray) -> dict[str, QualityMap]:
        """Make the maps of an image, FISH in its own unit.

        Args:
            pixels: RGB ``uint8`` of shape (H, W, 3), sides at least a window.

        Returns:
            A `QualityMap` for each name of `MAPS`, all on one grid.

        Raises:
            ValueError: If the image is smaller than a window or not RGB.
        """
        return self.indicator_maps(pixels) | {"patchnet": self._mapper.map(pixels)}

    def indicator_maps(self, pixels: np.ndarray) -> dict[str, QualityMap]:
        """Make the maps that need no network, FISH and gray.

        Args:
            pixels: As for `maps`.

        Returns:
            The two `QualityMap` by name.

        Raises:
            ValueError: As `maps`.
        """
        grid = {"stride": self.stride, "window": self.patch}
        if self.fish == "sliding":
            sharpness = fish_map(pixels, dtype=np.float32, **grid)
        else:
            sharpness = fish_block_map(pixels, **grid)
        return {"fish": sharpness, "gray": gray_map(pixels, **grid)}

    def memory(self, height: int, width: int) -> int:
        """Estimate the bytes that the stack of an image takes beside its pixels.

        Args:
            height: Of the image in pixels.
            width: Of the image in pixels.

        Returns:
            Bytes at the peak: Patchnet's, and those of FISH beside it.
        """
        pixels = height * width
        sharpness = min(_MOST_FISH, _FISH_BYTES * pixels)
        return self._mapper.memory(height, width) + sharpness + _GRAY_BYTES * pixels

    def stack(
        self, pixels: np.ndarray, *, indicators: dict[str, QualityMap] | None = None
    ) -> np.ndarray:
        """Make the stack of an image.

        Args:
            pixels: As for `maps`.
            indicators: Result of `indicator_maps`, if it was made before;
                otherwise it is made beside the network, in a thread.

        Returns:
            ``float32`` of shape (rows, columns, 3): FISH / 30, gray in 0..1,
            Patchnet.

        Raises:
            ValueError: As `maps`.
        """
        if indicators is None:
            with ThreadPoolExecutor(1) as beside:
                waiting = beside.submit(self.indicator_maps, pixels)
                quality = self._mapper.map(pixels)
                indicators = waiting.result()
        else:
            quality = self._mapper.map(pixels)
        return stack_maps([indicators["fish"], indicators["gray"], quality])


def stack_maps(maps: Sequence[QualityMap]) -> np.ndarray:
    """Stack FISH, gray and Patchnet maps, in this order, normalised.

    Args:
        maps: Three maps on one grid of one image.

    Returns:
        ``float32`` of shape (rows, columns, 3).

    Raises:
        ValueError: If there are not three maps, or grids differ; both are
            named.
    """
    if len(maps) != len(MAPS):
        raise ValueError(f"Expected the maps {', '.join(MAPS)}. Received: {len(maps)} maps.")
    first = maps[0]
    for name, other in zip(MAPS[1:], maps[1:], strict=True):
        if _grid(other) != _grid(first):
            raise ValueError(
                f"Expected maps on one grid. Received: {MAPS[0]} with {_grid(first)} and {name} "
                f"with {_grid(other)}. Make both of one image with one stride and window."
            )
    scales = (np.float32(AGGREGATOR.fish_scale), np.float32(1), np.float32(1))
    return np.stack(
        [item.values / scale for item, scale in zip(maps, scales, strict=True)], axis=-1
    ).astype(np.float32)


def _grid(item):
    rows, columns = item.values.shape
    height, width = item.image_size
    return (
        f"{rows}x{columns} cells, stride {item.stride}, offset {item.offset:g}, of an image of "
        f"{width}x{height} pixels"
    )


def _values_sha256(model):
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()
