"""What CORNIA looks at: small patches of gray values, less their mean, over their deviation.

Positions are drawn at random, the same ones in every image of a size. How many
there are is part of the model, because the largest answer of a codeword grows with
it; the weights file says it. A smaller image is looked at everywhere.

Public names: `normalised_patches`, `answers`, `LEAST_SIDE`.

References:
    P. Ye et al., CVPR 2012, section 3.1 (see `kiqa.models.cornia`).
"""

import numpy as np

from kiqa.comparators.luminance import check_side
from kiqa.constants import CORNIA
from kiqa.data.patches import cut_patches, grid_shape, random_positions
from kiqa.maps.fish import gray_of

LEAST_SIDE = 16  # ours: 100 positions
_SEED = 0  # of the positions


def normalised_patches(image: np.ndarray, count: int) -> np.ndarray:
    """Return patches of an image.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), at least `LEAST_SIDE` a side.
        count: Of the patches; an image with fewer positions gives all it has.

    Returns:
        ``float32`` of shape (count, 49): gray values of 7x7 pixels less their mean,
        over their deviation and 10.

    Raises:
        ValueError: If the image is too small.
    """
    check_side(image, LEAST_SIDE, name="cornia")
    gray = gray_of(image).astype(np.float32)[..., None]
    height, width = gray.shape[:2]
    rows, columns = grid_shape(height, width, patch=CORNIA.patch, stride=1)
    positions = random_positions(
        height,
        width,
        min(count, rows * columns),
        patch=CORNIA.patch,
        rng=np.random.default_rng(_SEED),
    )
    patches = cut_patches(gray, positions, CORNIA.patch).reshape(len(positions), -1)
    patches = patches - patches.mean(axis=1, keepdims=True)
    return patches / (patches.std(axis=1, keepdims=True) + CORNIA.constant)


def answers(patches: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the largest answers of codewords, as `kiqa.models.cornia` has them.

    Args:
        patches: From `normalised_patches`.
        kernel: Whitening and codewords, shape (49, codewords).
        bias: What the whitening takes away, shape (codewords,).

    Returns:
        ``float32`` of shape (2 * codewords,): the largest answer of each, then the
        largest of the opposite sign; at least 0.
    """
    found = patches @ kernel + bias
    return np.maximum(0, np.concatenate([found.max(axis=0), -found.min(axis=0)]))
