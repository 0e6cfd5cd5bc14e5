"""Decoded images for trainings that read them again and again.

Public names: `ImageStore`, `check_sides`.
"""

import os
import threading
from collections.abc import Sequence

import numpy as np

from kiqa.io.images import load_image


class ImageStore:
    """Decoded images, kept while they fit in memory.

    Args:
        paths: Files of the images; one may occur several times.
        smallest: Pixels that either side must have.
        keep_bytes: Memory for decoded images; others are decoded each time.
        remedy: Ends the message about an image that is too small.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike],
        *,
        smallest: int,
        keep_bytes: int,
        remedy: str = "Leave it out.",
    ):
        self.paths = list(paths)
        self._smallest, self._remedy = smallest, remedy
        self._kept: dict[str | os.PathLike, np.ndarray] = {}
        self._room = keep_bytes
        self._lock = threading.Lock()

    def pixels(self, index: int) -> np.ndarray:
        """Return an image, ``uint8`` of shape (H, W, 3), RGB.

        Raises:
            ValueError: If it cannot be read or is too small.
        """
        path = self.paths[index]
        found = self._kept.get(path)
        if found is None:
            found = load_image(path).pixels
            check_sides(path, found.shape, self._smallest, remedy=self._remedy)
            with self._lock:
                if found.nbytes <= self._room and path not in self._kept:
                    self._kept[path] = found
                    self._room -= found.nbytes
        return found


def check_sides(
    path: str | os.PathLike, size: Sequence[int], smallest: int, *, remedy: str = "Leave it out."
) -> None:
    """Refuse an image that is too small.

    Args:
        path: Its file, for the message.
        size: Height and width, perhaps more.
        smallest: Pixels that either side must have.
        remedy: Ends the message.

    Raises:
        ValueError: If a side is shorter.
    """
    height, width = size[:2]
    if min(height, width) < smallest:
        raise ValueError(
            f"Expected images of at least {smallest} pixels a side. Received: {path}, "
            f"{width}x{height}. {remedy}"
        )
