"""Flat blocks that hide parts of an image."""

import numpy as np
import pytest
from scipy.ndimage import maximum_filter, minimum_filter

from kiqa.data.distortions.blocks import BLOCK, NUMBERS, local_blocks


def _flat(pixels):
    """How many windows of a block's size have one colour, each counted once."""
    size, half = (BLOCK, BLOCK, 1), BLOCK // 2
    one_colour = maximum_filter(pixels, size) == minimum_filter(pixels, size)
    whole = one_colour[half : len(pixels) - half + 1, half : pixels.shape[1] - half + 1]
    return int(whole.all(axis=-1).sum())


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 4, 8])
def test_so_many_blocks_and_nothing_else(smooth, number):
    """Whole blocks of one colour; all other pixels stay, and so does the input."""
    pixels = smooth(160, 200)
    before = pixels.copy()
    worse = local_blocks(pixels, number, np.random.default_rng(number))
    assert _flat(pixels) == 0 and _flat(worse) == number
    changed = (worse != pixels).any(axis=-1).sum()
    assert 0.97 * number * BLOCK**2 < changed <= number * BLOCK**2  # some pixels had the colour
    assert (pixels == before).all()


def test_more_blocks_are_fainter():
    """On a gray image each block differs by 96 sqrt(2 / number) gray levels."""
    gray = np.full((384, 512, 3), 128, np.uint8)
    for number in NUMBERS:
        worse = local_blocks(gray, number, np.random.default_rng(0)).astype(float) - 128
        distance = np.linalg.norm(worse, axis=-1)
        assert np.median(distance[distance > 0]) == pytest.approx(96 * np.sqrt(2 / number), abs=1)


def test_places_are_those_of_the_generator(smooth):
    """One seed, one image; another seed, another; and not on the grid of patches."""
    one, same, other = (
        local_blocks(smooth(160, 200), 4, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert (one == same).all() and (one != other).any()
    rows = np.flatnonzero((one != smooth(160, 200)).any(axis=(1, 2)))
    assert rows[0] % BLOCK != 0


@pytest.mark.parametrize("number", [0, -1, 1.5, 99])
def test_impossible_numbers_are_refused(smooth, number):
    """With what fits."""
    with pytest.raises(ValueError, match="from 1 to the .* that fit"):
        local_blocks(smooth(96, 96), number, np.random.default_rng(0))


def test_an_image_smaller_than_a_block_is_refused(smooth):
    """Nothing fits."""
    with pytest.raises(ValueError, match="20x16 pixels"):
        local_blocks(smooth(16, 20), 1, np.random.default_rng(0))
