"""Boxes of ISO media files."""

import struct

from kiqa.io.images.extras.iso_media import boxes, is_cut


def _box(kind, content, size=None):
    return struct.pack(">I4s", 8 + len(content) if size is None else size, kind) + content


def test_boxes_of_every_kind_of_size():
    """Of 32 and 64 bits, and to the end."""
    wide = struct.pack(">I4sQ", 1, b"wide", 20) + b"abcd"
    data = _box(b"ftyp", b"heic") + wide + _box(b"mdat", b"rest", 0)
    found = [(kind, data[start:end]) for kind, start, end in boxes(data, 0, len(data))]
    assert found == [(b"ftyp", b"heic"), (b"wide", b"abcd"), (b"mdat", b"rest")]
    assert not is_cut(data)


def test_damage_ends_it():
    """A box that is too small, or ends beyond the file."""
    assert list(boxes(_box(b"ftyp", b"heic", 3), 0, 12)) == []
    data = _box(b"ftyp", b"heic") + _box(b"mdat", b"", 100)
    assert is_cut(data) and len(list(boxes(data, 0, len(data)))) == 2
