"""Choosing images so that their features have wanted histograms.

LIVE-FB's images were chosen so from several hundred thousand, to look like
what people upload to social media. The choice is a mixed integer programme:
so many images, with the least sum of differences between the histograms of
the chosen images and the wanted ones. Images that lie in the same bins of
all features are alike to it, so it has one unknown for each occupied
combination of bins, not one for each image.

Public names: :class:`Target`, :class:`Sample`, :func:`target_like`,
:func:`sample_pictures`.

References:
    Ying et al. 2020, section 3.1; Vonikakis et al., "A probabilistic approach
    to people-centric image selection and sequencing", IEEE TMM 19(11), 2017.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy import optimize, sparse


class Target(NamedTuple):
    """A wanted histogram of one feature.

    Attributes:
        edges: Rising edges of the bins, shape (b + 1,); may begin with -inf
            and end with inf. A bin has its lower edge, the last one both.
        shares: Wanted shares of the bins, shape (b,), at least 0, of any sum
            above 0.
    """

    edges: np.ndarray
    shares: np.ndarray


class Sample(NamedTuple):
    """Chosen images.

    Attributes:
        chosen: Their places, sorted, shape (count,).
        difference: For each feature half of the sum of the absolute
            differences between the shares reached and wanted: the part of the
            images that is in a wrong bin, 0..1.
        optimal: Whether the solver proved that the sum of the differences
            cannot be less.
    """

    chosen: np.ndarray
    difference: dict[str, float]
    optimal: bool


def target_like(values: np.ndarray, bins: int | np.ndarray) -> Target:
    """Make the target that another set of images has.

    Args:
        values: A feature of these images, finite, shape (n,).
        bins: Number of bins of equal width between the least and the largest
            value, or edges.

    Returns:
        The histogram; with a number of bins the outer ones are open, so that
        no image is outside.

    Raises:
        ValueError: If a value is not finite, there are none, or all are
            outside of the edges.
    """
    values = np.asarray(values, np.float64).ravel()
    if not values.size or not np.isfinite(values).all():
        raise ValueError(f"Expected finite values, at least one. Received: {values.size}.")
    counts, edges = np.histogram(values, bins)
    if np.ndim(bins) == 0:
        edges = edges.astype(np.float64)
        edges[[0, -1]] = -np.inf, np.inf
    if not counts.sum():
        raise ValueError(f"Expected values between the edges. Received: none of {values.size}.")
    return Target(edges, counts / counts.sum())


def sample_pictures(
    features: Mapping[str, np.ndarray],
    targets: Mapping[str, Target],
    *,
    count: int,
    seed: int,
    time_limit: float | None = 60.0,
) -> Sample:
    """Choose images whose features come nearest to wanted histograms.

    Args:
        features: Values of each feature, arrays of one shape (n,).
        targets: Histograms for features; a feature without one is ignored.
            Images outside of the edges are never chosen.
        count: Images to choose.
        seed: Which of the images with equal bins are taken.
        time_limit: Seconds that the solver may take; the best found until
            then is returned. ``None``: as long as it needs.

    Returns:
        The choice.

    Raises:
        ValueError: If features or targets are not such, or fewer than
            ``count`` images lie between the edges, or the solver found
            nothing in its time.
    """
    bins = np.stack([_binned(features, name, target) for name, target in targets.items()])
    inside = np.flatnonzero((bins >= 0).all(axis=0))
    if not 1 <= count <= len(inside):
        raise ValueError(
            f"Expected a count from 1 to {len(inside)}, the images between all edges. "
            f"Received: {count}. Widen the edges or choose fewer."
        )
    cells, cell, available = np.unique(
        bins[:, inside], axis=1, return_inverse=True, return_counts=True
    )
    taken, optimal = _solve(cells, available, list(targets.values()), count, time_limit)
    rng = np.random.default_rng(seed)
    cell = cell.reshape(-1)
    chosen = [
        rng.choice(inside[cell == number], wanted, replace=False)
        for number, wanted in enumerate(taken)
        if wanted
    ]
    difference = {}
    for (name, target), row in zip(targets.items(), cells, strict=True):
        reached = np.bincount(row, taken, len(target.shares)) / count
        wanted = np.asarray(target.shares) / np.sum(target.shares)
        difference[name] = float(np.abs(reached - wanted).sum() / 2)
    return Sample(np.sort(np.concatenate(chosen)), difference, optimal)


def _binned(features, name, target):
    """Bin of each image, -1 outside; checks the feature and its target."""
    if name not in features:
        raise ValueError(f"Expected the feature {name!r}. Received: {', '.join(features)}.")
    lengths = {key: np.shape(values) for key, values in features.items()}
    if len(set(lengths.values())) != 1 or np.ndim(features[name]) != 1:
        raise ValueError(f"Expected features of one shape (n,). Received: {lengths}.")
    values = np.asarray(features[name], np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"Expected finite values of {name}. Received: some that are not.")
    edges, shares = (np.asarray(part, np.float64) for part in target)
    bad = edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all()
    if bad or shares.shape != (len(edges) - 1,) or not (shares >= 0).all() or not shares.sum() > 0:
        raise ValueError(
            f"Expected rising edges and a share, at least 0, for each bin of {name}. Received: "
            f"{edges.tolist()} and {shares.tolist()}."
        )
    found = np.searchsorted(edges, values, side="right") - 1
    found[values == edges[-1]] = len(shares) - 1
    return np.where((found >= 0) & (found < len(shares)), found, -1)


def _solve(cells, available, targets, count, time_limit):
    """How many images to take of each cell: least sum of |histogram - target|.

    Unknowns: one whole number a cell, then one deviation a bin. For each bin
    -deviation <= taken - wanted <= deviation, and all taken sum to the count.
    """
    shares = [np.asarray(t.shares, np.float64) / np.sum(t.shares) for t in targets]
    starts = np.concatenate([[0], np.cumsum([len(s) for s in shares])])
    size, rows = cells.shape[1], int(starts[-1])
    columns = np.tile(np.arange(size), len(targets))
    place = (cells + starts[:-1, None]).ravel()
    member = sparse.csr_matrix((np.ones(place.size), (place, columns)), (rows, size))
    wanted = count * np.concatenate(shares)
    apart = sparse.identity(rows, format="csr")
    total = sparse.csr_matrix(
        (np.ones(size), (np.zeros(size, int), np.arange(size))), (1, size + rows)
    )
    result = optimize.milp(
        c=np.concatenate([np.zeros(size), np.ones(rows)]),
        constraints=[
            optimize.LinearConstraint(sparse.hstack([member, -apart]), -np.inf, wanted),
            optimize.LinearConstraint(sparse.hstack([member, apart]), wanted, np.inf),
            optimize.LinearConstraint(total, count, count),
        ],
        bounds=optimize.Bounds(0, np.concatenate([available, np.full(rows, np.inf)])),
        integrality=np.concatenate([np.ones(size), np.zeros(rows)]),
        options={} if time_limit is None else {"time_limit": time_limit},
    )
    if result.x is None:
        raise ValueError(
            f"Expected a choice within {time_limit} s. Received: none ({result.message}). Raise "
            "time_limit, or use fewer bins."
        )
    return np.round(result.x[:size]).astype(int), bool(result.status == 0)
