"""Distributions of votes over quality categories, from a MOS and its deviation.

A feature extractor that is trained on the distribution of the votes needs
more than their mean. Where a data set published only the standard deviation,
the votes are taken as a Gaussian cut off at both ends of the scale.

Public names: `label_bins`, `bins_of_records`.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from kiqa.constants import RNN_BIQA
from kiqa.data.records import ScoredImage

_LEAST = 1e-9  # deviation on 0..100 below which the masses are those of the limit


def label_bins(
    mos: np.ndarray | float,
    deviation: np.ndarray | float,
    *,
    edges: Sequence[float] = RNN_BIQA.bin_edges,
) -> np.ndarray:
    """Return the probability of each category under a truncated Gaussian.

    Args:
        mos: Mean opinion scores, shape ``(n,)`` or a number, on the scale of
            the edges.
        deviation: Standard deviations of the votes, of the same shape or a
            number. With 0, all votes are in the category of the score, half
            in each of two if it is their edge: the limit of the Gaussian.
        edges: Ends of the categories, ascending; the first and the last are
            the ends of the scale.

    Returns:
        ``float64`` of shape ``(n, len(edges) - 1)``, or without the first
        axis for a number; each row adds up to 1.

    Raises:
        ValueError: If a score is not on the scale, a deviation is below 0 or
            a number is not finite.

    References:
        Korhonen et al. 2021, section 4.2; categories of the authors' code.
    """
    mos, deviation = np.broadcast_arrays(np.asarray(mos, float), np.asarray(deviation, float))
    ends = np.asarray(edges, float)
    if not np.all((mos >= ends[0]) & (mos <= ends[-1])):
        raise ValueError(
            f"Expected scores from {ends[0]:g} to {ends[-1]:g}. Received: {mos.min()} to "
            f"{mos.max()}. Map them linearly to this scale."
        )
    if not np.all((deviation >= 0) & np.isfinite(deviation)):
        raise ValueError(
            f"Expected finite standard deviations of 0 or more. Received: {deviation.min()} to "
            f"{deviation.max()}. Correct them, or leave these images out."
        )
    places = (ends - mos[..., None]) / np.maximum(deviation, _LEAST)[..., None]
    # The upper tail of a Gaussian is the lower one of its mirror image, where
    # differences of small numbers stay exact.
    low, high = places[..., :-1], places[..., 1:]
    masses = np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
    return masses / masses.sum(axis=-1, keepdims=True)


def bins_of_records(
    records: Sequence[ScoredImage],
    *,
    assumed_sd: float | None = None,
    edges: Sequence[float] = RNN_BIQA.bin_edges,
) -> np.ndarray:
    """Return the distributions of scored images.

    Args:
        records: Images; scores and deviations of any scale.
        assumed_sd: Standard deviation on the scale 0..100 for images without
            one of their own; ``None`` refuses such images.
        edges: As for `label_bins`, on the scale 0..100.

    Returns:
        ``float32`` of shape ``(n, len(edges) - 1)``.

    Raises:
        ValueError: If a deviation is missing and none is assumed, or as
            `label_bins`.
    """
    missing = [record.name for record in records if record.sd is None]
    if missing and assumed_sd is None:
        raise ValueError(
            "Expected a standard deviation for each image: its label is a distribution. "
            f"Received: {records[0].dataset}, {len(missing)} of {len(records)} images without "
            f"one, such as {missing[:3]}. Add --assumed-sd, on the scale 0 to 100."
        )
    mos = np.clip([100 * record.mos01 for record in records], 0, 100)
    deviations = [
        assumed_sd
        if record.sd is None
        else 100 * record.sd / (record.mos_range[1] - record.mos_range[0])
        for record in records
    ]
    return label_bins(mos, np.array(deviations, float), edges=edges).astype(np.float32)
