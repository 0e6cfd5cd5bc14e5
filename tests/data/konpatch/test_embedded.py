"""The set of patches inside the package."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.data.konpatch import (
    embedded_konpatch,
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": np.zeros(3, np.float32)}, r"\(120,\) beside x, received {'y': \(3,\)}"),
        ({"y": np.full(120, np.nan, np.float32)}, "y from 0 to 1"),
        ({"mos": np.full(120, 60, np.float32)}, "mos from 0 to 1"),
        ({"x": np.zeros((120, 64, 64, 3), np.float32)}, "uint8.*received float32"),
        ({"label": "mean"}, "received 'mean'"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(small, changes, message):
    """A set is checked when it is made, so files are, too."""
    with pytest.raises(ValueError, match=message):
        replace(small, **changes)


def test_the_embedded_set_is_what_it_says():
    """Size, versions, pseudo-scores and the name of its votes."""
    patches = embedded_konpatch()
    assert patches.x.shape == (1440, 64, 64, 3)
    assert len(np.unique(patches.image)) == 12
    assert len(np.unique(patches.version)) == 10
    assert set(patches.mos[patches.version == ""]) == {np.float32(0.9)}
    assert set(patches.mos[patches.version == "jpeg 5"]) == {np.float32(0.1)}
    assert patches.votes_source.startswith("pseudo-votes: ")
    assert "pseudo-MOS" in patches.votes_source
    assert 0.4 < patches.votes_yes.mean() < 0.6
    assert patches.votes_yes[patches.version == ""].mean() > 0.9
    assert patches.votes_yes[patches.version == "gaussian_blur 6"].mean() < 0.1


@pytest.mark.slow
def test_the_embedded_set_repeats_with_its_seed(small):
    """The same seed gives the same set, another one other patches."""
    again = embedded_konpatch(patches_per_version=1)
    np.testing.assert_array_equal(small.x, again.x)
    np.testing.assert_array_equal(small.y, again.y)
    assert np.any(small.x != embedded_konpatch(patches_per_version=1, seed=1).x)


def test_embedded_patches_are_where_they_say(small):
    """An undistorted patch is the image at its row and column."""
    skimage = pytest.importorskip("skimage")
    at = np.flatnonzero((small.image == "astronaut.png") & (small.version == ""))[0]
    with Image.open(Path(skimage.__file__).parent / "data" / "astronaut.png") as stored:
        pixels = np.array(stored.convert("RGB"))
    row, col = small.row[at], small.col[at]
    np.testing.assert_array_equal(small.x[at], pixels[row : row + 64, col : col + 64])
