"""Consistency between subjects, and between images and their patches."""

import numpy as np
import pytest

from kiqa.evaluation.study.consistency import inter_subject_consistency, picture_patch_correlation
from kiqa.evaluation.study.simulated import (
    simulate_patch_quality,
    simulate_study,
)


def test_halves_of_perfect_subjects_agree(table_of):
    """All halves of subjects without noise correlate with 1; of an odd number one is left out."""
    quality = np.random.default_rng(2).normal(size=20)
    table = np.array([3 * gain * quality + gain for gain in range(1, 6)])
    halves = inter_subject_consistency(table_of(table), seed=0)
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
def test_halves_that_cannot_be(table, options, message, table_of):
    """Too few subjects, or too few images in common."""
    with pytest.raises(ValueError, match=message):
        inter_subject_consistency(table_of(table), seed=0, **options)


def test_pictures_and_their_patches():
    """The planted correlation is found for each size, over the images that have both."""
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
