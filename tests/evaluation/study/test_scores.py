"""Mean opinion scores, their intervals, and agreement of subjects."""

import numpy as np
import pytest
from scipy import stats

from kiqa.evaluation.study.ratings import Ratings
from kiqa.evaluation.study.rejection import RejectionRules
from kiqa.evaluation.study.scores import opinion_scores, process_ratings
from kiqa.evaluation.study.simulated import (
    KINDS,
    simulate_study,
)

PAPER = RejectionRules(golden_srocc=None, chance_level=None)


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


def test_scores_by_hand(table_of):
    """Z-scores by subject, mean over subjects, 100 (z + 3) / 6, Student's interval."""
    table = np.array([[1, 2, 3], [10, 50, 60], [4, 3, 8]], float)
    scores = opinion_scores(table_of(table))
    z = stats.zscore(table, axis=1, ddof=1)
    np.testing.assert_allclose(scores.mos, 100 * (z.mean(axis=0) + 3) / 6)
    np.testing.assert_allclose(scores.sd, z.std(axis=0, ddof=1) * 100 / 6)
    low, high = stats.t.interval(0.95, 2, scores.mos, scores.sd / np.sqrt(3))
    np.testing.assert_allclose([scores.low, scores.high], [low, high])
    assert scores.image.tolist() == ["i0", "i1", "i2"] and scores.subjects.tolist() == [3, 3, 3]
    assert scores.by_image()["i1"] == scores.mos[1]


def test_range_and_level_are_arguments(table_of):
    """-2 and 2 as the ends of the scale stretch it by 3/2; a lower level is narrower."""
    ratings = table_of([[1, 2, 3, 7], [1, 5, 6, 6]])
    one, two = opinion_scores(ratings), opinion_scores(ratings, z_range=(-2, 2), level=0.5)
    np.testing.assert_allclose(two.mos - 50, 1.5 * (one.mos - 50))
    np.testing.assert_allclose(two.sd, 1.5 * one.sd)
    assert np.all(two.high - two.low < one.high - one.low)


def test_incomplete_tables_and_single_ratings(table_of):
    """Subjects rate some images only; one rating has a score and no interval."""
    scores = opinion_scores(table_of([[1, 2, np.nan], [3, 5, 9]]))
    assert scores.subjects.tolist() == [2, 2, 1]
    assert np.isnan([scores.sd[2], scores.low[2], scores.high[2]]).all()
    assert np.isfinite(scores.mos).all()
    assert scores.rows()[2]["ci_low"] is None and scores.rows()[0]["ci_low"] == scores.low[0]


def test_a_subject_counts_once_for_an_image(table_of):
    """Two sessions of one subject are averaged before the mean over subjects."""
    table = [[1, 2, 3], [9, 5, 1], [1, 2, 4]]
    ratings = table_of(table, sessions=["1", "2", "1"])
    ratings = Ratings(
        np.where(ratings.subject == "s1", "s0", ratings.subject), ratings.session, ratings.image,
        ratings.rating, ratings.repeat,
    )  # fmt: skip
    scores = opinion_scores(ratings)
    z = stats.zscore(np.array(table, float), axis=1, ddof=1)
    np.testing.assert_allclose(
        scores.mos, 50 + 100 / 6 * (z[:2].mean(axis=0) + z[2]) / 2, atol=1e-12
    )
    assert scores.subjects.tolist() == [2, 2, 2]


def test_scale_and_shift_of_a_subject_do_not_matter(table_of):
    """Z-scores take a subject's use of the scale out."""
    table = np.random.default_rng(0).normal(size=(4, 6))
    other = table.copy()
    other[1] = 30 + 7 * other[1]
    np.testing.assert_allclose(
        opinion_scores(table_of(table)).mos, opinion_scores(table_of(other)).mos
    )


@pytest.mark.parametrize(("table", "options", "message"), [
    ([[1, 2], [5, 5]], {}, "1 sessions with equal ratings or a single one, such as '1' of 's1'"),
    ([[1, np.nan], [5, 6]], {}, "equal ratings or a single one"),
    ([[1, 2]], {"level": 1.0}, "level"),
    ([[1, 2]], {"z_range": (3, -3)}, "z_range"),
])  # fmt: skip
def test_what_cannot_be_scored(table, options, message, table_of):
    """A constant rater has no Z-scores and is not passed over in silence."""
    with pytest.raises(ValueError, match=message):
        opinion_scores(table_of(table), **options)


def test_nothing_left(table_of):
    """If everybody is rejected the error says why."""
    with pytest.raises(ValueError, match="none of them kept .equal ratings, no spread"):
        process_ratings(table_of([[5, 5, 5], [4, 4, 4]]))


def test_constant_raters_are_left_out_and_others_scored(table_of):
    """A constant rater does not change the scores of the others."""
    table = np.random.default_rng(1).normal(size=(5, 8))
    study = process_ratings(table_of([*table, [3] * 8]))
    assert study.rejected == ["s5"]
    np.testing.assert_allclose(study.scores.mos, opinion_scores(table_of(table)).mos)
    assert len(study.kept) == 40 and len(study.verdicts) == 6


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.95, 0.5])
def test_intervals_hold_the_truth_at_their_rate(level):
    """Of 3,000 planted scores the stated share lies in the interval, to 2 %."""
    inside = []
    for seed in range(3):
        study = simulate_study(images=1000, subjects=180, seed=seed, bad={"random": 0.05})
        done = process_ratings(
            study.ratings, golden=study.golden, acceptance=study.acceptance, level=level
        )
        scores = done.scores
        truth = np.array([study.mos[name] for name in scores.image.tolist()])
        inside.append((scores.low <= truth) & (truth <= scores.high))
        assert not set(scores.image.tolist()) & set(study.golden)
        assert np.corrcoef(scores.mos, truth)[0, 1] > 0.97
        assert abs(np.mean(scores.mos - truth)) < 0.3
    assert np.mean(inside) == pytest.approx(level, abs=0.02)


@pytest.mark.slow
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
