"""The little that kiqa reads of EXIF and XMP: numbers of the first directory.

Used through `kiqa.io.images`. Damaged data says nothing against the pixels:
what cannot be read is absent, without an error or a warning.
"""

import re
import struct

EXIF_HEAD = b"Exif\0\0"
ORIENTATION = 0x0112
EXIF_DIRECTORY = 0x8769
TIME, FRACTION = 0x9003, 0x9291  # DateTimeOriginal, SubSecTimeOriginal
_FORMATS = {1: "B", 3: "H", 4: "I", 13: "I"}  # BYTE, SHORT, LONG, IFD
_XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')


def directory_value(tiff: bytes, tag: int) -> int | None:
    """Return a number of the first directory of a TIFF structure.

    Args:
        tiff: From the byte order mark on.
        tag: Number of the tag.

    Returns:
        The value, the first where there are several; ``None`` where the tag
        is absent or cannot be read.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(count):
            at = start + 2 + 12 * number
            found, kind, values = struct.unpack_from(f"{order}HHI", tiff, at)
            if found == tag and kind in _FORMATS and values:
                size = values * struct.calcsize(_FORMATS[kind])
                place = at + 8
                if size > 4:
                    (place,) = struct.unpack_from(f"{order}I", tiff, place)
                return struct.unpack_from(f"{order}{_FORMATS[kind]}", tiff, place)[0]
    except struct.error:
        return None
    return None


def stated_orientation(exif: bytes, xmp: bytes = b"") -> int:
    """Return the orientation that metadata state, 1..8.

    Args:
        exif: TIFF structure, with or without the head that JPEG puts before.
        xmp: XMP packet, asked where EXIF says nothing.

    Returns:
        1 where there is none, or none that can be read.
    """
    value = directory_value(exif.removeprefix(EXIF_HEAD), ORIENTATION)
    if value is None:
        found = _XMP_ORIENTATION.search(xmp)
        value = int(found[1]) if found else 1
    return value if value in range(1, 9) else 1
