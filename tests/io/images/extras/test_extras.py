"""Optional decoders, and what is said where they are missing."""

import sys

import pytest

from kiqa.io.images import ImageError, load_image
from kiqa.io.images.extras import HEIF, RAW, extra_for

from ....robustness.files import camera_raw, iso_media


def test_formats():
    """By the names of `kiqa.io.images.foreign`."""
    assert extra_for("HEIC") is HEIF
    assert extra_for("camera raw (CR3)") is RAW
    assert extra_for("JPEG XL") is None


@pytest.mark.parametrize(
    ("extra", "data"),
    [
        (HEIF, iso_media(b"heic")),
        (RAW, iso_media(b"crx ")),
        (RAW, camera_raw(big_endian=False)),
        (RAW, camera_raw(big_endian=True, dng=True, main=True)),
    ],
    ids=["HEIC", "CR3", "NEF", "DNG"],
)
def test_a_missing_package_is_named_with_the_remedy(extra, data, monkeypatch, tmp_path):
    """Of bytes and of files, whose first bytes tell."""
    monkeypatch.setitem(sys.modules, extra.module, None)
    assert not extra.installed()
    path = tmp_path / "it"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(ImageError, match=rf'received {extra.formats}.*"kiqa\[{extra.name}\]"'):
            load_image(source)
