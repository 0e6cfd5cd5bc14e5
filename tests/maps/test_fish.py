"""FISH, and the sliding map against FISH of each window; official values: `tests/parity`."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from kiqa.maps import sliding_fish
from kiqa.maps.fish import (
    analyse,
    fish,
    fish_bb,
    fish_block_map,
    fish_blocks,
    gray_of,
    luminance_of,
)
from kiqa.maps.sliding_fish import fish_map, fish_values

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "fish.py"
WINDOW_FISH = runpy.run_path(str(BENCHMARK))["window_fish"]


def _probe(height, width):
    row, column = np.mgrid[:height, :width]
    return ((7 * row**2 + 13 * column + 3 * row * column) % 256).astype(float)


def test_gray_is_matlabs():
    """Rounded half up, on uint8: pure red, green, blue and a mixture by hand."""
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 20, 30]]], np.uint8)
    # 255 x 0.2989 = 76.2, 255 x 0.5870 = 149.7, 255 x 0.1140 = 29.1, 2.99 + 11.74 + 3.42 = 18.15
    assert gray_of(pixels).tolist() == [[76, 150, 29, 18]]


def test_luminance_is_that_of_the_whole_image(photo):
    """Strips of rows, which save memory, change no bit."""
    weights = np.array([0.298936021293775, 0.587043074451121, 0.114020904255103])
    np.testing.assert_array_equal(luminance_of(photo), photo @ weights)


def test_odd_sides_are_cropped_to_multiples_of_eight(photo):
    """Pixels beyond the last whole 8 do not count."""
    gray = gray_of(photo)[:101, :75]
    assert fish(gray) == fish(gray[:96, :72])
    np.testing.assert_array_equal(fish_blocks(gray), fish_blocks(gray[:96, :72]))


def test_constant_images_have_no_sharpness():
    """All three forms are zero but for rounding errors of 1e-6."""
    image = np.full((80, 90), 117.0)
    assert fish(image) == pytest.approx(0, abs=1e-9)
    assert fish_bb(image) == pytest.approx(0, abs=1e-9)
    for dtype, most in ((np.float64, 1e-6), (np.float32, 1e-3)):
        assert np.abs(fish_map(image, dtype=dtype).values).max() < most


@pytest.mark.parametrize("stride", [3, 4, 6, 7, 8, 20, 100])
def test_sliding_map_equals_fish_of_each_window(photo, stride):
    """Every window position, by PyWavelets' transform of that window alone."""
    gray = gray_of(photo)[30:30 + 110, 40:40 + 131]  # fmt: skip
    values = fish_values(gray, stride=stride, window=64, dtype=np.float64)
    expected = [
        [WINDOW_FISH(gray[y : y + 64, x : x + 64]) for x in range(0, 131 - 63, stride)]
        for y in range(0, 110 - 63, stride)
    ]
    np.testing.assert_allclose(values, expected, atol=1e-6)


@pytest.mark.parametrize("stride", [1, 2, 4, 5])
def test_single_precision_is_near(photo, stride):
    """float32 differs by less than 1e-3 from float64."""
    gray = gray_of(photo)[:120, :140]
    exact = fish_values(gray, stride=stride, window=64, dtype=np.float64)
    fast = fish_values(gray, stride=stride, window=64, dtype=np.float32)
    np.testing.assert_allclose(fast, exact, atol=1e-3)


@pytest.mark.parametrize("window", [16, 32, 40])
def test_other_windows(photo, window):
    """The window's side is an argument; multiples of 8."""
    gray = gray_of(photo)[:60, :70]
    values = fish_values(gray, stride=5, window=window, dtype=np.float64)
    expected = [
        [fish(gray[y : y + window, x : x + window]) for x in range(0, 71 - window, 5)]
        for y in range(0, 61 - window, 5)
    ]
    np.testing.assert_allclose(values, expected, atol=1e-6)


@pytest.mark.parametrize(("stride", "memory"), [(4, 2**20), (3, 2**19), (16, 1)])
def test_tiles_do_not_show(photo, monkeypatch, stride, memory):
    """With little memory the map is computed in tiles of both directions; its values stay."""
    gray = gray_of(photo)[:160, :181]
    whole = fish_values(gray, stride=stride, window=64, dtype=np.float64)
    monkeypatch.setattr(sliding_fish, "_MEMORY", memory)
    shapes = []
    original = sliding_fish._tile_values

    def counted(part, shape, *others):
        shapes.append(shape)
        return original(part, shape, *others)

    monkeypatch.setattr(sliding_fish, "_tile_values", counted)
    tiled = fish_values(gray, stride=stride, window=64, dtype=np.float64)
    np.testing.assert_allclose(tiled, whole, atol=1e-9)
    assert max(rows for rows, _ in shapes) < whole.shape[0]
    assert max(columns for _, columns in shapes) < whole.shape[1]
    assert sum(rows * columns for rows, columns in shapes) == whole.size


def test_map_knows_its_place(photo):
    """Grid of all window positions, offset of the window's centre, direction."""
    found = fish_map(photo, stride=16)
    assert found.values.shape == ((300 - 64) // 16 + 1, (451 - 64) // 16 + 1)
    assert found.values.dtype == np.float32
    assert (found.stride, found.offset, found.image_size) == (16, 31.5, photo.shape[:2])
    assert found.higher_is_better and found.scale == ">=0"


def test_block_map_is_near_the_exact_one(photo):
    """On the same grid, strongly correlated, with values of the same size."""
    exact, fast = fish_map(photo, stride=8), fish_block_map(photo, stride=8)
    assert fast.values.shape == exact.values.shape
    assert np.corrcoef(exact.values.ravel(), fast.values.ravel())[0, 1] > 0.9
    assert abs(fast.values.mean() - exact.values.mean()) < 0.25 * exact.values.mean()


@pytest.mark.parametrize("window", [24, 48, 56, 64])
def test_block_map_is_the_mean_of_the_blocks_in_a_window(photo, window):
    """Of blocks that lie in it as a whole, but at the borders of the image."""
    gray = gray_of(photo)[:240, :320]
    found = fish_block_map(gray, stride=8, window=window).values
    blocks, across = fish_blocks(gray), window // 8 - 1
    means = np.lib.stride_tricks.sliding_window_view(blocks, (across, across)).mean(axis=(2, 3))
    rows, columns = (n - 2 for n in found.shape)
    np.testing.assert_allclose(
        found[1 : 1 + rows, 1 : 1 + columns], means[1 : 1 + rows, 1 : 1 + columns], rtol=1e-4
    )


def test_block_map_lies_where_the_blocks_lie():
    """A sharp square shows at the same cells as in the exact map."""
    image = np.zeros((256, 320))
    image[96:160, 200:264] = _probe(64, 64)
    exact, fast = fish_map(image, stride=8).values, fish_block_map(image, stride=8).values
    for values in (exact, fast):
        rows, columns = np.indices(values.shape)
        middle = [np.average(axis, weights=values) for axis in (rows, columns)]
        assert middle == pytest.approx([12, 25], abs=0.5)


def test_block_map_has_more_cells_than_opencv_interpolates_at_once():
    """39,937 cells a side; those of the first pixels are as of these alone."""
    image = np.tile(_probe(500, 64), (80, 1)).astype(np.uint8)
    for long, part in ((image, image[:4000]), (image.T, image.T[:, :4000])):
        found = fish_block_map(long, stride=1).values
        assert found.shape in ((39937, 1), (1, 39937)) and np.isfinite(found).all()
        expected = fish_block_map(part, stride=1).values.ravel()[:3800]
        np.testing.assert_allclose(found.ravel()[:3800], expected, rtol=1e-6)


@pytest.mark.parametrize(("stride", "window"), [(1, 16), (3, 24), (20, 64)])
def test_block_map_does_not_depend_on_the_tiles(photo, monkeypatch, stride, window):
    """In which it is interpolated, of a few cells or of one."""
    whole = fish_block_map(photo, stride=stride, window=window).values
    for tile in (1, 7):
        monkeypatch.setattr("kiqa.maps.fish._TILE", tile)
        found = fish_block_map(photo, stride=stride, window=window).values
        np.testing.assert_array_equal(found, whole)


def test_a_level_halves_and_keeps_the_mean(photo):
    """The low band of a constant is larger by the square root of two, the high band zero."""
    low, high = analyse(np.full((16, 6), 3.0), 0)
    assert low.shape == high.shape == (8, 6)
    np.testing.assert_allclose(low, 3 * np.sqrt(2))
    np.testing.assert_allclose(high, 0, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fish(np.zeros((7, 40))), "at least 8x8 pixels. Received: 40x7"),
        (lambda: fish_blocks(np.zeros((40, 15))), "at least 16x16 pixels. Received: 15x40"),
        (lambda: fish_map(np.zeros((63, 90))), "one patch. Received: 90x63"),
        (lambda: fish_map(np.zeros((90, 90)), stride=0), "stride of at least 1"),
        (lambda: fish_map(np.zeros((90, 90)), window=60), "multiple of 8"),
        (lambda: fish_map(np.zeros((90, 90)), dtype=np.float16), "float64 or float32"),
        (lambda: fish(np.zeros((90, 90, 4), np.uint8)), "shape="),
        (lambda: fish(np.zeros((90, 90, 3))), "dtype=float64"),
        (lambda: fish(np.full((90, 90), np.nan)), "8100 that are not"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(call, message):
    """The message names what was expected and what was received."""
    with pytest.raises(ValueError, match=message):
        call()
