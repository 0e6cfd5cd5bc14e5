"""What an image file says about itself before its pixels are decoded.

Used through `kiqa.io.images`.
"""

import os
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from kiqa.io.images.completeness import check_before_decoding
from kiqa.io.images.containers import Parts, taken_apart
from kiqa.io.images.cost import MAX_BYTES, CostError, check_cost, check_pixels
from kiqa.io.images.deep import TIFF_BITS
from kiqa.io.images.exif import ORIENTATION, stated_orientation
from kiqa.io.images.extras import HEIF, RAW, extra_for, heif
from kiqa.io.images.extras.raw import developed, raw_name
from kiqa.io.images.foreign import RAW_REMEDY, named_format
from kiqa.io.images.profiles import Conversion, conversion_to_srgb
from kiqa.io.memory import MemoryLimitError

MAX_PIXELS = 200_000_000
_TURNED = 5  # EXIF orientations from here on exchange width and height

IMAGE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp",
    ".dib", ".gif", ".pgm", ".ppm", ".pbm", ".pnm", ".jp2", ".j2k", *HEIF.suffixes, *RAW.suffixes,
)  # fmt: skip

# Formats that hold images. Pillow knows more, some of which start other
# programs (EPS) or are documents.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "DIB", "GIF", "PPM", "JPEG2000")

# Pillow warns of damaged metadata of TIFF and AVIF files, which is no matter of the user's.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin$")


class ImageError(ValueError):
    """An image that cannot be used; the message names it and the remedy."""


class ImageMemoryError(ImageError, MemoryLimitError):
    """An image that takes more memory to load than it may."""


class Opened(NamedTuple):
    """A file whose header is read.

    Attributes:
        image: Pillow's image; its pixels are not decoded. ``info`` holds
            ``exif``, ``xmp`` and ``icc_profile`` where there are any.
        parts: The file taken apart.
    """

    image: ImageFile.ImageFile
    parts: Parts


@contextmanager
def decoding_errors(name: str) -> Iterator[None]:
    """Turn what Pillow and OpenCV raise on bad bytes into `ImageError`."""
    try:
        yield
    except (ImageError, MemoryError):
        raise
    except CostError as error:
        kind = ImageMemoryError if isinstance(error, MemoryLimitError) else ImageError
        raise kind(str(error)) from error
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{name}: expected an image within Pillow's own limit, received one above it; raise "
            "PIL.Image.MAX_IMAGE_PIXELS too if the file can be trusted"
        ) from error
    except Exception as error:  # their plugins raise nearly every built-in kind
        raise ImageError(
            f"{name}: expected a complete image, received one that cannot be decoded ({error}); "
            "replace the file or save it again"
        ) from error


def open_file(
    data: bytes, name: str, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES
) -> Opened:
    """Read a header and check what the image would cost, and its structure.

    Like Image.open, which takes its limit from a global variable, warns from
    half of it on, tries more formats, and reads metadata first.

    Args:
        data: The file.
        name: What to call it.
        max_pixels: Most pixels.
        max_bytes: Most bytes of memory; see `kiqa.io.images.cost`.

    Raises:
        ImageError: No bytes, no known format, too large, or incomplete.
    """
    if not data:
        raise ImageError(f"{name}: expected an image file, received 0 bytes; fetch it again")
    raw = None
    with decoding_errors(name):
        if (kind := raw_name(data)) is not None:
            _refuse(kind, RAW_REMEDY, name)
            raw = developed(data, name, max_pixels=max_pixels, max_bytes=max_bytes)
            data = raw.data
        parts = taken_apart(data)
        image = _opened(parts.pixels, name)
        check_pixels(image.width, image.height, name, max_pixels)
        check_cost(image, parts, deep=is_deep(image), name=name, max_bytes=max_bytes)
        check_before_decoding(image, parts)
    if raw is not None:
        parts.raw, parts.exif, parts.more_frames = raw.change, raw.exif, False
    for key in ("exif", "xmp", "icc"):
        if value := getattr(parts, key):
            image.info["icc_profile" if key == "icc" else key] = value
    if image.format == "JPEG" and parts.more_frames:
        image.format = "MPO"
    return Opened(image, parts)


def open_header(data: bytes, name: str, max_pixels: int) -> ImageFile.ImageFile:
    """Read a header as `open_file` does, for who needs no pixels."""
    return open_file(data, name, max_pixels=max_pixels).image


def _opened(data, name):
    Image.init()
    reason = f"first bytes {data[:8]!r}"
    prefix = data[:16].ljust(16, b"\0")
    for each in FORMATS:
        factory, accept = Image.OPEN.get(each, (None, None))
        if factory is None:
            continue
        try:
            if not accept or accept(prefix) is True:
                return factory(BytesIO(data), "")
        except (SyntaxError, IndexError, TypeError, struct.error) as error:
            reason = f"{each} that cannot be read: {error}"
    refuse_foreign(data, name)
    if (named := named_format(data)) is not None:  # its decoder is an extra that is there
        try:
            return heif.opened(data)
        except SyntaxError as error:
            reason = f"{named[0]} that cannot be read: {error}"
    raise ImageError(
        f"{name}: expected an image ({', '.join(FORMATS)}), received something else "
        f"({reason}); remove the file or convert it to PNG"
    )


def refuse_foreign(start: bytes, name: str) -> None:
    """Refuse a known format that kiqa does not read, or not without an extra, by its name.

    Args:
        start: The first 64 bytes, or more.
        name: What to call the file.

    Raises:
        ImageError: With the remedy.
    """
    foreign = named_format(start)
    if foreign is not None:
        _refuse(*foreign, name)


def _refuse(kind, remedy, name):
    extra = extra_for(kind)
    if extra is None or not extra.installed():
        raise ImageError(
            f"{name}: expected an image ({', '.join(FORMATS)}), received {kind}; {remedy}"
        )


def _rawmode(image):
    args = image.tile[0].args if image.tile else ""
    return str(args[0] if isinstance(args, tuple) else args)


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file holds more than 8 bits a channel that Pillow cuts."""
    if isinstance(image, TiffImageFile):
        return max(image.tag_v2.get(TIFF_BITS, (1,))) > 8
    return ";16" in _rawmode(image)


def more_frames(image: ImageFile.ImageFile, parts: Parts) -> bool:
    """Whether there are frames or pages behind the first."""
    return parts.more_frames or getattr(image, "is_animated", False)


def orientation(image: ImageFile.ImageFile) -> int:
    """Return the orientation that an opened file states, 1..8."""
    if isinstance(image, TiffImageFile):
        value = image.tag_v2.get(ORIENTATION)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    return stated_orientation(image.info.get("exif", b""), image.info.get("xmp", b""))


def upright_size(path: str | os.PathLike) -> tuple[int, int]:
    """Return height and width of an image as it is shown, from the file's header.

    Args:
        path: The file.

    Returns:
        ``(height, width)``, those of what `kiqa.load_image` loads.

    Raises:
        OSError: If the file cannot be read.
        ImageError: If it is no image.
    """
    image = open_header(Path(path).read_bytes(), os.fspath(path), MAX_PIXELS)
    width, height = image.size
    turned = image.format != "TIFF" and orientation(image) >= _TURNED  # Pillow turns a TIFF's
    return (width, height) if turned else (height, width)


def conversion(image: Image.Image) -> Conversion:
    """Return the conversion to sRGB that an image's profile asks for."""
    gray = image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I")
    base = "L" if gray else "CMYK" if image.mode == "CMYK" else "RGB"
    return conversion_to_srgb(image.info.get("icc_profile") or b"", base)
