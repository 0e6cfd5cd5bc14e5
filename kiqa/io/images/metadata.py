"""Metadata that a re-encoded image keeps: colour profile and EXIF.

Public names: :class:`Metadata`, :func:`read_metadata`, :func:`exif_orientation`.
"""

from typing import NamedTuple

from kiqa.io.images.exif import EXIF_HEAD, stated_orientation
from kiqa.io.images.headers import MAX_PIXELS, decoding_errors, open_header


class Metadata(NamedTuple):
    """Bytes to copy; empty where there is none.

    Attributes:
        icc: ICC profile.
        exif: TIFF structure of EXIF, without the head that JPEG puts before.
    """

    icc: bytes = b""
    exif: bytes = b""


def read_metadata(data: bytes, name: str = "image bytes") -> Metadata:
    """Read colour profile and EXIF of an encoded image.

    Args:
        data: Bytes of a JPEG, PNG, WebP, AVIF or TIFF file.
        name: What to call it in errors.

    Returns:
        What is there. A profile of another colour space than the gray or RGB
        that `kiqa.io.images.load_image` gives, such as CMYK, is left out.

    Raises:
        ImageError: If the file is no image.
    """
    with decoding_errors(name):
        image = open_header(data, name, MAX_PIXELS)
        icc = image.info.get("icc_profile") or b""
        exif = image.info.get("exif") or b""
    if icc[16:20] not in (b"RGB ", b"GRAY"):
        icc = b""
    return Metadata(icc, exif.removeprefix(EXIF_HEAD))


def exif_orientation(exif: bytes) -> int:
    """Return the orientation that EXIF data state, 1..8; 1 where they state none."""
    return stated_orientation(exif)
