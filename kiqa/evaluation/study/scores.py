"""From ratings to mean opinion scores with confidence intervals.

Ratings of each session become Z-scores, the Z-scores of an image are averaged
over its subjects, and the mean is scaled: ``100 (z + 3) / 6`` by default.

Public names: :class:`OpinionScores`, :func:`opinion_scores`,
:func:`process_ratings`, :class:`Study`.

References:
    Ying et al. 2020, section 3.4. Sheikh et al., "A statistical evaluation of
    recent full reference image quality assessment algorithms", IEEE TIP 15(11),
    2006.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from kiqa.constants import LIVE_FB
from kiqa.evaluation.study.agreement import session_z_scores
from kiqa.evaluation.study.ratings import Ratings
from kiqa.evaluation.study.rejection import (
    RejectionRules,
    Verdict,
    judge_sessions,
    rejected_subjects,
)

Z_RANGE = (-3.0, 3.0)  # becomes 0..100


@dataclass(frozen=True, eq=False)
class OpinionScores:
    """Mean opinion scores of images; arrays of shape (m,), sorted by name.

    Attributes:
        image: Names.
        mos: Mean opinion scores, higher is better. The ends of the scale are
            Z-scores of -3 and 3, so single ones can lie beyond.
        sd: Standard deviation over subjects, divisor n - 1; NaN for one.
        low: Lower end of the confidence interval of ``mos``; NaN for one
            subject.
        high: Upper end.
        subjects: Subjects who rated each image.
        level: Coverage of the intervals.
    """

    image: np.ndarray
    mos: np.ndarray
    sd: np.ndarray
    low: np.ndarray
    high: np.ndarray
    subjects: np.ndarray
    level: float

    def by_image(self) -> dict[str, float]:
        """Return the scores by name."""
        return dict(zip(self.image.tolist(), self.mos.tolist(), strict=True))

    def rows(self) -> list[dict]:
        """Return one row per image, for `kiqa.evaluation.report.write_csv`."""
        return [
            {
                "image_name": name,
                "mos": mos,
                "sd": None if np.isnan(sd) else sd,
                "ci_low": None if np.isnan(low) else low,
                "ci_high": None if np.isnan(high) else high,
                "subjects": count,
            }
            for name, mos, sd, low, high, count in zip(
                *(getattr(self, key).tolist()
                  for key in ("image", "mos", "sd", "low", "high", "subjects")),
                strict=True,
            )
        ]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Study:
    """What came out of a study.

    Attributes:
        scores: Of all images but the golden ones.
        verdicts: One for each session.
        kept: The ratings behind the scores: no repeats, no golden images, no
            rejected sessions.
    """

    scores: OpinionScores
    verdicts: Sequence[Verdict]
    kept: Ratings

    @property
    def rejected(self) -> list[str]:
        """Subjects none of whose sessions counts."""
        return rejected_subjects(self.verdicts)


def process_ratings(
    ratings: Ratings,
    *,
    golden: Mapping[str, float] | None = None,
    acceptance: Mapping[str, float] | None = None,
    rules: RejectionRules | None = None,
    z_range: tuple[float, float] = Z_RANGE,
    level: float = 0.95,
) -> Study:
    """Leave out bad sessions and score the images.

    Args:
        ratings: All ratings.
        golden: Scores of golden images; these test subjects and are not
            scored.
        acceptance: Acceptance rates of workers in percent.
        rules: When a session is left out; ``None`` takes the defaults.
        z_range: As for `opinion_scores`.
        level: As for `opinion_scores`.

    Returns:
        The study.

    Raises:
        ValueError: If nothing is left to score, or as `judge_sessions` and
            `opinion_scores`.
    """
    verdicts = judge_sessions(ratings, golden=golden, acceptance=acceptance, rules=rules)
    good = np.array([not verdict.rejected for verdict in verdicts])
    counted = ~ratings.repeat & ~np.isin(ratings.image, list(golden or {}))
    which = good[ratings.session_code] & counted
    if not which.any():
        why = sorted({reason for verdict in verdicts for reason in verdict.reasons})
        raise ValueError(
            f"Expected ratings that count. Received: {len(ratings)} ratings in {len(verdicts)} "
            f"sessions, none of them kept ({', '.join(why) or 'only golden images'}). Check the "
            "direction of the scale and the rules."
        )
    kept = ratings.select(which)
    return Study(opinion_scores(kept, z_range=z_range, level=level), verdicts, kept)


def opinion_scores(
    ratings: Ratings, *, z_range: tuple[float, float] = Z_RANGE, level: float = 0.95
) -> OpinionScores:
    """Average Z-scores over the subjects of each image.

    A subject who rated an image in several sessions counts once, with the
    mean. The interval is Student's, over subjects.

    Args:
        ratings: Those that count; repeats are ignored.
        z_range: Z-scores that become 0 and 100.
        level: Coverage of the intervals.

    Returns:
        The scores.

    Raises:
        ValueError: If a session has fewer than two ratings or equal ones
            only, so that it has no Z-scores, or an argument is out of range.
    """
    low, high = z_range
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"Expected z_range as (low, high), low below high. Received: {z_range}.")
    if not 0 < level < 1:
        raise ValueError(f"Expected a level between 0 and 1. Received: {level}.")
    image, _, values = subject_means(ratings)
    images = np.unique(image)
    code = np.searchsorted(images, image)
    count = np.bincount(code)
    mean = np.bincount(code, values) / count
    off = values - mean[code]
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(np.bincount(code, off * off) / (count - 1))
        sd[count < 2] = np.nan
        reach = stats.t.isf((1 - level) / 2, np.maximum(count - 1, 1)) * sd / np.sqrt(count)
    (start, end), unit = LIVE_FB.mos_range, high - low
    factor = (end - start) / unit
    mos = start + factor * (mean - low)
    return OpinionScores(
        images, mos, factor * sd, mos - factor * reach, mos + factor * reach, count, level
    )


def subject_means(ratings: Ratings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the Z-score of each subject for each image.

    Args:
        ratings: Those that count; repeats are ignored.

    Returns:
        Names of images, names of subjects and mean Z-scores, each of shape
        (k,), one for each pair that occurs.

    Raises:
        ValueError: If a session has no Z-scores.
    """
    z = session_z_scores(ratings)
    without = np.unique(ratings.session_code[~ratings.repeat & np.isnan(z)])
    if without.size:
        subject, session = ratings.sessions[without[0]]
        raise ValueError(
            f"Expected different ratings in each session. Received: {without.size} sessions with "
            f"equal ratings or a single one, such as {session!r} of {subject!r}. Leave them out, "
            "as process_ratings does."
        )
    use = ~ratings.repeat
    pair = ratings.subject_code[use] * len(ratings.images) + ratings.image_code[use]
    pairs, place = np.unique(pair, return_inverse=True)
    values = np.bincount(place, z[use]) / np.bincount(place)
    subject, image = np.divmod(pairs, len(ratings.images))
    return ratings.images[image], ratings.subjects[subject], values
