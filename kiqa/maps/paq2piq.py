"""Scores of rectangles of an image, and quality maps of its blocks, by PaQ-2-PiQ.

The body looks at the image once, at a large one tile by tile; each rectangle
then costs a pooling of its features and the small head. A map of n x m blocks
is the scores of n * m rectangles with edges at ``linspace(0, size, cells + 1)``.

Public names: `RegionRater`, `block_map`, `check_rois`, `grid_rois`,
`grid_edges`, `LEAST_SIDE`.

References:
    Ying et al. 2020, sections 4.2 to 4.4. Edges of the blocks as in the
    authors' code.
"""

import sys
from typing import TYPE_CHECKING

import numpy as np

from kiqa.constants import PAQ2PIQ
from kiqa.io.map_files import QualityMap
from kiqa.io.weights import WeightsInfo
from kiqa.maps.network_function import network_function
from kiqa.maps.tiles import TiledNetwork
from kiqa.models.efficientnet_lite import stage_layers
from kiqa.models.paq2piq import KINDS
from kiqa.models.roi_pool import roi_pool
from kiqa.startup import check_process

if TYPE_CHECKING:
    import keras

LEAST_SIDE = PAQ2PIQ.stride  # ours: a smaller image has not even one whole feature cell
_AT_ONCE = 4096  # rectangles pooled and rated together

# ResNet-18 in two parts, so that little is seen twice: a cell of the first sees 49 pixels around
# its middle, one of the second 21 cells of the first.
_JOINT = "layer2.1.relu2"
_FIRST = {"stride": 8, "margin": 56, "most": 4_000_000, "cell_bytes": 220}
_SECOND = {"stride": 4, "margin": 24, "most": 200_000, "cell_bytes": 2500}
# The padding of EfficientNet-Lite depends on the size, so that tiles would see other windows.
_LITE_END = stage_layers("lite2", folded=True)[-1]
_LITE = {"stride": 32, "margin": 0, "most": sys.maxsize, "cell_bytes": 180}
_POOL_BYTES, _MOST_POOLED = 64, 384 << 20  # a pixel of the image for pooling, and in all
_FEATURE_BYTES = 14  # a pixel of the image, features of both parts


def block_map(
    values: np.ndarray, size: tuple[int, int], *, info: WeightsInfo | None, model: str, scale: str
) -> QualityMap:
    """Make the map of a grid of blocks that covers an image.

    Args:
        values: One for each block, shape (rows, columns).
        size: ``(height, width)`` of the image.
        info: Of the network's file; ``None`` for one without a file.
        model: Name of the network without a file.
        scale: Its scale.

    Returns:
        The map, with the edges of its blocks.

    Raises:
        ValueError: As `grid_edges`.
    """
    rows, columns = (grid_edges(size[axis], values.shape[axis]) for axis in (0, 1))
    return QualityMap(
        values=values,
        stride=0,
        offset=0.0,
        image_size=size,
        model=info.name if info else model,
        weights_sha256=info.sha256 if info else "",
        scale=info.scale if info else scale,
        higher_is_better=info.higher_is_better if info else True,
        row_edges=rows,
        column_edges=columns,
    )


def grid_edges(side: int, cells: int) -> np.ndarray:
    """Return where blocks begin and end on one axis.

    Args:
        side: Pixels of the image on this axis.
        cells: Number of blocks, at most ``side``.

    Returns:
        ``float32`` of shape ``(cells + 1,)`` from 0 to ``side``, evenly
        spaced, not rounded to pixels.

    Raises:
        ValueError: If there are fewer pixels than blocks, or no blocks.
    """
    if isinstance(cells, bool) or not isinstance(cells, int | np.integer) or cells < 1:
        raise ValueError(f"Expected a grid of at least 1 block a side. Received: {cells!r}.")
    if cells > side:
        raise ValueError(
            f"Expected at least one pixel a block. Received: {cells} blocks on {side} pixels. Use "
            "a coarser grid."
        )
    return np.linspace(0, side, cells + 1).astype(np.float32)


def grid_rois(image_size: tuple[int, int], grid: tuple[int, int]) -> np.ndarray:
    """Return the blocks of an image as rectangles, row by row.

    Args:
        image_size: ``(height, width)`` in pixels.
        grid: ``(rows, columns)`` of blocks.

    Returns:
        ``float32`` of shape (rows * columns, 4): left, top, right, bottom.

    Raises:
        ValueError: As `grid_edges`.
    """
    rows, columns = (grid_edges(*each) for each in zip(image_size, grid, strict=True))
    top, left = np.meshgrid(rows[:-1], columns[:-1], indexing="ij")
    bottom, right = np.meshgrid(rows[1:], columns[1:], indexing="ij")
    return np.stack([left, top, right, bottom], axis=-1).reshape(-1, 4)


def check_rois(rois: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """Return rectangles as an array, if they lie in an image.

    Args:
        rois: Of shape (m, 4): left, top, right, bottom in pixels.
        image_size: ``(height, width)`` of the image.

    Returns:
        ``float32`` of shape (m, 4).

    Raises:
        ValueError: If there is none, or one is not finite, empty, reversed
            or not inside the image; the first such one is named.
    """
    rois = np.asarray(rois)
    if rois.ndim != 2 or rois.shape[1] != 4 or not len(rois) or rois.dtype.kind not in "fiu":
        raise ValueError(
            "Expected rectangles of shape (m, 4), m at least 1: left, top, right, bottom in "
            f"pixels. Received: shape {rois.shape}, dtype {rois.dtype}."
        )
    height, width = image_size
    left, top, right, bottom = rois.T.astype(np.float64)
    with np.errstate(invalid="ignore"):
        good = (left >= 0) & (left < right) & (right <= width)
        good &= (top >= 0) & (top < bottom) & (bottom <= height)
    if not good.all():
        first = int(np.argmin(good))
        raise ValueError(
            f"Expected 0 <= left < right <= {width} and 0 <= top < bottom <= {height}, the "
            f"image's sides. Received: {rois[first].tolist()} (number {first}), and "
            f"{np.count_nonzero(~good) - 1} more such. Correct or leave them out."
        )
    return rois.astype(np.float32)


class RegionRater:
    """Rates images and rectangles of them with one P2P network.

    Args:
        body: Of `kiqa.models.paq2piq`, of images in 0..255.
        head: Its head, `kiqa.models.paq2piq`.
        kind: ``"bm"``, ``"rm"`` or ``"fm"``.
        info: What is known of the weights; goes into every map.

    Raises:
        ValueError: If the kind is unknown, or body and head do not fit.
    """

    def __init__(
        self,
        body: "keras.Model",
        head: "keras.Model",
        *,
        kind: str,
        info: WeightsInfo | None = None,
    ):
        if kind not in KINDS:
            raise ValueError(f"Expected kind to be one of {', '.join(KINDS)}. Received: {kind!r}.")
        _check_networks(body, head, kind)
        self.kind = kind
        self._info = info
        self._parts = _parts(body)
        self._head = network_function(head)
        self._patch_head = network_function(_patch_scores(head)) if kind == "fm" else self._head

    def score(self, pixels: np.ndarray, rois: np.ndarray | None = None) -> float:
        """Rate a whole image.

        Args:
            pixels: ``uint8`` of shape (H, W, 3), RGB, sides at least
                `LEAST_SIDE`.
            rois: For P2P-FM three patches, (3, 4), left, top, right, bottom;
                ``None`` takes the authors' three fixed ones. Not for others.

        Returns:
            The score on the scale 0..100, not confined to it.

        Raises:
            ValueError: If the image or a patch is not such.
        """
        if rois is not None and self.kind != "fm":
            raise ValueError(
                f"Expected patches for P2P-FM only. Received: patches for P2P-{self.kind.upper()}. "
                "Use rate() for scores of rectangles."
            )
        features = self._features(pixels)
        if self.kind == "bm":
            return float(self._head(features)[0, 0])
        height, width = pixels.shape[:2]
        whole = np.array([[0, 0, width, height]], np.float32)
        if self.kind == "rm":
            return float(self._rated(features, whole)[0])
        if rois is None:
            parts = np.array(PAQ2PIQ.default_patches) * [width, height, width, height]
            rois = parts.astype(np.float32)
        elif np.shape(rois) != (PAQ2PIQ.patches, 4):
            raise ValueError(
                f"Expected {PAQ2PIQ.patches} patches, shape {(PAQ2PIQ.patches, 4)}. Received: "
                f"shape {np.shape(rois)}."
            )
        rois = np.concatenate([whole, check_rois(rois, (height, width))])
        return float(self._head(roi_pool(features, rois[None]))[0, 0])

    def rate(self, pixels: np.ndarray, rois: np.ndarray) -> np.ndarray:
        """Rate rectangles of an image, in one pass over its features.

        Args:
            pixels: As in `score`.
            rois: Of shape (m, 4): left, top, right, bottom in pixels.

        Returns:
            ``float32`` of shape (m,), on the scale 0..100. P2P-FM's are those
            of its first head.

        Raises:
            ValueError: If the image or a rectangle is not such, or the
                network is P2P-BM, which knows whole images only.
        """
        self._check_regions()
        return self._rated(self._features(pixels), check_rois(rois, np.shape(pixels)[:2]))

    def map(self, pixels: np.ndarray, grid: tuple[int, int] = PAQ2PIQ.grid) -> QualityMap:
        """Rate the blocks of an image.

        Args:
            pixels: As in `score`.
            grid: ``(rows, columns)`` of blocks; the paper's are 32x32.

        Returns:
            `QualityMap` of shape ``grid`` with the edges of its blocks.

        Raises:
            ValueError: As `rate`, or if there are fewer pixels than blocks.
        """
        self._check_regions()
        height, width = np.shape(pixels)[:2]
        features = self._features(pixels)
        values = self._rated(features, grid_rois((height, width), grid))
        size, name = (height, width), f"paq2piq-{self.kind}"
        return block_map(values.reshape(grid), size, info=self._info, model=name, scale="0..100")

    def memory(self, height: int, width: int) -> int:
        """Estimate the bytes that rating an image takes beside its pixels.

        Args:
            height: Of the image in pixels.
            width: Of the image in pixels.

        Returns:
            Bytes at the peak: of a part of the body on its largest tile, the
            image's features, and pooling them.
        """
        pixels, seen = height * width, 0
        for part in self._parts:
            seen = max(seen, part.memory(height, width))
            height, width = (-(-side // part.stride) for side in (height, width))
        return seen + _FEATURE_BYTES * pixels + min(_MOST_POOLED, _POOL_BYTES * pixels)

    def _check_regions(self):
        if self.kind == "bm":
            raise ValueError(
                "Expected P2P-RM or P2P-FM for maps and rectangles. Received: P2P-BM, which rates "
                "whole images only. Cut the rectangles out and score them as images."
            )

    def _features(self, pixels):
        """The body's output, (1, rows, columns, channels)."""
        check_process()
        pixels = np.asarray(pixels)
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise ValueError(
                "Expected an RGB image of shape (H, W, 3), uint8. "
                f"Received: shape={pixels.shape}, dtype={pixels.dtype}."
            )
        if min(pixels.shape[:2]) < LEAST_SIDE:
            raise ValueError(
                f"Expected an image of at least {LEAST_SIDE}x{LEAST_SIDE} pixels. Received: "
                f"{pixels.shape[1]}x{pixels.shape[0]}. Use a larger image."
            )
        values = pixels
        for part in self._parts:
            values = part(values)
        return values[None]

    def _rated(self, features, rois):
        """Scores of rectangles that have been checked, ``float32`` of shape (m,)."""
        scores = []
        for at in range(0, len(rois), _AT_ONCE):
            batch = rois[at : at + _AT_ONCE]
            largest = np.max(batch[:, 3] - batch[:, 1]), np.max(batch[:, 2] - batch[:, 0])
            pooled = roi_pool(features, batch[None], largest=largest)[0]
            if self.kind == "fm":
                scores.append(self._by_fours(pooled))
            else:
                scores.append(self._head(pooled)[:, 0])
        return np.concatenate(scores)

    def _by_fours(self, pooled):
        """Scores of P2P-FM's first head, which takes four rectangles at a time."""
        pooled, size = np.asarray(pooled), PAQ2PIQ.patches + 1
        filled = np.zeros((-(-len(pooled) // size) * size, *pooled.shape[1:]), np.float32)
        filled[: len(pooled)] = pooled
        scores = self._patch_head(filled.reshape(-1, size, *pooled.shape[1:]))
        return scores.reshape(-1)[: len(pooled)]


def _check_networks(body, head, kind):
    """Refuse graphs that are no body, no head, or of another kind."""
    sides = PAQ2PIQ.patches + 1, PAQ2PIQ.bins, PAQ2PIQ.bins
    features = body.outputs[0].shape[-1]
    wanted = {
        "body": (body, (None, None, None, 3), (None, None, None, features)),
        "head": (head, (None, *sides, features), (None, sides[0]))
        if kind == "fm"
        else (head, (None, None, None, features), (None, 1)),
    }
    for part, (model, *shapes) in wanted.items():
        found = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
        if found != shapes:
            raise ValueError(
                f"Expected the {part} of a P2P-{kind.upper()}, {shapes[0]} to {shapes[1]}. "
                f"Received: {model.name!r} with inputs and outputs {found}. Use the two files "
                "that were written together."
            )


def _patch_scores(head):
    """P2P-FM's first head."""
    import keras

    names = [layer.name for layer in head.layers]
    if "patch_scores" not in names:
        raise ValueError(
            f"Expected the head of a P2P-FM, with a layer 'patch_scores'. Received: {head.name!r} "
            f"with {names}."
        )
    return keras.Model(head.inputs[0], head.get_layer("patch_scores").output)


def _parts(body):
    """The body's parts; ResNet-18's first ends where few cells are left, one of 8x8 pixels."""
    import keras

    names = [layer.name for layer in body.layers]
    if _LITE_END in names:
        return (TiledNetwork(network_function(body), **_LITE),)
    if _JOINT not in names:
        raise ValueError(
            f"Expected ResNet-18 or EfficientNet-Lite with kiqa's names of its layers, {_JOINT!r} "
            f"or {_LITE_END!r} among them. Received: {body.name!r} with {len(names)} layers, such "
            f"as {names[:3]}. Use kiqa convert paq2piq, or a body of kiqa.models.paq2piq."
        )
    joint = body.get_layer(_JOINT).output
    first, second = keras.Model(body.inputs, joint), keras.Model(joint, body.output)
    return (
        TiledNetwork(network_function(first), **_FIRST),
        TiledNetwork(network_function(second), **_SECOND),
    )
