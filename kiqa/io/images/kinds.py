"""What a file found in a folder is: an image that somebody means, or not.

A folder of images holds more than images: sidecars, thumbnails' data bases,
videos, what kiqa itself wrote. Files are told apart by their first bytes; a
file that is called an image but is none is an image with a fault.
"""

import os
import re
import stat
from pathlib import Path

from kiqa.io.images.foreign import named_format
from kiqa.io.images.headers import IMAGE_SUFFIXES

HIDDEN = "hidden"
OWN = "of kiqa"

_HEAD = 1024
_SEGMENTS = 1 << 18  # bytes in which a JPEG file's segments are looked for
_STARTS = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"GIF87a",
    b"GIF89a", b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51",
)  # fmt: skip
_PORTABLE = re.compile(rb"P[1-6]\s+[\d#]")
_BITMAP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_FOREIGN = (
    "HEIC", "JPEG XL", "camera raw", "Photoshop", "OpenEXR", "Radiance", "JPEG XR", "DDS", "QOI",
    "BPG", "FLIF", "GIMP",
)  # fmt: skip
# Not read, but images: their rows name the remedy.
_FOREIGN_SUFFIXES = (".jxl", ".jxr", ".psd", ".exr", ".hdr", ".qoi")
_SUFFIXES = frozenset((*IMAGE_SUFFIXES, *_FOREIGN_SUFFIXES))
_FIGURE = b"tEXtSoftware\0kiqa"
_CODED = b"VarJPEG\0"
_CODED_ALONE = b"\x8bVJPG\r\n\x00"


def no_image(path: str | os.PathLike) -> str | None:
    """Say why a file found in a folder is not taken for an image.

    Args:
        path: The file. Named on a command line it would be tried as it is.

    Returns:
        :data:`HIDDEN`, :data:`OWN` for figures and maps drawn by kiqa, or the
        suffix; ``None`` for an image, also one of a format that kiqa does not
        read, for what is called an image, and for what cannot be looked at.
    """
    name = os.path.basename(os.fspath(path))
    suffix = os.path.splitext(name)[1].lower()
    if name.startswith("."):
        return HIDDEN
    head = _first_bytes(path, _HEAD)
    if head is None:  # a device, a pipe, or not to be read
        return None if suffix in _SUFFIXES or os.path.isfile(path) else "no regular file"
    if head.startswith(_STARTS[0]) and _FIGURE in head:
        return OWN
    if suffix in _SUFFIXES or _begins_as_image(head):
        return None
    return suffix or "without suffix"


def is_called_image(name: str) -> bool:
    """Say whether a name, also of a URL, ends like that of an image, of whatever format."""
    return os.path.splitext(name)[1].lower() in _SUFFIXES


def names_a_file(path: str | os.PathLike) -> bool:
    """Say whether a path is called like an image or a VarJPEG file, as no new folder is.

    A folder of such a name that is there is one.
    """
    name = os.path.basename(os.fspath(path).rstrip("/"))
    return (is_called_image(name) or name.lower().endswith(".vjpg")) and not os.path.isdir(path)


def no_source(path: str | os.PathLike) -> str | None:
    """Say why a file found in a folder is not compressed; VarJPEG files are :data:`OWN`."""
    return no_image(path) or (OWN if is_coded(path) else None)


def no_stream(path: str | os.PathLike) -> str | None:
    """Say why a file found in a folder is not decompressed: it is no JPEG nor VarJPEG."""
    name = os.path.basename(os.fspath(path))
    suffix = os.path.splitext(name)[1].lower()
    if name.startswith("."):
        return HIDDEN
    if suffix in (".jpg", ".jpeg", ".vjpg"):
        return None
    if (_first_bytes(path, 8) or b"").startswith((_STARTS[1], _CODED_ALONE)):
        return None
    return suffix or "without suffix"


def is_coded(path: str | os.PathLike) -> bool:
    """Say whether a file is a VarJPEG of either form."""
    head = _first_bytes(path, _SEGMENTS) or b""
    return head.startswith(_CODED_ALONE) or (head.startswith(_STARTS[1]) and _CODED in head)


def listed_images(folder: str | os.PathLike) -> list[Path]:
    """List the images of a folder that kiqa reads, without those below it.

    Returns:
        Paths, sorted, of files with a known suffix that `no_image` has
        nothing against.

    Raises:
        OSError: If the folder cannot be listed.
    """
    known = (path for path in Path(folder).iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    return sorted(path for path in known if no_image(path) is None)


def _begins_as_image(head):
    if head.startswith(_STARTS) or _PORTABLE.match(head):
        return True
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return True
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return True
    if head[4:8] == b"ftyp" and (b"avif" in head[8:64] or b"avis" in head[8:64]):
        return True
    named = named_format(head)
    return named is not None and named[0].startswith(_FOREIGN)


def _first_bytes(path, number) -> bytes | None:
    """Of a regular file; a pipe would wait for ever."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, "rb") as file:
            return file.read(number)
    except OSError:
        return None
