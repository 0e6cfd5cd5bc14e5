"""Numbers of EXIF and XMP, in every byte order and state."""

import struct

import pytest
from PIL import Image

from kiqa.io.images.exif import directory_value, stated_orientation


def tiff(order, *entries):
    """A TIFF structure with one directory."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(entries))
    return head + b"".join(entries) + bytes(4)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("kind", "code"), [(1, "B"), (3, "H"), (4, "I")])
def test_values_of_every_type_and_order(order, kind, code):
    """BYTE, SHORT and LONG, among others."""
    other = struct.pack(f"{order}HHII", 0x010F, 2, 3, 0)
    entry = struct.pack(f"{order}HHI{code}", 0x0112, kind, 1, 6).ljust(12, b"\0")
    assert directory_value(tiff(order, other, entry), 0x0112) == 6
    assert directory_value(tiff(order, other), 0x0112) is None


def test_first_of_many_values():
    """They stand elsewhere where four bytes do not hold them."""
    data = tiff("<", struct.pack("<HHII", 0xB001, 4, 3, 60)).ljust(60, b"\0")
    assert directory_value(data + struct.pack("<III", 7, 8, 9), 0xB001) == 7
    assert directory_value(data, 0xB001) is None


def test_agrees_with_pillow():
    """On what Pillow writes."""
    for value in range(10):
        made = Image.Exif()
        made[0x010E], made[0x0112] = "a title", value
        assert stated_orientation(made.tobytes()) == (value if 1 <= value <= 8 else 1)


def test_xmp_where_exif_says_nothing():
    """Both spellings; EXIF comes first."""
    packet = b'<rdf:Description tiff:Orientation="8"/>'
    assert stated_orientation(b"", packet) == 8
    assert stated_orientation(b"", b"<tiff:Orientation>3</tiff:Orientation>") == 3
    assert stated_orientation(tiff("<", struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)), packet) == 6
    assert stated_orientation(b"", b"") == 1
