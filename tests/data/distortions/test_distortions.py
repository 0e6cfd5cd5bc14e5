"""Synthetic distortions: what each level does, and where a rectangle lies."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from kiqa.data.distortions import (
    BASIC,
    DISTORTIONS,
    LEVELS,
    available_distortions,
    distort,
    distort_region,
    gaussian_blur,
    jpeg2000,
    motion_blur,
    overexposure,
    random_rectangle,
    underexposure,
)

KINDS = available_distortions()
CONDITIONS = [(kind, level) for kind in KINDS for level in LEVELS[kind]]
DRAWING = ["gaussian_noise", "motion_blur", "colour_noise"]


@pytest.mark.parametrize("kind, level", CONDITIONS)
def test_shape_type_and_input_are_kept(kind, level, smooth):
    """Each distortion returns uint8 of the same shape and leaves its input alone."""
    pixels = smooth()
    before = pixels.copy()
    result = distort(pixels, kind, level, rng=np.random.default_rng(0))
    assert result.shape == pixels.shape and result.dtype == np.uint8
    assert not np.array_equal(result, pixels)
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize("kind", KINDS)
def test_levels_grow_worse(kind, photo):
    """The mean squared error grows from the first to the last level, well apart."""
    errors = [
        np.mean((distort(photo, kind, level, rng=np.random.default_rng(0)) - photo / 1.0) ** 2)
        for level in LEVELS[kind]
    ]
    assert 5 < errors[0] < errors[1] / 1.2 < errors[2] / 1.2**2


def test_basic_levels_are_those_of_the_published_tables():
    """Numbers in docs/ and the shipped weights' tables belong to these levels."""
    levels = {kind: LEVELS[kind] for kind in BASIC}
    assert levels == {
        "gaussian_blur": (1.5, 3, 6),
        "gaussian_noise": (10, 20, 40),
        "jpeg": (30, 15, 5),
    }


@pytest.mark.parametrize("kind, level", CONDITIONS)
def test_one_pixel_is_image_enough(kind, level):
    """Images smaller than kernels, blocks and wavelets are distorted like others."""
    for size in ((1, 1), (1, 9), (33, 5)):
        pixels = np.full((*size, 3), 90, np.uint8)
        assert distort(pixels, kind, level, rng=np.random.default_rng(0)).shape == pixels.shape


@pytest.mark.parametrize("kind", KINDS)
def test_only_noises_and_motion_draw(kind, smooth):
    """The others leave the generator as it was, so that it can be shared."""
    rng = np.random.default_rng(0)
    distort(smooth(), kind, LEVELS[kind][0], rng=rng)
    assert (rng.random() != np.random.default_rng(0).random()) == (kind in DRAWING)


@pytest.mark.parametrize("sigma", LEVELS["gaussian_blur"])
def test_blur_is_scipys_gaussian(sigma, smooth):
    """The blur equals SciPy's, channel by channel, to the rounding of one level."""
    pixels = smooth()
    expected = gaussian_filter(pixels.astype(float), (sigma, sigma, 0), mode="reflect", truncate=4)
    assert np.abs(gaussian_blur(pixels, sigma) - expected).max() < 0.51


@pytest.mark.parametrize("kind", DRAWING)
def test_draws_depend_on_the_generator_only(kind, smooth):
    """Equal seeds give equal images, other seeds other ones."""
    a, b, c = (distort(smooth(), kind, 10, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize("size", [(48, 72), (512, 512), (7, 300), (300, 7), (4, 4)])
def test_rectangle_fits_and_covers_its_share(size):
    """200 draws lie inside the image and cover 25-50 % of it."""
    rng = np.random.default_rng(0)
    for top, left, rows, columns in (random_rectangle(*size, rng=rng) for _ in range(200)):
        assert 0 <= top and top + rows <= size[0] and 0 <= left and left + columns <= size[1]
        assert 0.25 <= rows * columns / (size[0] * size[1]) <= 0.5


def test_rectangles_vary_in_place_and_shape():
    """Draws reach every border, flat and tall shapes, and both ends of the share."""
    rng = np.random.default_rng(0)
    top, left, rows, columns = np.array([random_rectangle(200, 200, rng=rng) for _ in range(500)]).T
    assert top.min() == 0 and left.min() == 0
    assert (top + rows).max() == 200 and (left + columns).max() == 200
    assert (rows / columns).min() < 0.4 and (rows / columns).max() > 2.5
    share = rows * columns / 40_000
    assert share.min() < 0.27 and share.max() > 0.48


@pytest.mark.parametrize("kind, level", CONDITIONS)
def test_region_is_pasted_from_the_whole(kind, level, smooth):
    """Inside the mask stands the distorted image, outside the original."""
    pixels = smooth()
    result, mask = distort_region(pixels, kind, level, rng=np.random.default_rng(5))
    assert mask.dtype == bool and mask.shape == pixels.shape[:2]
    np.testing.assert_array_equal(result[~mask], pixels[~mask])
    rng = np.random.default_rng(5)
    top, left, rows, columns = random_rectangle(*pixels.shape[:2], rng=rng)
    whole = distort(pixels, kind, level, rng=rng)
    np.testing.assert_array_equal(result[mask], whole[mask])
    assert mask.sum() == rows * columns and mask[top : top + rows, left : left + columns].all()


@pytest.mark.parametrize("kind", DISTORTIONS)
@pytest.mark.parametrize("level", [0, -1, float("nan"), float("inf"), "5", None])
def test_bad_level_is_refused(kind, level, smooth):
    """A level that is no positive number is refused, naming the distortion and usual levels."""
    with pytest.raises(ValueError, match=f"'{kind}', received .*usual levels"):
        distort(smooth(), kind, level, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3)), np.zeros((0, 8, 3), np.uint8), [[1, 2, 3]]],
    ids=["gray", "float", "empty", "list"],
)
@pytest.mark.parametrize("kind", DISTORTIONS)
def test_bad_pixels_are_refused(pixels, kind):
    """Anything but RGB uint8 is refused with shape and type."""
    with pytest.raises(ValueError, match=r"uint8 of shape \(H, W, 3\), received shape"):
        distort(pixels, kind, 5, rng=np.random.default_rng(0))


def test_unknown_kind_is_refused(smooth):
    """An unknown distortion is refused with the names there are."""
    with pytest.raises(ValueError, match="gaussian_blur, .*, colour_noise, received 'fog'"):
        distort(smooth(), "fog", 1, rng=np.random.default_rng(0))


@pytest.mark.parametrize("kind", DRAWING)
def test_missing_generator_is_refused(kind, smooth):
    """No draw without a generator: nothing comes from global state."""
    with pytest.raises(ValueError, match="numpy.random.Generator"):
        distort(smooth(), kind, 10, rng=None)


@pytest.mark.parametrize("area", [(0, 0.5), (0.5, 0.25), (0.5, 1.2)])
def test_bad_area_is_refused(area):
    """Shares must be ordered and within 0-1."""
    with pytest.raises(ValueError, match="smallest <= largest"):
        random_rectangle(10, 10, area=area, rng=np.random.default_rng(0))


def test_image_too_small_for_a_rectangle_is_refused():
    """No rectangle covers 25-50 % of a single pixel."""
    with pytest.raises(ValueError, match="received 1 x 1 pixels"):
        random_rectangle(1, 1, rng=np.random.default_rng(0))


def test_basic_distortions_come_first():
    """The shipped Patchnet's three, then the others; at most JPEG 2000 is missing here."""
    assert KINDS[:3] == list(BASIC)
    assert set(DISTORTIONS) - set(KINDS) <= {"jpeg2000"}
    assert list(DISTORTIONS) == list(LEVELS)


def test_a_pillow_without_jpeg2000_says_so(monkeypatch, smooth):
    """The kind is left out of those available, and its use is an error with a remedy."""
    monkeypatch.setattr("kiqa.data.distortions.camera.features.check", lambda name: False)
    assert "jpeg2000" not in available_distortions()
    with pytest.raises(ValueError, match="OpenJPEG"):
        jpeg2000(smooth(), 20)


def test_exposure_keeps_the_order_of_values():
    """More light is never less after it, black stays black, and white stays white above."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    for stops in (*LEVELS["overexposure"], *LEVELS["underexposure"]):
        more, less = overexposure(ramp, stops)[0, :, 0], underexposure(ramp, stops)[0, :, 0]
        assert (np.diff(more.astype(int)) >= 0).all() and (np.diff(less.astype(int)) >= 0).all()
        assert more[0] == less[0] == 0 and more[255] == 255
        assert (more[1:255] > ramp[0, 1:255, 0]).all() and (less[2:] < ramp[0, 2:, 0]).all()


def test_motion_blur_keeps_what_is_even():
    """The kernel sums to 1: an even image stays exactly as it is, up to its border."""
    even = np.full((40, 50, 3), (3, 90, 250), np.uint8)
    for level in (0.5, *LEVELS["motion_blur"], 100):
        np.testing.assert_array_equal(motion_blur(even, level, np.random.default_rng(0)), even)
