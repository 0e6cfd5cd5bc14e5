"""Decoded images for trainings that read them again and again."""

import os
import threading
from collections.abc import Sequence

import numpy as np

from kiqa.io.images import load_image


class PhotographStore:
    """Decoded photographs, kept while they fit in memory.

    Args:
        paths: Files of the photographs; one may occur several times.
        smallest: Pixels that either side must have.
        keep_bytes: Memory for decoded photographs; others are decoded each
            time.
    """

    def __init__(self, paths: Sequence[str | os.PathLike], *, smallest: int, keep_bytes: int):
        self.paths = list(paths)
        self.smallest = smallest
        self._kept = {}
        self._room = keep_bytes
        self._lock = threading.Lock()

    def pixels(self, index: int) -> np.ndarray:
        """Return a photograph, ``uint8`` of shape (H, W, 3), RGB.

        Raises:
            ValueError: If it cannot be read or is too small.
        """
        path = self.paths[index]
        found = self._kept.get(path)
        if found is None:
            found = load_image(path).pixels
            if min(found.shape[:2]) < self.smallest:
                raise ValueError(
                    f"Expected photographs of at least {self.smallest} pixels a side. Received: "
                    f"{path}, {found.shape[1]}x{found.shape[0]}. Use a smaller --side."
                )
            with self._lock:
                if found.nbytes <= self._room and path not in self._kept:
                    self._kept[path] = found
                    self._room -= found.nbytes
        return found
