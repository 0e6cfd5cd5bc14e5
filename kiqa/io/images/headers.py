"""What an image file says about itself before its pixels are decoded.

Used through `kiqa.io.images`.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from kiqa.io.images.deep import TIFF_BITS

MAX_PIXELS = 200_000_000

IMAGE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp",
    ".dib", ".gif", ".pgm", ".ppm", ".pbm", ".pnm", ".jp2", ".j2k",
)  # fmt: skip

# Formats that hold images. Pillow knows more, some of which start other
# programs (EPS) or are documents.
_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "DIB", "GIF", "PPM", "JPEG2000")
_ORIENTATION = 0x0112


class ImageError(ValueError):
    """An image that cannot be used; the message names it and the remedy."""


@contextmanager
def decoding_errors(name: str) -> Iterator[None]:
    """Turn what Pillow and OpenCV raise on bad bytes into `ImageError`."""
    try:
        yield
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # their plugins raise nearly every built-in kind
        raise ImageError(
            f"{name}: expected a complete image, received one that cannot be decoded ({error}); "
            "replace the file or save it again"
        ) from error


def open_header(data: bytes, name: str, max_pixels: int) -> ImageFile.ImageFile:
    """Read a header and check the size.

    Like Image.open, which takes its limit from a global variable, warns from
    half of it on, and tries more formats.

    Raises:
        ImageError: No bytes, no known format, or more than ``max_pixels``.
    """
    if not data:
        raise ImageError(f"{name}: expected an image file, received 0 bytes; fetch it again")
    Image.init()
    reason = f"first bytes {data[:8]!r}"
    prefix = data[:16].ljust(16, b"\0")
    for each in _FORMATS:
        factory, accept = Image.OPEN.get(each, (None, None))
        if factory is None:
            continue
        try:
            if not accept or accept(prefix) is True:
                image = factory(BytesIO(data), "")
                break
        except (SyntaxError, IndexError, TypeError, struct.error) as error:
            reason = f"{each} that cannot be read: {error}"
    else:
        raise ImageError(
            f"{name}: expected an image ({', '.join(_FORMATS)}), received something else "
            f"({reason}); remove the file or convert it to PNG"
        )
    width, height = image.size
    if width * height > max_pixels:
        raise ImageError(
            f"{name}: expected at most {max_pixels} pixels, received {width}x{height} = "
            f"{width * height}; raise max_pixels if the file can be trusted"
        )
    return image


def _rawmode(image):
    args = image.tile[0].args if image.tile else ""
    return str(args[0] if isinstance(args, tuple) else args)


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file holds more than 8 bits a channel that Pillow cuts."""
    if isinstance(image, TiffImageFile):
        return max(image.tag_v2.get(TIFF_BITS, (1,))) > 8
    return ";16" in _rawmode(image)


def orientation(image: ImageFile.ImageFile) -> int:
    """Return the EXIF orientation that is still to be applied, 1..8."""
    return stated_orientation(image.getexif)


def stated_orientation(read: Callable[[], Image.Exif]) -> int:
    """Return the orientation that EXIF data state.

    1 where there is none, or none that can be read: damaged EXIF data says
    nothing against the pixels.

    Args:
        read: Gives the EXIF data.
    """
    try:
        value = read().get(_ORIENTATION)
    except Exception:  # Pillow's EXIF reader raises nearly every built-in kind
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
