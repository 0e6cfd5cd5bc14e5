"""How wide the sharpest edges are, and where an image is sharpest and softest.

A step edge that a Gaussian of s pixels has blurred has, seen through further
Gaussians of a and b pixels, gradients whose squared ratio is
``(s**2 + b**2) / (s**2 + a**2)``. That gives s at each edge, whatever its
contrast. A sharp image has some sharp place, so the smallest widths count;
motion leaves edges along its direction sharp, so they count by direction.

An image without edges, such as a sky, has no width: it is not called blurred.

Public names: `edge_width`, `places`, `Place`.

References:
    J. H. Elder and S. W. Zucker, Local scale control for edge detection and
    blur estimation, IEEE TPAMI 20(7), 699-716, 1998.
    S. Zhuo and T. Sim, Defocus map estimation from a single image, Pattern
    Recognition 44(9), 1852-1858, 2011.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from kiqa.maps.fish import fish_blocks

_FINE, _COARSE = 1.0, 2.0  # pixels; standard deviations of the two Gaussians
_UNIT = 16  # the gradients go to OpenCV as whole numbers, in sixteenths
_WEAKEST = 2.0  # levels a pixel: an edge is at least so steep
_NOISE_GAIN = 1 / math.sqrt(8 * math.pi) / _FINE**2  # of white noise in the fine gradient
_ABOVE_NOISE = 5.0  # standard deviations
_WIDEST = 20.0  # pixels; ratios of wider edges say nothing
_SHARPEST = 0.2  # part of the edges
_DIRECTIONS = 4
_ENOUGH = 60  # edge pixels of a direction
_PLACE = 64  # pixels a side of a place


@dataclass(frozen=True)
class Place:
    """A rectangle of an image.

    Attributes:
        x: Left side in pixels.
        y: Upper side in pixels.
        width: In pixels.
        height: In pixels.
        fish: Its mean FISH, at least 0; higher is sharper.
    """

    x: int
    y: int
    width: int
    height: int
    fish: float

    def scaled(self, across: float, down: float) -> "Place":
        """Return the same place of an image that is larger by two factors."""
        x, width = (round(value * across) for value in (self.x, self.width))
        y, height = (round(value * down) for value in (self.y, self.height))
        return Place(x, y, width, height, self.fish)

    def as_text(self) -> str:
        """Return ``x,y,width,height``, for a row."""
        return f"{self.x},{self.y},{self.width},{self.height}"


def edge_width(gray: np.ndarray, *, noise: float = 0.0) -> float | None:
    """Return how much the sharpest edges are blurred.

    Args:
        gray: ``float32`` of shape (H, W), 0..255.
        noise: Standard deviation of the noise of ``gray``.

    Returns:
        Standard deviation of the blur in pixels, 0 or more, less is sharper:
        of the directions with enough edges that of the softest one. ``None``
        where no direction has enough.
    """
    fine, coarse = (_gradients(gray, sigma) for sigma in (_FINE, _COARSE))
    least = max(_WEAKEST, _ABOVE_NOISE * noise * _NOISE_GAIN)
    across, down = (np.round(part * _UNIT).astype(np.int16) for part in fine)
    edges = cv2.Canny(across, down, least * _UNIT, least * _UNIT, L2gradient=True) > 0
    fine_at, coarse_at = (np.hypot(parts[0][edges], parts[1][edges]) for parts in (fine, coarse))
    squared = (fine_at / np.maximum(coarse_at, 1e-6)) ** 2
    most = (_WIDEST**2 + _COARSE**2) / (_WIDEST**2 + _FINE**2)
    widths = np.sqrt(
        np.maximum(_COARSE**2 - np.maximum(squared, most) * _FINE**2, 0)
        / (np.maximum(squared, most) - 1)
    )
    angles = np.arctan2(fine[1][edges], fine[0][edges]) % math.pi
    turns = np.round(angles * _DIRECTIONS / math.pi).astype(int) % _DIRECTIONS
    found = [
        float(np.quantile(own, _SHARPEST))
        for turn in range(_DIRECTIONS)
        if (own := widths[turns == turn]).size >= _ENOUGH
    ]
    return max(found, default=None)


def places(gray: np.ndarray) -> tuple[Place, Place] | None:
    """Return the sharpest and the softest place of an image.

    Args:
        gray: Of shape (H, W), 0..255.

    Returns:
        Two squares of 64 pixels a side, fewer in smaller images: those with
        the highest and the lowest mean of `kiqa.maps.fish.fish_blocks`.
        ``None`` for an image of less than 16 pixels a side.
    """
    if min(gray.shape) < 16:
        return None
    blocks = fish_blocks(gray).astype(np.float32)
    count = min(_PLACE // 8 - 1, *blocks.shape)
    means = cv2.blur(blocks, (count, count), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
    means = means[: blocks.shape[0] - count + 1, : blocks.shape[1] - count + 1]
    found = []
    for at in (means.argmax(), means.argmin()):
        row, column = np.unravel_index(at, means.shape)
        x, y, side = 8 * int(column), 8 * int(row), 8 * (count + 1)
        found.append(Place(x, y, side, side, float(means[row, column])))
    return found[0], found[1]


def _gradients(gray, sigma):
    smooth = cv2.GaussianBlur(gray, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    kernel = np.array([-0.5, 0, 0.5], np.float32)
    one = np.ones(1, np.float32)
    return (
        cv2.sepFilter2D(smooth, cv2.CV_32F, kernel, one, borderType=cv2.BORDER_REFLECT),
        cv2.sepFilter2D(smooth, cv2.CV_32F, one, kernel, borderType=cv2.BORDER_REFLECT),
    )
