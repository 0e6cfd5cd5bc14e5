"""Images that are in memory already: arrays, and Pillow's.

Used by `kiqa.io.images` only.
"""

import hashlib

import numpy as np
from PIL import Image, ImageFile

from kiqa.io.images.color import to_rgb
from kiqa.io.images.deep import flatten_alpha
from kiqa.io.images.exif import ORIENTATION, stated_orientation
from kiqa.io.images.headers import FORMATS, ImageError, conversion, decoding_errors
from kiqa.io.images.loaded import LoadedImage
from kiqa.io.images.orientation import turned_upright
from kiqa.io.images.profiles import AS_STORED
from kiqa.io.images.sources import read_stream


def from_array(array: np.ndarray, mode: str | None) -> LoadedImage:
    """Take an array as an image; `kiqa.io.images.load_image` says which.

    Raises:
        ImageError: If its type, its shape or the mode is another one.
    """
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
        pixels, mode, converted = flatten_alpha(array), "RGBA", ("alpha over white",)
    else:
        pixels, mode = array, "RGB"
    return LoadedImage(pixels, None, digest, None, mode, converted=converted)


def from_pillow(image: Image.Image, color_managed: bool) -> LoadedImage:
    """Take the pixels of a Pillow image, with its profile and orientation.

    Raises:
        ImageError: If there are none, or they have no definite white.
    """
    name = "Pillow image"
    if not image.width or not image.height:
        raise ImageError(f"{name}: expected pixels, received {image.size}; check how it was made")
    with decoding_errors(name):
        convert = conversion(image) if color_managed else AS_STORED
        pixels, converted = to_rgb(image, convert, name)
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


def unread_bytes(image: Image.Image, max_bytes: int) -> bytes | None:
    """Return the file of a Pillow image of which nothing is decoded.

    Args:
        image: Pillow image.
        max_bytes: Most bytes.

    Returns:
        The bytes; ``None`` where it was read, or has no file of our formats.

    Raises:
        ImageError: If the file is too large.
    """
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
