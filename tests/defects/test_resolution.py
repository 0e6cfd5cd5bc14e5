"""Pixels that carry detail."""

import cv2
import numpy as np
import pytest

from kiqa.data.distortions.viewing import enlarged
from kiqa.defects.resolution import effective_side


def _gray(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)


def test_an_enlarged_image_has_the_detail_of_the_small_one(photo):
    """Falling with the factor, and at most the short side."""
    sides = [effective_side(_gray(enlarged(photo, factor))) for factor in (1, 2, 3, 6)]
    assert sides == sorted(sides, reverse=True)
    assert sides[0] <= 300 and sides[3] < 90


def test_white_noise_uses_every_pixel():
    """The short side counts."""
    noise = np.random.default_rng(0).uniform(0, 255, (120, 400)).astype(np.float32)
    assert effective_side(noise) == pytest.approx(120, rel=0.05)


def test_a_plane_says_nothing():
    """There is no detail to judge by."""
    assert effective_side(np.full((64, 64), 90, np.float32)) is None
