"""Each layer of a network that is drawn at random has a seed of its own."""

import pytest

from kiqa.models.layer_seeds import layer_seeds


@pytest.mark.parametrize(("seed", "expected"), [(0, [0, 1, 2]), (7, [7000, 7001, 7002])])
def test_seeds_are_numbered_from_the_networks(seed, expected):
    """Two networks of neighbouring seeds share none; the same seed gives the same again."""
    for _ in range(2):
        draw = layer_seeds(seed)
        assert [draw() for _ in range(3)] == expected


def test_without_a_seed_no_layer_has_one():
    """Keras then draws anew at each call."""
    draw = layer_seeds(None)
    assert [draw(), draw()] == [None, None]
