"""The quality for a size: a search on the real-valued q~.

Public names: :func:`encode`, :class:`SizeSearch`.

References:
    Thesis, section 6.3: "a binary search on the global quality parameter".
"""

import bisect
import math
import os
from dataclasses import fields
from typing import Any

import numpy as np

from kiqa.constants import VARJPEG
from kiqa.io.map_files import QualityMap
from kiqa.varjpeg.codec import Encoded, coded
from kiqa.varjpeg.importance import FixationPoints
from kiqa.varjpeg.preparation import Prepared, prepare
from kiqa.varjpeg.settings import Settings

_NEAR = 0.999  # of the target: no need to look further
_FINEST = 1 / 256  # difference of q~ below which files hardly differ


def encode(
    image: str | os.PathLike | bytes | np.ndarray,
    *,
    quality: float | None = None,
    target_bpp: float | None = None,
    target_bytes: int | None = None,
    importance: QualityMap | FixationPoints | np.ndarray | None = None,
    **options: Any,
) -> Encoded:
    """Encode an image as VarJPEG: more bits where it matters.

    Args:
        image: Path, encoded bytes, or ``uint8`` array, RGB ``(H, W, 3)`` or
            gray ``(H, W)``. Files keep their ICC profile, EXIF data and
            orientation.
        quality: q~, the quality of the least important blocks, real, from
            1 - Delta to 99; the most important ones have Delta more.
        target_bpp: Instead: largest bits per pixel of the whole file.
        target_bytes: Instead: largest size of the whole file in bytes.
        importance: Where the image matters: `QualityMap`, numbers or mask of
            shape ``(H, W)``, `FixationPoints`; on the upright image. ``None``
            maps the image with Patchnet at stride 1, which takes seconds.
        **options: Fields of `kiqa.varjpeg.Settings`, such as ``form``,
            ``delta``, ``subsampling``.

    Returns:
        The file with its quality and overhead. For a target it is the finest
        one found that is not larger: usually over 99 % of it, or the ceiling,
        quality 99 everywhere, where the target is beyond what the image uses.

    Raises:
        FileNotFoundError: If there is no such image.
        ValueError: If not exactly one of quality and targets is given, no
            file is as small as a target (the message says the floor), or
            image, importance or options cannot be used.

    Examples:
        >>> from skimage import data
        >>> image = data.chelsea()[:64, :64]
        >>> importance = np.zeros((64, 64))
        >>> importance[16:48, 16:48] = 1
        >>> encoded = encode(image, target_bytes=2500, importance=importance)
        >>> encoded.data[:2], len(encoded.data) <= 2500
        (b'\\xff\\xd8', True)
    """
    targets = {"quality": quality, "target_bpp": target_bpp, "target_bytes": target_bytes}
    chosen = {name: value for name, value in targets.items() if value is not None}
    if len(chosen) != 1 or not all(_is_real(value) for value in chosen.values()):
        raise ValueError(
            f"Expected exactly one of {', '.join(targets)} as a number, received {chosen}."
        )
    known = [field.name for field in fields(Settings)]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise TypeError(f"Expected options among {known}, received {unknown}.")
    settings = Settings(**options)
    if quality is not None:
        settings.check_quality(quality)  # before the map is made
    prepared = prepare(image, importance, settings=settings)
    if quality is not None:
        return coded(prepared, quality)
    if target_bpp is not None:
        height, width = prepared.size
        return SizeSearch(prepared).largest_within(target_bpp * height * width / 8)
    return SizeSearch(prepared).largest_within(chosen["target_bytes"])


def _is_real(value):
    return (
        not isinstance(value, bool)
        and isinstance(value, int | float | np.number)
        and (math.isfinite(value))
    )


class SizeSearch:
    """Files of one image by their size; what was coded once is not coded again.

    Args:
        prepared: The image.

    Attributes:
        floor: Its smallest file, at q~ = 1 - Delta, all blocks of quality 1.
        ceiling: Its file at q~ = 99, all blocks of quality 99.
    """

    def __init__(self, prepared: Prepared):
        self._prepared = prepared
        self._coded = []  # by quality
        lowest, highest = VARJPEG.qualities
        self.floor = self._at(
            lowest - prepared.settings.parameters(highest, prepared.trace.codes).delta
        )
        self.ceiling = self._at(highest)

    def _at(self, quality):
        encoded = coded(self._prepared, quality)
        bisect.insort(self._coded, encoded, key=lambda each: each.quality)
        return encoded

    def largest_within(self, target_bytes: float) -> Encoded:
        """Find the finest file that is not larger than a target.

        The size rises with q~ but for a few bytes, so the search narrows an
        interval, by interpolation of the logarithm of the size.

        Args:
            target_bytes: Largest size in bytes.

        Returns:
            A file of at most that size; the ceiling where that is smaller.

        Raises:
            ValueError: If the target lies below the floor.
        """
        floor, ceiling = len(self.floor.data), len(self.ceiling.data)
        if not target_bytes >= floor:  # not a number is refused as well
            height, width = self._prepared.size
            bits = 8 / (height * width)
            raise ValueError(
                f"Expected a target from the floor of {floor} bytes ({floor * bits:.4g} bpp) to "
                f"the ceiling of {ceiling} bytes ({ceiling * bits:.4g} bpp) of this image and "
                f"these settings, or above it, received {target_bytes:.0f} bytes "
                f"({target_bytes * bits:.4g} bpp). Raise it, or make the image smaller."
            )
        below = max(
            (each for each in self._coded if len(each.data) <= target_bytes),
            key=lambda each: each.quality,
        )
        above = next((each for each in self._coded if each.quality > below.quality), None)
        halve = False
        while (
            above is not None
            and len(below.data) < _NEAR * target_bytes
            and above.quality - below.quality > _FINEST
        ):
            probe = self._at(_between(below, above, target_bytes, halve=halve))
            wide = above.quality - below.quality
            if len(probe.data) <= target_bytes:
                below = probe
            else:
                above = probe
            # Interpolation that leaves most of the interval has met a step: halve next time.
            halve = above.quality - below.quality > wide / 2
        return below


def _between(below, above, target_bytes, *, halve):
    """A quality inside the interval, where the target should lie."""
    sizes = [math.log(value) for value in (len(below.data), target_bytes, len(above.data))]
    share = 0.5
    if not halve and sizes[2] > sizes[0]:
        share = min(max((sizes[1] - sizes[0]) / (sizes[2] - sizes[0]), 0.02), 0.98)
    return below.quality + share * (above.quality - below.quality)
