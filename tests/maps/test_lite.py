"""Working resolution, rectangles and blocks of lite."""

import numpy as np
import pytest

from kiqa.maps.lite import GRID, WORKING_AREA, LiteRater, working_pixels, working_size
from kiqa.models.lite import LOCAL_PARTS, PARTS, build_lite, build_lite_local, split

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def network(small_lite):
    return build_lite(variant="lite0", seed=1)


@pytest.fixture(scope="module")
def rater(network):
    return LiteRater(network)


@pytest.mark.parametrize(
    "size", [(512, 512), (32, 32), (768, 1024), (9000, 12000), (32, 4000), (384, 384)]
)
def test_working_size_keeps_area_and_aspect(size):
    rows, columns = working_size(*size)
    assert abs(rows * columns - WORKING_AREA) < rows + columns
    assert abs(rows / size[0] - columns / size[1]) < 1.01 / min(size)


def test_working_pixels_are_means_where_the_image_shrinks():
    pixels = np.random.default_rng(0).integers(0, 256, (768, 768, 3), np.uint8)
    expected = pixels.reshape(384, 2, 384, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(working_pixels(pixels), expected, atol=0.51)
    np.testing.assert_array_equal(working_pixels(pixels[:384, :384]), pixels[:384, :384])


@pytest.mark.slow
def test_no_images_are_refused(rater, no_image):
    pixels, message = no_image
    with pytest.raises(ValueError, match=message):
        rater.score(pixels)


@pytest.mark.slow
def test_rectangle_of_the_whole_image_is_the_score(rater, photo):
    """At sides that the strides divide; elsewhere the last cells count in part."""
    pixels = np.ascontiguousarray(photo[:288, :288])
    whole = rater.rate(pixels, np.array([[0, 0, 288, 288]]))
    np.testing.assert_allclose(whole, rater.score(pixels), atol=1e-5)


@pytest.mark.slow
def test_rectangles_are_rated_one_by_one(rater, photo):
    rois = np.array([[0, 0, 100, 100], [200, 50, 400.5, 200], [10, 10, 12, 13]])
    together = rater.rate(photo, rois)
    assert together.shape == (3,)
    for roi, score in zip(rois, together, strict=True):
        np.testing.assert_allclose(rater.rate(photo, roi[None]), score, atol=1e-5)
    with pytest.raises(ValueError, match="image's sides"):
        rater.rate(photo, np.array([[0, 0, 500, 100]]))


@pytest.mark.slow
def test_cells_are_averages_of_the_maps(network, rater, photo):
    """Of 24 pixels, 32 of the working resolution: one value of stage 7, four of stage 5."""
    pixels = np.ascontiguousarray(photo[:288, :288])
    found = rater.cells(pixels, ("stage7", "stage5"), (12, 11), 24)
    batch = working_pixels(pixels)[None].astype(np.float32)
    maps = dict(zip(PARTS, split(network)[0].predict_on_batch(batch), strict=True))
    fine, coarse = maps["stage5"][0, :, :22], maps["stage7"][0, :, :11]
    means = fine.reshape(12, 2, 11, 2, -1).mean(axis=(1, 3))
    assert found.shape == (12, 11, coarse.shape[-1] + means.shape[-1])
    scale = np.abs(found).max()
    np.testing.assert_allclose(found, np.concatenate([coarse, means], -1), atol=1e-5 * scale)


@pytest.mark.slow
def test_map_rates_the_windows_around_its_blocks(rater, photo):
    pixels = np.ascontiguousarray(photo[:288, :288])  # working pixels are 4/3 as many
    found = rater.map(pixels)
    assert found.values.shape == GRID
    assert found.image_size == (288, 288)
    assert found.column_edges[-1] == 288
    one = rater.map(pixels, (4, 4)).values[1, 2]
    # Its centre is working pixel (144, 240), its window 96 of them, 72 pixels of the image.
    roi = np.array([[180 - 36, 108 - 36, 180 + 36, 108 + 36]])
    np.testing.assert_allclose(rater.rate(pixels, roi), one, atol=1e-5)
    corner = rater.map(pixels, (4, 4)).values[0, 0]
    np.testing.assert_allclose(rater.rate(pixels, np.array([[0, 0, 72, 72]])), corner, atol=1e-5)


@pytest.mark.slow
def test_local_network_makes_the_maps_and_not_the_scores(network, rater, photo, small_lite):
    """Of averages over 48 working pixels, of the first four maps."""
    model, local = network, build_lite_local(widths=small_lite, seed=2)
    pixels = np.ascontiguousarray(photo[:288, :288])
    both = LiteRater(model, local=local)
    assert both.score(pixels) == pytest.approx(rater.score(pixels), abs=1e-6)
    one = both.map(pixels, (4, 4)).values[1, 2]
    maps = split(model)[0](working_pixels(pixels)[None].astype(np.float32))
    count = len(LOCAL_PARTS)
    # Working pixels 120 to 168 and 216 to 264, cells of 2, 4, 8 and 16 pixels.
    parts = [
        np.asarray(values[0, 120 // s : -(-168 // s), 216 // s : -(-264 // s)])
        for values, s in zip(maps[:count], (2, 4, 8), strict=False)
    ]
    assert [part.shape[:2] for part in parts] == [(24, 24), (12, 12), (6, 6)]
    stage5 = np.asarray(maps[3][0, 7:11, 13:17])
    shares = [0.5, 1, 1, 0.5]
    weights = np.outer(shares, shares)[..., None] / 9
    averages = [part.mean(axis=(0, 1)) for part in parts] + [(stage5 * weights).sum(axis=(0, 1))]
    averages += [np.square(part).mean(axis=(0, 1)) for part in parts]
    averages += [(np.square(stage5) * weights).sum(axis=(0, 1))]
    expected = local([values[None] for values in averages])
    np.testing.assert_allclose(one, np.asarray(expected)[0, 0], atol=1e-4)
