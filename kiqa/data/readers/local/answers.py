"""What one annotator says of one image: a map of quality, made when it is wanted.

An answer is a function of the image's height and width. It returns ``float32``
of shape ``(height, width)``: 1 where the annotator found the image good, 0 where
bad, or a score between them; NaN where nobody was asked.

Public names: :data:`Answer`, :class:`AnnotatedImage`, :func:`bad_boxes`,
:func:`good_boxes`, :func:`masks`, :func:`rated_patches`, :func:`truth_of`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kiqa.data.local_quality import Box, vote_map
from kiqa.io.images import load_image

Answer = Callable[[int, int], np.ndarray]

_MIDDLE = 127.5  # of a mask's gray levels


@dataclass(frozen=True)
class AnnotatedImage:
    """An image with the answers of those who annotated it.

    Attributes:
        name: Of the image, relative to the folder of the data set's images.
        path: The file.
        answers: By annotator; where a data set publishes what several agreed on,
            there is one.
    """

    name: str
    path: Path
    answers: Mapping[str, Answer]


def good_boxes(height: int, width: int, *, boxes: Sequence[Box | Sequence[int]]) -> np.ndarray:
    """Return 1 inside of boxes and 0 outside.

    Args:
        height: Of the image, in pixels.
        width: Likewise.
        boxes: Left, top, right and bottom in pixels, the last two exclusive.

    Raises:
        ValueError: If a box has no pixel or lies partly outside the image.
    """
    return vote_map({"": boxes}, height=height, width=width, participants=1)


def bad_boxes(height: int, width: int, *, boxes: Sequence[Sequence[float]]) -> np.ndarray:
    """Return 0 inside of boxes and 1 outside.

    Args:
        height: Of the image, in pixels.
        width: Likewise.
        boxes: Left, top, right and bottom as parts of the width and height, 0..1.
    """
    quality = np.ones((height, width), np.float32)
    for left, top, right, bottom in boxes:
        rows = slice(int(np.floor(top * height)), int(np.ceil(bottom * height)))
        quality[rows, int(np.floor(left * width)) : int(np.ceil(right * width))] = 0
    return quality


def masks(height: int, width: int, *, files: Sequence[Path], bright: str) -> np.ndarray:
    """Read masks, images of two colours.

    Args:
        height: Of the image, in pixels.
        width: Likewise.
        files: Of the same size as the image.
        bright: What bright pixels say: ``"good"`` or ``"bad"``, by the mean of
            the channels, or ``"any-bad"``, where whatever is not black is bad,
            such as the colours of several kinds.

    Returns:
        The least of the masks' qualities, 0 or 1; 1 without a mask.

    Raises:
        ValueError: If a mask cannot be read or has another size.
    """
    quality = np.ones((height, width), np.float32)
    for file in files:
        pixels = load_image(file).pixels
        if pixels.shape[:2] != (height, width):
            raise ValueError(
                f"Expected a mask of {width}x{height} pixels, the size of its image. Received: "
                f"{file}, {pixels.shape[1]}x{pixels.shape[0]}. Take image and mask of one version."
            )
        if bright == "any-bad":
            good = ~(pixels > 0).any(axis=-1)
        else:
            good = (pixels.mean(axis=-1) > _MIDDLE) == (bright == "good")
        quality = np.minimum(quality, good)
    return quality.astype(np.float32)


def rated_patches(height: int, width: int, *, rois: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Put the scores of patches where they lie.

    Args:
        height: Of the image, in pixels.
        width: Likewise.
        rois: Of shape (n, 4): left, top, right, bottom in pixels.
        scores: Of shape (n,), 0..1, higher is better.

    Returns:
        In each pixel the mean score of the patches that hold it, NaN where none
        does.

    Raises:
        ValueError: If a patch lies partly outside the image.
    """
    total, count = np.zeros((height, width)), np.zeros((height, width), np.int32)
    for (left, top, right, bottom), score in zip(np.rint(rois).astype(int), scores, strict=True):
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise ValueError(
                f"Expected patches inside of the image of {width}x{height} pixels. Received: left "
                f"{left}, top {top}, right {right}, bottom {bottom}. Use the published images."
            )
        total[top:bottom, left:right] += score
        count[top:bottom, left:right] += 1
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def truth_of(answers: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean of several annotators' maps, where all of them say something.

    Args:
        answers: Of one shape, at least one.

    Returns:
        ``float32`` of that shape, 0..1, higher is better; NaN where an answer is.
    """
    return np.asarray(np.mean(np.stack(answers), axis=0, dtype=np.float64), np.float32)
