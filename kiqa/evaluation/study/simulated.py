"""Rating studies of invented people, where the truth is known.

For tests of the processing, for planning a study (how many ratings does an
image need?), and for figures where no ratings are at hand; what is made of
them is to be called simulated.

Public names: :data:`KINDS`, :class:`SimulatedStudy`, :func:`simulate_study`,
:func:`simulate_patch_quality`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kiqa.constants import LIVE_FB
from kiqa.evaluation.study.ratings import Ratings

# What subjects do who ought to be rejected:
KINDS = {
    "random": "answers anything, whatever the image",
    "lazy": "gives one rating to two thirds of the images",
    "reversed": "takes the best for the worst",
    "unaccepted": "answers like others, but has a low acceptance rate",
}
_MIDDLE, _SPREAD = 50.0, 15.0  # of honest ratings on 0..100
_BIAS, _GAIN = 5.0, 0.15  # deviations of subjects: of their mean, and of the log of their spread
_LAZY = 2 / 3
_LOW_RATES, _HIGH_RATES = (30.0, 75.0), (80.0, 100.0)
_GOLDEN_REACH = 2.0  # golden images have qualities from -2 to 2


@dataclass(frozen=True, eq=False)
class SimulatedStudy:
    """Ratings and what they are made from.

    Attributes:
        ratings: On 0..100, whole numbers.
        golden: Scores of the golden images, 0..100.
        acceptance: Acceptance rate of each subject in percent.
        mos: Scores that infinitely many honest subjects would give, on the
            scale 100 (z + 3) / 6, by image.
        bad: Kind, a key of `KINDS`, of each subject who ought to be rejected.
    """

    ratings: Ratings
    golden: dict[str, float]
    acceptance: dict[str, float]
    mos: dict[str, float]
    bad: dict[str, str]


def simulate_study(
    *,
    images: int,
    subjects: int,
    seed: int,
    bad: Mapping[str, float] | None = None,
    contents: int = LIVE_FB.contents,
    repeats: int = LIVE_FB.repeats,
    golden: int = LIVE_FB.golden,
    sessions: int = 1,
    reliability: float = 0.5,
    own_taste: float = 0.7,
    quality: np.ndarray | None = None,
) -> SimulatedStudy:
    """Invent a study.

    An honest rating is the subject's mean, plus the subject's spread times
    the sum of the image's quality, the subject's lasting opinion of the image
    and a mood that differs from showing to showing.

    Args:
        images: Images to score, besides the golden ones.
        subjects: Subjects.
        seed: Source of randomness.
        bad: Shares of subjects by kind, keys of `KINDS`; ``None``: none.
        contents: Showings in a session, repeats and golden images included.
        repeats: Of them second showings.
        golden: Of them golden images, from a pool of fifteen (or ``golden``,
            if that is more).
        sessions: Sessions of each subject; images may come again in another.
        reliability: Share of the images in the variance of honest ratings.
            0.05 gives halves of 18 subjects that correlate 0.48, as the
            images of LIVE-FB, 0.1 gives 0.65, as its patches.
        own_taste: Share of the lasting opinion in the rest of the variance.
        quality: Of the images, shape (images,), any scale; ``None`` draws
            from a normal distribution.

    Returns:
        The study; images are named ``i1`` and so on, subjects ``s1``, with
        zeros in front where there are more than nine; golden ones ``g01``.

    Raises:
        ValueError: If numbers do not fit each other.
    """
    bad = dict(bad or {})
    _check(images, subjects, contents, repeats, golden, sessions, bad, (reliability, own_taste))
    rng = np.random.default_rng(seed)
    quality = rng.standard_normal(images) if quality is None else np.asarray(quality, np.float64)
    if quality.shape != (images,) or not np.ptp(quality) > 0:
        raise ValueError(
            f"Expected qualities of shape ({images},) that differ. Received: {quality.shape}."
        )
    quality = (quality - quality.mean()) / quality.std()
    names = np.array([f"i{number:0{len(str(images))}}" for number in range(1, images + 1)])
    pool = max(golden, LIVE_FB.golden_pictures) if golden else 0
    gold = np.linspace(-_GOLDEN_REACH, _GOLDEN_REACH, pool)
    gold_names = np.array([f"g{number:02}" for number in range(1, pool + 1)], dtype=str)
    people = [f"s{number:0{len(str(subjects))}}" for number in range(1, subjects + 1)]
    kinds = _assign(people, bad, rng)
    every = np.concatenate([quality, gold])
    labels = np.concatenate([names, gold_names])
    weights = np.sqrt([reliability, own_taste * (1 - reliability)])
    mood = np.sqrt((1 - own_taste) * (1 - reliability))
    columns = []
    rates = {}
    for person in people:
        kind = kinds.get(person)
        low, high = _LOW_RATES if kind == "unaccepted" else _HIGH_RATES
        rates[person] = float(rng.uniform(low, high))
        bias, gain = _BIAS * rng.standard_normal(), np.exp(_GAIN * rng.standard_normal())
        lasting = weights[0] * every + weights[1] * rng.standard_normal(len(every))
        for session in range(1, sessions + 1):
            shown = rng.choice(images, contents - repeats - golden, replace=False)
            tests = images + rng.choice(pool, golden, replace=False) if golden else []
            again = rng.choice(shown, repeats, replace=False)
            order = np.concatenate([shown, tests, again]).astype(int)
            felt = lasting[order] + mood * rng.standard_normal(len(order))
            if kind == "reversed":
                felt = -felt
            answer = _MIDDLE + bias + gain * _SPREAD * felt
            if kind == "random":
                answer = rng.uniform(0, 100, len(order))
            elif kind == "lazy":
                answer[rng.random(len(order)) < _LAZY] = np.round(_MIDDLE + bias)
            repeat = np.arange(len(order)) >= contents - repeats
            columns.append((np.full(len(order), person), np.full(len(order), str(session)),
                            labels[order], np.clip(np.round(answer), 0, 100), repeat))  # fmt: skip
    ratings = Ratings(*map(np.concatenate, zip(*columns, strict=True)))
    mos = 100 * (weights[0] * quality + 3) / 6
    return SimulatedStudy(
        ratings=ratings,
        golden=dict(zip(gold_names.tolist(), (_MIDDLE + _SPREAD * gold).tolist(), strict=True)),
        acceptance=rates,
        mos=dict(zip(names.tolist(), mos.tolist(), strict=True)),
        bad=kinds,
    )


def simulate_patch_quality(pictures: np.ndarray, *, correlation: float, seed: int) -> np.ndarray:
    """Draw qualities of patches that correlate with those of their images.

    Args:
        pictures: Qualities of the images, shape (n,).
        correlation: Expected correlation, -1 to 1.
        seed: Source of randomness.

    Returns:
        Qualities of one patch of each image, shape (n,), in the images'
        mean and deviation.

    Raises:
        ValueError: If the correlation is out of range.
    """
    if not -1 <= correlation <= 1:
        raise ValueError(f"Expected a correlation from -1 to 1. Received: {correlation}.")
    pictures = np.asarray(pictures, np.float64)
    noise = np.random.default_rng([seed, 1]).normal(0, pictures.std(), len(pictures))
    mean = pictures.mean()
    return mean + correlation * (pictures - mean) + np.sqrt(1 - correlation**2) * noise


def _check(images, subjects, contents, repeats, golden, sessions, bad, shares):
    fresh = contents - repeats - golden
    if min(images, subjects, sessions, fresh) < 1 or min(repeats, golden) < 0 or fresh > images:
        raise ValueError(
            "Expected at least one image, subject and session, and sessions of new images, repeats "
            f"and golden images, of which {images} new ones. Received: {subjects} subjects, "
            f"{sessions} sessions of {contents}, with {repeats} repeats and {golden} golden ones."
        )
    if repeats > fresh:
        raise ValueError(f"Expected at most {fresh} repeats. Received: {repeats}.")
    unknown = sorted(set(bad) - set(KINDS))
    if unknown or not 0 <= sum(bad.values()) < 1 or min(bad.values(), default=0) < 0:
        raise ValueError(
            f"Expected shares of {', '.join(KINDS)} that sum to less than 1. Received: {bad}."
        )
    if not all(0 <= share <= 1 for share in shares) or shares[0] == 0:
        raise ValueError(
            "Expected reliability and own_taste from 0 to 1, reliability above 0. Received: "
            f"{shares[0]} and {shares[1]}."
        )


def _assign(people, bad, rng):
    """The kind of each bad subject, by name."""
    order, at, kinds = rng.permutation(len(people)), 0, {}
    for kind, share in bad.items():
        count = round(share * len(people))
        kinds |= {people[number]: kind for number in order[at : at + count]}
        at += count
    return kinds
