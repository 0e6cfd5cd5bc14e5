"""A network tile by tile gives what it gives of the whole."""

import numpy as np
import pytest

from kiqa.maps.tiles import TiledNetwork


def _means(values):
    """Each cell of 2x2 the mean of 6x6 around it, zeros beyond the borders; two channels."""
    _, height, width, _ = values.shape
    padded = np.pad(values[0, :, :, 0], ((2, 4), (2, 4)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (6, 6))[:height:2, :width:2]
    mean = windows.mean(axis=(2, 3))
    return np.stack([mean, -mean], axis=-1)[None]


@pytest.mark.parametrize("size", [(24, 40), (23, 41), (41, 6), (4, 4)], ids=str)
@pytest.mark.parametrize("most", [60, 150, 10_000])
def test_tiles_are_the_whole(size, most):
    """Sides need be no multiples of the stride; no tile is larger than it may."""
    values = np.random.default_rng(0).random((*size, 1))
    seen = []

    def run(tile):
        assert tile.dtype == np.float32
        seen.append(tile.shape[1] * tile.shape[2])
        return _means(tile)

    network = TiledNetwork(run, stride=2, margin=2, most=most, cell_bytes=7)
    np.testing.assert_allclose(network(values), _means(values[None])[0], atol=1e-6)
    assert max(seen) <= most
    assert network.memory(*size) == 7 * max(seen)
    assert (len(seen) == 1) == (size[0] * size[1] <= most)


def test_a_margin_too_small_shows():
    """The outputs beside a cut differ, so the test above can fail."""
    values = np.random.default_rng(0).random((24, 24, 1))
    network = TiledNetwork(_means, stride=2, margin=0, most=300, cell_bytes=1)
    assert not np.allclose(network(values), _means(values[None])[0], atol=1e-3)


def test_no_tile_is_cut_below_its_margins():
    """Where nothing smaller is possible, a tile is larger than asked for."""
    network = TiledNetwork(_means, stride=2, margin=2, most=1, cell_bytes=1)
    values = np.random.default_rng(0).random((12, 12, 1))
    assert network.memory(12, 12) == 36
    np.testing.assert_allclose(network(values), _means(values[None])[0], atol=1e-6)
