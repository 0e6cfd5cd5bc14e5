"""Centroids: what a file keeps of the map.

Step iii of the thesis: k-means of the kept pixels. The centroids are rounded
to two bytes each before anything else is made of them, so that encoder and
decoder have the same.

Public names: :func:`clustered`, :func:`stored`, :func:`centroid_pixels`,
:func:`impulses`.

References:
    Thesis, section 6.2.1 and Fig. 14d.
"""

import numpy as np
from scipy.cluster.vq import vq
from scipy.spatial.distance import cdist

from kiqa.constants import VARJPEG

_STORED = 255  # largest stored coordinate
_RESTARTS = 5  # of k-means
_SAMPLE = 2048  # pixels that the restarts look at; the best one then sees all
_ROUNDS = 25  # of k-means


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
        centroids = _iterated(drawn, _seeded(drawn, clusters, rng))
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
    """Lloyd's rounds until nothing moves; a centroid without pixels stays where it is."""
    for _ in range(_ROUNDS):
        nearest, _ = vq(points, centroids)
        counts = np.bincount(nearest, minlength=len(centroids))[:, None]
        sums = np.stack([np.bincount(nearest, axis, len(centroids)) for axis in points.T], axis=1)
        moved = np.where(counts > 0, sums / np.maximum(counts, 1), centroids)
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
