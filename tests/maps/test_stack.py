"""Map stacks: three maps on one grid, in a fixed order, with fixed normalisation."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from kiqa.maps.fish import fish_block_map
from kiqa.maps.gray import gray_map
from kiqa.maps.quality import predict_quality_map
from kiqa.maps.sliding_fish import fish_map
from kiqa.maps.stack import StackMaker, stack_maps
from kiqa.models.patchnet import build_patchnet


@pytest.fixture(scope="module")
def narrow():
    """A narrow Patchnet with random weights."""
    return build_patchnet(conv_widths=((4, 4), (4, 4), (4, 4, 4)), dense_widths=(16, 8), seed=3)


@pytest.fixture(scope="module")
def crop(photo):
    return photo[:150, :190]


def test_channels_are_fish_gray_patchnet(narrow, crop):
    """Each channel equals its own map; FISH is divided by 30."""
    stack = StackMaker(narrow).stack(crop)
    assert stack.shape == (22, 32, 3) and stack.dtype == np.float32
    np.testing.assert_allclose(stack[..., 0] * 30, fish_map(crop).values, atol=1e-3)
    np.testing.assert_array_equal(stack[..., 1], gray_map(crop).values)
    np.testing.assert_array_equal(stack[..., 2], predict_quality_map(narrow, crop, stride=4).values)


def test_nothing_is_stretched_image_by_image(narrow, crop):
    """Half of the contrast is half of the gray channel's spread."""
    full, half = (StackMaker(narrow).stack(pixels) for pixels in (crop, crop // 2))
    assert np.ptp(half[..., 1]) == pytest.approx(np.ptp(full[..., 1]) / 2, rel=0.05)
    assert half[..., 0].mean() < full[..., 0].mean()


def test_block_form_is_an_option(narrow, crop):
    """With fish="blocks" only the first channel is another."""
    exact = StackMaker(narrow, stride=8).stack(crop)
    fast = StackMaker(narrow, stride=8, fish="blocks").stack(crop)
    np.testing.assert_allclose(fast[..., 0] * 30, fish_block_map(crop, stride=8).values, atol=1e-5)
    np.testing.assert_array_equal(fast[..., 1:], exact[..., 1:])


def test_maps_share_one_grid(narrow, crop):
    """The three maps by name; their stack is the maker's."""
    maker = StackMaker(narrow, stride=8)
    maps = maker.maps(crop)
    assert list(maps) == ["fish", "gray", "patchnet"]
    np.testing.assert_array_equal(stack_maps(list(maps.values())), maker.stack(crop))


def test_indicators_made_before_give_the_same_stack(narrow, crop):
    """The network can run later than FISH and gray."""
    maker = StackMaker(narrow, stride=8)
    np.testing.assert_array_equal(
        maker.stack(crop, indicators=maker.indicator_maps(crop)), maker.stack(crop)
    )


def test_maps_of_different_grids_are_refused(narrow, crop):
    """Both grids are named."""
    maps = list(StackMaker(narrow, stride=8).maps(crop).values())
    with pytest.raises(ValueError, match=r"11x16 cells, stride 8.*22x32 cells, stride 4"):
        stack_maps([maps[0], maps[1], fish_map(crop, stride=4)])
    moved = replace(maps[2], offset=30.0)
    with pytest.raises(ValueError, match="offset 31.5.*offset 30"):
        stack_maps([maps[0], maps[1], moved])
    with pytest.raises(ValueError, match="Received: 2 maps"):
        stack_maps(maps[:2])


def test_weights_are_told_apart(narrow):
    """Models that are not from a file are known by the hash of their values."""
    twin = keras.models.clone_model(narrow)
    twin.set_weights(narrow.get_weights())
    assert StackMaker(twin).weights_sha256 == StackMaker(narrow).weights_sha256
    twin.set_weights([weight + 1 for weight in narrow.get_weights()])
    assert StackMaker(twin).weights_sha256 != StackMaker(narrow).weights_sha256


def test_unknown_form_is_refused(narrow):
    """The forms are listed."""
    with pytest.raises(ValueError, match="sliding.*Received: 'fast'"):
        StackMaker(narrow, fish="fast")
