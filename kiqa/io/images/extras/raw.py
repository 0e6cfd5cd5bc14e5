"""Camera raw, as the camera's own preview or developed by LibRaw (extra ``raw``).

Used by `kiqa.io.images` only. A raw file holds no image but what a sensor
measured. What people mean by it is in most files too: a JPEG that the camera
made. It is taken where it has at least half of the sensor's pixels a side;
otherwise each 2x2 pixels of the sensor become one (of a sensor without a
pattern: each pixel), with the camera's white balance and sRGB's colours and
curve, neither brightened nor sharpened.

Either way what comes out is a file of a plain format, JPEG or PPM, which the
loader reads and checks like any other.
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

import numpy as np
import simplejpeg
from PIL import Image

from kiqa.io.images.completeness import IncompleteError
from kiqa.io.images.containers import taken_apart
from kiqa.io.images.cost import check_memory, check_pixels
from kiqa.io.images.exif import (
    EXIF_DIRECTORY,
    EXIF_HEAD,
    FRACTION,
    ORIENTATION,
    TIME,
    directory_value,
)
from kiqa.io.images.extras.iso_media import is_cut
from kiqa.io.images.foreign import named_format

PREVIEW, DEVELOPED = "embedded preview", "half-size development"
_TIFF = {b"II*\0": "<", b"MM\0*": ">"}
_SMALLER, _SUB_DIRECTORIES, _DNG_VERSION = 254, 330, 50706  # tags of TIFF
_PLACES = ((273, 279), (324, 325), (513, 514))  # of strips, tiles and JPEG: offsets, lengths
_NUMBERS = {3: "H", 4: "I", 13: "I"}  # SHORT, LONG, IFD
_MOST_DIRECTORIES, _MOST_NUMBERS = 100, 100_000
_ORIENTATIONS = {3: 3, 5: 8, 6: 6}  # EXIF's by LibRaw's number of turns
_SRGB = (2.4, 12.92)  # power and slope of the curve
# Bytes of one pixel of the sensor: what LibRaw holds of a pattern before and while it develops,
# and of a sensor that measures all colours at each pixel.
_UNPACKED, _PATTERN, _FULL = 8, 10, 28


class Developed(NamedTuple):
    """A plain image made of a raw file.

    Attributes:
        data: A JPEG or PPM file.
        change: `PREVIEW` or `DEVELOPED`.
        exif: Orientation, and the time where the raw file says it.
    """

    data: bytes
    change: str
    exif: bytes


def raw_name(data: bytes) -> str | None:
    """Name the kind of camera raw that a file is, also in the dress of TIFF.

    Args:
        data: The file. A TIFF file is raw if it is a DNG, or if its first
            directory is a smaller copy of what hangs below it.

    Returns:
        A name that begins with ``camera raw``, or ``None``.
    """
    named = named_format(data[:64])
    if named is not None:
        return named[0] if named[0].startswith("camera raw") else None
    smaller = directory_value(data, _SMALLER) == 1
    below = directory_value(data, _SUB_DIRECTORIES) is not None
    dng = directory_value(data, _DNG_VERSION) is not None
    return "camera raw in a TIFF file" if dng or smaller and below else None


def developed(data: bytes, name: str, *, max_pixels: int, max_bytes: int) -> Developed:
    """Make a plain image of a raw file.

    Args:
        data: The file.
        name: What to call it.
        max_pixels: Most pixels of the sensor.
        max_bytes: Most bytes of memory.

    Raises:
        CostError: More pixels or bytes.
        IncompleteError: A part is missing, or LibRaw cannot read the file.
    """
    import rawpy

    if reason := _missing(data):
        raise IncompleteError(f"camera raw: {reason}")
    try:
        with rawpy.RawPy() as raw:
            raw.open_buffer(BytesIO(data))
            sizes = raw.sizes
            check_pixels(sizes.raw_width, sizes.raw_height, name, max_pixels)
            turned = _ORIENTATIONS.get(sizes.flip, 1)
            preview = _preview(raw, sizes, turned)
            if preview is not None:
                jpeg, turned = preview
                times = _times(data) or _times(taken_apart(jpeg).exif)
                return Developed(jpeg, PREVIEW, _exif(turned, times))
            pixels = _half_size(raw, sizes, len(data), name, max_bytes)
            return Developed(_as_ppm(pixels), DEVELOPED, _exif(turned, _times(data)))
    except rawpy.LibRawError as error:
        text = error.args[0] if error.args else error
        text = text.decode("ascii", "replace") if isinstance(text, bytes) else str(text)
        raise IncompleteError(f"camera raw: {text}") from error


def _preview(raw, sizes, turned) -> tuple[bytes, int] | None:
    """The JPEG, if it is large enough, and its orientation; some cameras store it upright."""
    import rawpy

    try:
        found = raw.extract_thumb()
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
        return None
    if found.format != rawpy.ThumbFormat.JPEG:
        return None
    height, width = simplejpeg.decode_jpeg_header(found.data)[:2]
    if 2 * max(width, height) < max(sizes.width, sizes.height):
        return None
    upright = (width < height) != (sizes.width < sizes.height)
    turned = directory_value(taken_apart(found.data).exif, ORIENTATION) or turned
    return found.data, 1 if upright and turned >= 5 else turned


def _half_size(raw, sizes, size, name, max_bytes) -> np.ndarray:
    import rawpy

    pixels = sizes.raw_width * sizes.raw_height
    what = f"{sizes.raw_width}x{sizes.raw_height} pixels of a sensor"
    check_memory(pixels * _UNPACKED + size, what, name, max_bytes)
    raw.unpack()
    each = _PATTERN if raw.raw_type == rawpy.RawType.Flat else _FULL
    check_memory(pixels * each + size, what, name, max_bytes)
    return raw.postprocess(
        half_size=True, user_flip=0, use_camera_wb=True, no_auto_bright=True, gamma=_SRGB
    )


def _as_ppm(pixels: np.ndarray) -> bytes:
    pixels = np.ascontiguousarray(pixels)
    kind = b"P6" if pixels.shape[2] == 3 else b"P5"
    return kind + b" %d %d 255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes()


def _exif(turned, times) -> bytes:
    """What the loader asks for, in a directory of its own."""
    made = Image.Exif()
    made[ORIENTATION] = turned
    made.get_ifd(EXIF_DIRECTORY).update(times)
    return made.tobytes().removeprefix(EXIF_HEAD)


def _times(tiff):
    if tiff[:4] not in _TIFF:
        return {}
    try:
        whole = Image.Exif()
        whole.load(EXIF_HEAD + tiff)
        stated = whole.get_ifd(EXIF_DIRECTORY)
        return {tag: stated[tag] for tag in (TIME, FRACTION) if tag in stated}
    except Exception:  # damaged metadata say nothing against the image
        return {}


def _missing(data) -> str | None:
    """What the file's structure says is beyond its end; LibRaw looks for the preview only."""
    if data[4:8] == b"ftyp":
        return "its last part ends beyond the end of the file" if is_cut(data) else None
    for numbers in _directories(data):
        for offsets, lengths in _PLACES:
            pairs = zip(numbers.get(offsets, ()), numbers.get(lengths, ()), strict=False)
            for start, length in pairs:
                if start + length > len(data):
                    return f"bytes up to {start + length} of {len(data)} are missing"
    return None


def _directories(tiff) -> Iterator[dict[int, tuple[int, ...]]]:
    """Places of each directory of a TIFF structure, and of those below."""
    order = _TIFF.get(tiff[:4])
    waiting, seen = ([4] if order else []), set()
    wanted = {_SUB_DIRECTORIES}.union(*_PLACES)
    while waiting and len(seen) < _MOST_DIRECTORIES:
        pointer = waiting.pop(0)
        numbers = {}
        try:
            (start,) = struct.unpack_from(f"{order}I", tiff, pointer)
            if not start or start in seen:
                continue
            seen.add(start)
            (count,) = struct.unpack_from(f"{order}H", tiff, start)
            for at in range(start + 2, start + 2 + 12 * count, 12):
                tag, kind, values = struct.unpack_from(f"{order}HHI", tiff, at)
                if tag not in wanted or tag in numbers or kind not in _NUMBERS:
                    continue
                if values > _MOST_NUMBERS:
                    continue
                form = f"{order}{values}{_NUMBERS[kind]}"
                place = at + 8
                if struct.calcsize(form) > 4:
                    (place,) = struct.unpack_from(f"{order}I", tiff, place)
                numbers[tag] = struct.unpack_from(form, tiff, place)
                if tag == _SUB_DIRECTORIES:
                    waiting += range(place, place + 4 * values, 4)
            waiting.append(start + 2 + 12 * count)
        except struct.error:  # damaged: LibRaw shall judge
            pass
        yield numbers
