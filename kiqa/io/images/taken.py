"""When a camera took an image, as its EXIF data say.

Public names: `taken_at`, `TIME_FORM`.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from kiqa.io.images.exif import EXIF_DIRECTORY, EXIF_HEAD, FRACTION, TIME
from kiqa.io.images.metadata import read_metadata

TIME_FORM = "%Y:%m:%d %H:%M:%S"


def taken_at(path: str | os.PathLike) -> float | None:
    """Return when an image was taken.

    Args:
        path: The file; its pixels are not decoded, but a raw file may be developed.

    Returns:
        Seconds by the camera's clock, whose zone is not asked for: good for
        differences. ``None`` where the file does not say, or not readably.
    """
    try:
        whole = Image.Exif()
        whole.load(EXIF_HEAD + read_metadata(Path(path).read_bytes()).exif)
        stated = whole.get_ifd(EXIF_DIRECTORY)
        moment = datetime.strptime(_text(stated.get(TIME)), TIME_FORM).replace(tzinfo=UTC)
        digits = _text(stated.get(FRACTION))
        return moment.timestamp() + (float(f"0.{digits}") if digits.isdecimal() else 0.0)
    except Exception:  # damaged metadata say nothing against the image
        return None


def _text(value):
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")
