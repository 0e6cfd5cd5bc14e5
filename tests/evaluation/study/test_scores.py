"""Mean opinion scores, their intervals, and agreement of subjects."""

import numpy as np
import pytest
from scipy import stats

from kiqa.evaluation.study.consistency import inter_subject_consistency, picture_patch_correlation
from kiqa.evaluation.study.ratings import Ratings
from kiqa.evaluation.study.scores import opinion_scores, process_ratings
from kiqa.evaluation.study.simulated import (
    KINDS,
    simulate_patch_quality,
    simulate_study,
)


def _table(values, sessions=None):
    """Ratings of a full table, subjects x images; NaN where nobody rated."""
    values = np.asarray(values, float)
    subject, image = np.nonzero(np.isfinite(values))
    session = np.full(len(subject), "1") if sessions is None else np.asarray(sessions)[subject]
    return Ratings(
        np.array([f"s{s}" for s in subject]), session, np.array([f"i{i}" for i in image]),
        values[subject, image], np.zeros(len(subject), bool),
    )  # fmt: skip


def test_scores_by_hand():
    """Z-scores by subject, mean over subjects, 100 (z + 3) / 6, Student's interval."""
    table = np.array([[1, 2, 3], [10, 50, 60], [4, 3, 8]], float)
    scores = opinion_scores(_table(table))
    z = stats.zscore(table, axis=1, ddof=1)
    np.testing.assert_allclose(scores.mos, 100 * (z.mean(axis=0) + 3) / 6)
    np.testing.assert_allclose(scores.sd, z.std(axis=0, ddof=1) * 100 / 6)
    low, high = stats.t.interval(0.95, 2, scores.mos, scores.sd / np.sqrt(3))
    np.testing.assert_allclose([scores.low, scores.high], [low, high])
    assert scores.image.tolist() == ["i0", "i1", "i2"] and scores.subjects.tolist() == [3, 3, 3]
    assert scores.by_image()["i1"] == scores.mos[1]


def test_range_and_level_are_arguments():
    """-2 and 2 as the ends of the scale stretch it by 3/2; a lower level is narrower."""
    ratings = _table([[1, 2, 3, 7], [1, 5, 6, 6]])
    one, two = opinion_scores(ratings), opinion_scores(ratings, z_range=(-2, 2), level=0.5)
    np.testing.assert_allclose(two.mos - 50, 1.5 * (one.mos - 50))
    np.testing.assert_allclose(two.sd, 1.5 * one.sd)
    assert np.all(two.high - two.low < one.high - one.low)


def test_incomplete_tables_and_single_ratings():
    """Subjects rate some images only; one rating has a score and no interval."""
    scores = opinion_scores(_table([[1, 2, np.nan], [3, 5, 9]]))
    assert scores.subjects.tolist() == [2, 2, 1]
    assert np.isnan([scores.sd[2], scores.low[2], scores.high[2]]).all()
    assert np.isfinite(scores.mos).all()
    assert scores.rows()[2]["ci_low"] is None and scores.rows()[0]["ci_low"] == scores.low[0]


def test_a_subject_counts_once_for_an_image():
    """Two sessions of one subject are averaged before the mean over subjects."""
    table = [[1, 2, 3], [9, 5, 1], [1, 2, 4]]
    ratings = _table(table, sessions=["1", "2", "1"])
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


def test_scale_and_shift_of_a_subject_do_not_matter():
    """Z-scores take a subject's use of the scale out."""
    table = np.random.default_rng(0).normal(size=(4, 6))
    other = table.copy()
    other[1] = 30 + 7 * other[1]
    np.testing.assert_allclose(opinion_scores(_table(table)).mos, opinion_scores(_table(other)).mos)


@pytest.mark.parametrize(("table", "options", "message"), [
    ([[1, 2], [5, 5]], {}, "1 sessions with equal ratings or a single one, such as '1' of 's1'"),
    ([[1, np.nan], [5, 6]], {}, "equal ratings or a single one"),
    ([[1, 2]], {"level": 1.0}, "level"),
    ([[1, 2]], {"z_range": (3, -3)}, "z_range"),
])  # fmt: skip
def test_what_cannot_be_scored(table, options, message):
    """A constant rater has no Z-scores and is not passed over in silence."""
    with pytest.raises(ValueError, match=message):
        opinion_scores(_table(table), **options)


def test_nothing_left():
    """If everybody is rejected the error says why."""
    with pytest.raises(ValueError, match="none of them kept .equal ratings, no spread"):
        process_ratings(_table([[5, 5, 5], [4, 4, 4]]))


def test_constant_raters_are_left_out_and_others_scored():
    """A constant rater does not change the scores of the others."""
    table = np.random.default_rng(1).normal(size=(5, 8))
    study = process_ratings(_table([*table, [3] * 8]))
    assert study.rejected == ["s5"]
    np.testing.assert_allclose(study.scores.mos, opinion_scores(_table(table)).mos)
    assert len(study.kept) == 40 and len(study.verdicts) == 6


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


def test_halves_of_perfect_subjects_agree():
    """All halves of subjects without noise correlate with 1; of an odd number one is left out."""
    quality = np.random.default_rng(2).normal(size=20)
    table = np.array([3 * gain * quality + gain for gain in range(1, 6)])
    halves = inter_subject_consistency(_table(table), seed=0)
    np.testing.assert_allclose(halves.lcc, 1)
    np.testing.assert_allclose(halves.srocc, 1)
    assert len(halves.lcc) == 25 and halves.images.tolist() == [20] * 25
    np.testing.assert_allclose(halves.first, halves.second)


@pytest.mark.parametrize(("reliability", "expected"), [(0.05, 0.48), (0.1, 0.66), (0.4, 0.92)])
def test_halves_follow_spearman_and_brown(reliability, expected):
    """With n subjects a half the correlation is n r / (1 + (n - 1) r); 0.05 is like LIVE-FB."""
    study = simulate_study(
        images=400, subjects=70, seed=1, reliability=reliability, repeats=0, golden=0, contents=200
    )
    halves = inter_subject_consistency(study.ratings, seed=2)
    predicted = 17.5 * reliability / (1 + 16.5 * reliability)
    assert predicted == pytest.approx(expected, abs=0.01)
    assert halves.lcc.mean() == pytest.approx(predicted, abs=0.06)
    again = inter_subject_consistency(study.ratings, seed=2)
    np.testing.assert_array_equal(halves.lcc, again.lcc)
    assert not np.array_equal(halves.lcc, inter_subject_consistency(study.ratings, seed=3).lcc)


@pytest.mark.parametrize(("table", "options", "message"), [
    ([[1, 2, 3, 4]], {}, "at least 2 subjects"),
    ([[1, 2, 3, 4], [1, 2, 4, 3]], {"n": 0}, "1 division"),
    ([[1, 2, np.nan], [np.nan, 2, 4]], {}, "1 of 3"),
])  # fmt: skip
def test_halves_that_cannot_be(table, options, message):
    """Too few subjects, or too few images in common."""
    with pytest.raises(ValueError, match=message):
        inter_subject_consistency(_table(table), seed=0, **options)


def test_pictures_and_their_patches():
    """The planted correlation is found for each size, over the pictures that have both."""
    quality = np.random.default_rng(4).normal(60, 8, 4000)
    pictures = {f"p{i}": value for i, value in enumerate(quality)}
    patches = {}
    for size, wanted in (("40 %", 0.43), ("20 %", 0.28)):
        values = simulate_patch_quality(quality, correlation=wanted, seed=int(size[0]))
        patches[size] = {f"p{i}": value for i, value in enumerate(values) if i % 2}
    found = picture_patch_correlation(pictures, patches)
    assert found["40 %"]["lcc"] == pytest.approx(0.43, abs=0.05)
    assert found["20 %"]["lcc"] == pytest.approx(0.28, abs=0.05)
    assert found["20 %"]["images"] == 2000
    with pytest.raises(ValueError, match="size 40 %. Received: 0"):
        picture_patch_correlation({"other": 5.0}, patches)


def test_simulated_study_is_what_it_says():
    """Ratings on 0..100, sessions of the size asked for, kinds in their shares, seeds repeat."""
    options = {"images": 150, "subjects": 40, "bad": dict.fromkeys(KINDS, 0.1), "contents": 60}
    study = simulate_study(seed=5, sessions=2, **options)
    assert len(study.ratings) == 40 * 2 * 60 and study.ratings.repeat.sum() == 40 * 2 * 5
    assert 0 <= study.ratings.rating.min() and study.ratings.rating.max() <= 100
    assert len(study.bad) == 16 and sorted(set(study.bad.values())) == sorted(KINDS)
    low = {name for name, rate in study.acceptance.items() if rate <= 75}
    assert low == {name for name, kind in study.bad.items() if kind == "unaccepted"}
    again = simulate_study(seed=5, sessions=2, **options)
    np.testing.assert_array_equal(study.ratings.rating, again.ratings.rating)
    assert study.mos == again.mos and len(study.mos) == 150


@pytest.mark.parametrize("options", [
    {"images": 10}, {"bad": {"rude": 0.1}}, {"bad": {"random": 1.0}}, {"reliability": 0},
    {"repeats": 150}, {"subjects": 0}, {"quality": np.ones(300)},
])  # fmt: skip
def test_simulations_that_cannot_be(options):
    """Numbers that do not fit each other are refused."""
    with pytest.raises(ValueError, match="Expected"):
        simulate_study(**{"images": 300, "subjects": 10, "seed": 0} | options)
