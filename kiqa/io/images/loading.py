"""The one way an image gets into kiqa: any file, bytes or array to RGB uint8.

What comes out is always ``(H, W, 3)``, RGB, uint8, 0..255, sRGB, standing
upright. What was done to get there is listed in `LoadedImage.converted`:

- EXIF orientation is applied (all eight);
- transparency is composited over white;
- 16 bits become 8 by ``round(v / 257)``, after compositing;
- gray, 1-bit, palette, YCbCr and CMYK become RGB (CMYK without a colour
  profile by Pillow's formula);
- colours of an ICC profile become sRGB (`kiqa.io.images.profiles`);
- of several frames or pages the first is taken.

Pillow decodes, because it refuses truncated files; what it lets pass,
`kiqa.io.images.completeness` refuses. Its 16-bit colour is cut to 8 bits
without a word, so those files are decoded again by OpenCV, and the two must
agree in the upper 8 bits. Floating-point and 32-bit integer images have no
agreed white and are refused. Deep AVIF, and deep JPEG 2000 and PPM in colour,
arrive as the 8 bits that Pillow's decoder makes of them.
"""

import hashlib
import os
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile

from kiqa.io.images.completeness import check_jpeg, check_png_rows
from kiqa.io.images.cost import MAX_BYTES
from kiqa.io.images.deep import finished, flatten_alpha, read_deep_color, read_deep_gray
from kiqa.io.images.exif import ORIENTATION, stated_orientation
from kiqa.io.images.headers import (
    FORMATS,
    MAX_PIXELS,
    ImageError,
    Opened,
    conversion,
    decoding_errors,
    is_deep,
    more_frames,
    open_file,
    orientation,
)
from kiqa.io.images.orientation import turned_upright
from kiqa.io.images.profiles import AS_STORED, Conversion
from kiqa.io.images.sources import read_file, read_stream
from kiqa.io.images.strips import by_strips

Source = str | os.PathLike | bytes | BinaryIO | Image.Image | np.ndarray

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


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """Pixels of one image and where they come from.

    Attributes:
        pixels: Array ``(H, W, 3)``, RGB, uint8, upright. May be read-only.
        path: The path as given, or None for all else.
        sha256: Hex digest of the encoded bytes; of the pixel bytes for arrays
            and Pillow images.
        format: Pillow's name of the file format, None for arrays.
        mode: Pillow's name of the mode as stored, such as ``"CMYK"``.
        exif_orientation: 1..8; 1 when absent or invalid.
        converted: What was changed, in the order of the changes, such as
            ``"Display P3 to sRGB"``; also that a colour profile was left out
            because it cannot be used.
        icc: Whether a colour profile was present.
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
    source: Source,
    *,
    mode: str | None = None,
    max_pixels: int = MAX_PIXELS,
    max_bytes: int = MAX_BYTES,
    color_managed: bool = True,
) -> LoadedImage:
    """Load an image as upright RGB uint8.

    Safe to call from several threads. Pillow's global settings are neither
    changed nor needed, except that truncated files must not be tolerated.

    Args:
        source: A path, the encoded bytes of a file, a file opened in binary
            mode (read from where it stands), a Pillow image (of one that was
            opened and not yet read the file is taken, but for WebP), or an
            array of uint8: ``(H, W, 3)`` RGB, ``(H, W)`` gray or ``(H, W, 4)``.
        mode: For arrays of four channels, whose numbers do not tell:
            ``"RGBA"``, or ``"CMYK"`` with 255 for full ink, as in Pillow.
        max_pixels: Files whose header states more pixels are refused before
            anything is decoded. Arrays are in memory already.
        max_bytes: Files whose loading would take more memory are refused, by
            an estimate from their header; also the largest file that is read.
            JPEG files of very many scans are refused as well.
        color_managed: Whether colours become sRGB by the file's profile.
            ``False`` is for who keeps the profile with the pixels.

    Returns:
        The pixels and their provenance.

    Raises:
        FileNotFoundError: There is no such file.
        ImageError: The file is no image, damaged, incomplete, too large or of
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
        return _from_array(source, mode)
    if mode is not None:
        raise ImageError(
            f"image: expected mode for arrays only, received mode={mode!r} with a "
            f"{type(source).__name__}; leave it out"
        )
    path, name = None, "image bytes"
    if isinstance(source, Image.Image):
        data = _unread_bytes(source, max_bytes)
        if data is None:
            return _from_pillow(source, color_managed)
        name = "Pillow image"
    elif isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    elif isinstance(source, str | os.PathLike):
        path = name = os.fspath(source)
        data = read_file(source, max_bytes)
    elif hasattr(source, "read"):
        data, name = read_stream(source, max_bytes)
    else:
        raise ImageError(
            "image: expected a path, bytes, an open binary file, a Pillow image or a uint8 array, "
            f"received {type(source).__name__}; convert it with numpy.asarray"
        )
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise ImageError(
            f"{name}: expected Pillow to refuse truncated files, but another library has set "
            "PIL.ImageFile.LOAD_TRUNCATED_IMAGES; set it to False"
        )
    with decoding_errors(name):
        opened = open_file(data, name, max_pixels=max_pixels, max_bytes=max_bytes)
        return _decoded(opened, path, name, hashlib.sha256(data).hexdigest(), color_managed)


def _from_array(array, mode):
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
    usual = {1: ("L",), 3: ("RGB",), 4: ("RGBA", "CMYK")}[channels]
    if mode is None and channels == 4 or mode is not None and mode not in usual:
        raise ImageError(
            f"image array: expected mode={' or mode='.join(map(repr, usual))} for an array of "
            f"{channels} channels, received mode={mode!r} with shape {array.shape}; pass "
            f"kiqa.load_image(array, mode={usual[0]!r})"
        )
    digest = hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
    converted: tuple[str, ...] = ()
    if channels == 1:
        pixels, mode = np.dstack([array.reshape(array.shape[:2])] * 3), "L"
        converted = ("gray to RGB",)
    elif mode == "CMYK":
        image = Image.frombytes("CMYK", array.shape[1::-1], np.ascontiguousarray(array))
        pixels, converted = np.asarray(image.convert("RGB")), ("CMYK to RGB",)
    elif channels == 4:
        pixels, converted = flatten_alpha(array), ("alpha over white",)
    else:
        pixels, mode = array, "RGB"
    return LoadedImage(pixels, None, digest, None, mode, converted=converted)


def _unread_bytes(image, max_bytes):
    """Bytes of the file of a Pillow image of which nothing is decoded, or None."""
    file = getattr(image, "fp", None)
    unread = isinstance(image, ImageFile.ImageFile) and image.tile
    if file is None or not unread or image.format not in (*FORMATS, "MPO") or image.tell():
        return None
    try:
        position = file.tell()
        file.seek(0)
        try:
            return read_stream(file, max_bytes)[0]
        finally:
            file.seek(position)
    except (OSError, ValueError) as error:
        if isinstance(error, ImageError):
            raise
        return None  # a stream that cannot go back: Pillow has what it needs


def _from_pillow(image, color_managed):
    name = "Pillow image"
    if not image.width or not image.height:
        raise ImageError(f"{name}: expected pixels, received {image.size}; check how it was made")
    with decoding_errors(name):
        convert = conversion(image) if color_managed else AS_STORED
        pixels, converted = _to_rgb(image, convert, name)
        turned = _pillow_orientation(image)
        pixels = np.ascontiguousarray(turned_upright(pixels, turned))
    if turned != 1:
        converted.append("orientation")
    return LoadedImage(
        pixels,
        None,
        hashlib.sha256(pixels.data).hexdigest(),
        image.format,
        image.mode,
        turned,
        tuple(converted),
        bool(image.info.get("icc_profile")),
    )


def _pillow_orientation(image):
    exif, xmp = image.info.get("exif"), image.info.get("xmp") or b""
    if isinstance(exif, bytes):
        return stated_orientation(exif, xmp if isinstance(xmp, bytes) else b"")
    try:
        value = image.getexif().get(ORIENTATION)
    except Exception:  # Pillow's EXIF reader raises nearly every built-in kind
        return 1
    return value if value in range(1, 9) else 1


def _decoded(opened: Opened, path, name, sha256, color_managed):
    image, parts = opened
    kind, mode, icc = image.format, image.mode, bool(image.info.get("icc_profile"))
    frames, stated = more_frames(image, parts), orientation(image)
    convert = conversion(image) if color_managed else AS_STORED
    if kind in ("JPEG", "MPO"):
        check_jpeg(parts.pixels)
    if is_deep(image) and mode in _COLOR_MODES:
        pixels = read_deep_color(image, parts.pixels, convert)
        converted = _changes(None, "16-bit to 8-bit", convert, image.has_transparency_data)
    else:
        pixels, converted = _to_rgb(image, convert, name)
    if kind == "PNG":
        check_png_rows(parts, pixels[-1])
    del image, opened  # their memory, before pixels are turned
    # Loading a TIFF has already turned it; other formats only say how.
    pixels = turned_upright(pixels, 1 if kind == "TIFF" else stated)
    if stated != 1:
        converted.append("orientation")
    if frames:
        converted.append("first frame")
    return LoadedImage(
        np.ascontiguousarray(pixels), path, sha256, kind, mode, stated, tuple(converted), icc
    )


def _to_rgb(image, convert: Conversion, name):
    """Decode to RGB uint8, not yet turned, with the list of changes."""
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
