"""Who is left out: each rule by itself, and planted subjects in simulated studies."""

import numpy as np
import pytest

from kiqa.evaluation.study.rejection import (
    RejectionRules,
    judge_sessions,
    rejected_subjects,
    rules_not_applied,
)


@pytest.fixture
def one(ratings_of):
    """The function ``one(values, *, repeats=())``."""

    def one(values, *, repeats=()):
        """One subject's ratings of i0, i1, ... and of some of them again."""
        first = [("e", f"i{n}", value) for n, value in enumerate(values)]
        return ratings_of(*first, *(("e", f"i{n}", value, True) for n, value in repeats))

    return one


def _reasons(ratings, **options):
    (verdict,) = judge_sessions(ratings, **options)
    return verdict.reasons


def test_acceptance_rate_has_to_be_above_75(one):
    """75 % is not enough; nobody is rejected for an unknown rate."""
    ratings = one([10, 20, 30])
    assert _reasons(ratings, acceptance={"e": 75.0}) == ("acceptance rate",)
    assert _reasons(ratings, acceptance={"e": 75.1}) == ()
    assert _reasons(ratings) == ()
    strict = RejectionRules(acceptance=95)
    assert _reasons(ratings, acceptance={"e": 90}, rules=strict) == ("acceptance rate",)


@pytest.mark.parametrize(("values", "reasons"), [
    ([5, 5, 5, 1, 2], ("equal ratings",)), ([5, 5, 1, 2], ()),
    ([5, 5, 5, 5], ("no spread", "equal ratings")),
])  # fmt: skip
def test_more_than_half_equal(values, reasons, one):
    """Exactly half is kept; a constant rater has no spread either, whatever the rules."""
    assert _reasons(one(values)) == reasons
    off = RejectionRules(identical=None)
    assert _reasons(one(values), rules=off) == tuple(r for r in reasons if r == "no spread")


def test_repeats_are_compared_with_the_deviation(one):
    """Mean difference 15 against a deviation of 12.9 is rejected, 12 is kept; the limit counts."""
    values = [10, 20, 30, 40]  # deviation 12.910, without the repeats
    far, near = [(0, 30), (1, 10)], [(0, 24), (1, 10)]
    (verdict,) = judge_sessions(one(values, repeats=far))
    assert verdict.repeat_difference == pytest.approx(15 / np.std(values, ddof=1))
    assert (verdict.repeats, verdict.ratings, verdict.reasons) == (2, 4, ("repeated images",))
    assert _reasons(one(values, repeats=near)) == ()
    assert _reasons(one(values, repeats=near), rules=RejectionRules(repeat_limit=0.9)) != ()


def test_golden_images_test_and_do_not_count(ratings_of):
    """Five golden images in the wrong order reject; their ratings are in no deviation."""
    golden = {f"g{n}": 10.0 * n for n in range(5)}
    images = [("e", f"i{n}", 10 * n) for n in range(4)]
    wrong = ratings_of(*images, *(("e", f"g{n}", 90 - n) for n in range(5)))
    right = ratings_of(*images, *(("e", f"g{n}", 90 + n) for n in range(5)))
    few = ratings_of(*images, *(("e", f"g{n}", 90 - n) for n in range(4)))
    (verdict,) = judge_sessions(wrong, golden=golden)
    assert (verdict.golden, verdict.ratings) == (5, 4)
    assert verdict.golden_srocc == pytest.approx(-1)
    assert verdict.reasons == ("golden images",)
    assert verdict.deviation == pytest.approx(np.std([0, 10, 20, 30], ddof=1))
    assert _reasons(right, golden=golden) == _reasons(few, golden=golden) == ()
    assert _reasons(wrong, golden=golden, rules=RejectionRules(golden_srocc=None)) == ()


def test_golden_limit_without_a_test(ratings_of):
    """With level 0.5 the correlation is compared as it is."""
    golden = {f"g{n}": float(n) for n in range(5)}
    order = [1, 0, 2, 4, 3]  # SROCC 0.8
    ratings = ratings_of(
        ("e", "a", 1), ("e", "b", 2), *(("e", f"g{n}", order[n]) for n in range(5))
    )
    for limit, reasons in ((0.75, ()), (0.85, ("golden images",))):
        rules = RejectionRules(golden_srocc=limit, golden_level=0.5)
        assert _reasons(ratings, golden=golden, rules=rules) == reasons


def _study(ratings_of, images, *, repeat=False, opinions=(1, 1)):
    """Two subjects who rate the same images, each in a direction of their own."""
    rows = [
        (name, f"i{n}", sign * (n % 7))
        for name, sign in zip("ef", opinions, strict=True)
        for n in range(images)
    ]
    return ratings_of(*rows, *([("e", "i0", 0, True)] if repeat else []))


def test_rules_that_judge_no_session_say_what_they_lack(ratings_of):
    """A study of 22 images with nothing but ratings; a rule that is off is not missing."""
    rules = RejectionRules()
    verdicts = judge_sessions(_study(ratings_of, 22), rules=rules)
    assert rules_not_applied(verdicts, rules) == {
        "acceptance": "no rates",
        "repeat_limit": "no repeats",
        "golden_srocc": "no golden images",
        "chance_level": "22 images that others rated, it needs 30",
    }
    off = RejectionRules(acceptance=None, chance_level=None, golden_srocc=None)
    assert rules_not_applied(verdicts, off) == {"repeat_limit": "no repeats"}


def test_rules_that_judge_a_session_are_applied(ratings_of):
    """One session is enough; four golden images are too few, sessions that disagree say nothing."""
    rules, rates = RejectionRules(), {"e": 90.0}
    golden = {f"i{n}": float(n) for n in range(5)}
    study = _study(ratings_of, 40, repeat=True)
    verdicts = judge_sessions(study, acceptance=rates, golden=golden, rules=rules)
    assert rules_not_applied(verdicts, rules) == {}
    del golden["i4"]
    against = _study(ratings_of, 40, repeat=True, opinions=(1, -1))
    verdicts = judge_sessions(against, acceptance=rates, golden=golden, rules=rules)
    assert rules_not_applied(verdicts, rules) == {
        "golden_srocc": "4 golden images, it needs 5",
        "chance_level": "sessions do not agree",
    }


def test_sessions_are_judged_apart(ratings_of):
    """A bad sitting goes, a good one of the same subject stays."""
    rows = [("e", "a", 5), ("e", "b", 5), ("e", "a", 1), ("e", "b", 9)]
    verdicts = judge_sessions(ratings_of(*rows, sessions=["1", "1", "2", "2"]))
    assert [verdict.rejected for verdict in verdicts] == [True, False]
    assert rejected_subjects(verdicts) == [] and rejected_subjects(verdicts[:1]) == ["e"]


@pytest.mark.parametrize("options", [
    {"acceptance": 101}, {"identical": -0.1}, {"repeat_limit": float("nan")}, {"chance_level": 0},
    {"golden_level": 0}, {"golden_srocc": 2},
])  # fmt: skip
def test_limits_are_checked(options):
    """A limit out of its range is named."""
    with pytest.raises(ValueError, match=next(iter(options))):
        RejectionRules(**options)


@pytest.mark.parametrize(("options", "message"), [
    ({"golden": {"x": 1.0}}, "golden values of images.*such as 'i0'.*such as 'x'"),
    ({"acceptance": {"x": 80.0}}, "acceptance values of subjects"),
    ({"acceptance": {"e": 120.0}}, "rates in percent"),
])  # fmt: skip
def test_names_that_do_not_match(options, message, one):
    """Golden scores or rates of other names are a mistake, not nothing."""
    with pytest.raises(ValueError, match=message):
        judge_sessions(one([1, 2, 3]), **options)


@pytest.mark.parametrize("seed", [5, 7])
def test_where_nobody_agrees_nobody_is_rejected_for_it(ratings_of, seed):
    """Ratings by chance only, with a median agreement below zero: nobody stands out."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"s{s:02}", f"i{i:02}", x) for s in range(20) for i, x in enumerate(rng.normal(size=40))
    ]
    verdicts = judge_sessions(ratings_of(*rows))
    assert not any(verdict.rejected for verdict in verdicts)
