"""From stored centroids to a quality for every block.

Steps iv and v of the thesis: a Gaussian round each centroid, scaled to 0..1,
and formula 13. Encoder and decoder do this in whole numbers, so that they
agree on every block on any machine.

Public names: :data:`NORMALISATIONS`, :func:`blurred`, :func:`block_means`,
:func:`block_qualities`.

References:
    Thesis, section 6.2.1 and Fig. 14e and f.
"""

import numpy as np

from kiqa.constants import VARJPEG
from kiqa.varjpeg.centroids import centroid_pixels
from kiqa.varjpeg.quantisation import round_half_up
from kiqa.varjpeg.transform import block_counts

NORMALISATIONS = ("max", "min-max")

_WEIGHT = 2**16  # of a centroid on itself; sums of products then stay below 2**63
_TRUNCATE = 4  # kernel radius in standard deviations, as in `kiqa.data.smoothing`
_STRIP = 2**22  # values of the blurred map that are looked at together


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
            _responses(kernel, axis.tolist(), side)
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
        strips = (rows[:, at : at + step].T @ columns for at in range(0, rows.shape[1], step))
        extremes = [(np.min(strip), np.max(strip)) for strip in strips]
        return min(low for low, _ in extremes), max(high for _, high in extremes)

    def means(self, side):
        rows, columns = (_block_sums(axis, side) for axis in self.axes)
        areas = np.outer(
            *(_block_sums(np.ones((1, a.shape[1]), np.int64), side)[0] for a in self.axes)
        )
        return (rows.T @ columns - self.least * areas) / (self.span * areas)


def _kernel(sigma):
    """Weights of a Gaussian at whole distances 0, 1, ..., as whole numbers."""
    distances = np.arange(int(_TRUNCATE * sigma + 0.5) + 1)
    weights = np.floor(_WEIGHT * np.exp(-0.5 * (distances / sigma) ** 2) + 0.5)
    return weights.astype(np.int64)


def _responses(kernel, places, side):
    """One row for each place; equal ones are made once."""
    made = {place: _response(kernel, place, side) for place in set(places)}
    return np.array([made[place] for place in places], np.int64).reshape(-1, side)


def _response(kernel, place, side):
    """What one impulse becomes on an axis whose ends are mirrors."""
    weights = np.concatenate([kernel[:0:-1], kernel])
    first = (place - len(kernel) + 1) % (2 * side)
    line = np.zeros(-(-(first + len(weights)) // (2 * side)) * 2 * side, np.int64)
    line[first : first + len(weights)] = weights
    period = line.reshape(-1, 2 * side).sum(axis=0)
    return period[:side] + period[: side - 1 : -1]


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
