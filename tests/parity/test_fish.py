"""FISH against recorded outputs of the official code.

Source of the values: the Matlab code of Vu and Chandler (published with "A fast wavelet-based
algorithm for global and local image sharpness estimation", IEEE Signal Processing Letters 19(7),
2012), run in double precision on the probe image and on a step edge.
"""

import numpy as np
import pytest

from kiqa.maps.fish import fish, fish_bb, fish_blocks

pytestmark = pytest.mark.parity


def _probe(height, width):
    row, column = np.mgrid[:height, :width]
    return ((7 * row**2 + 13 * column + 3 * row * column) % 256).astype(float)


@pytest.mark.parametrize(
    ("size", "scalar", "of_blocks", "first", "last"),
    [
        ((64, 64), 26.3102510461, 27.0429065570, 25.3087714505, 26.1429400524),
        ((96, 128), 26.3174593961, 26.9655989154, 25.3087714505, 24.8840666471),
        ((768, 1024), 26.3315260010, 27.0192884118, 25.3087714505, 24.2422805492),
    ],
)
def test_official_values_of_the_probe(size, scalar, of_blocks, first, last):
    """Scalar, block scalar and two cells of the block map, to 1e-6."""
    image = _probe(*size)
    blocks = fish_blocks(image)
    assert blocks.shape == (size[0] // 8 - 1, size[1] // 8 - 1)
    assert fish(image) == pytest.approx(scalar, abs=1e-6)
    assert fish_bb(image) == pytest.approx(of_blocks, abs=1e-6)
    assert blocks[0, 0] == pytest.approx(first, abs=1e-6)
    assert blocks[-1, -1] == pytest.approx(last, abs=1e-6)


def test_official_values_of_a_step():
    """A vertical edge of 200 levels in the middle of 128x128 pixels."""
    image = np.zeros((128, 128))
    image[:, 64:] = 200
    assert fish(image) == pytest.approx(1.9493367956, abs=1e-6)
    assert fish_bb(image) == pytest.approx(2.5799901883, abs=1e-6)
