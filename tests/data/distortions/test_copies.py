"""Degraded copies and the scores they should get."""

import numpy as np
import pytest

from kiqa.data.distortions.copies import KINDS, awful, degraded, kept


@pytest.mark.parametrize("kind", KINDS)
def test_worse_positions_change_more(kind, photo):
    changes = [
        np.abs(degraded(photo, kind, at, rng=np.random.default_rng(0)) - photo.astype(float)).mean()
        for at in (0.0, 0.5, 1.0)
    ]
    assert 0 < changes[0] < changes[1] < changes[2]


def test_worse_copies_should_get_less():
    scores = [kept(0.8, at) for at in (0.0, 0.3, 1.0)]
    assert 0.8 > scores[0] > scores[1] > scores[2] > 0


def test_awful_images_show_nothing():
    images = [awful(64, rng=np.random.default_rng(seed)) for seed in range(30)]
    assert {image.shape for image in images} == {(64, 64, 3)}
    assert {image.dtype for image in images} == {np.dtype(np.uint8)}
    assert any(not image.any() for image in images)
    assert any(image.std() > 50 for image in images)
