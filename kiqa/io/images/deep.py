"""16-bit images, which Pillow either misreads or cuts to 8 bits silently.

Used by `kiqa.io.images` only. Pixels are uint16 arrays ``(H, W, 3)`` or, with
alpha last, ``(H, W, 4)``, RGB, 0..65535. Pillow is trusted with 16-bit gray
(its values are complete; only its conversion to RGB clips them) and with the
integrity of the file; OpenCV supplies the missing bits of colour.
"""

import cv2
import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from kiqa.io.images.profiles import Conversion
from kiqa.io.images.strips import by_strips, heights

TIFF_BITS, _TIFF_PHOTOMETRIC = 258, 262
_UNUSUAL = "an unusual 16-bit layout; save it as 16-bit RGB or RGBA PNG"


def flatten_alpha(pixels: np.ndarray) -> np.ndarray:
    """Composite RGB with straight alpha over white.

    Args:
        pixels: ``(H, W, 4)``, uint8 or uint16, the whole range of the type.

    Returns:
        ``(H, W, 3)`` of the same type, the nearest integer to
        ``(colour * alpha + white * (white - alpha)) / white``.
    """
    flat = np.empty((*pixels.shape[:2], 3), pixels.dtype)
    white = int(np.iinfo(pixels.dtype).max)
    wide = np.uint16 if white == 255 else np.uint32  # just holds white**2 + white / 2
    for top, bottom in heights(pixels.shape[1], pixels.shape[0]):
        strip = pixels[top:bottom]
        color: np.ndarray = strip[..., :3].astype(wide)
        alpha = strip[..., 3:].astype(wide)
        color *= alpha
        color += white * (white - alpha) + white // 2
        color //= white
        flat[top:bottom] = color
    return flat


def to_8_bit(pixels: np.ndarray) -> np.ndarray:
    """Scale uint16 to uint8 by ``round(v / 257)``; uint8 passes unchanged."""
    if pixels.dtype == np.uint8:
        return pixels
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def finished(pixels: np.ndarray, conversion: Conversion, *, gray: bool) -> np.ndarray:
    """Make the result of a strip: sRGB, over white, 8 bits.

    Args:
        pixels: RGB or RGBA, uint8 or uint16.
        conversion: To sRGB. Its Little CMS takes 8 bits, so that they are
            dropped before where it has something to do.
        gray: Whether the three channels are one.

    Returns:
        uint8 ``(H, W, 3)``.
    """
    if conversion.apply is not None:
        pixels = to_8_bit(pixels)
        color = pixels[..., 0] if gray else pixels[..., :3]
        color = conversion.apply(Image.fromarray(np.ascontiguousarray(color)))
        pixels = np.dstack([color, pixels[..., 3:]])
    if pixels.shape[2] == 4:
        pixels = flatten_alpha(pixels)
    return to_8_bit(pixels)


def read_deep_gray(image: Image.Image, conversion: Conversion) -> np.ndarray:
    """Decode an open Pillow image of 16-bit gray to uint8 ``(H, W, 3)``.

    Args:
        image: Pillow image.
        conversion: To sRGB, for mode ``"L"``.

    Raises:
        ValueError: The file has another number of bits, so that its white is
            unknown.
    """
    white_is_zero = False
    if isinstance(image, TiffImageFile):
        bits = image.tag_v2.get(TIFF_BITS, (16,))
        if tuple(bits) != (16,):
            raise ValueError(f"{bits} bits per channel; expected 8 or 16")
        white_is_zero = image.tag_v2.get(_TIFF_PHOTOMETRIC) == 0
    transparent = image.info.get("transparency")  # the one value that is

    def strip_of_gray(strip):
        gray = np.asarray(strip).astype(np.uint16)
        planes = [65535 - gray if white_is_zero else gray] * 3
        if transparent is not None:
            planes.append(np.where(gray == transparent, 0, 65535).astype(np.uint16))
        return finished(np.dstack(planes), conversion, gray=True)

    image.load()
    return by_strips(image, strip_of_gray)


def read_deep_color(image: Image.Image, data: bytes, conversion: Conversion) -> np.ndarray:
    """Decode a 16-bit colour or gray-alpha file to uint8 ``(H, W, 3)``, checked against Pillow.

    Args:
        image: The file, opened by Pillow and not yet decoded.
        data: The same file's bytes.
        conversion: To sRGB.

    Raises:
        ValueError: The two decoders differ in the upper 8 bits (premultiplied
            alpha, CMYK, unusual layouts), so that neither can be trusted.
        Exception: Whatever Pillow raises on damaged files.
    """
    image.load()
    gray, transparent = image.mode in ("L", "LA"), image.info.get("transparency")
    deep = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if deep is None or deep.dtype != np.uint16 or deep.ndim != 3:
        raise ValueError(_UNUSUAL)
    if deep.shape[:2] != (image.height, image.width):
        raise ValueError(_UNUSUAL)
    order = cv2.COLOR_BGR2RGB if deep.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    below = iter(heights(image.width, image.height))

    def strip_of_color(strip):
        top, bottom = next(below)
        pixels = np.asarray(cv2.cvtColor(deep[top:bottom], order), np.uint16)
        if not np.array_equal(pixels[..., :3] >> 8, np.asarray(strip.convert("RGB"))):
            raise ValueError(_UNUSUAL)
        if transparent is not None and pixels.shape[2] == 3:  # one transparent colour
            seen = np.any(pixels != np.array(transparent), axis=2)
            pixels = np.dstack([pixels, np.where(seen, 65535, 0).astype(np.uint16)])
        return finished(pixels, conversion, gray=gray)

    return by_strips(image, strip_of_color)
