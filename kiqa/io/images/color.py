"""From whatever a Pillow image holds to RGB uint8.

Used by `kiqa.io.images` only.
"""

import numpy as np
from PIL import Image, ImageFile

from kiqa.io.images.deep import finished, read_deep_color, read_deep_gray
from kiqa.io.images.headers import ImageError, is_deep
from kiqa.io.images.profiles import Conversion
from kiqa.io.images.strips import by_strips

_COLOR_MODES = {
    "1": "1-bit to RGB",
    "L": "gray to RGB",
    "LA": "gray to RGB",
    "La": "gray to RGB",
    "P": "palette to RGB",
    "PA": "palette to RGB",
    "CMYK": "CMYK to RGB",
    "YCbCr": "YCbCr to RGB",
    "HSV": "HSV to RGB",
    "RGB": None,
    "RGBA": None,
    "RGBX": None,
    "RGBa": None,
}
_PREMULTIPLIED = {"La": "LA", "RGBa": "RGBA"}  # as Pillow names it, and straight


def file_to_rgb(
    image: ImageFile.ImageFile, data: bytes, convert: Conversion, name: str
) -> tuple[np.ndarray, list[str]]:
    """Decode an opened file, with all its bits.

    Args:
        image: The file.
        data: Its bytes.
        convert: To sRGB.
        name: What to call it.

    Returns:
        As `to_rgb`.

    Raises:
        ImageError: As `to_rgb`.
        Exception: Whatever the decoders raise.
    """
    if is_deep(image) and image.mode in _COLOR_MODES:
        changes = _changes(None, "16-bit to 8-bit", convert, image.has_transparency_data)
        return read_deep_color(image, data, convert), changes
    return to_rgb(image, convert, name)


def to_rgb(image: Image.Image, convert: Conversion, name: str) -> tuple[np.ndarray, list[str]]:
    """Convert a Pillow image, decoding it where that is not done.

    Args:
        image: Of any mode.
        convert: To sRGB.
        name: What to call it.

    Returns:
        Pixels, RGB uint8 ``(H, W, 3)``, not yet turned upright, and the
        changes that were made.

    Raises:
        ImageError: If the mode has no definite white.
    """
    mode, alpha = image.mode, image.has_transparency_data
    if mode.startswith("I;16") or (mode == "I" and image.format == "PPM"):
        changes = _changes("gray to RGB", "16-bit to 8-bit", convert, alpha)
        return read_deep_gray(image, convert), changes
    if mode not in _COLOR_MODES:
        raise ImageError(
            f"{name}: expected 8 or 16 bits per channel in gray, RGB, CMYK or a palette; received "
            f"mode {mode}, whose white is not defined; save it as 8-bit PNG"
        )
    gray = mode in ("1", "L", "LA", "La")
    if mode == "1":  # black and white, whatever a profile says
        convert = Conversion(convert.change if convert.apply is None else "")
    changes = _changes(_COLOR_MODES[mode], None, convert, alpha)
    image.load()
    image = image.convert(_PREMULTIPLIED[mode]) if mode in _PREMULTIPLIED else image
    if mode == "CMYK" and convert.apply is not None:
        return by_strips(image, convert.apply), changes
    target = "RGBA" if alpha else "L" if gray else "RGB"
    image = image if image.mode == target else image.convert(target)

    def strip_of_rgb(strip):
        pixels = np.asarray(strip)
        if not alpha and convert.apply is not None:
            return convert.apply(strip)
        if target == "L":
            return pixels[..., None]  # one channel, repeated by the assignment
        return finished(pixels, convert, gray=gray) if alpha else pixels

    return by_strips(image, strip_of_rgb), changes


def _changes(mode_change, depth_change, convert, alpha):
    listed = mode_change, depth_change, convert.change, "alpha over white" if alpha else None
    return [change for change in listed if change]
