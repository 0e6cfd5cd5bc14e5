"""Statistics that are kept: none is computed twice."""

import numpy as np
import pytest
from PIL import Image

from kiqa.comparators.statistics import statistics_of
from kiqa.data.records import ScoredImage


@pytest.fixture
def records(tmp_path):
    """Three images, two of one content."""
    values = (10, 200, 10)
    for number, value in enumerate(values):
        pixels = np.full((8, 8, 3), value, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    return [
        ScoredImage(f"{n}.png", tmp_path / f"{n}.png", 0.5, None, f"{n}.png", "biq2021", (0.0, 1.0))
        for n in range(3)
    ]


def test_each_content_is_measured_once(tmp_path, records):
    """In one run and over two."""
    measured = []

    def measure(pixels):
        measured.append(pixels[0, 0, 0])
        return np.array([pixels.mean(), 1.5])

    file = tmp_path / "work" / "s.jsonl"
    statistics_of(records[:1], measure, file=file, report=print)
    kept, found = statistics_of(records, measure, file=file, report=print)
    assert kept == records
    np.testing.assert_array_equal(found, [[10, 1.5], [200, 1.5], [10, 1.5]])
    assert measured == [10, 200]


def test_an_image_that_cannot_be_measured_is_left_out(tmp_path, records):
    """With a sentence that names it; if none is left that is an error."""
    told = []

    def measure(pixels):
        if pixels[0, 0, 0] > 100:
            raise ValueError("too bright")
        return pixels.mean(axis=(0, 1))

    file = tmp_path / "s.jsonl"
    kept, found = statistics_of(records, measure, file=file, report=told.append)
    assert kept == [records[0], records[2]] and found.shape == (2, 3)
    assert told == ["1.png is left out: too bright"]
    with pytest.raises(ValueError, match="1, of which none can"):
        statistics_of(records[1:2], measure, file=file, report=told.append)
