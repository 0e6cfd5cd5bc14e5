"""Pseudo-votes follow the rule that their module describes."""

import numpy as np
import pytest

from kiqa.data.konpatch.pseudo_votes import evidence, patch_detail, pseudo_votes


def _texture(count=40, seed=0):
    """Patches of one random texture with growing contrast, on mid-gray."""
    rng = np.random.default_rng(seed)
    coarse = np.repeat(np.repeat(rng.normal(size=(16, 16, 1)), 4, axis=0), 4, axis=1)
    contrast = np.linspace(2, 40, count)[:, np.newaxis, np.newaxis, np.newaxis]
    return np.clip(128 + contrast * coarse, 0, 255).astype(np.uint8).repeat(3, axis=3)


def test_detail_is_zero_on_flat_patches_and_grows_with_contrast():
    """A stronger texture has more detail."""
    assert patch_detail(np.full((2, 64, 64, 3), 77, np.uint8)).tolist() == [0.0, 0.0]
    assert np.all(np.diff(patch_detail(_texture())) > 0)


def test_detail_of_a_ramp_is_its_slope():
    """A ramp of 3 levels a pixel has squared gradient 9 and no noise."""
    rows = np.broadcast_to(
        3 * np.arange(64, dtype=np.uint8)[:, np.newaxis, np.newaxis], (64, 64, 3)
    )
    both = np.stack([rows, rows.transpose(1, 0, 2)])
    np.testing.assert_allclose(patch_detail(both), np.log(10), rtol=1e-6)


def test_noise_is_no_detail():
    """White noise on a flat patch counts less than a weak texture."""
    rng = np.random.default_rng(1)
    noise = np.repeat(rng.normal(128, 20, (1, 64, 64, 1)), 3, axis=3).astype(np.uint8)
    gradient = 4 * 20**2
    assert patch_detail(noise)[0] < np.log1p(0.15 * gradient)


def test_noise_hides_no_detail():
    """Noise that quintuples the gradient of a ramp leaves its detail where it was."""
    rng = np.random.default_rng(2)
    noisy = 30 + 3 * np.arange(64)[:, np.newaxis] + rng.normal(0, 3, (60, 64, 64))
    x = np.repeat(np.rint(noisy)[..., np.newaxis], 3, axis=3).astype(np.uint8)
    assert abs(patch_detail(x).mean() - np.log(10)) < 0.15


def test_evidence_is_the_mean_of_two_ranks():
    """Ranks by hand: detail 1/8, 3/8, 5/8, 7/8, tied scores their mean rank."""
    np.testing.assert_allclose(
        evidence(_texture(4), np.array([0.9, 0.9, 0.1, 0.1])),
        [(0.125 + 0.75) / 2, (0.375 + 0.75) / 2, (0.625 + 0.25) / 2, (0.875 + 0.25) / 2],
    )


def test_a_single_vote_is_evidence_above_one_half():
    """No randomness: the seed does not matter."""
    x, mos = _texture(), np.linspace(0, 1, 40) ** 2
    votes = pseudo_votes(x, mos, votes=1, seed=0)
    np.testing.assert_array_equal(votes, evidence(x, mos) > 0.5)
    np.testing.assert_array_equal(votes, pseudo_votes(x, mos, votes=1, seed=1))
    assert votes.sum() == 20


def test_many_votes_grow_with_evidence_and_repeat_with_their_seed():
    """Fractions follow the evidence, differ between seeds, repeat with one."""
    x, mos = _texture(), np.linspace(0, 1, 40)
    votes = pseudo_votes(x, mos, votes=200, seed=0)
    assert votes[0] < 20 and 60 < votes[20] < 140 and votes[-1] > 180
    np.testing.assert_array_equal(votes, pseudo_votes(x, mos, votes=200, seed=0))
    assert np.any(votes != pseudo_votes(x, mos, votes=200, seed=1))


def test_detail_does_not_depend_on_the_other_patches():
    """More patches than one chunk give the same values as one by one."""
    x = _texture(1030)
    np.testing.assert_array_equal(patch_detail(x)[-10:], patch_detail(x[-10:]))


@pytest.mark.parametrize(
    "x",
    [np.zeros((2, 64, 64, 3)), np.zeros((64, 64, 3), np.uint8), np.zeros((1, 2, 2, 3), np.uint8)],
    ids=["float", "no batch", "too small"],
)
def test_other_arrays_are_refused(x):
    """Type and shape are in the message."""
    with pytest.raises(ValueError, match=f"received {x.dtype} of shape"):
        patch_detail(x)


def test_scores_and_votes_must_fit():
    """A score per patch, a vote at least."""
    with pytest.raises(ValueError, match="Expected 4 scores"):
        pseudo_votes(_texture(4), np.zeros(3), votes=1, seed=0)
    with pytest.raises(ValueError, match="at least one vote"):
        pseudo_votes(_texture(4), np.zeros(4), votes=0, seed=0)
