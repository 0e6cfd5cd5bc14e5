"""An image as the codec takes it: pixels as stored, with what has to be kept.

Public names: :class:`Source`, :func:`read_source`, :func:`metadata_segments`,
:func:`kept_metadata`.
"""

import os
from io import BytesIO
from typing import NamedTuple

import numpy as np

from kiqa.io.images import MAX_BYTES, LoadedImage, load_image
from kiqa.io.images.metadata import Metadata, exif_orientation, read_metadata
from kiqa.io.images.orientation import turned_back
from kiqa.io.images.sources import read_file
from kiqa.varjpeg.markers import APP1, APP2, LARGEST_SIDE, Segment

_EXIF = b"Exif\x00\x00"
_ICC = b"ICC_PROFILE\x00"
_ICC_PART = 65533 - len(_ICC) - 2


class Source(NamedTuple):
    """What is coded.

    Attributes:
        upright: Pixels as shown, ``uint8``; RGB ``(H, W, 3)`` or gray
            ``(H, W)``.
        orientation: EXIF orientation that the file will state, 1..8; pixels
            are stored turned back by it.
        metadata: Colour profile and EXIF data.
        file_bytes: Size of the source file, ``None`` for arrays.
        sha256: Of the source file, ``None`` for arrays.
    """

    upright: np.ndarray
    orientation: int
    metadata: Metadata
    file_bytes: int | None
    sha256: str | None

    @property
    def stored(self) -> np.ndarray:
        """Pixels as they lie in the file."""
        return turned_back(self.upright, self.orientation)

    @property
    def bpp(self) -> float | None:
        """Bits per pixel of the source file, ``None`` for arrays."""
        return self.file_bytes and 8 * self.file_bytes / (
            self.upright.shape[0] * self.upright.shape[1]
        )

    def rgb(self) -> np.ndarray:
        """Upright pixels as RGB, for a model."""
        return np.dstack([self.upright] * 3) if self.upright.ndim == 2 else self.upright


def read_source(
    image: str | os.PathLike | bytes | np.ndarray, *, max_bytes: int = MAX_BYTES
) -> Source:
    """Read an image for coding.

    Args:
        image: Path, encoded bytes, or ``uint8`` array: RGB ``(H, W, 3)``,
            gray ``(H, W)``. Gray files are coded as gray. All else that
            `kiqa.io.images.load_image` converts is coded as the RGB that it
            gives, except that colours stay as stored where their profile is
            kept.
        max_bytes: As for `kiqa.io.images.load_image`.

    Returns:
        The source. Files keep their ICC profile and EXIF data, and with them
        their orientation: the pixels are stored as the source stores them.
        A file is read once.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no image, or a side is over 65,500 pixels.
    """
    if isinstance(image, np.ndarray):
        loaded, metadata = load_image(image, max_bytes=max_bytes), Metadata()
        count, sha256 = None, None
    else:
        if isinstance(image, bytes):
            data, name = image, "image bytes"
        else:
            data, name = read_file(image, max_bytes), os.fspath(image)
        metadata = read_metadata(data, name)
        file = BytesIO(data)
        file.name = name  # for messages
        loaded = load_image(file, color_managed=not metadata.icc, max_bytes=max_bytes)
        count, sha256 = len(data), loaded.sha256
    if max(loaded.width, loaded.height) > LARGEST_SIDE:
        raise ValueError(
            f"Expected sides of at most {LARGEST_SIDE} pixels, the limit of JPEG in libjpeg, "
            f"received {loaded.width}x{loaded.height}. Code the image in parts or make it smaller."
        )
    upright = loaded.pixels[..., 0] if _is_gray(loaded) else loaded.pixels
    return Source(upright, exif_orientation(metadata.exif), metadata, count, sha256)


def _is_gray(loaded: LoadedImage) -> bool:
    return loaded.mode in ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")


def metadata_segments(metadata: Metadata) -> list[Segment]:
    """Write metadata as JPEG segments.

    Args:
        metadata: What to keep.

    Returns:
        One APP1 segment of EXIF, APP2 segments of the profile.

    Raises:
        ValueError: If the EXIF data or the profile are too long for JPEG.
    """
    segments = []
    if metadata.exif:
        segments.append(Segment(APP1, _EXIF + metadata.exif))
    parts = [metadata.icc[at : at + _ICC_PART] for at in range(0, len(metadata.icc), _ICC_PART)]
    if len(parts) > 255 or len(metadata.exif) > 65533 - len(_EXIF):
        raise ValueError(
            f"Expected EXIF data of at most {65533 - len(_EXIF)} bytes and a profile of at most "
            f"{255 * _ICC_PART}, received {len(metadata.exif)} and {len(metadata.icc)}. Remove "
            "them from the source."
        )
    for number, part in enumerate(parts, start=1):
        segments.append(Segment(APP2, _ICC + bytes([number, len(parts)]) + part))
    return segments


def kept_metadata(segments: list[Segment]) -> Metadata:
    """Read back what `metadata_segments` wrote.

    Args:
        segments: Of a JPEG file.

    Returns:
        The metadata; parts of a profile in the order of their numbers.
    """
    exif = b""
    parts = {}
    for marker, payload in segments:
        if marker == APP1 and payload.startswith(_EXIF) and not exif:
            exif = payload[len(_EXIF) :]
        elif marker == APP2 and payload.startswith(_ICC) and len(payload) > len(_ICC) + 2:
            parts[payload[len(_ICC)]] = payload[len(_ICC) + 2 :]
    return Metadata(b"".join(parts[number] for number in sorted(parts)), exif)
