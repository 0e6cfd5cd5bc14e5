"""Image files written by hand, as no library writes them."""

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
          (1, 0, 2, 1))  # fmt: skip


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png_header(width: int, height: int, *, color_type=2, depth=8, interlaced=False) -> bytes:
    """Signature and header chunk."""
    fields = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, interlaced)
    return SIGNATURE + chunk(b"IHDR", fields)


def png(pixels: np.ndarray, *, extra=b"", behind=b"", rows=None, interlaced=False) -> bytes:
    """A PNG file of RGB ``uint8`` pixels.

    Args:
        pixels: ``(H, W, 3)``.
        extra: Chunks before the pixels.
        behind: Chunks after them.
        rows: Share of the compressed rows that are written, ``None`` for all.
        interlaced: Whether by Adam7.
    """
    raw = b""
    for top, left, down, right in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        part = pixels[top::down, left::right]
        if part.size:
            raw += b"".join(b"\0" + row.tobytes() for row in part)
    raw = raw if rows is None else raw[: int(rows * len(raw))]
    header = png_header(pixels.shape[1], pixels.shape[0], interlaced=interlaced)
    body = chunk(b"IDAT", zlib.compress(raw))
    return header + extra + body + behind + chunk(b"IEND", b"")


def camera_raw(*, big_endian: bool, main: bool = False, dng: bool = False) -> bytes:
    """A TIFF file as cameras write NEF, ARW and DNG: a thumbnail first, the image behind tag 330.

    Args:
        big_endian: As NEF; ARW and most DNG are little-endian.
        main: Whether the first directory says that it is the image itself.
        dng: Whether it says that it is DNG.
    """
    order, side = ">" if big_endian else "<", 8
    tags = [(254, 4, 0 if main else 1), (256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 1),
            (262, 3, 1), (273, 4, 1000), (277, 3, 1), (278, 4, side), (279, 4, side * side),
            (330, 4, 1000)]  # fmt: skip
    tags += [(50706, 4, 0x01040000)] if dng else []
    data = (b"MM" if big_endian else b"II") + struct.pack(f"{order}HI", 42, 8)
    data += struct.pack(f"{order}H", len(tags))
    for tag, kind, value in tags:
        short = (
            struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value)
        )
        data += struct.pack(f"{order}HHI", tag, kind, 1) + short
    data += struct.pack(f"{order}I", 0)
    return data.ljust(1000, b"\0") + bytes(range(side * side))


def encoded(pixels, kind: str, **options) -> bytes:
    """An array or a Pillow image as a file of a kind that Pillow writes."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    """One marker segment of a JPEG file."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """A JPEG file with segments behind its first marker."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def closed_early(jpeg: bytes, share: float = 0.5) -> bytes:
    """The first part of a JPEG file with an end marker behind."""
    return jpeg[: int(share * len(jpeg))] + b"\xff\xd9"


def of_many_scans(jpeg: bytes, number: int) -> bytes:
    """A progressive JPEG file whose last scan comes again and again."""
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:last] + number * jpeg[last:-2] + b"\xff\xd9"


def first_tile_only(codestream: bytes) -> bytes:
    """A JPEG 2000 codestream that ends properly after its first tile."""
    start = codestream.index(b"\xff\x90\x00\x0a")
    (length,) = struct.unpack_from(">I", codestream, start + 6)
    return codestream[: start + length] + b"\xff\xd9"


def iso_media(brand: bytes, *compatible: bytes) -> bytes:
    """The head of a file such as HEIC or MP4."""
    content = b"ftyp" + brand + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(content) + 4) + content + bytes(100)
