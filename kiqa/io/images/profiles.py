"""Colour profiles: what a file's numbers look like, said in sRGB.

Used by `kiqa.io.images` only. Pillow's ImageCms (Little CMS) converts, with
the perceptual intent and compensation of the black point, so that black and
white stay black and white. A profile that says sRGB changes nothing; one that
cannot be used changes nothing either, and is reported.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from kiqa.io.images.containers import LARGEST_PROFILE

UNUSABLE = "unusable colour profile ignored"
_SAME = 2  # levels; sRGB profiles of different makers differ by so many
_LONGEST_NAME = 60
_SPACES = {"L": (b"GRAY", b"RGB "), "RGB": (b"RGB ",), "CMYK": (b"CMYK",)}


@dataclass(frozen=True)
class Conversion:
    """How colours of a file become sRGB.

    Attributes:
        change: For `LoadedImage.converted`; empty where nothing is to do.
        apply: From a Pillow image of mode ``"RGB"`` (for gray of mode
            ``"L"``, for CMYK of mode ``"CMYK"``) to uint8 ``(H, W, 3)``;
            ``None`` where the numbers are sRGB already.
    """

    change: str = ""
    apply: Callable[[Image.Image], np.ndarray] | None = None


AS_STORED = Conversion()


@lru_cache(maxsize=16)
def conversion_to_srgb(icc: bytes, base: str) -> Conversion:
    """Return the conversion that a profile asks for.

    Args:
        icc: The profile; empty where there is none.
        base: ``"L"``, ``"RGB"`` or ``"CMYK"``: what the numbers are.

    Returns:
        The conversion. A gray image may have a profile of gray or of RGB.
    """
    if not icc:
        return AS_STORED
    if len(icc) >= LARGEST_PROFILE or icc[16:20] not in _SPACES[base]:
        return Conversion(UNUSABLE)
    mode = {b"GRAY": "L", b"RGB ": "RGB", b"CMYK": "CMYK"}[icc[16:20]]
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        transform = ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.PERCEPTUAL,
            ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOCACHE,  # threads share it
        )
        change = f"{_name(profile)} to sRGB"
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return Conversion(UNUSABLE)

    def apply(image):
        return np.asarray(transform.apply(image))

    if base == "L":
        ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
        levels = apply(ramp if mode == "L" else ramp.convert("RGB"))[0]
        if _is_same(levels, np.arange(256)[:, None]):
            return AS_STORED
        return Conversion(change, lambda image: levels[np.asarray(image)])
    if base == "RGB":
        steps = np.linspace(0, 255, 18).round().astype(np.uint8)
        lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
        if _is_same(apply(Image.fromarray(lattice)), lattice):
            return AS_STORED
    return Conversion(change, apply)


def _is_same(seen, stored):
    return np.abs(seen.astype(int) - stored).max() <= _SAME


def _name(profile):
    """The profile's own name, fit for a table."""
    text = ImageCms.getProfileDescription(profile)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text[:_LONGEST_NAME] or "colour profile"
