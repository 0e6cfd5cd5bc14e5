"""Other sizes of an image: half of it, for a display, for a patch.

Public names: `halved`, `at_least`, `for_display`, `limited_side`,
`parse_display`, `resampled`.
"""

import re

import cv2
import numpy as np
from PIL import Image

DOWNSCALINGS = ("area", "box")
SMALL_IMAGES = ("scale", "squash")


def halved(pixels: np.ndarray, *, downscaling: str) -> np.ndarray:
    """Return an image at half its width and height.

    Args:
        pixels: ``uint8`` of shape (H, W, 3).
        downscaling: ``"area"``, OpenCV's area relation, odd sides rounded to
            the nearest even half; ``"box"``, Matlab's box filter, odd sides
            rounded up and the last row or column counted twice. Equal for
            even sides: the means of 2x2 pixels.

    Returns:
        ``uint8`` of shape (about H/2, about W/2, 3), sides at least 1.

    Raises:
        ValueError: If ``downscaling`` is unknown.

    References:
        Korhonen et al. 2021, section 4.3; the box is the authors' code.
    """
    if downscaling not in DOWNSCALINGS:
        raise ValueError(f"Expected downscaling among {DOWNSCALINGS}. Received: {downscaling!r}.")
    height, width = pixels.shape[:2]
    if downscaling == "box":
        pixels = np.pad(pixels, [(0, height % 2), (0, width % 2), (0, 0)], mode="edge")
        quarters = pixels.reshape(-(-height // 2), 2, -(-width // 2), 2, 3)
        return ((quarters.sum(axis=(1, 3), dtype=np.uint16) + 2) // 4).astype(np.uint8)
    size = max(1, round(width / 2)), max(1, round(height / 2))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def resampled(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return an image at any size, aspect included.

    Args:
        pixels: ``uint8`` of shape (H, W, 3).
        height: Wanted, at least 1.
        width: Likewise.

    Returns:
        ``uint8`` of shape (height, width, 3), by OpenCV's area relation where that are
        fewer pixels, else bicubic; the image itself where it has that size.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    shrinks = height * width < pixels.shape[0] * pixels.shape[1]
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=kind)


def at_least(pixels: np.ndarray, side: int, *, small_images: str) -> np.ndarray:
    """Return an image whose sides are at least so long.

    Args:
        pixels: ``uint8`` of shape (H, W, 3).
        side: Least width and height.
        small_images: What is done if either is shorter: ``"scale"`` keeps
            the aspect, ``"squash"`` makes ``side`` x ``side`` of it.

    Returns:
        The image itself if it is large enough, else a bilinear enlargement.

    Raises:
        ValueError: If ``small_images`` is unknown.
    """
    if small_images not in SMALL_IMAGES:
        raise ValueError(f"Expected small_images among {SMALL_IMAGES}. Received: {small_images!r}.")
    height, width = pixels.shape[:2]
    least = min(height, width)
    if least >= side:
        return pixels
    if small_images == "squash":
        size = side, side
    else:
        size = max(side, round(width * side / least)), max(side, round(height * side / least))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)


def for_display(pixels: np.ndarray, display: tuple[int, int] | None) -> np.ndarray:
    """Shrink an image to what a display shows of it.

    Args:
        pixels: ``uint8`` of shape (H, W, 3).
        display: Width and height of the display in pixels, or ``None``. An
            image upright on a wide display is limited by the height.

    Returns:
        The image itself if it fits, else the largest version of the same
        aspect that does, by OpenCV's area relation.

    References:
        Korhonen et al. 2021, section 3.2.
    """
    height, width = pixels.shape[:2]
    if display is None:
        return pixels
    factor = min(display[0] / width, display[1] / height)
    if factor >= 1:
        return pixels
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def limited_side(pixels: np.ndarray, side: int | None) -> np.ndarray:
    """Shrink an image to a smaller side of so many pixels.

    Args:
        pixels: ``uint8`` of shape (H, W, 3).
        side: Pixels of the smaller side, or ``None``.

    Returns:
        The image itself if its smaller side is not longer, else a version
        whose other side is rounded down, bilinear with antialiasing.

    References:
        Korhonen et al. 2021, section 4.3: SPAQ-512, SPAQ-768, SPAQ-1280.
    """
    height, width = pixels.shape[:2]
    if side is None or min(height, width) <= side:
        return pixels
    least = min(height, width)
    size = width * side // least, height * side // least
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def parse_display(text: str) -> tuple[int, int]:
    """Return the width and height that a text such as ``1920x1080`` names.

    Raises:
        ValueError: If it is no such text, or a side is 0.
    """
    match = re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})", text.strip().lower())
    if match is None:
        raise ValueError(
            f"Expected a display's width and height, such as 1920x1080. Received: {text!r}."
        )
    return int(match[1]), int(match[2])
