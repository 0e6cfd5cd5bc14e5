"""Images as they go into a page: file bytes that every browser shows alike.

Public names: :class:`EmbeddedImage`, :func:`embed_image`,
:func:`embed_file`, :func:`embed_pixels`.
"""

import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from kiqa.io.images import MAX_PIXELS, ImageError, load_image
from kiqa.io.images.headers import decoding_errors, open_header, orientation

_MIME = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
# What `load_image` may have done to a file that a browser, too, does when it shows the file.
_SAME = {
    "JPEG": {"gray to RGB", "orientation"},
    "MPO": {"gray to RGB", "orientation", "first frame"},
    "PNG": {"gray to RGB", "palette to RGB", "1-bit to RGB"},
    "WEBP": set(),
}


@dataclass(frozen=True)
class EmbeddedImage:
    """An encoded image.

    Attributes:
        mime: Media type, such as ``"image/jpeg"``.
        data: The encoded bytes.
        width: Width in pixels as shown, upright.
        height: Height in pixels as shown, upright.
    """

    mime: str
    data: bytes
    width: int
    height: int


def embed_image(path: str | os.PathLike) -> EmbeddedImage:
    """Return any image that kiqa reads in a form that browsers show upright.

    JPEG, PNG and WebP files stay as they are, with all they hold (also the
    EXIF data of the camera), where a browser shows the pixels that
    `load_image` returns, but for colour profiles: browsers apply them. All
    others, such as TIFF, CMYK, 16 bits or transparency, become a PNG of
    those pixels.

    Args:
        path: The file; it is decoded once to see that it is whole.

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: If it is no usable image; the message names it.
    """
    image = load_image(Path(path))  # a path: no address of the network
    data = Path(path).read_bytes()
    kind = image.format or ""
    if kind in _SAME and set(image.converted) <= _SAME[kind]:
        return EmbeddedImage(_MIME[kind], data, image.width, image.height)
    return embed_pixels(image.pixels)


def embed_file(path: str | os.PathLike, *, width: int, height: int) -> EmbeddedImage:
    """Return the bytes of a JPEG or PNG file that has a known size.

    Args:
        path: The file; only its header is read.
        width: Width it must have, in pixels.
        height: Height it must have, in pixels.

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: If it is neither JPEG nor PNG, is turned by EXIF or has
            another size.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"Expected a JPEG or PNG file at {path}, found none.")
    data = path.read_bytes()
    with decoding_errors(str(path)):
        header = open_header(data, str(path), MAX_PIXELS)
    kind = header.format
    if kind not in ("JPEG", "PNG") or orientation(header) != 1:
        raise ImageError(f"{path}: expected an upright JPEG or PNG file, received {kind}")
    if header.size != (width, height):
        raise ImageError(
            f"{path}: expected {width}x{height} pixels, received {header.width}x{header.height}; "
            "make the files anew"
        )
    return EmbeddedImage(_MIME[kind], data, width, height)


def embed_pixels(pixels: np.ndarray) -> EmbeddedImage:
    """Return pixels, RGB ``uint8`` of shape ``(H, W, 3)``, as PNG, without loss."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return EmbeddedImage("image/png", stream.getvalue(), pixels.shape[1], pixels.shape[0])
