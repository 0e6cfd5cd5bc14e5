"""Which sessions of a rating study to leave out, and why.

A session is judged as a whole. The first three rules are those of LIVE-FB
(worker's acceptance rate, equal ratings, images shown twice); where a number
is ours the attribute says so. A session whose ratings have no spread has no
Z-scores and is always left out.

Public names: :class:`RejectionRules`, :class:`Verdict`, :func:`judge_sessions`,
:func:`rejected_subjects`, :func:`rules_not_applied`.

References:
    Ying et al. 2020, section 3.4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from kiqa.constants import LIVE_FB
from kiqa.evaluation.resampling import srocc_rows
from kiqa.evaluation.study.agreement import agreement_with_others, session_z_scores
from kiqa.evaluation.study.ratings import Ratings

_LEAST_GOLDEN = LIVE_FB.golden  # ours: by fewer golden images nobody is rejected
_SROCC_VARIANCE = 1.06  # of Fisher's transform of an SROCC, times n - 3 (Fieller et al. 1957)
_LEAST_SHARED = 30  # ours: by fewer images that others rated nobody is rejected by agreement
_BY_CHANCE = "agreement"


@dataclass(frozen=True, kw_only=True)
class RejectionRules:
    """Limits; ``None`` switches a rule off.

    Attributes:
        acceptance: Workers' acceptance rate in percent has to be above it.
            For subjects whose rate is known.
        identical: Largest share of equal ratings in a session.
        repeat_limit: Ours, the paper compares without a number: mean absolute
            difference of the two ratings of images shown twice, at most so
            many standard deviations of the session's ratings. One and a
            little is what answers without regard to the image have.
        golden_srocc: Ours, the paper found it positive for nearly all: a
            subject's SROCC with the golden images' scores must not be below
            it. For subjects with at least five golden images.
        golden_level: Ours: and be so significantly, one-sided, by Fisher's
            transform; five images alone are weak evidence. 0.5 compares
            without a test.
        chance_level: Ours, not in the paper: leave out who answers as by
            chance. The correlation of a session with the mean of all other
            subjects has to be above zero on this level (one-sided), or above
            half of the sessions' median (in Fisher's transform), whichever is
            less. For sessions of at least thirty images that others rated.

    Raises:
        ValueError: If a limit is out of its range.
    """

    acceptance: float | None = LIVE_FB.acceptance
    identical: float | None = LIVE_FB.identical
    repeat_limit: float | None = 1.0
    golden_srocc: float | None = 0.0
    golden_level: float = 0.05
    chance_level: float | None = 0.01

    def __post_init__(self):
        ranges = {
            "acceptance": (0, 100),
            "identical": (0, 1),
            "repeat_limit": (0, np.inf),
            "golden_srocc": (-1, 1),
            "golden_level": (0, 0.5),
            "chance_level": (0, 0.5),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ValueError(
                    f"Expected {name} from {low} to {high}, or None for no such rule. "
                    f"Received: {value}."
                )
        if 0 in (self.chance_level, self.golden_level) or self.golden_level is None:
            raise ValueError(
                "Expected levels above 0. Received: "
                f"golden_level={self.golden_level}, chance_level={self.chance_level}. None "
                "switches golden_srocc and chance_level off."
            )


@dataclass(frozen=True)
class Verdict:
    """What is known of one session; ``None`` where there is nothing to tell.

    Attributes:
        subject: Who rated.
        session: Name of the session.
        ratings: Ratings that would count: without repeats and golden images.
        deviation: Their standard deviation.
        acceptance: The worker's acceptance rate in percent.
        identical: Share of the most frequent rating.
        repeats: Images shown twice.
        repeat_difference: Mean absolute difference of their two ratings, in
            units of ``deviation``.
        golden: Golden images that the subject rated, in all sessions.
        golden_srocc: SROCC of the subject's ratings with their scores.
        agreement: Correlation with the mean Z-scores of the other subjects.
        shared: Images that it is over: those that others rated, too.
        reasons: Why the session is left out; empty if it is kept.
    """

    subject: str
    session: str
    ratings: int
    deviation: float | None
    acceptance: float | None
    identical: float
    repeats: int
    repeat_difference: float | None
    golden: int
    golden_srocc: float | None
    agreement: float | None
    shared: int
    reasons: tuple[str, ...]

    @property
    def rejected(self) -> bool:
        """Whether the session is left out."""
        return bool(self.reasons)


def judge_sessions(
    ratings: Ratings,
    *,
    golden: Mapping[str, float] | None = None,
    acceptance: Mapping[str, float] | None = None,
    rules: RejectionRules | None = None,
) -> list[Verdict]:
    """Judge every session.

    Args:
        ratings: All ratings.
        golden: Scores of golden images, higher is better, on any scale.
        acceptance: Acceptance rates of workers in percent.
        rules: Limits; ``None`` takes the defaults.

    Returns:
        One verdict for each of ``ratings.sessions``, in that order.

    Raises:
        ValueError: If no golden image was rated, or no subject has a rate, or
            a rate is not within 0..100: most likely the names differ.
    """
    rules = rules or RejectionRules()
    golden, acceptance = dict(golden or {}), dict(acceptance or {})
    _check_known(golden, ratings.images, "golden", "image")
    _check_known(acceptance, ratings.subjects, "acceptance", "subject")
    wrong = {name: rate for name, rate in acceptance.items() if not 0 <= rate <= 100}
    if wrong:
        raise ValueError(f"Expected rates in percent, 0 to 100. Received: {wrong}.")
    is_golden = np.isin(ratings.image, list(golden))
    counted = ~ratings.repeat & ~is_golden
    facts, reasons = [], []
    by_subject = {
        subject: _golden_srocc(ratings, golden, part[is_golden[part]])
        for subject, part in zip(
            ratings.subjects.tolist(), _parts(ratings.subject_code), strict=True
        )
    }
    sessions = zip(ratings.sessions, _parts(ratings.session_code), strict=True)
    for (subject, session), part in sessions:
        fact = {
            "subject": subject,
            "session": session,
            **_spread(ratings, part, counted),
            "acceptance": acceptance.get(subject),
            **dict(zip(("golden", "golden_srocc"), by_subject[subject], strict=True)),
        }
        facts.append(fact)
        reasons.append(_reasons(fact, rules))
    agreement, shared = _agreements(ratings, counted, reasons, rules.chance_level)
    return [
        Verdict(
            **fact,
            agreement=None if np.isnan(r) else float(r),
            shared=int(number),
            reasons=tuple(why),
        )
        for fact, r, number, why in zip(facts, agreement, shared, reasons, strict=True)
    ]


def rejected_subjects(verdicts: Sequence[Verdict]) -> list[str]:
    """Return the subjects none of whose sessions is kept, sorted."""
    kept = {verdict.subject for verdict in verdicts if not verdict.rejected}
    return sorted({verdict.subject for verdict in verdicts} - kept)


def rules_not_applied(verdicts: Sequence[Verdict], rules: RejectionRules) -> dict[str, str]:
    """Say which rules could judge no session, though they are not off.

    Args:
        verdicts: Of `judge_sessions`.
        rules: The limits that they were judged by.

    Returns:
        Names of attributes of `RejectionRules`, each with what was missing.
    """
    passed = [verdict for verdict in verdicts if not set(verdict.reasons) - {_BY_CHANCE}]
    agreements = [verdict.agreement for verdict in passed if verdict.agreement is not None]
    missing = {
        "acceptance": _missing("rates", [verdict.acceptance is not None for verdict in verdicts]),
        "repeat_limit": _missing(
            "repeats", [verdict.repeat_difference is not None for verdict in verdicts]
        ),
        "golden_srocc": _fewer(
            "golden images", [verdict.golden for verdict in verdicts], _LEAST_GOLDEN
        ),
        "chance_level": _fewer(
            "images that others rated", [verdict.shared for verdict in passed], _LEAST_SHARED
        )
        or ("sessions do not agree" if np.median(agreements or [0]) <= 0 else ""),
    }
    return {name: why for name, why in missing.items() if why and getattr(rules, name) is not None}


def _missing(what, there):
    return "" if any(there) else f"no {what}"


def _fewer(what, numbers, least):
    most = max(numbers, default=0)
    if most >= least:
        return ""
    return f"{most} {what}, it needs {least}" if most else f"no {what}"


def _parts(code):
    """Places of each code, as arrays."""
    order = np.argsort(code, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(code[order])) + 1)


def _check_known(values, known, what, kind):
    if values and not set(values) & set(known.tolist()):
        raise ValueError(
            f"Expected {what} values of {kind}s that occur in the ratings, such as "
            f"{str(known[0])!r}. Received: {len(values)} others, such as {next(iter(values))!r}. "
            "Use the same names."
        )


def _spread(ratings, part, counted):
    """Deviation, equal ratings and repeats of one session."""
    own = part[counted[part]]
    values = ratings.rating[own]
    counts = np.unique(values, return_counts=True)[1]
    deviation = float(np.std(values, ddof=1)) if len(counts) > 1 else None
    most = counts.max() / len(own) if len(own) else 0.0
    again, difference = part[ratings.repeat[part]], None
    if len(again) and deviation:
        first = {ratings.image[at]: ratings.rating[at] for at in part if not ratings.repeat[at]}
        apart = [abs(ratings.rating[at] - first[ratings.image[at]]) for at in again]
        difference = float(np.mean(apart)) / deviation
    return {"ratings": len(own), "deviation": deviation, "identical": float(most),
            "repeats": len(again), "repeat_difference": difference}  # fmt: skip


def _golden_srocc(ratings, golden, which):
    """Golden images that a subject rated and the SROCC with their scores."""
    images, place = np.unique(ratings.image[which], return_inverse=True)
    if len(images) < 3:
        return len(images), None
    mean = np.bincount(place, ratings.rating[which]) / np.bincount(place)
    scores = np.array([golden[image] for image in images.tolist()])
    if np.ptp(mean) == 0 or np.ptp(scores) == 0:
        return len(images), 0.0
    # `srocc` checks much, which takes as long again for each subject.
    return len(images), float(srocc_rows(mean[np.newaxis], scores[np.newaxis])[0])


def _reasons(fact, rules):
    """Rules that a session breaks by itself."""
    reasons = []
    if fact["deviation"] is None:
        reasons.append("no spread")
    if (
        None not in (rules.acceptance, fact["acceptance"])
        and fact["acceptance"] <= rules.acceptance
    ):
        reasons.append("acceptance rate")
    if rules.identical is not None and fact["identical"] > rules.identical:
        reasons.append("equal ratings")
    difference = fact["repeat_difference"]
    if None not in (rules.repeat_limit, difference) and difference > rules.repeat_limit:
        reasons.append("repeated images")
    srocc = fact["golden_srocc"]
    if None not in (rules.golden_srocc, srocc) and fact["golden"] >= _LEAST_GOLDEN:
        room = -special.ndtri(rules.golden_level) * np.sqrt(_SROCC_VARIANCE / (fact["golden"] - 3))
        if _fisher(srocc) < _fisher(rules.golden_srocc) - room:
            reasons.append("golden images")
    return reasons


def _fisher(correlation):
    return np.arctanh(np.clip(correlation, -0.9999, 0.9999))


def _agreements(ratings, counted, reasons, level):
    """Correlation of each session with the others and its images, (sessions,); adds to the reasons.

    The others are first all who broke no rule so far, then without those who agree with nobody.
    """
    z = session_z_scores(ratings, counted)
    apart = np.zeros(len(reasons), bool)
    passed = np.array([not why for why in reasons])
    for _ in range(2):
        agreement, shared = agreement_with_others(ratings, z, passed & ~apart)
        if level is None or not (passed & np.isfinite(agreement)).any():
            return agreement, shared
        typical = np.nanmedian(agreement[passed])
        if typical <= 0:  # nobody agrees with anybody: no one stands out
            return agreement, shared
        half = np.tanh(_fisher(typical) / 2)
        by_chance = -special.ndtri(level) / np.sqrt(np.maximum(shared, 1))
        apart = passed & (shared >= _LEAST_SHARED) & (agreement < np.minimum(half, by_chance))
    for number in np.flatnonzero(apart):
        reasons[number].append(_BY_CHANCE)
    return agreement, shared
