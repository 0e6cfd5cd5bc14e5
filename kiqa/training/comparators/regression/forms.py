"""What each learned comparator looks at, and where its network is built.

Public names: `Form`, `FORMS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from kiqa.comparators.learned.cnniqa import contrast_normalised
from kiqa.constants import CNNIQA
from kiqa.data.patches import cut_patches, patch_grid

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Form:
    """How an image becomes the inputs of a network.

    Attributes:
        name: Of the network: a key of `kiqa.models.MODELS` and of
            `kiqa.scoring.engines.ENGINES`.
        side: Of a piece in pixels.
        planes: Of a piece.
        prepare: From ``uint8`` pixels (H, W, 3) to ``float32`` (H, W, planes), of
            which pieces are cut; it mirrors borders.
        margin: Pixels around a piece that ``prepare`` looks at for it.
        loss: Of the score of each piece.
    """

    name: str
    side: int
    planes: int
    prepare: Callable[[np.ndarray], np.ndarray]
    margin: int
    loss: str = "mean_absolute_error"

    def build(self, seed: int | None) -> "keras.Model":
        """Build the network with fresh weights, pieces (n, side, side, planes) -> (n, 1)."""
        from kiqa.models import builder

        return builder(self.name)(seed=seed)

    def pieces_at(self, pixels: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Return the pieces at some positions, shape (n, side, side, planes).

        They are those of the whole image prepared, value by value. Only they are
        prepared, with their margins, one above the other.
        """
        edge, width = self.margin, self.side + 2 * self.margin
        mirrored = cv2.copyMakeBorder(pixels, edge, edge, edge, edge, cv2.BORDER_REFLECT)
        column = cut_patches(mirrored, positions, width).reshape(-1, width, pixels.shape[2])
        prepared = self.prepare(column).reshape(-1, width, width, self.planes)
        return prepared[:, edge : edge + self.side, edge : edge + self.side]

    def all_pieces(self, pixels: np.ndarray) -> np.ndarray:
        """Return all pieces of an image that do not overlap, shape (n, side, side, planes)."""
        grid = patch_grid(self.prepare(pixels), patch=self.side, stride=self.side)
        return grid.reshape(-1, self.side, self.side, self.planes)


FORMS = {"cnniqa": Form("cnniqa", CNNIQA.patch, 1, contrast_normalised, margin=CNNIQA.window // 2)}
