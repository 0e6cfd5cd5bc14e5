"""The normalised scores and the five labels that PaQ-2-PiQ's authors show.

Their scores crowd together between 60 and 85. The normalised score spreads
them over 0..100, each side of the mean score by itself, four standard
deviations to the end; the label is its fifth of the range. Mean and deviations
are those of the authors' published P2P-RM and are arguments: another network's
scores lie elsewhere.

Public names: `LABELS`, `normalise_scores`, `category`.

References:
    The authors' code, github.com/baidut/paq2piq. The labels are those of the
    absolute category rating of ITU-T P.910.
"""

import numpy as np

from kiqa.constants import PAQ2PIQ

LABELS = ("Bad", "Poor", "Fair", "Good", "Excellent")
_REACH = 4  # deviations from the mean to either end


def normalise_scores(
    scores: np.ndarray,
    *,
    mean: float = PAQ2PIQ.mean_score,
    deviations: tuple[float, float] = PAQ2PIQ.deviations,
) -> np.ndarray:
    """Spread scores over 0..100.

    Args:
        scores: Array of any shape, on the scale 0..100, higher is better.
        mean: The score that stays what it is, between 0 and 100.
        deviations: Standard deviations of the scores below and above it.

    Returns:
        Array of the same shape: below the mean m it is ``m + m (s - m) / (4
        d_below)``, above ``m + (100 - m) (s - m) / (4 d_above)``, within
        0..100.

    Raises:
        ValueError: If the mean is not inside 0..100 or a deviation is not
            positive.
    """
    below, above = deviations
    if not 0 < mean < 100 or not min(below, above) > 0:
        raise ValueError(
            "Expected a mean between 0 and 100 and two positive deviations. Received: "
            f"{mean} and {deviations}."
        )
    off = np.asarray(scores, np.float64) - mean
    spread = np.where(off < 0, mean / below, (100 - mean) / above)
    return np.clip(mean + off * spread / _REACH, 0, 100)


def category(normalised: float) -> str:
    """Return the label of a normalised score.

    Args:
        normalised: From `normalise_scores`, 0..100.

    Returns:
        One of `LABELS`, a fifth of the range each; 100 is the best.

    Raises:
        ValueError: If the score is not within 0..100.
    """
    if not 0 <= normalised <= 100:
        raise ValueError(
            f"Expected a normalised score from 0 to 100. Received: {normalised}. Use "
            "normalise_scores first."
        )
    fifth = 100 / len(LABELS)
    return LABELS[min(int(normalised // fifth), len(LABELS) - 1)]
