"""Positions and patches."""

import numpy as np
import pytest

from kiqa.data.patches import (
    cut_patches,
    grid_shape,
    patch_grid,
    patch_positions,
    random_positions,
)


def _image(height=23, width=31):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    ("size", "stride", "shape"),
    [
        ((64, 64), 1, (1, 1)),
        ((67, 71), 4, (1, 2)),
        ((68, 71), 4, (2, 2)),
        ((768, 1024), 4, (177, 241)),
    ],
)
def test_number_of_cells(size, stride, shape):
    """The formula, by hand, for 64 pixel patches; the remainder is dropped."""
    assert grid_shape(*size, patch=64, stride=stride) == shape


@pytest.mark.parametrize("stride", [1, 3, 8, 40])
def test_cut_patches_equals_slicing(stride):
    """Each patch is the slice of the image at its position."""
    image = _image()
    positions = patch_positions(23, 31, patch=8, stride=stride)
    expected = [image[r : r + 8, c : c + 8] for r, c in positions]
    np.testing.assert_array_equal(cut_patches(image, positions, 8), expected)


def test_patch_grid_is_a_view_of_the_same_patches():
    """No pixel is copied, none can be written, and the patches are those cut."""
    image = _image()
    grid = patch_grid(image, patch=8, stride=3)
    cut = cut_patches(image, patch_positions(23, 31, patch=8, stride=3), 8)
    np.testing.assert_array_equal(grid.reshape(cut.shape), cut)
    assert np.shares_memory(grid, image)
    assert not grid.flags.writeable
    assert not np.shares_memory(cut, image)


def test_random_positions_are_different_and_reach_the_corners():
    """Drawing all positions gives each once; a seed gives them again."""
    drawn = random_positions(10, 9, 12, patch=7, rng=np.random.default_rng(5))
    every = {(r, c) for r in range(4) for c in range(3)}
    assert {tuple(position) for position in drawn.tolist()} == every
    again = random_positions(10, 9, 12, patch=7, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(drawn, again)


def test_random_positions_refuse_more_than_there_are():
    """The message has the number of positions."""
    with pytest.raises(ValueError, match="1 to 12 patches.*n=13"):
        random_positions(10, 9, 13, patch=7, rng=np.random.default_rng(5))


def test_an_image_smaller_than_a_patch_is_refused():
    """Both sizes are in the message."""
    with pytest.raises(ValueError, match="64x64 pixels, one patch. Received: 900x63"):
        patch_positions(63, 900, patch=64, stride=4)


@pytest.mark.parametrize(
    ("patch", "stride", "message"),
    [
        (64, 0, "stride of at least 1 pixel. Received: 0"),
        (0, 4, "patch of at least 1 pixel. Received: 0"),
        (64, -1, "stride of at least 1 pixel. Received: -1"),
        (64, 2.5, "stride of at least 1 pixel. Received: 2.5"),
        (64, True, "stride of at least 1 pixel. Received: True"),
    ],
)
def test_a_stride_or_patch_below_one_is_refused(patch, stride, message):
    """Zero would divide, a negative one would run backwards, a fraction gives no whole cells."""
    with pytest.raises(ValueError, match=message):
        grid_shape(100, 100, patch=patch, stride=stride)


@pytest.mark.parametrize("position", [(-1, 0), (0, -1), (16, 0), (0, 24)])
def test_a_patch_over_the_border_is_refused(position):
    """Neither wrapping round nor cutting short."""
    with pytest.raises(ValueError, match="1 positions outside"):
        cut_patches(_image(), np.array([(0, 0), position]), 8)


@pytest.mark.parametrize(
    ("image", "positions"),
    [(_image()[..., 0], np.zeros((1, 2), int)), (_image(), np.zeros(2, int))],
    ids=["gray image", "one position"],
)
def test_wrong_shapes_are_refused(image, positions):
    """The expected shape is in the message."""
    with pytest.raises(ValueError, match="Expected .* of shape"):
        cut_patches(image, positions, 8)
