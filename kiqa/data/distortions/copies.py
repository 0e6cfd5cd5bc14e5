"""Degraded copies of images with the scores they should get: pseudo-scores.

Nobody has rated the copies. A copy of severity s in 0..1 should get the
image's own score times 1 - s, so that worse is always lower: an order, more
than a value. Black, flat and pure-noise images should get nearly nothing.

Public names: `degraded`, `awful`, `kept`, `KINDS`.
"""

import numpy as np

from kiqa.data.distortions import distort

# Distortion -> mildest and severest level, drawn uniformly between them on a logarithmic scale;
# in stops of exposure on a linear one.
KINDS = {
    "gaussian_blur": (0.8, 12),
    "gaussian_noise": (4, 90),
    "jpeg": (60, 2),
    "jpeg2000": (15, 400),
    "overexposure": (0.3, 4.0),
    "underexposure": (0.4, 6.4),
    "motion_blur": (4, 50),
    "colour_noise": (6, 90),
}
_LINEAR = ("overexposure", "underexposure")
_MILDEST, _SPAN = 0.05, 0.92  # severity of the mildest copy, and what the severest adds
_FLOOR = 0.01
AWFUL_SCORE = 0.03


def degraded(
    pixels: np.ndarray, kind: str, position: float, *, rng: np.random.Generator
) -> np.ndarray:
    """Return a degraded copy.

    Args:
        pixels: RGB ``uint8`` (H, W, 3).
        kind: A key of `KINDS`.
        position: 0, the mildest level, to 1, the severest.
        rng: Source of randomness.

    Returns:
        RGB ``uint8`` of the same shape.
    """
    mildest, severest = KINDS[kind]
    if kind in _LINEAR:
        level = mildest + (severest - mildest) * position
    else:
        level = mildest * (severest / mildest) ** position
    if kind == "jpeg":
        level = round(level)
    return distort(np.ascontiguousarray(pixels), kind, level, rng=rng)


def kept(score: float, position: float) -> float:
    """Return the score that a copy should get.

    Args:
        score: Of the image that was degraded, 0..1.
        position: As for `degraded`.
    """
    return score * (1 - _MILDEST - _SPAN * position) + _FLOOR


def awful(side: int, *, rng: np.random.Generator) -> np.ndarray:
    """Draw an image that shows nothing: black, flat, a ramp, or noise alone.

    Args:
        side: Pixels a side.
        rng: Source of randomness.

    Returns:
        RGB ``uint8`` (side, side, 3).
    """
    kind = int(rng.integers(5))
    colour = rng.integers(0, 256, 3)
    shape = (side, side, 3 if rng.random() < 0.5 else 1)
    if kind == 0:
        values = np.zeros(3) if rng.random() < 0.5 else colour
    elif kind == 1:
        base = colour if rng.random() < 0.5 else np.zeros(3)
        values = base + rng.normal(0, rng.uniform(0.5, 4), shape)
    elif kind == 2:
        values = rng.uniform(0, 255, shape)
    elif kind == 3:
        values = 128 + rng.normal(0, rng.uniform(30, 100), shape)
    else:
        ramp = np.linspace(0, 1, side)[None, :, None]
        values = ramp * colour + (1 - ramp) * rng.integers(0, 256, 3)
    return np.broadcast_to(np.clip(values, 0, 255), (side, side, 3)).astype(np.uint8)
