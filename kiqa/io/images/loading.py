"""The one way an image gets into kiqa: any file, bytes or array to RGB uint8.

What comes out is always ``(H, W, 3)``, RGB, uint8, 0..255, sRGB, standing
upright. What was done to get there is listed in `LoadedImage.converted`:

- EXIF orientation is applied (all eight);
- transparency is composited over white;
- 16 bits become 8 by ``round(v / 257)``, after compositing;
- gray, 1-bit, palette, YCbCr and CMYK become RGB (CMYK without a colour
  profile by Pillow's formula);
- colours of an ICC profile become sRGB (`kiqa.io.images.profiles`);
- of several frames or pages the first is taken;
- of camera raw the camera's preview, or a development of half the size
  (`kiqa.io.images.extras.raw`).

Pillow decodes, because it refuses truncated files; what it lets pass,
`kiqa.io.images.completeness` refuses. Its 16-bit colour is cut to 8 bits
without a word, so those files are decoded again by OpenCV, and the two must
agree in the upper 8 bits. Floating-point and 32-bit integer images have no
agreed white and are refused. Deep AVIF and HEIC, and deep JPEG 2000 and PPM in
colour, arrive as the 8 bits that the decoder makes of them.
"""

import hashlib
import os
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile

from kiqa.io.images.color import file_to_rgb
from kiqa.io.images.completeness import check_jpeg, check_png_rows
from kiqa.io.images.cost import MAX_BYTES
from kiqa.io.images.headers import (
    MAX_PIXELS,
    ImageError,
    Opened,
    conversion,
    decoding_errors,
    more_frames,
    open_file,
    orientation,
)
from kiqa.io.images.loaded import LoadedImage
from kiqa.io.images.memory import from_array, from_pillow, unread_bytes
from kiqa.io.images.orientation import turned_upright
from kiqa.io.images.profiles import AS_STORED
from kiqa.io.images.sources import read_file, read_stream

Source = str | os.PathLike | bytes | BinaryIO | Image.Image | np.ndarray


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
        source: A path, a URL (with ``kiqa[remote]``), the encoded bytes of a
            file, a file opened in binary mode (read from where it stands), a
            Pillow image (of one that was opened and not yet read the file is
            taken, but for WebP), or an array of uint8: ``(H, W, 3)`` RGB,
            ``(H, W)`` gray or ``(H, W, 4)``.
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
        OSError: A URL cannot be read.
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
        return from_array(source, mode)
    if mode is not None:
        raise ImageError(
            f"image: expected mode for arrays only, received mode={mode!r} with a "
            f"{type(source).__name__}; leave it out"
        )
    path, name = None, "image bytes"
    if isinstance(source, Image.Image):
        data = unread_bytes(source, max_bytes)
        if data is None:
            return from_pillow(source, color_managed)
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


def _decoded(opened: Opened, path, name, sha256, color_managed):
    image, parts = opened
    kind, mode, icc = image.format, image.mode, bool(image.info.get("icc_profile"))
    frames, stated = more_frames(image, parts), orientation(image)
    convert = conversion(image) if color_managed else AS_STORED
    if kind in ("JPEG", "MPO"):
        check_jpeg(parts.pixels)
    pixels, converted = file_to_rgb(image, parts.pixels, convert, name)
    if kind == "PNG":
        check_png_rows(parts, pixels[-1])
    del image, opened  # their memory, before pixels are turned
    # Loading a TIFF has already turned it; other formats only say how.
    pixels = turned_upright(pixels, 1 if kind == "TIFF" else stated)
    if stated != 1:
        converted.append("orientation")
    if frames:
        converted.append("first frame")
    if parts.raw:
        kind, converted = "RAW", [parts.raw, *converted]
    return LoadedImage(
        np.ascontiguousarray(pixels), path, sha256, kind, mode, stated, tuple(converted), icc
    )
