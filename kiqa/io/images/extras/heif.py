"""HEIC and HEIF files, decoded by libheif through pillow-heif (extra ``heif``).

Used by `kiqa.io.images` only. The decoder turns and mirrors as the file's own
properties say; of EXIF the orientation has no say (ISO/IEC 23008-12). Of
several images the primary one is taken. It is decoded to 8 bits.

libheif refuses files that end too early. What its HEVC decoder fills in is
data that was never written: `missing_data` finds it.
"""

import re
from io import BytesIO

from PIL import ImageFile

from kiqa.io.images.extras.iso_media import boxes

_CODED = b"hvc1"
_LENGTH_AT = 21  # in the decoder's configuration record: bytes of a unit's length, less 1
_HOLE = re.compile(rb"\0\0\0")  # escaped inside a unit (ITU-T H.265, 7.4.2)
_MOST = 100_000  # items or extents


def opened(data: bytes) -> ImageFile.ImageFile:
    """Read the header.

    Args:
        data: The file.

    Returns:
        Pillow's image, not decoded, of format ``"HEIF"``.

    Raises:
        SyntaxError: With libheif's words.
    """
    from pillow_heif import HeifImageFile

    try:
        image = HeifImageFile(BytesIO(data), "")
    except SyntaxError as error:
        raise SyntaxError(" ".join(str(error).split())) from error
    image.info = {key: value for key, value in image.info.items() if value is not None}
    return image


def missing_data(data: bytes) -> str | None:
    """Say what is missing of the coded images.

    Args:
        data: The file.

    Returns:
        ``None`` where nothing is. Coded data consist of units with their
        lengths before them, and hold no three zeros in a row.
    """
    meta = next(((a, b) for kind, a, b in boxes(data, 0, len(data)) if kind == b"meta"), None)
    if meta is None:
        return "no description of its images"
    parts = {kind: (a + 4, b) for kind, a, b in boxes(data, meta[0] + 4, meta[1])}
    if b"iinf" not in parts or b"iloc" not in parts:
        return "no list of its images"
    record = data.find(b"hvcC", *meta)
    width = 1 + (data[record + 4 + _LENGTH_AT] & 3) if 0 <= record < meta[1] - 4 - _LENGTH_AT else 4
    coded = _coded_items(data, *parts[b"iinf"])
    for item, extents in _places(data, *parts[b"iloc"]):
        if item in coded and (reason := _fault(b"".join(data[a:b] for a, b in extents), width)):
            return reason
    return None


def _fault(units, width):
    at = 0
    while at + width <= len(units):
        length = int.from_bytes(units[at : at + width], "big")
        at += width
        if not length or at + length > len(units) or _HOLE.search(units, at, at + length):
            return f"its coded data are missing from byte {at} of {len(units)} on"
        at += length
    return None


def _coded_items(data, start, end):
    """Numbers of the items that HEVC codes."""
    version = data[start - 4]
    items = set()
    for kind, at, _ in boxes(data, start + (4 if version else 2), end):
        wide = 4 if kind == b"infe" and data[at] >= 3 else 2
        if kind == b"infe" and data[at + 6 + wide : at + 10 + wide] == _CODED:
            items.add(int.from_bytes(data[at + 4 : at + 4 + wide], "big"))
    return items


def _places(data, start, end):
    """For each item its number and its extents in the file."""
    version, at = data[start - 4], start

    def number(width):
        nonlocal at
        at += width
        return int.from_bytes(data[at - width : at], "big")

    sizes = number(2)
    of_offset, of_length, of_base, of_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    read = 0
    for _ in range(number(4 if version == 2 else 2)):
        item = number(4 if version == 2 else 2)
        in_file = version == 0 or not number(2) & 15
        at += 2
        base, extents = number(of_base), []
        for _ in range(number(2)):
            read += 1
            if at >= end or read > _MOST:
                return
            at += of_index if version else 0
            offset = base + number(of_offset)
            extents.append((offset, offset + number(of_length)))
        if in_file:
            yield item, extents
