"""The compatible form: a baseline JPEG of one table, coarser where it should be."""

import numpy as np
import pytest

from kiqa.varjpeg import (
    Settings,
    SizeSearch,
    block_tables,
    coded,
    coded_jpeg,
    compatible_levels,
    decode,
    inspect_stream,
    prepare,
    quality_tables,
    read_jpeg,
)
from kiqa.varjpeg.entropy import as_levels
from kiqa.varjpeg.transform import forward, planes_of

SIZES = ((64, 96), (61, 83), (8, 8), (3, 40))


@pytest.fixture(scope="module")
def coefficients(picture):
    """Luminance of an image, 20 by 30 blocks."""
    return forward(planes_of(picture(160, 240), "4:4:4")[0])


@pytest.fixture(scope="module")
def qualities():
    """25 to 40 from left to right; a quarter of the blocks have the finest."""
    row = np.minimum(25 + np.arange(30) * 2 // 3, 40)
    return np.tile(row, (20, 1))


@pytest.mark.parity
@pytest.mark.parametrize("decoder", ["pillow", "opencv", "tensorflow"])
@pytest.mark.parametrize("kind", ["4:4:4", "4:2:0", "gray"])
@pytest.mark.parametrize("size", SIZES)
def test_every_decoder_shows_our_picture(prepared, viewers, size, kind, decoder):
    """Pillow's is ours; OpenCV and TensorFlow, with their own libjpeg, within 2 levels."""
    gray = kind == "gray"
    made = prepared(*size, gray=gray, subsampling="4:4:4" if gray else kind)
    data = coded(made, 40).data
    shown = getattr(viewers, decoder)(data)
    assert np.abs(shown.astype(int) - decode(data)).max() <= (0 if decoder == "pillow" else 2)


def test_the_file_has_the_finest_blocks_table(prepared):
    """And says so to anybody who reads it."""
    data = coded(prepared(160, 240), 40).data
    read, info = read_jpeg(data), inspect_stream(data)
    finest = max(int(q.max()) for q in info.qualities)
    assert finest > 45
    np.testing.assert_array_equal(read.tables, quality_tables(finest))


def test_dc_is_that_of_plain_jpeg(coefficients, qualities):
    """Of the finest table, in every block."""
    levels = compatible_levels(coefficients, qualities, 0, finest=40)
    plain = as_levels(coefficients / quality_tables(40)[0])
    np.testing.assert_array_equal(levels[..., 0, 0], plain[..., 0, 0])
    assert (levels[..., 1:, 1:] != plain[..., 1:, 1:]).any()


def test_the_finest_blocks_are_those_of_plain_jpeg(coefficients, qualities):
    """Nothing is saved there."""
    levels = compatible_levels(coefficients, qualities, 0, finest=40)
    plain = as_levels(coefficients / quality_tables(40)[0])
    finest = qualities == 40
    assert 0 < finest.sum() < finest.size
    np.testing.assert_array_equal(levels[finest], plain[finest])
    np.testing.assert_array_equal(
        compatible_levels(coefficients, np.full_like(qualities, 40), 0, finest=40), plain
    )


@pytest.mark.parametrize("component", [0, 1])
def test_no_level_grows_or_turns(coefficients, qualities, component):
    """Coarser is nearer to zero, never beyond the nearest level or of another sign."""
    levels = compatible_levels(coefficients, qualities, component, finest=60).astype(int)
    nearest = as_levels(coefficients / quality_tables(60)[component]).astype(int)
    assert (np.abs(levels) <= np.abs(nearest)).all()
    assert (levels * nearest >= 0).all()


def test_the_error_is_about_that_of_the_own_tables(coefficients, qualities):
    """Coarse blocks are as far from the image as by their own tables, within a fifth."""
    levels = compatible_levels(coefficients, qualities, 0, finest=40)
    error = (levels * quality_tables(40)[0].astype(float) - coefficients) ** 2
    own = block_tables(qualities, 0).astype(float)
    expected = (np.rint(coefficients / own) * own - coefficients) ** 2
    coarse = qualities < 40
    assert error[coarse].mean() == pytest.approx(expected[coarse].mean(), rel=0.2)


@pytest.mark.slow
def test_it_costs_little_more_than_the_thesis_form(prepared, picture):
    """At equal PSNR less than 20 % more bytes (issue 4), and less than plain JPEG inside."""
    pixels = picture(240, 320)
    made = prepared(240, 320, form="compatible")
    thesis = prepare(pixels, made.trace.importance, settings=Settings(form="thesis"))
    ours, other = coded(made, 35).data, coded(thesis, 35)
    wanted = _psnr(decode(ours), pixels)
    search = SizeSearch(thesis)
    equal = next(
        found
        for target in np.linspace(len(other.data) * 0.8, len(other.data) * 1.3, 60)
        if _psnr(decode((found := search.largest_within(target)).data), pixels) >= wanted
    )
    assert len(ours) < 1.2 * len(equal.data)


def _psnr(shown, pixels):
    return 10 * np.log10(255**2 / np.mean((shown.astype(float) - pixels) ** 2))


def test_bits_go_from_the_coarse_blocks(prepared):
    """The file is smaller than plain JPEG of the finest quality, larger than of the least."""
    made = prepared(160, 240)
    data = coded(made, 40).data
    qualities = inspect_stream(data).qualities[0]
    assert len(coded_jpeg(made, 40).data) < len(data)
    assert len(data) < len(coded_jpeg(made, int(qualities.max())).data)


def test_an_image_without_texture_is_coded(prepared, viewers):
    """No AC level at all."""
    flat = np.full((32, 48, 3), 77, np.uint8)
    importance = np.arange(32.0 * 48).reshape(32, 48)
    data = coded(prepare(flat, importance, settings=Settings()), 30).data
    assert np.abs(viewers.pillow(data).astype(int) - 77).max() <= 4


@pytest.mark.parametrize("quality", [84, 90, 94])
def test_the_largest_coefficients_are_coded(quality, viewers):
    """Squares of two pixels across the blocks' edges, as in halftones: beyond a level's bits."""
    rows, columns = np.indices((64, 64))
    squares = np.where(((rows + 1) // 2 + (columns + 1) // 2) % 2, 255, 0).astype(np.uint8)
    pixels = np.repeat(squares[..., None], 3, axis=2)
    made = prepare(pixels, np.arange(64.0 * 64).reshape(64, 64), settings=Settings())
    shown = viewers.pillow(coded(made, quality).data)
    assert np.abs(shown.astype(int) - pixels).mean() < 20
