"""Simulated observers: where they notice a difference."""

import numpy as np
import pytest

from kiqa.varjpeg.jnd import jnd
from kiqa.varjpeg.jnd.observers import luminance_ssim, simulate_observers


def test_simulated_observers_notice_below_their_thresholds():
    """Half of many observers notice at 0.95; a flat ladder is noticed by nobody."""
    ssim = {"a": [1 - 0.001 * step for step in range(200)], "b": [1.0] * 5}
    votes = simulate_observers(ssim, observers=2001, seed=0)
    assert jnd(votes["a"].values(), 0.5) == pytest.approx(50, abs=3)
    assert jnd(votes["a"].values(), 0.25) == pytest.approx(50 * np.exp(-0.4 * 0.6745), abs=3)
    assert set(votes["b"].values()) == {None}


def test_simulated_observers_follow_from_seed_and_image():
    """Neither the order nor the choice of images changes a vote; another seed does."""
    curve = [1 - 0.002 * step for step in range(100)]
    together = simulate_observers({"a": curve, "b": curve}, observers=9, seed=1)
    assert simulate_observers({"b": curve}, observers=9, seed=1)["b"] == together["b"]
    assert together["a"] != together["b"]
    assert simulate_observers({"b": curve}, observers=9, seed=2)["b"] != together["b"]
    with pytest.raises(ValueError, match="at least 1"):
        simulate_observers({"a": curve}, observers=0, seed=0)


def test_ssim_is_of_the_luminance(photo):
    """Equal images give 1, stronger noise less; sizes must agree and suffice."""
    part = photo[:64, :80]
    noise = np.random.default_rng(0).normal(0, 1, part.shape)
    noisy = [(part + level * noise).clip(0, 255).astype(np.uint8) for level in (2, 10)]
    weak, strong = (luminance_ssim(part, picture) for picture in noisy)
    assert luminance_ssim(part, part) == 1
    assert 1 > weak > strong > 0
    for first, second in ((part, part[:, :-1]), (part[:10], part[:10])):
        with pytest.raises(ValueError, match="one size"):
            luminance_ssim(first, second)
