"""Refuses images of which a part is missing, though their decoder fills it in.

Used by `kiqa.io.images` only. Pillow itself refuses files that end too early.
What it does not notice is a file that was closed properly around too few
data: by a transfer that broke off, or a program that wrote what it had.

- PNG: the compressed data must hold all rows; libpng says "Not enough image
  data".
- JPEG: libjpeg-turbo must decode without a warning of corrupt data; Pillow
  does not report its warnings, simplejpeg raises them.
- JPEG 2000: each tile must be there with all its parts (ISO/IEC 15444-1,
  annex A).
- HEIC: the coded units must be there (`kiqa.io.images.extras.heif`).
"""

import zlib
from collections import Counter

import numpy as np
import simplejpeg
from PIL import ImageFile

from kiqa.io.images.containers import Parts
from kiqa.io.images.extras.heif import missing_data

_MOST_INFLATED = 1032  # bytes from one of a deflate stream: its format allows no more
_PIECE = 1 << 20
_ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
          (1, 0, 2, 1))  # first row, first column, steps  # fmt: skip
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by PNG's colour type
_SOC, _SIZ, _SOT = b"\xff\x4f", b"\xff\x51", b"\xff\x90"


class IncompleteError(ValueError):
    """A part of the image is missing."""


def check_before_decoding(image: ImageFile.ImageFile, parts: Parts) -> None:
    """Refuse what the file's structure shows to be incomplete; costs no decoding.

    Args:
        image: The opened file.
        parts: The same file, taken apart.

    Raises:
        IncompleteError: If a part of the image is missing.
    """
    if image.format == "PNG":
        packed = sum(len(chunk) for chunk in parts.coded)
        if packed * _MOST_INFLATED < _png_size(parts.pixels):
            raise IncompleteError(f"{packed} bytes cannot hold all rows")
    elif image.format == "JPEG2000":
        _check_tiles(parts.pixels)
    elif image.format == "HEIF" and (reason := missing_data(parts.pixels)):
        raise IncompleteError(reason)


def check_jpeg(data: bytes) -> None:
    """Refuse a JPEG file at which libjpeg warns of corrupt or missing data.

    Args:
        data: The file. It is decoded at an eighth of its size.

    Raises:
        IncompleteError: With libjpeg's words. What says nothing about pixels
            (bytes too many, revisions, layouts that simplejpeg does not know)
            does not count; errors are for the decoder to raise.
    """
    try:
        space = simplejpeg.decode_jpeg_header(data)[2]
        colorspace = "CMYK" if space in ("CMYK", "YCCK") else "GRAY"
        simplejpeg.decode_jpeg(
            data, colorspace, fastdct=True, fastupsample=True, min_height=1, min_width=1,
            min_factor=8,
        )  # fmt: skip
    except ValueError as error:
        text = str(error)
        corrupt = text.startswith("Corrupt JPEG data") and "extraneous bytes" not in text
        if corrupt or text.startswith("Premature end"):
            raise IncompleteError(text) from error


def check_png_rows(parts: Parts, last_row: np.ndarray) -> None:
    """Refuse a PNG file whose compressed data end before its last row.

    Args:
        parts: The file.
        last_row: Pixels of the last row as decoded, of shape ``(W, C)``. Rows
            that the decoder was never given are of one colour, so that others
            need not be counted, unless the file is interlaced.

    Raises:
        IncompleteError: With the share that is there.
    """
    if not _interlaced(parts.pixels) and np.any(last_row != last_row[0]):
        return
    expected, received = _png_size(parts.pixels), 0
    stream = zlib.decompressobj()
    for chunk in parts.coded:
        packed = bytes(chunk)
        while packed and received < expected and not stream.eof:
            received += len(stream.decompress(packed, _PIECE))
            packed = stream.unconsumed_tail
    while received < expected and not stream.eof:
        piece = stream.decompress(b"", _PIECE)
        if not piece:
            break
        received += len(piece)
    if received < expected:
        raise IncompleteError(f"{received} of {expected} bytes of its rows are there")


def _interlaced(png):
    return png[28] == 1


def _png_size(png):
    """Bytes of all rows with their filters, from the header at byte 16."""
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    bits = png[24] * _CHANNELS[png[25]]
    passes = _ADAM7 if _interlaced(png) else ((0, 0, 1, 1),)
    size = 0
    for top, left, down, right in passes:
        rows, columns = -(-max(0, height - top) // down), -(-max(0, width - left) // right)
        size += rows * (1 + -(-columns * bits // 8)) if columns else 0
    return size


def _check_tiles(data):
    start = data.find(_SOC + _SIZ)
    if start < 0:
        return
    size = [int.from_bytes(data[at : at + 4], "big") for at in range(start + 8, start + 40, 4)]
    right, bottom, _, _, width, height, left, top = size
    if not width or not height:
        raise IncompleteError("tiles without a size")
    tiles = -(-(right - left) // width) * -(-(bottom - top) // height)
    at = start + 2
    while data[at : at + 1] == b"\xff" and data[at : at + 2] != _SOT:
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    found, stated = Counter(), {}
    while data[at : at + 2] == _SOT:
        tile = int.from_bytes(data[at + 4 : at + 6], "big")
        length = int.from_bytes(data[at + 6 : at + 10], "big")
        found[tile] += 1
        stated[tile] = max(stated.get(tile, 0), data[at + 11])
        if length == 0:  # up to the end
            break
        at += max(length, 12)
        if at > len(data):
            raise IncompleteError(f"tile {tile} is cut")
    missing = sum(found[tile] < max(1, stated.get(tile, 1)) for tile in range(min(tiles, 65536)))
    if missing:
        raise IncompleteError(f"{missing} of {tiles} tiles are missing")
