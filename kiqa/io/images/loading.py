"""The one way an image gets into kiqa: any file, bytes or array to RGB uint8.

Public names: `load_image`, `LoadedImage`, `ImageError`, `IMAGE_SUFFIXES`,
`MAX_PIXELS`.

What comes out is always ``(H, W, 3)``, RGB, uint8, 0..255, standing upright.
What was done to get there is listed in `LoadedImage.converted`:

- EXIF orientation is applied (all eight);
- transparency is composited over white;
- 16 bits become 8 by ``round(v / 257)``, after compositing;
- gray, 1-bit, palette, YCbCr and CMYK become RGB (CMYK by Pillow's formula,
  without colour management; ICC profiles are reported, not applied);
- of several frames or pages the first is taken.

Pillow decodes, because it refuses truncated files. Its 16-bit colour is cut
to 8 bits without a word, so those files are decoded again by OpenCV, and the
two must agree in the upper 8 bits. Floating-point and 32-bit integer images
have no agreed white and are refused. Deep AVIF, and deep JPEG 2000 and PPM in
colour, arrive as the 8 bits that Pillow's decoder makes of them.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ImageFile

from kiqa.io.images.deep import flatten_alpha, read_deep_color, read_deep_gray, to_8_bit
from kiqa.io.images.headers import (
    MAX_PIXELS,
    ImageError,
    decoding_errors,
    is_deep,
    open_header,
    orientation,
)
from kiqa.io.images.orientation import turned_upright

_COLOR_MODES = {
    "1": "1-bit to RGB",
    "L": "gray to RGB",
    "LA": "gray to RGB",
    "P": "palette to RGB",
    "PA": "palette to RGB",
    "CMYK": "CMYK to RGB",
    "YCbCr": "YCbCr to RGB",
    "RGB": None,
    "RGBA": None,
    "RGBX": None,
    "RGBa": None,
}


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """Pixels of one image and where they come from.

    Attributes:
        pixels: Array ``(H, W, 3)``, RGB, uint8, upright. May be read-only.
        path: The path as given, or None for bytes and arrays.
        sha256: Hex digest of the encoded bytes; of the pixel bytes for arrays.
        format: Pillow's name of the file format, None for arrays.
        mode: Pillow's name of the mode as stored, such as ``"CMYK"``.
        exif_orientation: 1..8; 1 when absent or invalid.
        converted: What was changed, in the order of the changes.
        icc: Whether a colour profile was present (it is not applied).
    """

    pixels: np.ndarray
    path: str | None
    sha256: str
    format: str | None
    mode: str
    exif_orientation: int = 1
    converted: tuple[str, ...] = ()
    icc: bool = False

    @property
    def width(self) -> int:
        """Width in pixels, after orientation."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """Height in pixels, after orientation."""
        return self.pixels.shape[0]

    def provenance(self) -> dict:
        """Return how the image was stored and changed, ready for JSON."""
        return {
            "format": self.format,
            "mode": self.mode,
            "exif_orientation": self.exif_orientation,
            "converted": list(self.converted),
            "icc": self.icc,
        }


def load_image(
    source: str | os.PathLike | bytes | np.ndarray, *, max_pixels: int = MAX_PIXELS
) -> LoadedImage:
    """Load an image as upright RGB uint8.

    Safe to call from several threads. Pillow's global settings are neither
    changed nor needed, except that truncated files must not be tolerated.

    Args:
        source: A path, the encoded bytes of a file, or an array of uint8:
            ``(H, W, 3)`` RGB, ``(H, W)`` gray or ``(H, W, 4)`` RGB and alpha.
        max_pixels: Files whose header states more pixels are refused before
            anything is decoded. Arrays are in memory already.

    Returns:
        The pixels and their provenance.

    Raises:
        FileNotFoundError: There is no such file.
        ImageError: The file is no image, damaged, truncated, too large or of
            a kind that has no definite 8-bit form; the array has another type
            or shape. The message names the file.

    Examples:
        >>> import kiqa
        >>> image = kiqa.load_image(np.zeros((48, 64), np.uint8))
        >>> image.pixels.shape, image.converted
        ((48, 64, 3), ('gray to RGB',))
        >>> kiqa.load_image(b"no image")
        Traceback (most recent call last):
            ...
        kiqa.io.images.headers.ImageError: ...
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        data, path = bytes(source), None
    elif isinstance(source, (str, os.PathLike)):
        data, path = _read(Path(source)), os.fspath(source)
    else:
        raise ImageError(
            "image: expected a path, bytes or a uint8 array, received "
            f"{type(source).__name__}; convert it with numpy.asarray"
        )
    return _decode(data, path, max_pixels)


def _from_array(array):
    channels = 1 if array.ndim == 2 else array.shape[2] if array.ndim == 3 else 0
    if array.dtype != np.uint8 or channels not in (1, 3, 4) or not array.size:
        extent = ""
        if array.size and np.issubdtype(array.dtype, np.number):
            extent = f", values {array.min():g} to {array.max():g}"
        raise ImageError(
            "image array: expected uint8, 0..255, of shape (H, W, 3), (H, W, 4) or (H, W); "
            f"received {array.dtype} of shape {array.shape}{extent}; scale and round it to 0..255 "
            "and pass array.astype('uint8')"
        )
    digest = hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
    converted: tuple[str, ...] = ()
    if channels == 1:
        pixels, mode = np.dstack([array.reshape(array.shape[:2])] * 3), "L"
        converted = ("gray to RGB",)
    elif channels == 4:
        pixels, mode, converted = flatten_alpha(array), "RGBA", ("alpha over white",)
    else:
        pixels, mode = array, "RGB"
    return LoadedImage(pixels, None, digest, None, mode, converted=converted)


def _read(path):
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path}: expected an image file, found nothing; check the path")
    if not os.path.isfile(path):
        raise ImageError(f"{path}: expected an image file, received a folder or device")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: expected a readable file; received {error}") from error


def _decode(data, path, max_pixels):
    name = "image bytes" if path is None else path
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise ImageError(
            f"{name}: expected Pillow to refuse truncated files, but another library has set "
            "PIL.ImageFile.LOAD_TRUNCATED_IMAGES; set it to False"
        )
    with decoding_errors(name):
        image = open_header(data, name, max_pixels)
        mode, frames = image.mode, getattr(image, "is_animated", False)
        deep = is_deep(image)
        if image.format == "PNG":
            image.load()  # its EXIF data may follow the pixels
        stored_orientation = orientation(image)
        pixels, converted = _to_rgb(image, data, deep, name)
        # Loading a TIFF has already turned it; other formats still say how.
        pixels = turned_upright(pixels, orientation(image))
    if stored_orientation != 1:
        converted.append("orientation")
    if frames:
        converted.append("first frame")
    return LoadedImage(
        np.ascontiguousarray(pixels),
        path,
        hashlib.sha256(data).hexdigest(),
        image.format,
        mode,
        stored_orientation,
        tuple(converted),
        bool(image.info.get("icc_profile")),
    )


def _to_rgb(image, data, deep, name):
    """Decode to RGB uint8, not yet turned, with the list of changes."""
    mode, alpha = image.mode, image.has_transparency_data
    if mode.startswith("I;16") or (mode == "I" and image.format == "PPM"):
        pixels, changes = read_deep_gray(image), ["gray to RGB", "16-bit to 8-bit"]
    elif mode not in _COLOR_MODES:
        raise ImageError(
            f"{name}: expected 8 or 16 bits per channel in gray, RGB, CMYK or a palette; received "
            f"mode {mode}, whose white is not defined; save it as 8-bit PNG"
        )
    elif deep:
        pixels, changes = read_deep_color(image, data), ["16-bit to 8-bit"]
    else:
        pixels = np.asarray(image.convert("RGBA" if alpha else "RGB"))
        change = _COLOR_MODES[mode]
        changes = [change] if change else []
    if alpha:
        pixels = flatten_alpha(pixels)
        changes.append("alpha over white")
    return to_8_bit(pixels), changes
