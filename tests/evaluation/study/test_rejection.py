"""Who is left out: each rule by itself, and planted subjects in simulated studies."""

import numpy as np
import pytest

from kiqa.evaluation.study.agreement import agreement_with_others, session_z_scores
from kiqa.evaluation.study.ratings import Ratings
from kiqa.evaluation.study.rejection import RejectionRules, judge_sessions, rejected_subjects
from kiqa.evaluation.study.scores import process_ratings
from kiqa.evaluation.study.simulated import KINDS, simulate_study

PAPER = RejectionRules(golden_srocc=None, chance_level=None)


def _ratings(*rows, sessions=None):
    """Ratings from (subject, image, rating) or (subject, image, rating, repeat)."""
    columns = zip(*[(*row, False)[:4] for row in rows], strict=True)
    subject, image, rating, repeat = map(np.array, columns)
    session = np.full(len(rows), "1") if sessions is None else np.array(sessions)
    return Ratings(subject, session, image, rating, repeat)


def _one(values, *, repeats=()):
    """One subject's ratings of i0, i1, ... and of some of them again."""
    first = [("e", f"i{n}", value) for n, value in enumerate(values)]
    return _ratings(*first, *(("e", f"i{n}", value, True) for n, value in repeats))


def _reasons(ratings, **options):
    (verdict,) = judge_sessions(ratings, **options)
    return verdict.reasons


def test_acceptance_rate_has_to_be_above_75():
    """75 % is not enough; nobody is rejected for an unknown rate."""
    ratings = _one([10, 20, 30])
    assert _reasons(ratings, acceptance={"e": 75.0}) == ("acceptance rate",)
    assert _reasons(ratings, acceptance={"e": 75.1}) == ()
    assert _reasons(ratings) == ()
    strict = RejectionRules(acceptance=95)
    assert _reasons(ratings, acceptance={"e": 90}, rules=strict) == ("acceptance rate",)


@pytest.mark.parametrize(("values", "reasons"), [
    ([5, 5, 5, 1, 2], ("equal ratings",)), ([5, 5, 1, 2], ()),
    ([5, 5, 5, 5], ("no spread", "equal ratings")),
])  # fmt: skip
def test_more_than_half_equal(values, reasons):
    """Exactly half is kept; a constant rater has no spread either, whatever the rules."""
    assert _reasons(_one(values)) == reasons
    off = RejectionRules(identical=None)
    assert _reasons(_one(values), rules=off) == tuple(r for r in reasons if r == "no spread")


def test_repeats_are_compared_with_the_deviation():
    """Mean difference 15 against a deviation of 12.9 is rejected, 12 is kept; the limit counts."""
    values = [10, 20, 30, 40]  # deviation 12.910, without the repeats
    far, near = [(0, 30), (1, 10)], [(0, 24), (1, 10)]
    (verdict,) = judge_sessions(_one(values, repeats=far))
    assert verdict.repeat_difference == pytest.approx(15 / np.std(values, ddof=1))
    assert (verdict.repeats, verdict.ratings, verdict.reasons) == (2, 4, ("repeated images",))
    assert _reasons(_one(values, repeats=near)) == ()
    assert _reasons(_one(values, repeats=near), rules=RejectionRules(repeat_limit=0.9)) != ()


def test_golden_images_test_and_do_not_count():
    """Five golden images in the wrong order reject; their ratings are in no deviation."""
    golden = {f"g{n}": 10.0 * n for n in range(5)}
    images = [("e", f"i{n}", 10 * n) for n in range(4)]
    wrong = _ratings(*images, *(("e", f"g{n}", 90 - n) for n in range(5)))
    right = _ratings(*images, *(("e", f"g{n}", 90 + n) for n in range(5)))
    few = _ratings(*images, *(("e", f"g{n}", 90 - n) for n in range(4)))
    (verdict,) = judge_sessions(wrong, golden=golden)
    assert (verdict.golden, verdict.ratings) == (5, 4)
    assert verdict.golden_srocc == pytest.approx(-1)
    assert verdict.reasons == ("golden images",)
    assert verdict.deviation == pytest.approx(np.std([0, 10, 20, 30], ddof=1))
    assert _reasons(right, golden=golden) == _reasons(few, golden=golden) == ()
    assert _reasons(wrong, golden=golden, rules=RejectionRules(golden_srocc=None)) == ()


def test_golden_limit_without_a_test():
    """With level 0.5 the correlation is compared as it is."""
    golden = {f"g{n}": float(n) for n in range(5)}
    order = [1, 0, 2, 4, 3]  # SROCC 0.8
    ratings = _ratings(("e", "a", 1), ("e", "b", 2), *(("e", f"g{n}", order[n]) for n in range(5)))
    for limit, reasons in ((0.75, ()), (0.85, ("golden images",))):
        rules = RejectionRules(golden_srocc=limit, golden_level=0.5)
        assert _reasons(ratings, golden=golden, rules=rules) == reasons


def test_sessions_are_judged_apart():
    """A bad sitting goes, a good one of the same subject stays."""
    rows = [("e", "a", 5), ("e", "b", 5), ("e", "a", 1), ("e", "b", 9)]
    verdicts = judge_sessions(_ratings(*rows, sessions=["1", "1", "2", "2"]))
    assert [verdict.rejected for verdict in verdicts] == [True, False]
    assert rejected_subjects(verdicts) == [] and rejected_subjects(verdicts[:1]) == ["e"]


def test_z_scores_of_a_session():
    """By mean and deviation of the session's own ratings; NaN for a constant one and repeats."""
    rows = [("e", "a", 1), ("e", "b", 3), ("e", "a", 2, True), ("f", "a", 0.1), ("f", "b", 0.1)]
    z = session_z_scores(_ratings(*rows))
    np.testing.assert_allclose(z[:2], [-np.sqrt(0.5), np.sqrt(0.5)])
    assert np.isnan(z[2:]).all()


def test_agreement_leaves_the_subject_out():
    """Equal to NumPy's correlation with the mean of the others, own ratings left out."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(4, 12))
    rows = [(f"s{s}", f"i{i:02}", table[s, i]) for s in range(4) for i in range(12)]
    ratings = _ratings(*rows)
    z = session_z_scores(ratings)
    found, shared = agreement_with_others(ratings, z, np.array([True, True, True, False]))
    by_subject = z.reshape(4, 12)
    expected = [
        np.corrcoef(by_subject[s], by_subject[[o for o in (0, 1, 2) if o != s]].mean(axis=0))[0, 1]
        for s in range(4)
    ]
    np.testing.assert_allclose(found, expected)
    assert shared.tolist() == [12] * 4


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
def test_names_that_do_not_match(options, message):
    """Golden scores or rates of other names are a mistake, not nothing."""
    with pytest.raises(ValueError, match=message):
        judge_sessions(_one([1, 2, 3]), **options)


def _found(seeds, rules=None, **options):
    """Planted subjects, those among them that were found, all rejected."""
    bad, rejected = set(), set()
    for seed in seeds:
        study = simulate_study(images=400, subjects=100, seed=seed, **options)
        found = process_ratings(
            study.ratings, golden=study.golden, acceptance=study.acceptance, rules=rules
        )
        bad |= {(seed, name) for name in study.bad}
        rejected |= {(seed, name) for name in found.rejected}
    return bad, bad & rejected, rejected


@pytest.mark.parametrize("sessions", [1, 2])
@pytest.mark.parametrize("shares", [
    dict.fromkeys(KINDS, 0.05), {"random": 0.05}, {"random": 0.3, "lazy": 0.1},
], ids=["all kinds", "few", "many"])  # fmt: skip
def test_planted_subjects_are_found(shares, sessions):
    """Of people like the paper's in number, 95 % precision and recall, few or many bad ones."""
    options = {"bad": shares, "sessions": sessions, "contents": 210 // sessions}
    bad, found, rejected = _found(range(6 // sessions), **options)
    assert len(found) >= 0.95 * len(bad) and len(found) >= 0.95 * len(rejected)
    assert len(bad) >= 15


def test_rules_of_the_paper_alone():
    """They find lazy and unaccepted workers, and most who answer by chance, without false ones."""
    bad, found, rejected = _found(
        range(3), PAPER, bad={"lazy": 0.1, "unaccepted": 0.1, "random": 0.1}
    )
    assert found == rejected
    missed = len(bad) - len(found)
    assert 0 < missed < 0.5 * 30  # all of them random: five repeats tell two thirds of them


def test_nobody_bad_is_nobody_rejected():
    """Of 200 honest subjects at most two are lost."""
    bad, _, rejected = _found(range(2))
    assert not bad and len(rejected) <= 2


def test_where_nobody_agrees_nobody_is_rejected_for_it():
    """Ratings by chance only: the rule of agreement has nothing to compare with, or few fall."""
    rng = np.random.default_rng(3)
    rows = [
        (f"s{s:02}", f"i{i:02}", x) for s in range(20) for i, x in enumerate(rng.normal(size=40))
    ]
    verdicts = judge_sessions(_ratings(*rows))
    assert sum(verdict.rejected for verdict in verdicts) <= 10
