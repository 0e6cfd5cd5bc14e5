"""How far subjects agree, and how far an image's score follows its patches'.

Public names: :class:`Halves`, :func:`inter_subject_consistency`,
:func:`picture_patch_correlation`.

References:
    Ying et al. 2020, section 3.4 and Fig. 7: 0.48 between halves for
    images, 0.65 for patches; 0.43, 0.36 and 0.28 between images and their
    patches of 40, 30 and 20 % of the sides.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from kiqa.constants import LIVE_FB
from kiqa.evaluation.correlation import plcc, srocc
from kiqa.evaluation.study.ratings import Ratings
from kiqa.evaluation.study.scores import Z_RANGE, subject_means


class Halves(NamedTuple):
    """Agreement of random halves of the subjects.

    Attributes:
        lcc: Pearson's correlation of the two halves' scores, one a division,
            shape (n,).
        srocc: Spearman's, shape (n,).
        images: Images that both halves rated, a division, shape (n,).
        first: Scores 0..100 of the last division's first half, shape (k,).
        second: Of its second half.
    """

    lcc: np.ndarray
    srocc: np.ndarray
    images: np.ndarray
    first: np.ndarray
    second: np.ndarray


def inter_subject_consistency(ratings: Ratings, *, n: int = LIVE_FB.halves, seed: int) -> Halves:
    """Correlate the scores of random halves of the subjects.

    The subjects are divided into two disjoint sets of equal size (of an odd
    number one is left out, another one each time).

    Args:
        ratings: Those that count, such as ``process_ratings(...).kept``.
        n: Number of divisions.
        seed: Seed of the divisions.

    Returns:
        Correlations over the images that both halves rated.

    Raises:
        ValueError: If there are fewer than two subjects, or a division
            leaves fewer than three images that both halves rated, or ``n`` is
            below 1.
    """
    if n < 1:
        raise ValueError(f"Expected at least 1 division. Received: {n}.")
    image, subject, values = subject_means(ratings)
    subjects, who = np.unique(subject, return_inverse=True)
    images, what = np.unique(image, return_inverse=True)
    half = len(subjects) // 2
    if half < 1:
        raise ValueError(f"Expected at least 2 subjects. Received: {len(subjects)}.")
    rng = np.random.default_rng(seed)
    low, high = Z_RANGE
    lcc, ranks, shared = [], [], []
    for _ in range(n):
        side = np.full(len(subjects), 2)
        order = rng.permutation(len(subjects))
        side[order[:half]], side[order[half : 2 * half]] = 0, 1
        means = []
        for number in (0, 1):
            use = side[who] == number
            count = np.bincount(what[use], minlength=len(images))
            with np.errstate(invalid="ignore"):
                mean = np.bincount(what[use], values[use], len(images)) / count
            means.append(100 * (mean - low) / (high - low))
        both = np.isfinite(means).all(axis=0)
        if np.count_nonzero(both) < 3:
            raise ValueError(
                "Expected at least 3 images that both halves of the subjects rated. Received: "
                f"{np.count_nonzero(both)} of {len(images)}. Collect more ratings an image."
            )
        first, second = (mean[both] for mean in means)
        lcc.append(plcc(first, second, logistic=None))
        ranks.append(srocc(first, second))
        shared.append(len(first))
    return Halves(np.array(lcc), np.array(ranks), np.array(shared), first, second)


def picture_patch_correlation(
    images: Mapping[str, float], patches: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Correlate the scores of images with those of patches of them.

    Args:
        images: Scores by name.
        patches: For each size, such as ``"40 %"``, scores of the patches by
            the name of their image.

    Returns:
        For each size ``images`` (images that have both), ``lcc`` and
        ``srocc``.

    Raises:
        ValueError: If fewer than three images have a patch of a size, or a
            score is not finite.
    """
    found = {}
    for size, of_size in patches.items():
        names = [name for name in images if name in of_size]
        if len(names) < 3:
            raise ValueError(
                f"Expected at least 3 images with a patch of size {size}. Received: "
                f"{len(names)}. Name patches by their image."
            )
        one = np.array([images[name] for name in names])
        two = np.array([of_size[name] for name in names])
        found[size] = {
            "images": len(names),
            "lcc": plcc(two, one, logistic=None),
            "srocc": srocc(two, one),
        }
    return found
