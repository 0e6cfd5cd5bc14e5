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
    white = int(np.iinfo(pixels.dtype).max)
    wide = np.uint16 if white == 255 else np.uint32  # just holds white**2 + white / 2
    color: np.ndarray = pixels[..., :3].astype(wide)
    alpha = pixels[..., 3:].astype(wide)
    color *= alpha
    color += white * (white - alpha) + white // 2
    color //= white
    return color.astype(pixels.dtype)


def to_8_bit(pixels: np.ndarray) -> np.ndarray:
    """Scale uint16 to uint8 by ``round(v / 257)``; uint8 passes unchanged."""
    if pixels.dtype == np.uint8:
        return pixels
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def read_deep_gray(image: Image.Image) -> np.ndarray:
    """Decode an open Pillow image of 16-bit gray.

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
    gray = np.asarray(image).astype(np.uint16)
    planes = [65535 - gray if white_is_zero else gray] * 3
    if "transparency" in image.info:  # the one value that is transparent
        planes.append(np.where(gray == image.info["transparency"], 0, 65535).astype(np.uint16))
    return np.dstack(planes)


def read_deep_color(image: Image.Image, data: bytes) -> np.ndarray:
    """Decode a 16-bit colour or gray-alpha file, checked against Pillow.

    Args:
        image: The file, opened by Pillow and not yet decoded.
        data: The same file's bytes.

    Raises:
        ValueError: The two decoders differ in the upper 8 bits (premultiplied
            alpha, CMYK, unusual layouts), so that neither can be trusted.
        Exception: Whatever Pillow raises on damaged files.
    """
    upper = np.asarray(image.convert("RGB"))
    deep = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if deep is not None and deep.dtype == np.uint16 and deep.ndim == 3:
        order = cv2.COLOR_BGR2RGB if deep.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
        pixels = np.asarray(cv2.cvtColor(deep, order), np.uint16)
    else:
        raise ValueError(_UNUSUAL)
    if not np.array_equal(pixels[..., :3] >> 8, upper):
        raise ValueError(_UNUSUAL)
    if "transparency" in image.info and pixels.shape[2] == 3:  # one transparent colour
        seen = np.any(pixels != np.array(image.info["transparency"]), axis=2)
        pixels = np.dstack([pixels, np.where(seen, 65535, 0).astype(np.uint16)])
    return pixels
