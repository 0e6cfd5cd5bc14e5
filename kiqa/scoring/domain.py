"""Images on which the score of any model means nothing, and why.

All models were trained on photographs. A plane of one colour, random numbers,
a chart of few colours and an icon are none, and what a network answers is an
accident. The signs looked for are certain and cheap; an image that shows none
of them may be out of a model's domain all the same, such as a rendered scene.

Public names: `domain_note`, `scale_note`, `reason`, `TINY`.
"""

import re

import cv2
import numpy as np

TINY = 64  # pixels; no model was trained on smaller images
_FLAT_RANGE = 4  # levels of each channel that hold all but a thousandth of the pixels
_OUTSIDE = 0.001
_FEW_COLOURS = 16
_NOISE_CORRELATION = 0.1  # of neighbours; that of photographs is above 0.6
_LEAST_FOR_NOISE = 1024  # pixels
_SAMPLES = 1 << 20  # about so many pixels are looked at, after
_FIRST = 1 << 12  # so many, which tell that most images are neither flat nor graphics


def domain_note(pixels: np.ndarray, model: str) -> str | None:
    """Say that a score means nothing, for the ``note`` of a row.

    Args:
        pixels: RGB ``uint8`` of shape (H, W, 3).
        model: Name of the model.

    Returns:
        Such as ``"flat image: out of the domain of lite"``, or ``None``.

    Examples:
        >>> domain_note(np.zeros((64, 64, 3), np.uint8), "lite")
        'flat image: out of the domain of lite'
    """
    found = reason(pixels)
    return None if found is None else f"{found}: out of the domain of {model}"


def scale_note(score: float, scale: str, model: str) -> str | None:
    """Say that a score lies beyond the ends of its scale, for the ``note`` of a row.

    Args:
        score: What the model made of an image.
        scale: The model's scale, such as ``"0..1"``; of one in other words
            nothing is said.
        model: Name of the model.

    Returns:
        One line, or ``None``.

    Examples:
        >>> scale_note(-5.9, "0..1", "aggregator")
        'score outside 0..1: extrapolated by aggregator'
    """
    ends = re.fullmatch(r"(-?\d+)\.\.(-?\d+)", scale)
    if ends is None or int(ends[1]) <= score <= int(ends[2]):
        return None
    return f"score outside {scale}: extrapolated by {model}"


def reason(pixels: np.ndarray) -> str | None:
    """Name what shows that an image is no photograph.

    Args:
        pixels: RGB ``uint8`` of shape (H, W, 3).

    Returns:
        - ``"flat image"``: all but a thousandth of the pixels are within four
          levels of one colour;
        - ``"graphic of N colours"``: N is at most 16;
        - ``"pure noise"``: neighbouring pixels have nothing to do with each
          other, in either direction;
        - ``"tiny image"``: a side below `TINY` pixels.

        The first that holds, or ``None``.
    """
    if _colours(_spread(pixels, _FIRST)) <= (2 * _FLAT_RANGE) ** 3:
        sample = _spread(pixels, _SAMPLES)
        if all(_is_flat(sample[:, channel]) for channel in range(3)):
            return "flat image"
        colours = _colours(sample)
        if colours <= _FEW_COLOURS:
            return f"graphic of {colours} colours"
    if _is_noise(pixels):
        return "pure noise"
    return "tiny image" if min(pixels.shape[:2]) < TINY else None


def _spread(pixels, count):
    """About so many pixels at even distances, shape (n, 3)."""
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] / count)))
    return pixels[::step, ::step].reshape(-1, 3)


def _colours(sample):
    return len(np.unique(sample @ np.array([1 << 16, 1 << 8, 1], np.int32)))


def _is_flat(channel):
    """Whether some few neighbouring levels hold nearly all values."""
    count = np.bincount(channel, minlength=256)
    inside = np.convolve(count, np.ones(_FLAT_RANGE + 1, int)).max()
    return inside >= (1 - _OUTSIDE) * count.sum()


def _is_noise(pixels):
    """Whether neighbours along the rows, and down the columns, do not resemble each other."""
    height, width = pixels.shape[:2]
    if height * width < _LEAST_FOR_NOISE or min(height, width) < 2:
        return False
    step = max(1, height * width // _SAMPLES)
    along = cv2.cvtColor(np.ascontiguousarray(pixels[::step]), cv2.COLOR_RGB2GRAY)
    down = cv2.cvtColor(np.ascontiguousarray(pixels[:, ::step]), cv2.COLOR_RGB2GRAY).T
    return all(abs(_correlation(rows)) < _NOISE_CORRELATION for rows in (along, down))


def _correlation(rows):
    values = rows.astype(np.float32) - rows.mean(dtype=np.float64).astype(np.float32)
    power = float(np.mean(values**2))
    return float(np.mean(values[:, 1:] * values[:, :-1])) / power if power else 1.0
