"""What the folder says of images in general."""

import pytest

from kiqa.io.images import IMAGE_SUFFIXES


@pytest.fixture(scope="module")
def good(awkward_folder):
    """Folder of usable files."""
    return awkward_folder / "good"


def test_suffixes_are_lower_case(good):
    """The suffixes are lower case and cover the awkward files."""
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in IMAGE_SUFFIXES)
    assert {path.suffix.lower() for path in good.iterdir()} <= set(IMAGE_SUFFIXES)
