"""Decoded images: kept while they fit, named where they are too small."""

import numpy as np
import pytest
from PIL import Image

from kiqa.training.runs.images import ImageStore


@pytest.fixture
def paths(tmp_path):
    """Two images of 150 rows and 140 columns, of one colour each."""
    made = [tmp_path / f"{index}.png" for index in range(2)]
    for index, path in enumerate(made):
        Image.fromarray(np.full((150, 140, 3), index, np.uint8)).save(path)
    return made


def test_images_are_kept_while_they_fit(paths):
    """The first one is decoded once, the second one each time; the pixels are those of the file."""
    store = ImageStore(paths, smallest=140, keep_bytes=150 * 140 * 3)
    for index in range(2):
        assert (store.pixels(index) == index).all()
    assert store.pixels(0) is store.pixels(0)
    assert store.pixels(1) is not store.pixels(1)


@pytest.mark.parametrize(
    ("options", "remedy"),
    [({}, "Leave it out."), ({"remedy": "Use a smaller --side."}, "Use a smaller --side.")],
)
def test_small_images_are_named(paths, options, remedy):
    """An image that is too small is refused with its path, its size and what to do."""
    store = ImageStore(paths, smallest=145, keep_bytes=0, **options)
    with pytest.raises(ValueError, match=rf"0\.png, 140x150\. {remedy}"):
        store.pixels(0)
