"""The DCT both ways: formula 12 forward, libjpeg's whole numbers backward."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from kiqa.varjpeg import transform
from kiqa.varjpeg.entropy import read_jpeg
from kiqa.varjpeg.transform import (
    _BACKWARD,
    backward,
    block_counts,
    forward,
    pixels_of,
    plane_sizes,
    planes_of,
)

SIZES = [(1, 1), (3, 3), (5, 9), (17, 5), (511, 333)]
KINDS = ["4:4:4", "4:2:0", "gray"]


def formula_12(block):
    """Formula 12 of the thesis with its four loops."""
    found = np.zeros((8, 8))
    for u in range(8):
        for v in range(8):
            scale = (np.sqrt(0.5) if u == 0 else 1) * (np.sqrt(0.5) if v == 0 else 1) / 4
            total = 0.0
            for y in range(8):
                for x in range(8):
                    total += (
                        block[y, x]
                        * np.cos((2 * y + 1) * u * np.pi / 16)
                        * np.cos((2 * x + 1) * v * np.pi / 16)
                    )
            found[u, v] = scale * total
    return found


def plain(encode, pixels, kind, quality):
    """Pillow's JPEG of the pixels."""
    if kind == "gray":
        return encode(Image.fromarray(pixels).convert("L"), "JPEG", quality=quality)
    return encode(pixels, "JPEG", quality=quality, subsampling=kind)


def ours(data):
    """Pixels by our decoder's parts."""
    read = read_jpeg(data)
    sizes = plane_sizes(read.size, read.subsampling, len(read.levels))
    planes = [
        backward(levels.astype(np.int32) * read.table(component), size)
        for component, (levels, size) in enumerate(zip(read.levels, sizes, strict=True))
    ]
    return pixels_of(planes, read.size)


def test_forward_is_formula_12():
    """Noise blocks against the sum written out."""
    plane = np.random.default_rng(0).integers(-128, 128, (16, 24)).astype(np.float32)
    found = forward(plane)
    assert found.shape == (2, 3, 8, 8) and found.dtype == np.float32
    for row, column in ((0, 0), (0, 2), (1, 1)):
        block = plane[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        np.testing.assert_allclose(found[row, column], formula_12(block), atol=1e-3)


def test_forward_has_vertical_frequency_first():
    """An image of horizontal stripes has coefficients in the first column only."""
    stripes = np.tile([[100.0], [-100.0]], (4, 8)).astype(np.float32)
    found = np.abs(forward(stripes)[0, 0])
    assert found[:, 0].max() > 100 and found[:, 1:].max() < 1e-3


def test_a_flat_plane_is_all_dc():
    """DC is eight times the value, with the sizes of DC that T.81 says."""
    found = forward(np.full((8, 8), -128, np.float32))[0, 0]
    assert found[0, 0] == pytest.approx(-1024, abs=1e-3)
    assert np.abs(found.ravel()[1:]).max() < 1e-3


@pytest.mark.parametrize("size", [(1, 1), (3, 9), (8, 8), (13, 16)])
def test_edge_blocks_continue_the_last_pixels(size):
    """A plane over the edge is one whose last row and column were repeated."""
    plane = np.random.default_rng(1).normal(0, 40, size).astype(np.float32)
    wide = np.pad(plane, [(0, -side % 8) for side in size], mode="edge")
    np.testing.assert_array_equal(forward(plane), forward(wide))


def test_the_inverse_matrix_is_the_cosines():
    """Loeffler's flow graph in 13 bits is the inverse transform to 1e-4."""
    position, frequency = np.mgrid[:8, :8]
    cosines = np.cos((2 * position + 1) * frequency * np.pi / 16) / 2
    cosines[:, 0] /= np.sqrt(2)
    np.testing.assert_allclose(_BACKWARD / 2**13 / np.sqrt(8), cosines, atol=1e-4)


def test_backward_undoes_forward():
    """Unquantised, whole coefficients: at most one level off."""
    plane = np.random.default_rng(2).integers(0, 256, (21, 30))
    coefficients = np.rint(forward(plane.astype(np.float32) - 128))
    assert np.abs(backward(coefficients, (21, 30)).astype(int) - plane).max() <= 1


def test_backward_of_extremes_stays_in_range():
    """The largest coefficients a damaged file can hold give pixels, not wrapped numbers."""
    coefficients = np.full((1, 1, 8, 8), 32767 * 255, np.int32)
    found = backward(coefficients, (8, 8))
    exact = np.floor(_BACKWARD @ coefficients[0, 0] / 2**11 + 0.5) @ _BACKWARD.T
    expected = np.clip(np.floor(exact / 2**18 + 0.5) + 128, 0, 255)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_pixels_are_those_of_every_decoder(picture, encode, viewers, size, kind):
    """Plain JPEG of several qualities: bit-equal to Pillow, OpenCV and TensorFlow."""
    for quality in (3, 50, 90, 100):
        data = plain(encode, picture(*size), kind, quality)
        found = ours(data)
        np.testing.assert_array_equal(found, viewers.pillow(data))
        np.testing.assert_array_equal(found, viewers.opencv(data))
        np.testing.assert_array_equal(found, viewers.tensorflow(data))


@pytest.mark.parametrize("width", range(1, 20))
def test_upsampling_at_every_small_width(encode, viewers, width):
    """Noise in colour: every width and some heights, also where libjpeg repeats samples."""
    for height in (1, 2, 3, 7, 8, 9, 16, 18):
        pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
        data = plain(encode, pixels, "4:2:0", 75)
        np.testing.assert_array_equal(ours(data), viewers.pillow(data))


def test_planes_have_t871_values():
    """Primaries by T.871; gray pixels have no chroma."""
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [77, 77, 77]]], np.uint8)
    luminance, blue, red = planes_of(pixels, "4:4:4")
    np.testing.assert_allclose(luminance[0] + 128, [76.245, 149.685, 29.07, 77], atol=1e-3)
    np.testing.assert_allclose(blue[0], [-43.03, -84.47, 127.5, 0], atol=0.01)
    np.testing.assert_allclose(red[0], [127.5, -106.77, -20.73, 0], atol=0.01)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 5), (6, 4)])
def test_chroma_is_halved_by_means(size):
    """Each sample of 4:2:0 is the mean of its 2x2 pixels, the last row and column repeated."""
    pixels = np.random.default_rng(3).integers(0, 256, (*size, 3), np.uint8)
    full, halved = planes_of(pixels, "4:4:4"), planes_of(pixels, "4:2:0")
    np.testing.assert_array_equal(full[0], halved[0])
    for whole, half in zip(full[1:], halved[1:], strict=True):
        even = np.pad(whole, [(0, side % 2) for side in size], mode="edge")
        expected = even.reshape(half.shape[0], 2, half.shape[1], 2).mean(axis=(1, 3))
        np.testing.assert_allclose(half, expected, atol=1e-4)


def test_sizes_and_blocks_of_the_planes():
    """Chroma of 4:2:0 has half the size, rounded up; blocks cover the plane."""
    assert plane_sizes((17, 5), "4:2:0", 3) == [(17, 5), (9, 3), (9, 3)]
    assert block_counts((17, 5), "4:2:0", 3) == [(3, 1), (2, 1), (2, 1)]
    assert plane_sizes((17, 5), "4:4:4", 3) == [(17, 5)] * 3
    assert block_counts((17, 5), "4:2:0", 1) == [(3, 1)]


@pytest.mark.parametrize("kind", ["4:4:4", "4:2:0"])
def test_strips_join_without_a_seam(picture, monkeypatch, kind):
    """Large images are made in parts; the pixels are those made at once."""
    size = (61, 83)
    planes = transform.planes_of(picture(*size), kind)
    levels = [np.rint(transform.forward(plane)).astype(np.int32) for plane in planes]

    def made():
        back = [
            transform.backward(level, plane.shape)
            for level, plane in zip(levels, planes, strict=True)
        ]
        return transform.pixels_of(back, size)

    at_once = made()
    for strip in (1, 700, 2000):
        monkeypatch.setattr(transform, "_STRIP", strip)
        np.testing.assert_array_equal(made(), at_once)


def test_decoding_takes_little_more_memory_than_the_pixels(picture):
    """Of a plane, twice its samples and a strip of a few MiB, not eight bytes a sample."""
    levels = np.zeros((256, 256, 8, 8), np.int16)
    tracemalloc.start()
    try:
        plane = transform.backward(levels, (2048, 2048))
        transform.pixels_of([plane, plane, plane], (2048, 2048))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 * 2**20
