"""A ladder to make a page of."""

from functools import partial

import pytest
from PIL import Image

from kiqa.varjpeg.jnd.versions import Version, reference_of, write_versions


@pytest.fixture
def ladder(tmp_path):
    """Write a ladder: for each image, of some size, a gray reference and lighter versions."""
    return partial(_ladder, tmp_path / "ladder")


def _ladder(folder, names, *, count=12, size=(64, 48)):
    versions = []
    for number, name in enumerate(names):
        reference = reference_of(folder, name)
        reference.parent.mkdir(parents=True)
        Image.new("RGB", size, (20 + number,) * 3).save(reference)
        for codec, suffix in (("varjpeg", "png"), ("jpeg", "jpg")):
            (reference.parent / codec).mkdir()
            for version in range(count):
                file = f"{name}/{codec}/{version:03}.{suffix}"
                Image.new("RGB", size, (100 + 10 * version,) * 3).save(folder / file)
                area = size[0] * size[1]
                versions.append(
                    Version(
                        name, codec, version, file, file, 99 - version, 100, 0, 800 / area, 24.0,
                        *size, "1e5", "",
                    )
                )  # fmt: skip
    write_versions(folder, versions)
    return folder
