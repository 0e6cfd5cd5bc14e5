"""What a JND study shows over all its images: savings, intervals, tests.

Public names: :data:`SAVINGS`, :class:`Answers`, :func:`jnd_rank`,
:func:`bpp_at_jnd`, :func:`savings_of`, :func:`paired_tests`.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from kiqa.evaluation.resampling import percentile_interval, resample

_ROUNDING = 1e-9  # so that 0.29 of 100 votes are 29 of them


class Answers(NamedTuple):
    """The answers on one image compressed by one codec.

    Attributes:
        first: First noticed version of each participant, the number of
            versions where none was; integer, shape ``(participants,)``.
        bpp: Bits per pixel of each version and, after the last, NaN; shape
            ``(versions + 1,)``.
    """

    first: np.ndarray
    bpp: np.ndarray


def jnd_rank(participants: int, quantile: float) -> int:
    """Return which of the sorted votes is the JND, counted from 0.

    More than the share ``quantile`` of n participants are at least
    ``floor(quantile * n) + 1``, so the JND is the vote of that rank.

    Args:
        participants: Their number n, at least 1.
        quantile: Share from 0 to below 1.

    Returns:
        ``floor(quantile * n)``, at most n - 1.

    Raises:
        ValueError: If there is no participant or the share is out of range.
    """
    if participants < 1:
        raise ValueError("Expected the votes of at least one participant, received none.")
    if not 0 <= quantile < 1:
        raise ValueError(
            f"Expected a quantile from 0 to below 1, received {quantile}. The thesis takes 0.25 "
            "and 0.5."
        )
    return min(math.floor(quantile * participants + _ROUNDING), participants - 1)


def bpp_at_jnd(answers: Answers, quantile: float, first: np.ndarray | None = None) -> np.ndarray:
    """Return the bitrate at the JND.

    Args:
        answers: On one image by one codec.
        quantile: As in `jnd_rank`.
        first: Votes in place of those of ``answers``, shape
            ``(..., participants)``.

    Returns:
        Bits per pixel, shape ``(...)``; NaN where the JND is not reached.

    Raises:
        ValueError: As `jnd_rank`.
    """
    first = answers.first if first is None else first
    return answers.bpp[np.sort(first, axis=-1)[..., jnd_rank(first.shape[-1], quantile)]]


def _mean(values):
    return _of_known(np.nanmean, values)


def _median(values):
    return _of_known(np.nanmedian, values)


def _of_known(function, values):
    """A statistic of each row's known values, NaN where none is."""
    result = np.full(len(values), np.nan)
    filled = ~np.isnan(values).all(axis=1)
    result[filled] = function(values[filled], axis=1)
    return result


# From JPEG less VarJPEG and JPEG, both in bpp and of shape (draws, images), NaN where an image
# has no JND, to one value a draw.
SAVINGS = {
    "mean saving, bpp": lambda saved, jpeg: _mean(saved),
    "median saving, bpp": lambda saved, jpeg: _median(saved),
    "mean saving, %": lambda saved, jpeg: _mean(100 * saved / jpeg),
    "median saving, %": lambda saved, jpeg: _median(100 * saved / jpeg),
    "saving of the mean bpp, %": lambda saved, jpeg: 100 * _mean(saved) / _mean(jpeg),
    "images that benefit, %": lambda saved, jpeg: _mean(
        np.where(np.isnan(saved), np.nan, 100.0 * (saved > 0))
    ),
}


def savings_of(
    pairs: Sequence[tuple[Answers, Answers]],
    *,
    quantile: float,
    seed: int,
    n: int = 1000,
    level: float = 0.95,
) -> dict[str, dict]:
    """Return the savings over all images with two bootstrap intervals each.

    ``images``: the images with a JND by both codecs are drawn with
    replacement, their JNDs taken as they are. ``images_and_participants``: a
    two-level bootstrap that repeats the whole procedure. All images are drawn
    with replacement; in every drawn image the participants are drawn with
    replacement, separately for each codec (the two studies count as two
    crowds, which is on the safe side where they were one); the JNDs are
    determined anew, and images that then have none are left out of the draw.
    Both are percentile intervals.

    Args:
        pairs: For each image the answers on VarJPEG and on JPEG.
        quantile: As in `jnd_rank`.
        seed: Seed of the draws.
        n: Number of draws.
        level: Coverage of the intervals.

    Returns:
        For each name in `SAVINGS` its ``value`` (positive: VarJPEG needs
        less) and the two intervals ``(lower, upper)``. A value is None where
        no image has both JNDs, an interval where fewer than two have.

    Raises:
        ValueError: If an option is out of range.
    """
    both = [[float(bpp_at_jnd(answers, quantile)) for answers in pair] for pair in pairs]
    varjpeg, jpeg = np.array([pair for pair in both if not np.isnan(pair).any()]).reshape(-1, 2).T
    saved, compared = jpeg - varjpeg, jpeg.size
    results: dict[str, dict[str, Any]] = {
        name: {"value": None, "images": None, "images_and_participants": None} for name in SAVINGS
    }
    if compared:
        for name, saving in SAVINGS.items():
            results[name]["value"] = float(saving(saved[None], jpeg[None])[0])
    if compared > 1:
        draws = {
            "images": resample(
                list(SAVINGS.values()), [saved] * len(SAVINGS), jpeg, n=n, seed=seed
            ),
            "images_and_participants": _two_levels(pairs, quantile=quantile, n=n, seed=seed),
        }
        for kind, values in draws.items():
            for name, drawn in zip(SAVINGS, values, strict=True):
                results[name][kind] = percentile_interval(drawn, level=level)
    return results


def _two_levels(pairs, *, quantile, n, seed):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(pairs), size=(n, len(pairs)))
    bpp = np.empty((2, *drawn.shape))
    for image, pair in enumerate(pairs):
        at = drawn == image
        for codec, answers in enumerate(pair):
            votes = answers.first.size
            again = answers.first[rng.integers(votes, size=(int(at.sum()), votes))]
            bpp[codec][at] = bpp_at_jnd(answers, quantile, again)
    bpp[:, np.isnan(bpp).any(axis=0)] = np.nan
    varjpeg, jpeg = bpp
    return [saving(jpeg - varjpeg, jpeg) for saving in SAVINGS.values()]


def paired_tests(saved: np.ndarray) -> dict[str, float | None]:
    """Test whether one codec needs fewer bits than the other, image by image.

    Two-sided. Images without a difference say nothing and are left out, as
    Wilcoxon did; if none is left, nothing speaks against equality: p = 1.

    Args:
        saved: JPEG less VarJPEG at the JND, shape ``(images,)``, finite.

    Returns:
        ``wilcoxon_p`` (signed-rank test: sizes count), ``sign_p`` (exact sign
        test: only signs count) and ``tested``, the number of images that
        differ; the p values are None where there is no image at all.
    """
    saved = np.asarray(saved, float)
    differing = saved[saved != 0]
    if saved.size == 0 or differing.size == 0:
        p = 1.0 if saved.size else None
        return {"wilcoxon_p": p, "sign_p": p, "tested": 0}
    positive = int(np.sum(differing > 0))
    return {
        "wilcoxon_p": float(stats.wilcoxon(differing).pvalue),
        "sign_p": float(stats.binomtest(positive, differing.size).pvalue),
        "tested": int(differing.size),
    }
