"""Files of formats whose decoder is an extra, made in code: HEIC and DNG.

Public names: `heic`, `dng`, `sensor`.
"""

import struct
from io import BytesIO

import numpy as np
from PIL import Image

from .files import encoded

_WHITE = 16_000
# XYZ to sRGB: the camera's colours are sRGB's.
_FROM_XYZ = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)
_BYTE, _TEXT, _SHORT, _LONG, _RATIO, _SIGNED_RATIO = 1, 2, 3, 4, 5, 10
_FORMS = {_BYTE: "B", _SHORT: "H", _LONG: "I", _RATIO: "2I", _SIGNED_RATIO: "2i"}


def heic(pixels, *, more=(), **options) -> bytes:
    """Of one image and more; needs pillow-heif, whose ``save`` has the options."""
    import pillow_heif

    file = pillow_heif.HeifFile()
    for each in (pixels, *more):
        file.add_from_pillow(Image.fromarray(each))
    stream = BytesIO()
    file.save(stream, **{"quality": 90, **options})
    return stream.getvalue()


def sensor(pixels) -> np.ndarray:
    """What a sensor of pattern RG GB, whose colours are sRGB's, measures of an image."""
    level = pixels / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    measured = np.empty(pixels.shape[:2], np.uint16)
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        measured[row::2, column::2] = np.round(linear[row::2, column::2, channel] * _WHITE)
    return measured


def dng(pixels, *, orientation=1, time=None, preview=None) -> bytes:
    """A DNG of one strip; ``preview`` is an image, or the JPEG file, of its first directory."""
    height, width = pixels.shape[:2]
    strip = {
        254: (_LONG, (0,)), 256: (_LONG, (width,)), 257: (_LONG, (height,)),
        258: (_SHORT, (16,)), 259: (_SHORT, (1,)), 262: (_SHORT, (32803,)),
        273: (_LONG, sensor(pixels).tobytes()), 277: (_SHORT, (1,)), 278: (_LONG, (height,)),
        279: (_LONG, (2 * width * height,)), 33421: (_SHORT, (2, 2)),
        33422: (_BYTE, (0, 1, 1, 2)), 50717: (_LONG, (_WHITE,)),
    }  # fmt: skip
    camera = {
        271: (_TEXT, b"kiqa\0"), 272: (_TEXT, b"camera\0"), 274: (_SHORT, (orientation,)),
        50706: (_BYTE, (1, 4, 0, 0)), 50708: (_TEXT, b"camera\0"),
        50721: (_SIGNED_RATIO, [v for x in _FROM_XYZ for v in (round(x * 10_000), 10_000)]),
        50728: (_RATIO, 6 * (1,)), 50778: (_SHORT, (21,)),
    }  # fmt: skip
    if time is not None:
        camera[34665] = (_LONG, {0x9003: (_TEXT, time.encode() + b"\0")})
    if preview is None:
        return _tiff(camera | strip)
    jpeg = preview if isinstance(preview, bytes) else encoded(preview, "JPEG", quality=90)
    across, down = Image.open(BytesIO(jpeg)).size
    first = {
        254: (_LONG, (1,)), 256: (_LONG, (across,)), 257: (_LONG, (down,)),
        258: (_SHORT, (8, 8, 8)), 259: (_SHORT, (7,)), 262: (_SHORT, (6,)), 273: (_LONG, jpeg),
        277: (_SHORT, (3,)), 278: (_LONG, (down,)), 279: (_LONG, (len(jpeg),)),
        330: (_LONG, strip),
    }  # fmt: skip
    return _tiff(camera | first)


def _tiff(tags):
    body = bytearray(b"II*\0\x08\0\0\0")
    _append(body, tags)
    return bytes(body)


def _append(body, tags):
    """A directory and what it points to: directories, and bytes of tags that hold numbers."""
    start = len(body)
    body += bytes(2 + 12 * len(tags) + 4)
    struct.pack_into("<H", body, start, len(tags))
    for number, (tag, (kind, values)) in enumerate(sorted(tags.items())):
        if isinstance(values, dict):
            values = (_append(body, values),)
        elif isinstance(values, bytes) and kind != _TEXT:
            body += values
            values = (len(body) - len(values),)
        form = _FORMS.get(kind, "s")
        count = len(values) // (len(form) if kind in (_RATIO, _SIGNED_RATIO) else 1)
        packed = values if kind == _TEXT else struct.pack(f"<{len(values)}{form[-1]}", *values)
        if len(packed) > 4:
            body += packed
            packed = struct.pack("<I", len(body) - len(packed))
        struct.pack_into("<HHI4s", body, start + 2 + 12 * number, tag, kind, count, packed)
    return start
