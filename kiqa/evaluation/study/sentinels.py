"""Numbers in a column of ratings that may mean "not rated".

Programs write -1, 99 or 999 where a person did not answer. Taken for ratings
they ruin every score, and no number in the result shows it.

Public names: :class:`Sentinel`, :func:`sentinels`.
"""

from typing import NamedTuple

import numpy as np

_BELOW = (-1, -9, -99, -999, -9999)
_ABOVE = (99, 999, 9999)
_FAR = 2  # times the widest step of the others, and more than half of their extent
_LEAST = 4  # different values that make a scale on which others are far off


class Sentinel(NamedTuple):
    """A value that looks like no rating.

    Attributes:
        value: The number.
        ratings: How many ratings have it.
    """

    value: float
    ratings: int


def sentinels(rating: np.ndarray) -> list[Sentinel]:
    """Find values at the ends of a scale that look like no rating.

    These are -1, -9, -99 ... where all other ratings are at least 0, 99, 999
    ... beyond a gap wider than any step of the others, and any single value
    far off the others: by more than twice their widest step and half of their
    extent.

    Args:
        rating: Ratings of shape (n,), finite.

    Returns:
        What was found, in rising order. It is a guess, for a warning.

    Examples:
        >>> sentinels(np.array([1, 2, 3, 4, 5, 3, -1, -1]))
        [Sentinel(value=-1.0, ratings=2)]
        >>> sentinels(np.arange(0, 101))
        []
    """
    values, counts = np.unique(np.asarray(rating, np.float64), return_counts=True)
    first, last = 0, len(values)
    negative = values[values < 0]
    symmetric = len(negative) == 1 and values[-1] == -negative[0]  # better, same, worse
    if len(negative) and np.isin(negative, _BELOW).all() and not symmetric:
        first = len(negative)
    while _is_far(values[first:last], above=True):
        last -= 1
    while _is_far(values[first:last], above=False):
        first += 1
    found = [*range(first), *range(last, len(values))]
    return [Sentinel(float(values[at]), int(counts[at])) for at in found]


def _is_far(values, *, above):
    """Whether the last (or first) of rising values stands apart from the others."""
    value, others = (values[-1], values[:-1]) if above else (values[0], values[1:])
    if len(others) < 2:
        return False
    step = np.diff(others).max()
    gap = abs(value - (others[-1] if above else others[0]))
    if above and value in _ABOVE and gap > step:
        return True
    return len(others) >= _LEAST and gap > _FAR * step and gap > np.ptp(others) / 2
