"""A folder with two images."""

import pytest
from PIL import Image


@pytest.fixture(scope="module")
def images(tmp_path_factory, photo):
    """A folder with two images of 160x192 pixels, and another file."""
    folder = tmp_path_factory.mktemp("photographs")
    for name, top in (("a.png", 40), ("b.png", 200)):
        Image.fromarray(photo[top : top + 160, 120:312]).save(folder / name)
    (folder / "notes.txt").write_text("no image")
    return folder
