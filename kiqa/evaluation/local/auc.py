"""Do maps of local quality agree with a ground truth? ROC-AUC by threshold.

A ground truth map G and a predicted map, one value per pixel each and blurred
alike, are compared for several thresholds t_G: a pixel is positive where
G > t_G, and the AUC says how well the predicted values tell the positive
pixels from the others. It is exact, not sampled (`kiqa.evaluation.roc`). Where
no pixel or every pixel is positive there is no AUC: it is NaN in arrays and
None in rows, left out of statistics, and counted.

Public names: :data:`THRESHOLDS`, :data:`BORDERS`, :func:`prediction_map`,
:func:`above`, :func:`threshold_aucs`, :func:`auc_rows`,
:func:`balanced_threshold`.

References:
    Thesis, section 5.3.1 and Fig. 11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import rankdata

from kiqa.data.smoothing import BLUR, blur_map
from kiqa.io.map_files import QualityMap

# Thesis, Fig. 11: its AUCs are undefined above 0.8.
THRESHOLDS = tuple(step / 10 for step in range(9))
BORDERS = ("zero", "edge")


def prediction_map(
    quality_map: QualityMap,
    *,
    image_size: tuple[int, int],
    border: str = "zero",
    blur: float = BLUR,
    mode: str = "reflect",
) -> np.ndarray:
    """Bring a predicted map to one value per pixel, comparable with a ground truth.

    A map whose lower values are better is turned round first, ``greatest -
    value``, so that its worst value is zero too. The zeros outside the cells
    count as bad quality: a good map of an image whose border is good
    loses by them, and so would one that is constant; since a constant map
    says nothing, it stays constant, and its AUC is 0.5.

    Args:
        quality_map: Predicted map.
        image_size: ``(height, width)`` of the image in pixels.
        border: What lies where no window of any stride has its centre.
            ``"zero"``, as in the thesis, suits scales whose worst value is
            zero; ``"edge"`` continues the outermost cells. Between the
            cells of strides above 1 the map is interpolated.
        blur: Standard deviation of the Gaussian by image width, the same as
            for the ground truth; 0 for none.
        mode: Border rule of the blur, the same as for the ground truth.

    Returns:
        ``float32`` of shape ``image_size``, higher is better.

    Raises:
        ValueError: If the map belongs to an image of another size, its
            cells do not fit in, a value is not finite, or an option is
            unknown.

    References:
        Thesis, section 5.3.1: "centered and zero-padded".
    """
    if border not in BORDERS:
        raise ValueError(f"Expected a border among {', '.join(BORDERS)}, received {border!r}.")
    _check_grid(quality_map, tuple(image_size))
    values = np.asarray(quality_map.values, np.float32)
    if not quality_map.higher_is_better:
        values = values.max() - values
    if np.ptp(values) == 0:
        return np.full(image_size, values.flat[0], np.float32)
    placed = replace(quality_map, values=values)
    full = placed.to_image_size() if border == "edge" else _zero_padded(placed)
    return blur_map(full, blur=blur, mode=mode)


def _zero_padded(quality_map):
    """One value per pixel where windows have their centres, zeros round it."""
    if quality_map.row_edges is not None:  # blocks leave no border
        return quality_map.to_image_size()
    if quality_map.stride == 1:
        return quality_map.pad_to_image()
    # Blocks of `stride` pixels would reach further out than the cells of stride 1 do, and the
    # width of the zeros matters. Between the cells lies what stride 1 would show: interpolated.
    full = quality_map.to_image_size()
    padded = np.zeros_like(full)
    height, width = full.shape
    first, after = int(np.floor(quality_map.offset)), int(np.ceil(quality_map.offset))
    inner = np.s_[max(0, first) : height - max(0, after), max(0, first) : width - max(0, after)]
    padded[inner] = full[inner]
    return padded


def _check_grid(quality_map, image_size):
    height, width = image_size
    if tuple(quality_map.image_size) != image_size:
        raise ValueError(
            f"Expected a map of an image of {width}x{height} pixels, received one of "
            f"{quality_map.image_size[1]}x{quality_map.image_size[0]}. Make the map of this image."
        )
    if quality_map.row_edges is not None:
        return
    rows, columns = shape = quality_map.values.shape
    reach = [(cells - 1) * quality_map.stride + quality_map.offset for cells in shape]
    # A cell covers `stride` pixels round its centre, and some of them must be in the image.
    half = quality_map.stride / 2
    inside = all(last - half < side - 0.5 for last, side in zip(reach, image_size, strict=True))
    if not inside or quality_map.offset + half <= -0.5:
        raise ValueError(
            f"Expected cells within the image of {width}x{height} pixels, received a map of "
            f"{columns}x{rows} cells, stride {quality_map.stride}, the first at "
            f"{quality_map.offset:g} and the last at column {reach[1]:g}, row {reach[0]:g}. "
            "Check stride and offset."
        )


def above(truth: np.ndarray, threshold: float) -> np.ndarray:
    """Return where a ground truth exceeds a threshold.

    Args:
        truth: Any shape. It is compared in single precision, so that a vote
            share of 3/10 is not above 0.3.
        threshold: The value t_G.

    Returns:
        Boolean array of that shape.
    """
    return np.asarray(truth, np.float32) > np.float32(threshold)


def threshold_aucs(
    prediction: np.ndarray, truth: np.ndarray, *, thresholds: Sequence[float] = THRESHOLDS
) -> np.ndarray:
    """Exact ROC-AUC of one map for each threshold of the ground truth.

    Equal to `kiqa.evaluation.roc.roc_auc` with ``above(truth, threshold)``; the
    prediction is ranked once for all thresholds.

    Args:
        prediction: Shape ``(H, W)``, or the pixels of a part of it, finite, higher
            is better.
        truth: Of the same shape, finite.
        thresholds: Increasing values of t_G.

    Returns:
        ``float64``, one AUC a threshold, NaN where a class is empty.

    Raises:
        ValueError: If shapes differ, a value is not finite, or the
            thresholds do not increase.
    """
    levels, steps = _levels(truth, thresholds)
    prediction = np.asarray(prediction)
    if prediction.shape != np.shape(truth) or not np.all(np.isfinite(prediction)):
        raise ValueError(
            f"Expected a finite prediction of the ground truth's shape {np.shape(truth)}, received "
            f"shape {prediction.shape} with {np.sum(~np.isfinite(prediction))} values not finite. "
            "Bring maps to the image with prediction_map."
        )
    ranks = rankdata(prediction).ravel()
    # Level k: above the first k thresholds. Positives of threshold i: levels over i.
    good = _above(np.bincount(levels, minlength=steps.size + 1))
    rank_sum = _above(np.bincount(levels, weights=ranks, minlength=steps.size + 1))
    pairs = good * (levels.size - good)
    area = rank_sum - good * (good + 1) / 2
    return np.where(pairs == 0, np.nan, area / np.where(pairs == 0, 1, pairs))


def check_thresholds(thresholds: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return thresholds as ``float32``.

    Raises:
        ValueError: If there are none, or they do not increase.
    """
    thresholds = np.asarray(thresholds, np.float32)
    if thresholds.ndim != 1 or thresholds.size == 0 or not np.all(np.diff(thresholds) > 0):
        raise ValueError(
            f"Expected increasing thresholds, received {thresholds.tolist()}. "
            "The thesis uses 0, 0.1 .. 0.8."
        )
    return thresholds


def _levels(truth, thresholds):
    """How many thresholds each pixel of the ground truth exceeds."""
    thresholds = check_thresholds(thresholds)
    truth = np.asarray(truth, np.float32).ravel()
    if truth.size == 0 or not np.all(np.isfinite(truth)):
        raise ValueError(
            f"Expected a ground truth of finite values, received {truth.size} values, "
            f"{np.sum(~np.isfinite(truth))} not finite. Check how it was made."
        )
    return np.searchsorted(thresholds, truth, side="left"), thresholds


def _above(counts):
    return np.cumsum(counts[::-1])[::-1][1:].astype(np.float64)


def auc_rows(
    image_name: str,
    predictions: Mapping[str, np.ndarray],
    truth: np.ndarray,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
) -> list[dict]:
    """Compare the maps of several predictors with the truth of one image.

    Args:
        image_name: Name of the image.
        predictions: For each predictor its map, shape ``(H, W)``.
        truth: Ground truth, shape ``(H, W)``. Pixels where it is NaN are left out.
        thresholds: As in `threshold_aucs`.

    Returns:
        One row for each predictor and threshold: ``image_name``,
        ``predictor``, ``threshold``, ``positive`` (share of the pixels above
        the threshold) and ``auc``, None where a class is empty.

    Raises:
        ValueError: As `threshold_aucs`.
    """
    known = ~np.isnan(truth)
    truth = truth[known]
    levels, _ = _levels(truth, thresholds)
    counts = np.bincount(levels, minlength=len(thresholds) + 1)
    shares = _above(counts) / levels.size
    return [
        {
            "image_name": image_name,
            "predictor": name,
            "threshold": float(threshold),
            "positive": float(share),
            "auc": None if np.isnan(auc) else float(auc),
        }
        for name, prediction in predictions.items()
        for threshold, share, auc in zip(
            thresholds,
            shares,
            threshold_aucs(prediction[known], truth, thresholds=thresholds),
            strict=True,
        )
    ]


def balanced_threshold(
    truth: np.ndarray, *, thresholds: Sequence[float] = THRESHOLDS
) -> float | None:
    """Return the threshold that splits a ground truth most evenly.

    Args:
        truth: Ground truth, shape ``(H, W)``. Pixels where it is NaN are left out.
        thresholds: As in `threshold_aucs`.

    Returns:
        The threshold, or None where none of them leaves two classes.
    """
    levels, _ = _levels(truth[~np.isnan(truth)], thresholds)
    share = _above(np.bincount(levels, minlength=len(thresholds) + 1)) / levels.size
    best = int(np.argmin(np.abs(share - 0.5)))
    return float(thresholds[best]) if 0 < share[best] < 1 else None
