"""Gray values as the comparators take them; they differ, and the numbers with them.

- `thesis_luminance`: ``0.299 R + 0.587 G + 0.114 B``, not rounded, which the thesis
  takes for PSNR and FSIM's authors take for FSIM.
- `kiqa.maps.fish.gray_of`: Matlab's ``rgb2gray`` of ``uint8``, rounded to whole
  numbers, which the authors of SSIM, GMSD, BRISQUE and NIQE assume.

Public names: `thesis_luminance`, `chrominance`, `check_same`, `check_side`,
`block_means`.
"""

import numpy as np

_LUMINANCE = (0.299, 0.587, 0.114)  # thesis, section 2.2.2
_CHROMINANCE = ((0.596, -0.274, -0.322), (0.211, -0.523, 0.312))  # I and Q of YIQ


def thesis_luminance(image: np.ndarray) -> np.ndarray:
    """Return the luminance of the thesis's section 2.2.2.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3).

    Returns:
        ``float64`` of shape (H, W), 0..255, not rounded.

    Examples:
        >>> thesis_luminance(np.array([[[255, 0, 0]]], np.uint8)).round(3)
        array([[76.245]])
    """
    return np.asarray(image, np.float64) @ np.array(_LUMINANCE)


def chrominance(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return I and Q of the colour space YIQ.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3).

    Returns:
        Two arrays ``float64`` of shape (H, W), about -152..152 and -133..133; 0
        for gray.

    References:
        L. Zhang et al. 2011, section II-C.
    """
    pixels = np.asarray(image, np.float64)
    return pixels @ np.array(_CHROMINANCE[0]), pixels @ np.array(_CHROMINANCE[1])


def check_same(image: np.ndarray, reference: np.ndarray) -> None:
    """Refuse two images of different shapes.

    Raises:
        ValueError: If the shapes differ.
    """
    if np.shape(image) != np.shape(reference):
        raise ValueError(
            "Expected an image and its reference of the same shape. Received: "
            f"{np.shape(image)} and {np.shape(reference)}. Crop both to the same part."
        )


def check_side(image: np.ndarray, least: int, *, name: str) -> None:
    """Refuse an image that is too small for a comparator.

    Args:
        image: Of shape (H, W) or (H, W, 3).
        least: Least width and height in pixels.
        name: Of the comparator.

    Raises:
        ValueError: If a side is smaller.
    """
    height, width = np.shape(image)[:2]
    if min(height, width) < least:
        raise ValueError(
            f"Expected an image of at least {least}x{least} pixels for {name}. "
            f"Received: {width}x{height}. Use a larger image."
        )


def block_means(values: np.ndarray, side: int) -> np.ndarray:
    """Return means of blocks as a filter and a step give them in Matlab.

    What Matlab's ``conv2`` with a square of ones and the option ``same`` gives at
    every ``side``-th pixel: the mean of the pixels ``(side - 1) // 2`` before to
    ``side // 2`` behind it, zeros outside of the image.

    Args:
        values: ``float64`` of shape (H, W).
        side: Of a block in pixels, at least 1.

    Returns:
        ``float64`` of shape (ceil(H / side), ceil(W / side)).

    Examples:
        >>> block_means(np.array([[1.0, 2, 3], [5, 6, 7]]), 2)
        array([[3.5, 2.5]])
    """
    if side == 1:
        return values
    before = (side - 1) // 2
    padded = np.pad(values, [(before, side)] * 2)
    sums = np.pad(padded, [(1, 0)] * 2).cumsum(axis=0).cumsum(axis=1)
    rows, columns = (np.arange(0, length, side) for length in values.shape)
    high, wide = rows[:, None], columns[None]
    total = (
        sums[high + side, wide + side] - sums[high, wide + side]
        - sums[high + side, wide] + sums[high, wide]
    )  # fmt: skip
    return total / side**2
