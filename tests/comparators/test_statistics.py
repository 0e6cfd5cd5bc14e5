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
    found = statistics_of(records[:1], measure, file=file)
    found = statistics_of(records, measure, file=file)
    np.testing.assert_array_equal(found, [[10, 1.5], [200, 1.5], [10, 1.5]])
    assert measured == [10, 200]


def test_an_image_that_cannot_be_measured_is_named(tmp_path, records):
    """What was measured before it stays."""

    def measure(pixels):
        if pixels[0, 0, 0] > 100:
            raise ValueError("too bright")
        return pixels.mean(axis=(0, 1))

    with pytest.raises(ValueError, match="1.png: too bright"):
        statistics_of(records, measure, file=tmp_path / "s.jsonl")
    assert len((tmp_path / "s.jsonl").read_text().splitlines()) == 1
