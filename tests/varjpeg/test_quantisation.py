"""Quantisation tables: those of T.81, scaled as every encoder scales them."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from kiqa.varjpeg.quantisation import (
    CHROMINANCE,
    LUMINANCE,
    TABLES,
    block_tables,
    quality_tables,
    round_half_up,
)


def test_corners_of_the_standard_tables():
    """First row, last row and some in between, read off T.81, Tables K.1 and K.2."""
    assert LUMINANCE[0].tolist() == [16, 11, 10, 16, 24, 40, 51, 61]
    assert LUMINANCE[7].tolist() == [72, 92, 95, 98, 112, 100, 103, 99]
    assert (LUMINANCE[4, 4], LUMINANCE[3, 6], LUMINANCE[6, 5]) == (68, 80, 121)
    assert CHROMINANCE[0].tolist() == [17, 18, 24, 47, 99, 99, 99, 99]
    assert (CHROMINANCE[2, 2], CHROMINANCE[3, 1], CHROMINANCE[7, 7]) == (56, 66, 99)
    np.testing.assert_array_equal(CHROMINANCE, CHROMINANCE.T)


def test_every_quality_has_pillows_tables():
    """What Pillow writes for quality 1 to 100, value by value and in the same order."""
    image = Image.new("RGB", (8, 8))
    for quality in range(1, 101):
        stream = BytesIO()
        image.save(stream, "JPEG", quality=quality)
        written = Image.open(stream).quantization
        expected = np.array([written[0], written[1]]).reshape(2, 8, 8)
        np.testing.assert_array_equal(quality_tables(quality), expected)
        np.testing.assert_array_equal(TABLES[quality], expected)


def test_quality_50_is_the_standard_and_100_is_one():
    """The two ends of the scale that T.81 and libjpeg name."""
    np.testing.assert_array_equal(quality_tables(50), [LUMINANCE, CHROMINANCE])
    assert np.all(quality_tables(100) == 1)
    assert quality_tables(50).dtype == np.uint8 and quality_tables(1).max() == 255


def test_steps_never_grow_with_quality():
    """A higher quality is nowhere coarser."""
    assert np.all(np.diff(TABLES[1:].astype(int), axis=0) <= 0)


@pytest.mark.parametrize("quality", [0, 101, -3, 50.5, True, float("nan"), float("inf")])
def test_other_qualities_are_refused(quality):
    """Whole numbers from 1 to 100 only; NumPy's and 50.0 are whole."""
    with pytest.raises(ValueError, match="whole number from 1 to 100, received"):
        quality_tables(quality)
    np.testing.assert_array_equal(quality_tables(50.0), quality_tables(np.int64(50)))


def test_tables_cannot_be_changed_by_accident():
    """They are shared by all images."""
    with pytest.raises(ValueError):
        TABLES[50] = 1


def test_each_block_has_the_table_of_its_quality():
    """Luminance has the first table, both chroma components the second."""
    qualities = np.array([[1, 99], [50, 20]])
    for component, table in enumerate((0, 1, 1)):
        found = block_tables(qualities, component)
        assert found.shape == (2, 2, 8, 8)
        for row in range(2):
            for column in range(2):
                expected = quality_tables(int(qualities[row, column]))[table]
                np.testing.assert_array_equal(found[row, column], expected)


def test_halves_go_up_and_the_ends_are_clipped():
    """The next whole number within 1..99; -0.5 and below end at 1."""
    values = np.array([0.5, 1.5, 2.5, 2.4999, 49.5, -14.0, -0.5, 98.5, 99.0, 114.0])
    found = round_half_up(values)
    assert found.tolist() == [1, 2, 3, 2, 50, 1, 1, 99, 99, 99]
    assert found.dtype == np.int64
