"""Z-scores of sessions, and how far each session agrees with the other subjects.

Public names: :func:`session_z_scores`, :func:`agreement_with_others`.
"""

import numpy as np

from kiqa.evaluation.study.ratings import Ratings


def session_z_scores(ratings: Ratings, counted: np.ndarray | None = None) -> np.ndarray:
    """Standardise the ratings of each session by its mean and deviation.

    Args:
        ratings: Ratings.
        counted: ``bool`` of shape (n,): ratings that mean and deviation are
            taken of, and that get a Z-score; ``None``: all but repeats.

    Returns:
        ``float64`` of shape (n,); NaN for the others, and for all of a
        session of fewer than two ratings or of equal ones. The deviation has
        the divisor n - 1.
    """
    counted = ~ratings.repeat if counted is None else counted
    code, sessions = ratings.session_code[counted], len(ratings.sessions)
    values = ratings.rating[counted]
    number = np.bincount(code, minlength=sessions)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(code, values, sessions) / number
        off = values - mean[code]
        deviation = np.sqrt(np.bincount(code, off * off, sessions) / (number - 1))
        top, least = np.full(sessions, -np.inf), np.full(sessions, np.inf)
        np.maximum.at(top, code, values)
        np.minimum.at(least, code, values)
        deviation[~(top > least)] = np.nan  # rounding must not make a spread of equal ratings
        result = np.full(len(ratings), np.nan)
        result[counted] = off / deviation[code]
    return result


def agreement_with_others(
    ratings: Ratings, z: np.ndarray, kept: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Correlate each session with the mean of all other subjects.

    Args:
        ratings: Ratings.
        z: Their Z-scores, shape (n,), NaN for those that do not count.
        kept: ``bool`` of shape (s,): sessions that the mean is taken of.

    Returns:
        Pearson's correlation for each session, shape (s,), NaN where there
        are fewer than three images or no spread; and the images that it is
        over, shape (s,).
    """
    scored = np.isfinite(z)
    subject, image = ratings.subject_code, ratings.image_code
    size = len(ratings.subjects), len(ratings.images)
    use = scored & kept[ratings.session_code]
    total = np.bincount(image[use], z[use], size[1])
    number = np.bincount(image[use], minlength=size[1])
    pair = subject * size[1] + image
    pairs, place = np.unique(pair, return_inverse=True)
    own_total = np.bincount(place[use], z[use], len(pairs))[place]
    own_number = np.bincount(place[use], minlength=len(pairs))[place]
    others = number[image] - own_number
    both = scored & (others > 0)
    mean = (total[image] - own_total)[both] / others[both]
    code, sessions = ratings.session_code[both], len(ratings.sessions)
    shared = np.bincount(code, minlength=sessions)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = z[both] - (np.bincount(code, z[both], sessions) / shared)[code]
        y = mean - (np.bincount(code, mean, sessions) / shared)[code]
        spread = np.bincount(code, x * x, sessions) * np.bincount(code, y * y, sessions)
        agreement = np.bincount(code, x * y, sessions) / np.sqrt(spread)
    return np.where((shared >= 3) & (spread > 0), agreement, np.nan), shared
