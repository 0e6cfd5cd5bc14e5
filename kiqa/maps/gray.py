"""Gray maps: an image, made as small as its other maps."""

import cv2
import numpy as np

from kiqa.constants import PATCHNET
from kiqa.data.patches import grid_shape
from kiqa.io.map_files import QualityMap
from kiqa.maps.fish import gray_of


def gray_map(
    image: np.ndarray, *, stride: int = PATCHNET.stride, window: int = PATCHNET.patch
) -> QualityMap:
    """Resize the gray image to the grid of sliding windows.

    The whole image is resized, by the means of areas, also its margins
    where no window has its centre: as an image of the content, not as a
    measurement at the cells.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), or gray values 0..255 of
            shape (H, W); sides at least the window's.
        stride: Pixels between windows, at least 1.
        window: Side of a window in pixels.

    Returns:
        `QualityMap` with ``values`` of shape ((H - window) // stride + 1,
        (W - window) // stride + 1) in [0, 1]. Its direction says nothing:
        brightness is no quality.

    Raises:
        ValueError: If the image is smaller than a window or of another kind.

    References:
        Thesis, section 5.4 and Fig. 13.
    """
    gray = gray_of(image)
    rows, columns = grid_shape(*gray.shape, patch=window, stride=stride)
    small = cv2.resize(gray.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    return QualityMap(
        values=small / np.float32(255),
        stride=int(stride),
        offset=(window - 1) / 2,
        image_size=gray.shape,
        model="gray",
    )
