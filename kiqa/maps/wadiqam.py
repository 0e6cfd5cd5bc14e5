"""From the patches of an image to its score, and to maps of quality and weight.

A network that rates single patches (`kiqa.models.wadiqam`) looks at a grid of
them, row by row: by default all non-overlapping patches, ``H // P`` times
``W // P``, from the upper left corner; pixels left over on the right and below
are unseen. Smaller strides give denser grids, ``(H - P) // stride + 1``. The
score is the mean of the patches' qualities, or their weighted mean.

Public names: `simple_average`, `weighted_average`, `PatchPooler`,
`PooledQuality`.

References:
    Bosse et al. 2018, section III-C, equations (2) and (6). The grid of all
    non-overlapping patches is that of the authors' code, deepIQA; the paper's
    experiments pool 32 random patches.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kiqa.data.patches import grid_shape, patch_grid
from kiqa.io.map_files import QualityMap
from kiqa.io.weights import WeightsInfo
from kiqa.maps.network_function import network_function
from kiqa.startup import check_process

if TYPE_CHECKING:
    import keras

PATCH_BATCH = 256
_PATCH_BYTES = 1024  # of the network for a pixel of a patch, measured
_CELL_BYTES = 32


def simple_average(qualities: np.ndarray) -> float:
    """Return the mean of patch qualities.

    Args:
        qualities: Array of any shape, at least one value.

    Returns:
        The mean, computed in double precision.

    Raises:
        ValueError: If there is no value or one is not finite.

    References:
        Bosse et al. 2018, equation (2).
    """
    return float(np.mean(_finite(qualities, "qualities")))


def weighted_average(qualities: np.ndarray, weights: np.ndarray) -> float:
    """Return the mean of patch qualities, weighted.

    Args:
        qualities: Array of any shape, at least one value.
        weights: Array of the same shape, positive. Only their ratios matter.

    Returns:
        ``sum(weights * qualities) / sum(weights)``, computed in double
        precision.

    Raises:
        ValueError: If the shapes differ, there is no value, a value is not
            finite or a weight is not positive.

    References:
        Bosse et al. 2018, equations (5) and (6).
    """
    qualities, weights = _finite(qualities, "qualities"), _finite(weights, "weights")
    if qualities.shape != weights.shape:
        raise ValueError(
            "Expected a weight for each quality. Received: qualities of shape "
            f"{qualities.shape}, weights of shape {weights.shape}."
        )
    if weights.min() <= 0:
        raise ValueError(
            f"Expected positive weights. Received: {weights.min()} at least. Networks of kiqa add "
            "1e-6 to theirs; add a small number to those of others."
        )
    return float(np.sum(qualities * weights) / np.sum(weights))


@dataclass(frozen=True, eq=False)
class PooledQuality:
    """What a patch network says of one image.

    Attributes:
        quality: Map of the patches' qualities.
        weight: Map of their weights, or ``None`` if the network has none.
    """

    quality: QualityMap
    weight: QualityMap | None

    def score(self) -> float:
        """Return the image's score: the mean of the quality, weighted if there are weights."""
        if self.weight is None:
            return simple_average(self.quality.values)
        return weighted_average(self.quality.values, self.weight.values)


class PatchPooler:
    """Rates images with one patch network on one grid.

    Args:
        model: Network of `kiqa.models.wadiqam`, or another of one input, or
            two (distorted and reference), of shape ``(n, P, P, 3)``, RGB in
            0..255, to a dictionary of ``quality`` and perhaps ``weight`` of
            shape ``(n, 1)``.
        stride: Pixels between neighbouring patches; ``None`` is P, the grid
            without overlap.
        info: What is known of the model's weights; goes into every map.

    Attributes:
        patch: Side of a patch in pixels.
        stride: Pixels between neighbouring patches.
        needs_reference: Whether `pool` takes a reference.

    Raises:
        ValueError: If the model is not such a network or the stride is not a
            positive integer.
    """

    def __init__(
        self, model: "keras.Model", *, stride: int | None = None, info: WeightsInfo | None = None
    ):
        shapes = [tuple(tensor.shape) for tensor in model.inputs]
        outputs = model.output if isinstance(model.output, dict) else {}
        fits = (
            len(shapes) in (1, 2)
            and all(shape == (None, shapes[0][1], shapes[0][1], 3) for shape in shapes)
            and shapes[0][1] is not None
            and "quality" in outputs
            and set(outputs) <= {"quality", "weight"}
        )
        if not fits:
            raise ValueError(
                "Expected a network of patches, (n, P, P, 3) once or twice, to a dictionary of "
                f"quality and weight. Received: {model.name!r}, inputs {shapes}, outputs "
                f"{sorted(outputs) or 'without names'}. Use a network of kiqa.models.wadiqam."
            )
        self.patch = shapes[0][1]
        stride = self.patch if stride is None else stride
        if isinstance(stride, bool) or not isinstance(stride, int | np.integer) or stride < 1:
            raise ValueError(f"Expected a stride of at least 1 pixel. Received: {stride!r}.")
        self.stride = int(stride)
        self.needs_reference = len(shapes) == 2
        self._info = info
        self._name = info.name if info else model.name
        self._parts = [name for name in ("quality", "weight") if name in outputs]
        self._run = _side_by_side(model, self._parts)

    def pool(self, pixels: np.ndarray, reference: np.ndarray | None = None) -> PooledQuality:
        """Rate one image.

        Args:
            pixels: ``uint8`` of shape (H, W, 3), RGB; sides at least the
                patch's.
            reference: Undistorted image of the same shape, for networks that
                need it.

        Returns:
            Maps of shape ``((H - P) // stride + 1, (W - P) // stride + 1)``;
            their `PooledQuality.score` is the image's.

        Raises:
            ValueError: If an image is smaller than a patch, not RGB or not
                ``uint8``, the shapes differ, or a reference is missing or
                superfluous.
        """
        check_process()
        images = self._images(pixels, reference)
        height, width = images[0].shape[:2]
        rows, columns = grid_shape(height, width, patch=self.patch, stride=self.stride)
        grids = [patch_grid(image, patch=self.patch, stride=self.stride) for image in images]
        values = np.empty((rows * columns, len(self._parts)), np.float32)
        for at in range(0, len(values), PATCH_BATCH):
            here = np.divmod(np.arange(at, min(at + PATCH_BATCH, len(values))), columns)
            values[at : at + PATCH_BATCH] = self._run(*[grid[here] for grid in grids])
        maps = [
            self._map(part, values[:, index].reshape(rows, columns), (height, width))
            for index, part in enumerate(self._parts)
        ]
        return PooledQuality(*maps) if len(maps) > 1 else PooledQuality(maps[0], None)

    def rate(self, *patches: np.ndarray) -> np.ndarray:
        """Rate patches that lie on no grid.

        Args:
            patches: ``uint8`` of shape (n, P, P, 3), n at least 1, and those of the
                references for networks that need them.

        Returns:
            ``float32`` of shape (n, 1), the qualities, or (n, 2), the qualities and
            the weights.
        """
        check_process()
        starts = range(0, len(patches[0]), PATCH_BATCH)
        parts = [self._run(*[each[at : at + PATCH_BATCH] for each in patches]) for at in starts]
        return np.concatenate(parts)

    def memory(self, height: int, width: int) -> int:
        """Estimate the bytes that `pool` takes beside the pixels of its images.

        Args:
            height: Of an image in pixels.
            width: Of an image in pixels.

        Returns:
            Bytes at the peak: a batch of patches in the network, and the maps.
        """
        cells = (height // self.stride + 1) * (width // self.stride + 1)
        images = 2 if self.needs_reference else 1
        return _CELL_BYTES * cells + _PATCH_BYTES * images * min(cells, PATCH_BATCH) * self.patch**2

    def _map(self, part, values, image_size):
        info = self._info
        scale = info.scale if info else "0..1"
        return QualityMap(
            values=values,
            stride=self.stride,
            offset=(self.patch - 1) / 2,
            image_size=image_size,
            model=self._name if part == "quality" else f"{self._name}, weight",
            weights_sha256=info.sha256 if info else "",
            scale=scale if part == "quality" else "weight",
            higher_is_better=part == "weight" or (info.higher_is_better if info else True),
        )

    def _images(self, pixels, reference):
        """The image, with its reference if the network needs it, checked."""
        if (reference is not None) != self.needs_reference:
            raise ValueError(
                f"Expected {'a' if self.needs_reference else 'no'} reference image for "
                f"{self._name}. Received: {'none' if reference is None else 'one'}."
            )
        images = [np.asarray(image) for image in (pixels, reference) if image is not None]
        for image in images:
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
                raise ValueError(
                    "Expected an RGB image of shape (H, W, 3), uint8. "
                    f"Received: shape={image.shape}, dtype={image.dtype}."
                )
        if images[0].shape != images[-1].shape:
            raise ValueError(
                "Expected an image and its reference of one size. Received: "
                f"{' and '.join(f'{image.shape[1]}x{image.shape[0]}' for image in images)}."
            )
        if min(images[0].shape[:2]) < self.patch:
            raise ValueError(
                f"Expected an image of at least {self.patch}x{self.patch} pixels, one patch. "
                f"Received: {images[0].shape[1]}x{images[0].shape[0]}. Use a larger image."
            )
        return images


def _finite(values, what):
    values = np.asarray(values, np.float64)
    if not values.size or not np.isfinite(values).all():
        raise ValueError(
            f"Expected finite {what}, at least one. Received: shape {values.shape}, "
            f"{np.count_nonzero(~np.isfinite(values))} of them not finite."
        )
    return values


def _side_by_side(model, parts):
    """The network as a function of patches, its outputs beside each other."""
    outputs = network_function(model, dtype="uint8")

    def run(*patches):
        found = outputs(*patches)
        return np.concatenate([found[part] for part in parts], axis=1)

    return run
