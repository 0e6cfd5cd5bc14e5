"""Maps of the comparators that compute one on the way to their score.

Each function takes ``uint8`` pixels (H, W, 3), those of the reference where the
comparator needs one, and the stride asked for, ``None`` where the caller leaves
it open. Those of FISH have any stride, the others one only.

Public names: `sliding_fish`, `block_fish`, `fsim_places`, `fsimc_places`,
`gradient_places`, `ssim_places`.
"""

import numpy as np

from kiqa.comparators.fsim import fsim_map
from kiqa.comparators.gmsd import STRIDE, gradient_similarity
from kiqa.comparators.ssim import ssim_map
from kiqa.constants import PATCHNET
from kiqa.io.map_files import QualityMap
from kiqa.maps.fish import fish_block_map
from kiqa.maps.sliding_fish import fish_map


def sliding_fish(pixels: np.ndarray, *, stride: int | None) -> QualityMap:
    """Return FISH of every window of 64x64 pixels, the thesis's map."""
    return fish_map(pixels, stride=PATCHNET.stride if stride is None else stride)


def block_fish(pixels: np.ndarray, *, stride: int | None) -> QualityMap:
    """Return FISH of blocks of 16x16 pixels, on the grid of the windows."""
    return fish_block_map(pixels, stride=PATCHNET.stride if stride is None else stride)


def ssim_places(pixels: np.ndarray, reference: np.ndarray, *, stride: int | None) -> QualityMap:
    """Return SSIM at every pixel that has a whole window."""
    values = ssim_map(pixels, reference)
    return _map(values, pixels, step=1, offset=5.0, stride=stride, name="ssim", scale="-1..1")


def gradient_places(pixels: np.ndarray, reference: np.ndarray, *, stride: int | None) -> QualityMap:
    """Return GMSD's similarity of gradients; higher is better, unlike its deviation."""
    values = gradient_similarity(pixels, reference)
    return _map(values, pixels, step=STRIDE, offset=0.5, stride=stride, name="gmsd")


def fsim_places(pixels: np.ndarray, reference: np.ndarray, *, stride: int | None) -> QualityMap:
    """Return FSIM's similarity at every place."""
    return _features(pixels, reference, stride=stride, colour=False)


def fsimc_places(pixels: np.ndarray, reference: np.ndarray, *, stride: int | None) -> QualityMap:
    """Return FSIMc's similarity at every place."""
    return _features(pixels, reference, stride=stride, colour=True)


def _features(pixels, reference, *, stride, colour):
    values, step = fsim_map(pixels, reference, colour=colour)
    # A cell is the mean of the pixels (step - 1) // 2 before to step // 2 behind its own.
    offset = (step // 2 - (step - 1) // 2) / 2
    name = "fsimc" if colour else "fsim"
    return _map(values, pixels, step=step, offset=offset, stride=stride, name=name)


def _map(values, pixels, *, step, offset, stride, name, scale="0..1"):
    if stride not in (None, step):
        raise ValueError(
            f"Expected stride {step}, the only one of the map of {name} for this image. "
            f"Received: {stride}. Leave the stride out."
        )
    return QualityMap(
        values=values.astype(np.float32),
        stride=step,
        offset=offset,
        image_size=tuple(pixels.shape[:2]),
        model=name,
        scale=scale,
    )
