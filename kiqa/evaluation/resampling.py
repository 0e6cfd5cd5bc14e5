"""The bootstrap: draw images with replacement, score every draw.

Public names: :func:`resample`, :func:`percentile_interval`,
:func:`mean_interval`, :func:`grouped_draws`, :func:`draws_of`, and the metrics of many draws
at once, :func:`srocc_rows`, :func:`plcc_rows`, :func:`krocc_rows`, :func:`rmse_rows`.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

_CHUNK = 2_000_000  # resampled values held at a time: 16 MB an array
_PAIRED = 128  # images up to which all pairs at once are faster than SciPy, row by row

Rows = Callable[[np.ndarray, np.ndarray], np.ndarray]


def resample(
    metrics: Sequence[Rows],
    scores: Sequence[np.ndarray],
    mos: np.ndarray,
    *,
    n: int,
    seed: int,
) -> list[np.ndarray]:
    """Score ``n`` draws of the images, the same draws for every model.

    Args:
        metrics: One function for each model, from scores and MOS of shape
            ``(draws, N)`` to values of shape ``(draws,)``, NaN if undefined.
        scores: For each model its scores, shape ``(N,)``.
        mos: Shape ``(N,)``.
        n: Number of draws, at least 1.
        seed: Seed of the draws.

    Returns:
        For each model its values, shape ``(n,)``.

    Raises:
        ValueError: If ``n`` is below 1.
    """
    if n < 1:
        raise ValueError(f"Expected n >= 1 resamples, received {n}. The default is 1000.")
    rng = np.random.default_rng(seed)
    chunk = max(1, _CHUNK // mos.size)
    values = [np.empty(n) for _ in metrics]
    for start in range(0, n, chunk):
        stop = min(start + chunk, n)
        drawn = rng.integers(mos.size, size=(stop - start, mos.size))
        for metric, score, value in zip(metrics, scores, values, strict=True):
            value[start:stop] = metric(score[drawn], mos[drawn])
    return values


def percentile_interval(values: np.ndarray, *, level: float) -> tuple[float, float]:
    """Return the central share ``level`` of resampled values.

    Args:
        values: Shape ``(n,)``; NaN (undefined draws) are left out.
        level: Coverage, above 0 and below 1.

    Returns:
        ``(lower, upper)``.

    Raises:
        ValueError: If ``level`` is out of range, or over half of the values
            are NaN.
    """
    if not 0 < level < 1:
        raise ValueError(f"Expected 0 < level < 1, received {level}. The default is 0.95.")
    known = values[~np.isnan(values)]
    if 2 * known.size < values.size:
        raise ValueError(
            f"Expected a metric that is defined on most resamples, received "
            f"{values.size - known.size} of {values.size} without a value. "
            "Use more images, or images with more distinct scores."
        )
    lower, upper = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(lower), float(upper)


def mean_interval(
    values: np.ndarray,
    *,
    n: int = 1000,
    seed: int,
    level: float = 0.95,
    groups: Sequence | None = None,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a plain mean.

    Args:
        values: Shape ``(N,)``, one finite value for each image.
        n: Number of resamples.
        seed: Seed of the resampling.
        level: Coverage.
        groups: ``N`` labels of what is drawn as one, such as the source of
            distorted versions; ``None`` draws single images.

    Returns:
        ``(lower, upper)``.

    Raises:
        ValueError: If there is no value, one is not finite, or an option is
            out of range.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or values.size == 0 or not np.all(np.isfinite(values)):
        raise ValueError(
            f"Expected finite values of shape (N,) with N >= 1, received shape {values.shape} "
            f"with {np.sum(~np.isfinite(values))} not finite. Leave out images without a value."
        )
    (draws,) = draws_of(_row_means, [values], values, groups, n=n, seed=seed)
    return percentile_interval(draws, level=level)


def _row_means(values, _):
    return values.mean(axis=1)


def groups_of(labels: Sequence) -> list | None:
    """Return what a bootstrap draws as one, from what each image shows.

    Args:
        labels: For each image its scene or reference, as `ScoredImage.content`.

    Returns:
        The labels as a list, the ``groups`` of `draws_of`; ``None`` if no two
        are equal: single images are drawn.
    """
    return None if len(set(labels)) == len(labels) else list(labels)


def draws_of(
    metric: Rows,
    scores: Sequence[np.ndarray],
    mos: np.ndarray,
    groups: Sequence | None,
    *,
    n: int,
    seed: int,
) -> Sequence[np.ndarray]:
    """Score draws of single images, or of groups of them: `resample` or `grouped_draws`.

    Args:
        metric: As for `grouped_draws`.
        scores: For each model its scores, shape ``(N,)``.
        mos: Shape ``(N,)``.
        groups: As for `grouped_draws`; ``None`` draws single images.
        n: Number of draws.
        seed: Seed of the draws.

    Returns:
        For each model its values, shape ``(n,)``.

    Raises:
        ValueError: As these.
    """
    if groups is None:
        return resample([metric] * len(scores), scores, mos, n=n, seed=seed)
    return list(grouped_draws(metric, scores, mos, groups, n=n, seed=seed))


def grouped_draws(
    metric: Rows,
    scores: Sequence[np.ndarray],
    mos: np.ndarray,
    groups: Sequence,
    *,
    n: int = 1000,
    seed: int,
) -> np.ndarray:
    """Score draws of groups of images, the same draws for every model.

    Distorted copies of one image are not independent of each other: all
    images of a group (reference, scene) are drawn together.

    Args:
        metric: From scores and MOS of shape ``(draws, N)`` to values of
            shape ``(draws,)``, NaN if undefined, such as `srocc_rows`.
        scores: For each model its scores, shape ``(N,)``.
        mos: Shape ``(N,)``.
        groups: ``N`` labels, at least two distinct ones.
        n: Number of draws, at least 1.
        seed: Seed of the draws.

    Returns:
        Shape ``(models, n)``. Give it to `percentile_interval`.

    Raises:
        ValueError: If lengths differ, there is one group only, or ``n`` is
            below 1.
    """
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    lengths = {len(mos), len(group_of), *(len(score) for score in scores)}
    if len(lengths) > 1 or len(names) < 2:
        raise ValueError(
            "Expected scores, MOS and groups of one length, of two groups at least. Received: "
            f"lengths {sorted(lengths)}, {len(names)} groups."
        )
    if n < 1:
        raise ValueError(f"Expected n >= 1 resamples, received {n}. The default is 1000.")
    members = [np.flatnonzero(group_of == group) for group in range(len(names))]
    rng = np.random.default_rng(seed)
    drawn: dict[int, list[tuple[int, np.ndarray]]] = {}
    for draw in range(n):
        chosen = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        drawn.setdefault(len(chosen), []).append((draw, chosen))
    values = np.empty((len(scores), n))
    for length, of_length in drawn.items():  # draws of one length at once
        step = max(1, _CHUNK // length)
        for at in range(0, len(of_length), step):
            draws, rows = (np.array(part) for part in zip(*of_length[at : at + step], strict=True))
            for value, score in zip(values, scores, strict=True):
                value[draws] = metric(score[rows], mos[rows])
    return values


def plcc_rows(scores: np.ndarray, mos: np.ndarray) -> np.ndarray:
    """PLCC of each row, NaN where a row is constant."""
    x = scores - scores.mean(axis=1, keepdims=True)
    y = mos - mos.mean(axis=1, keepdims=True)
    product = np.sqrt(np.sum(x * x, axis=1) * np.sum(y * y, axis=1))
    constant = (np.ptp(scores, axis=1) == 0) | (np.ptp(mos, axis=1) == 0) | (product == 0)
    return np.where(constant, np.nan, np.sum(x * y, axis=1) / np.where(constant, 1, product))


def srocc_rows(scores: np.ndarray, mos: np.ndarray) -> np.ndarray:
    """SROCC of each row, NaN where a row is constant."""
    return plcc_rows(stats.rankdata(scores, axis=1), stats.rankdata(mos, axis=1))


def krocc_rows(scores: np.ndarray, mos: np.ndarray) -> np.ndarray:
    """KROCC of each row, NaN where a row is constant."""
    length = scores.shape[1]
    if length > _PAIRED:
        return np.array(
            [stats.kendalltau(x, y).statistic for x, y in zip(scores, mos, strict=True)]
        )
    step = max(1, _CHUNK // length**2)
    parts = [
        _tau_b(scores[at : at + step], mos[at : at + step]) for at in range(0, len(scores), step)
    ]
    return np.concatenate(parts)


def _tau_b(scores, mos):
    """KROCC of each row, by the signs of all pairs."""
    x, y = (np.sign(values[:, :, None] - values[:, None]) for values in (scores, mos))
    untied = np.sum(x != 0, axis=(1, 2)) * np.sum(y != 0, axis=(1, 2))
    agreement = np.sum(x * y, axis=(1, 2))
    return np.where(untied == 0, np.nan, agreement / np.sqrt(np.where(untied == 0, 1, untied)))


def rmse_rows(scores: np.ndarray, mos: np.ndarray) -> np.ndarray:
    """RMSE of each row."""
    return np.sqrt(np.mean((scores - mos) ** 2, axis=1))
