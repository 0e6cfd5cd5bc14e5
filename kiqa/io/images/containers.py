"""What a file says beside its pixels, taken apart from what its decoder needs.

Used by `kiqa.io.images` only. Metadata never judges pixels: of PNG and JPEG
files the decoder is given the parts that make the pixels and nothing else, so
that no text, no EXIF data and no colour profile can stop it, whatever their
size and state. They are read here, within bounds, and where they cannot be
read they are as good as absent.

PNG: chunks of the specification's 3rd edition. JPEG: marker segments of
ITU-T T.81, EXIF and ICC profiles in APP1 and APP2.
"""

import re
import zlib
from dataclasses import dataclass, field

from kiqa.io.images.exif import EXIF_HEAD, directory_value

LARGEST_PROFILE = 16 << 20  # bytes; printing profiles have two or three MB
_LARGEST_TEXT = 1 << 20  # of the texts that can hold an orientation
_MOST_PARTS = 1_000_000

_PNG_KEPT = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS")
_XMP_KEY, _RAW_EXIF_KEY = b"XML:com.adobe.xmp", b"Raw profile type exif"
_ICC_HEAD, _XMP_HEAD, _MPF_HEAD = b"ICC_PROFILE\0", b"http://ns.adobe.com/xap/1.0/\0", b"MPF\0"
_NUMBER_OF_IMAGES = 0xB001  # in the directory of a multi-picture file

_SOS, _EOI, _COM, _APP0, _APP14 = 0xDA, 0xD9, 0xFE, 0xE0, 0xEE
_ALONE = (0x01, *range(0xD0, 0xD8))
_NEXT_MARKER = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")


class ContainerError(ValueError):
    """A file of more parts than any image has."""


@dataclass
class Parts:
    """A file taken apart.

    Attributes:
        pixels: The file without its metadata.
        exif: TIFF structure of EXIF; empty where there is none.
        xmp: XMP packet.
        icc: ICC profile.
        more_frames: Whether there are further images behind the first.
        coded: PNG: the compressed pixels' chunks. Empty for others.
        scans: JPEG: the number of scans. 0 for others.
        raw: What the file is of the camera raw file that it was made of
            (`kiqa.io.images.extras.raw`); empty where it is the file itself.
    """

    pixels: bytes
    exif: bytes = b""
    xmp: bytes = b""
    icc: bytes = b""
    more_frames: bool = False
    coded: list[memoryview] = field(default_factory=list)
    scans: int = 0
    raw: str = ""


def taken_apart(data: bytes) -> Parts:
    """Take a PNG or JPEG file apart; any other is its own pixels.

    Args:
        data: The file. Damage is passed on for the decoder to judge.

    Raises:
        ContainerError: If it has more than a million parts.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(data)
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    return Parts(data)


def _png(data):
    view, kept, parts = memoryview(data), [data[:8]], Parts(b"")
    at, count, frames, default_image = 8, 0, 0, True
    while at + 12 <= len(data):
        count += 1
        _check_count(count)
        length, kind = int.from_bytes(view[at : at + 4], "big"), bytes(view[at + 4 : at + 8])
        content = view[at + 8 : at + 8 + length]
        end = at + 12 + length
        if end > len(data) or kind in _PNG_KEPT or not kind[0] & 0x20:
            kept.append(view[at:end])  # a cut chunk too: the decoder shall see that it is cut
        if kind == b"IDAT":
            parts.coded.append(content)
        elif kind == b"acTL":
            frames = int.from_bytes(content[:4], "big")
        elif kind == b"fcTL" and not parts.coded:
            default_image = False
        elif end <= len(data):
            _read_png_metadata(kind, content, parts)
        at = end
        if kind == b"IEND":
            break
    else:
        kept.append(view[at:])
    parts.more_frames = frames + default_image > 1 if frames else False
    parts.pixels = b"".join(kept)
    return parts


def _read_png_metadata(kind, content, parts):
    if kind == b"eXIf":
        parts.exif = bytes(content).removeprefix(EXIF_HEAD)
    elif kind == b"iCCP" and not parts.icc:
        _, _, profile = bytes(content).partition(b"\0")
        parts.icc = _inflated(profile[1:], LARGEST_PROFILE) or b"damaged"
    elif kind in (b"tEXt", b"zTXt", b"iTXt"):
        key, _, text = bytes(content[: _LARGEST_TEXT + 1]).partition(b"\0")
        if len(content) > _LARGEST_TEXT or key not in (_XMP_KEY, _RAW_EXIF_KEY):
            return
        packed = kind == b"zTXt"
        if kind == b"iTXt":
            packed = text[:1] == b"\1"
            text = text[2:].partition(b"\0")[2].partition(b"\0")[2]
        elif packed:
            text = text[1:]
        text = _inflated(text, _LARGEST_TEXT) if packed else text
        if key == _XMP_KEY:
            parts.xmp = text
        elif not parts.exif:
            parts.exif = _from_hex(text).removeprefix(EXIF_HEAD)


def _from_hex(text):
    """EXIF as ImageMagick writes it: two lines of head, then hexadecimal."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""


def _inflated(packed, limit):
    try:
        stream = zlib.decompressobj()
        text = stream.decompress(packed, limit)
    except zlib.error:
        return b""
    return b"" if stream.unconsumed_tail else text


def _jpeg(data):
    view, kept, parts = memoryview(data), [data[:2]], Parts(b"")
    profile, at, count = {}, 2, 0
    while at + 4 <= len(data) and data[at] == 0xFF:
        count += 1
        _check_count(count)
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in (_SOS, _EOI):
            break
        end = at + 2
        if marker not in _ALONE:
            end += int.from_bytes(view[at + 2 : at + 4], "big")
        if end > len(data):
            break
        if _APP0 < marker < 0xF0 and marker != _APP14:
            _read_jpeg_metadata(marker, bytes(view[at + 4 : end]), parts, profile)
        elif marker != _COM:
            kept.append(view[at:end])
        at = end
    parts.scans = _count_scans(data, at)
    parts.icc = b"".join(profile[number] for number in sorted(profile))[:LARGEST_PROFILE]
    parts.pixels = b"".join([*kept, view[at:]])
    return parts


def _read_jpeg_metadata(marker, content, parts, profile):
    if marker == 0xE1 and content.startswith(EXIF_HEAD):
        parts.exif += content[len(EXIF_HEAD) :]  # longer than one segment: continued
    elif marker == 0xE1 and content.startswith(_XMP_HEAD) and not parts.xmp:
        parts.xmp = content[len(_XMP_HEAD) :]
    elif marker == 0xE2 and content.startswith(_ICC_HEAD) and len(content) > 14:
        profile.setdefault(content[12], content[14:])
    elif marker == 0xE2 and content.startswith(_MPF_HEAD):
        number = directory_value(content[len(_MPF_HEAD) :], _NUMBER_OF_IMAGES)
        parts.more_frames = number is not None and number > 1


def _count_scans(data, at):
    """Scans of the first image, from the marker at a position on."""
    scans = count = 0
    while (found := _NEXT_MARKER.search(data, at)) is not None:
        count += 1
        _check_count(count)
        marker, at = data[found.end() - 1], found.end()
        if marker == _EOI:
            break
        if marker not in _ALONE:
            scans += marker == _SOS
            at += max(2, int.from_bytes(data[at : at + 2], "big"))
    return scans


def _check_count(count):
    if count > _MOST_PARTS:
        raise ContainerError(f"more than {_MOST_PARTS} parts")
