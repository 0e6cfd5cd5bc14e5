"""From a map of importance to a quality for every block, step by step.

The steps of the thesis, each a function with a result one can look at:

1. `importance_of`: a quality map, saliency, mask or fixations as one array;
2. `pruned`: the pixels above the 90th percentile;
3. `clustered`: k-means centroids of those pixels, and `stored`: the same in
   two bytes each, all that a file keeps of the map;
4. `blurred` (or `block_means` straight away): a Gaussian round each stored
   centroid, scaled to 0..1;
5. `block_qualities`: formula 13.

From 3 on encoder and decoder do the same, in whole numbers, so that they
agree on every block on any machine.

Public names: :class:`FixationPoints`, :data:`NORMALISATIONS`, and the
functions above, with :func:`centroid_pixels` and :func:`impulses`.

References:
    Thesis, section 6.2.1 and Fig. 14.
"""

from typing import NamedTuple

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.spatial.distance import cdist

from kiqa.constants import VARJPEG
from kiqa.io.map_files import QualityMap
from kiqa.varjpeg.quantisation import round_half_up
from kiqa.varjpeg.transform import block_counts

NORMALISATIONS = ("max", "min-max")

_STORED = 255  # largest stored coordinate
_RESTARTS = 5  # of k-means
_SAMPLE = 2048  # pixels that the restarts look at; the best one then sees all
_ROUNDS = 25  # of k-means over all pixels
_WEIGHT = 2**16  # of a centroid on itself; sums of products then stay below 2**63
_TRUNCATE = 4  # kernel radius in standard deviations, as in `kiqa.data.smoothing`
_STRIP = 2**22  # values of the blurred map that are looked at together


class FixationPoints(NamedTuple):
    """Where people looked: whole pixel rows and columns, each of shape ``(n,)``."""

    rows: np.ndarray
    columns: np.ndarray


def importance_of(
    source: QualityMap | FixationPoints | np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Bring anything that says where an image matters to one form.

    Args:
        source: A `QualityMap` of the image, in either direction; or real
            numbers of shape ``(H, W)``, higher is more important; or a mask
            of booleans; or `FixationPoints`.
        size: ``(H, W)`` of the image in pixels.

    Returns:
        Shape ``(H, W)``. ``bool`` for masks and fixations, whose true pixels
        are not pruned; otherwise ``float32``, higher is more important. A
        quality map is padded with its worst value where it has no cell; one
        whose lower values are better is turned round first.

    Raises:
        ValueError: If size or kind do not fit, a value is not finite or a
            fixation lies outside.
    """
    if isinstance(source, QualityMap):
        if tuple(source.image_size) != tuple(size):
            raise ValueError(
                f"Expected a quality map of an image of {size[1]}x{size[0]} pixels, received one "
                f"of {source.image_size[1]}x{source.image_size[0]}. Map the image as it is coded."
            )
        return _padded(source)
    if isinstance(source, FixationPoints):
        return _fixated(source, size)
    array = np.asarray(source)
    kind = array.dtype.kind
    if array.shape != tuple(size) or kind not in "bfiu" or not np.all(np.isfinite(array)):
        raise ValueError(
            f"Expected finite numbers or booleans of shape {tuple(size)}, one for each pixel of "
            f"the image, received {array.dtype} of shape {array.shape}. Pass a QualityMap, an "
            "array of the image's size or FixationPoints."
        )
    return array if kind == "b" else array.astype(np.float32)


def _padded(quality_map):
    values = np.asarray(quality_map.values, np.float32)
    if not np.all(np.isfinite(values)):
        raise ValueError(
            f"Expected finite map values, received {np.sum(~np.isfinite(values))} others. "
            "Make the map again."
        )
    values = values if quality_map.higher_is_better else -values
    # The thesis pads with zeros, the worst value of a map on 0..1.
    worst = 0 if quality_map.higher_is_better and np.min(values) >= 0 else np.min(values)
    return _like(quality_map, values - worst).pad_to_image() + worst


def _like(quality_map, values):
    return QualityMap(values, quality_map.stride, quality_map.offset, quality_map.image_size)


def _fixated(points, size):
    rows, columns = (np.asarray(axis) for axis in points)
    shapes = rows.ndim == 1 and rows.shape == columns.shape
    inside = shapes and all(
        axis.dtype.kind in "iu" and np.all((axis >= 0) & (axis < side))
        for axis, side in zip((rows, columns), size, strict=True)
    )
    if not inside:
        raise ValueError(
            f"Expected whole rows in 0..{size[0] - 1} and columns in 0..{size[1] - 1} of equal "
            f"number, received shapes {rows.shape} and {columns.shape}. Drop fixations outside "
            "the image and round the others."
        )
    mask = np.zeros(size, bool)
    mask[rows, columns] = True
    return mask


def pruned(importance: np.ndarray, *, percentile: float = VARJPEG.percentile) -> np.ndarray:
    """Keep the pixels above a percentile of the map.

    Args:
        importance: Of `importance_of`, shape ``(H, W)``.
        percentile: In 0..100. The thesis keeps at most 10 %.

    Returns:
        ``bool`` of the same shape: true where the value lies strictly above,
        so that ties never keep more; nothing of a flat map. A mask is
        returned as it is.
    """
    if importance.dtype == bool:
        return importance
    if not 0 <= percentile <= 100:
        raise ValueError(
            f"Expected a percentile in 0..100, received {percentile!r}. The thesis uses "
            f"{VARJPEG.percentile:g}."
        )
    return importance > np.percentile(importance, percentile)


def clustered(kept: np.ndarray, *, clusters: int = VARJPEG.clusters, seed: int = 0) -> np.ndarray:
    """Find the centroids of the kept pixels by k-means.

    k-means++ with five restarts on at most 2,048 of the pixels, drawn by the
    seed; the best is then iterated on all.

    Args:
        kept: ``bool`` of shape ``(H, W)``.
        clusters: k, 1..255. Fewer are found where fewer pixels are kept.
        seed: Of the drawing.

    Returns:
        ``float64`` of shape ``(k, 2)``: rows and columns in pixels, in the
        order of their rows. Empty where nothing is kept.

    Raises:
        ValueError: If k is out of range.
    """
    if not 1 <= clusters <= _STORED:
        raise ValueError(
            f"Expected 1 to {_STORED} clusters, received {clusters!r}. The thesis uses "
            f"{VARJPEG.clusters}."
        )
    points = np.argwhere(kept).astype(np.float64)
    if len(points) <= clusters:
        return points
    rng = np.random.default_rng(seed)
    drawn = points
    if len(points) > _SAMPLE:
        drawn = points[rng.choice(len(points), _SAMPLE, replace=False)]
    best, least = None, np.inf
    for _ in range(_RESTARTS):
        centroids, _ = kmeans2(drawn, _seeded(drawn, clusters, rng), minit="matrix")
        spread = np.sum(np.min(cdist(drawn, centroids, "sqeuclidean"), axis=1))
        if spread < least:
            best, least = centroids, spread
    centroids = _iterated(points, best)
    return centroids[np.lexsort(centroids.T[::-1])]


def _seeded(points, clusters, rng):
    """k-means++: each start is drawn by its squared distance from those before."""
    chosen = points[rng.integers(len(points))][None]
    while len(chosen) < clusters:
        distance = np.min(cdist(points, chosen, "sqeuclidean"), axis=1)
        chosen = np.vstack([chosen, points[rng.choice(len(points), p=distance / distance.sum())]])
    return chosen


def _iterated(points, centroids):
    """Lloyd's rounds over all points, until nothing moves."""
    flat = points.astype(np.float32)
    for _ in range(_ROUNDS):
        # |x - c|^2 without |x|^2, which is the same for every centroid.
        scores = flat @ (-2 * centroids.T.astype(np.float32)) + np.sum(centroids**2, 1)
        nearest = np.argmin(scores, axis=1)
        counts = np.bincount(nearest, minlength=len(centroids))
        sums = [np.bincount(nearest, axis, len(centroids)) for axis in points.T]
        moved = np.where(
            counts[:, None] > 0, np.stack(sums, 1) / np.maximum(counts, 1)[:, None], centroids
        )
        if np.array_equal(moved, centroids):
            break
        centroids = moved
    return centroids


def stored(centroids: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Quantise centroids to the two bytes each that the file keeps.

    Args:
        centroids: Shape ``(k, 2)``, pixels.
        size: ``(H, W)`` of the image.

    Returns:
        ``uint8`` of shape ``(k, 2)``: 0..255 for the first to the last row
        and column. Two centroids may fall together; both are kept.
    """
    last = np.maximum(np.array(size) - 1, 1)
    return np.floor(np.asarray(centroids).reshape(-1, 2) / last * _STORED + 0.5).astype(np.uint8)


def centroid_pixels(codes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Turn stored centroids into whole pixel positions.

    Args:
        codes: Of `stored`.
        size: ``(H, W)`` of the image.

    Returns:
        ``int64`` of shape ``(k, 2)``, rows and columns.
    """
    last = np.array(size, np.int64) - 1
    return (2 * codes.astype(np.int64) * last + _STORED) // (2 * _STORED)


def impulses(codes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw the stored centroids as a map that is 1 there and 0 elsewhere.

    Args:
        codes: Of `stored`.
        size: ``(H, W)`` of the image.

    Returns:
        ``uint8`` of shape ``(H, W)``; more than 1 where centroids coincide.
    """
    drawn = np.zeros(size, np.uint8)
    np.add.at(drawn, tuple(centroid_pixels(codes, size).T), 1)
    return drawn


def blurred(
    codes: np.ndarray,
    size: tuple[int, int],
    *,
    sigma: float = VARJPEG.sigma,
    normalisation: str = "max",
) -> np.ndarray:
    """Blur the stored centroids and scale the result to 0..1.

    It equals SciPy's Gaussian filter (four standard deviations each way,
    reflected at the border) of `impulses` to 1e-4.

    Args:
        codes: Of `stored`.
        size: ``(H, W)`` of the image.
        sigma: Standard deviation by the image's *width*, above 0, up to 1.
        normalisation: ``"max"`` divides by the greatest value; ``"min-max"``
            also subtracts the least. The thesis says "normalized to [0, 1]".

    Returns:
        M, ``float32`` of shape ``(H, W)``; zeros without a centroid.
    """
    spread = _Spread(codes, size, sigma, normalisation)
    rows, columns = spread.axes
    values = (rows.T @ columns - spread.least) / spread.span
    return values.astype(np.float32)


def block_means(
    codes: np.ndarray,
    size: tuple[int, int],
    *,
    subsampling: str = "4:4:4",
    components: int = 1,
    sigma: float = VARJPEG.sigma,
    normalisation: str = "max",
) -> list[np.ndarray]:
    """Average M over the pixels of every block, without making M.

    Args:
        codes: Of `stored`.
        size: ``(H, W)`` of the image.
        subsampling: ``"4:4:4"`` or ``"4:2:0"``; there a block of chroma has
            16x16 pixels.
        components: 1 (gray) or 3.
        sigma: As for `blurred`.
        normalisation: As for `blurred`.

    Returns:
        For each component ``float64`` of shape ``(rows, columns)``, 0..1. A
        block over the edge has the mean of its pixels inside.
    """
    spread = _Spread(codes, size, sigma, normalisation)
    counts = block_counts(size, subsampling, components)
    means = {}
    for grid in counts:
        if grid not in means:
            side = 8 if grid == counts[0] else 16
            means[grid] = spread.means(side)
    return [means[grid] for grid in counts]


class _Spread:
    """Blurred centroids as sums of k products of whole numbers, row by column."""

    def __init__(self, codes, size, sigma, normalisation):
        if normalisation not in NORMALISATIONS:
            raise ValueError(
                f"Expected a normalisation among {', '.join(NORMALISATIONS)}, received "
                f"{normalisation!r}."
            )
        if not 0 < sigma <= 1:
            raise ValueError(
                f"Expected a standard deviation above 0 and up to 1 image widths, received "
                f"{sigma!r}. The thesis uses {VARJPEG.sigma}."
            )
        positions = centroid_pixels(codes, size)
        kernel = _kernel(sigma * size[1])
        self.axes = [
            np.array([_response(kernel, at, side) for at in axis], np.int64).reshape(-1, side)
            for axis, side in zip(positions.T, size, strict=True)
        ]
        self.least, most = self._extremes()
        if normalisation == "max":
            self.least = 0
        self.span = max(most - self.least, 1)  # a flat map has no more important part

    def _extremes(self):
        rows, columns = self.axes
        if not len(rows):
            return 0, 0
        step = max(1, _STRIP // columns.shape[1])
        strips = [rows[:, at : at + step].T @ columns for at in range(0, rows.shape[1], step)]
        return min(np.min(s) for s in strips), max(np.max(s) for s in strips)

    def means(self, side):
        rows, columns = (_block_sums(axis, side) for axis in self.axes)
        areas = np.outer(*(_block_sums(np.ones((1, a.shape[1]), np.int64), side)[0] for a in self.axes))
        return (rows.T @ columns - self.least * areas) / (self.span * areas)


def _kernel(sigma):
    """Weights of a Gaussian at whole distances 0, 1, ..., as whole numbers."""
    distances = np.arange(int(_TRUNCATE * sigma + 0.5) + 1)
    weights = np.floor(_WEIGHT * np.exp(-0.5 * (distances / sigma) ** 2) + 0.5)
    return weights.astype(np.int64)


def _response(kernel, place, side):
    """What one impulse becomes on an axis whose ends are mirrors."""
    reach = len(kernel) - 1
    positions = np.arange(place - reach, place + reach + 1) % (2 * side)
    positions = np.where(positions < side, positions, 2 * side - 1 - positions)
    response = np.zeros(side, np.int64)
    np.add.at(response, positions, np.concatenate([kernel[:0:-1], kernel]))
    return response


def _block_sums(values, side):
    starts = np.arange(0, values.shape[1], side)
    return np.add.reduceat(values, starts, axis=1)


def block_qualities(means: np.ndarray, quality: float, *, delta: float) -> np.ndarray:
    """Give every block its quality.

    Args:
        means: Mean of M over each block, 0..1.
        quality: q~, the quality of the least important block; any real
            number.
        delta: Quality that the most important block has more.

    Returns:
        ``int64`` of the same shape, 1..99.

    References:
        Thesis, formula 13.
    """
    return round_half_up(quality + delta * means)
