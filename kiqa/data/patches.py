"""Patches of an image: where they lie, and cutting them.

Vocabulary, for the whole package: a *patch* is a square of pixels cut out; a
*position* is the row and column of its top left pixel; a *cell* is one value
of a map; the *stride* is the number of pixels between neighbouring cells; the
*offset* is the pixel centre of cell (0, 0), ``(patch - 1) / 2``; the
*receptive field* is the number of pixels one cell sees.

An axis of ``size`` pixels has ``(size - patch) // stride + 1`` cells. Pixels
that remain at the bottom and at the right are dropped: no patch is moved to
the border, so all cells are ``stride`` pixels apart.

Public names: :func:`grid_shape`, :func:`patch_positions`,
:func:`random_positions`, :func:`cut_patches`, :func:`patch_grid`.
"""

import numpy as np


def grid_shape(height: int, width: int, *, patch: int, stride: int) -> tuple[int, int]:
    """Return the number of cells by rows and columns.

    Args:
        height: Image height in pixels.
        width: Image width in pixels.
        patch: Side of a patch in pixels, at least 1.
        stride: Pixels between neighbouring cells, at least 1.

    Returns:
        ``(rows, columns)``, both at least 1.

    Raises:
        ValueError: If the image is smaller than a patch, or patch or stride
            is no positive integer.

    Examples:
        >>> grid_shape(128, 100, patch=64, stride=8)
        (9, 5)
    """
    for name, value in (("patch", patch), ("stride", stride)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"Expected a {name} of at least 1 pixel. Received: {value!r}.")
    if min(height, width) < patch:
        raise ValueError(
            f"Expected an image of at least {patch}x{patch} pixels, one patch. "
            f"Received: {width}x{height}. Use a larger image."
        )
    return (height - patch) // stride + 1, (width - patch) // stride + 1


def patch_positions(height: int, width: int, *, patch: int, stride: int) -> np.ndarray:
    """Return the positions of a regular grid, row by row.

    Args:
        height: Image height in pixels.
        width: Image width in pixels.
        patch: Side of a patch in pixels.
        stride: Pixels between neighbouring patches.

    Returns:
        Integer array of shape ``(rows * columns, 2)``: row, column.

    Raises:
        ValueError: As `grid_shape`.

    Examples:
        >>> patch_positions(96, 64, patch=64, stride=32).tolist()
        [[0, 0], [32, 0]]
    """
    rows, columns = grid_shape(height, width, patch=patch, stride=stride)
    return np.indices((rows, columns)).reshape(2, -1).T * stride


def random_positions(
    height: int, width: int, n: int, *, patch: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw ``n`` different positions, each equally likely.

    Args:
        height: Image height in pixels.
        width: Image width in pixels.
        n: Number of positions, at least 1.
        patch: Side of a patch in pixels.
        rng: Source of randomness.

    Returns:
        Integer array of shape ``(n, 2)``: row, column, in the order drawn.

    Raises:
        ValueError: As `grid_shape`, or if the image has fewer than ``n``
            positions.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> random_positions(100, 100, 5, patch=64, rng=rng).shape
        (5, 2)
    """
    rows, columns = grid_shape(height, width, patch=patch, stride=1)
    if not 1 <= n <= rows * columns:
        raise ValueError(
            f"Expected 1 to {rows * columns} patches, the positions of {patch} x {patch} pixels "
            f"in {height} x {width}, received n={n}. Use a larger image or fewer patches."
        )
    chosen = rng.choice(rows * columns, n, replace=False)
    return np.stack(np.divmod(chosen, columns), axis=1)


def cut_patches(image: np.ndarray, positions: np.ndarray, patch: int) -> np.ndarray:
    """Cut patches out of an image.

    Args:
        image: Array of shape ``(H, W, C)``.
        positions: Integers of shape ``(n, 2)``: row, column.
        patch: Side of a patch in pixels.

    Returns:
        A new array of shape ``(n, patch, patch, C)`` of the image's type.

    Raises:
        ValueError: If the shapes are not as stated, or a patch would reach
            over the border.

    Examples:
        >>> image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
        >>> cut_patches(image, np.array([[0, 0], [2, 2]]), 2).shape
        (2, 2, 2, 3)
    """
    positions = np.asarray(positions)
    if positions.ndim != 2 or positions.shape[1] != 2:
        raise ValueError(f"Expected positions of shape (n, 2), received {positions.shape}.")
    windows = patch_grid(image, patch=patch, stride=1)
    last = np.array(windows.shape[:2]) - 1
    outside = np.any((positions < 0) | (positions > last), axis=1)
    if outside.any():
        raise ValueError(
            f"Expected rows from 0 to {last[0]} and columns from 0 to {last[1]}, received "
            f"{outside.sum()} positions outside, {positions[outside][0].tolist()} first."
        )
    return windows[positions[:, 0], positions[:, 1]]


def patch_grid(image: np.ndarray, *, patch: int, stride: int) -> np.ndarray:
    """View an image as its regular grid of patches, without copying.

    Args:
        image: Array of shape ``(H, W, C)``.
        patch: Side of a patch in pixels.
        stride: Pixels between neighbouring patches.

    Returns:
        A read-only view of shape ``(rows, columns, patch, patch, C)``.

    Raises:
        ValueError: If the image has not three axes, or as `grid_shape`.

    Examples:
        >>> image = np.zeros((128, 100, 3), np.uint8)
        >>> patch_grid(image, patch=64, stride=8).shape
        (9, 5, 64, 64, 3)
    """
    if image.ndim != 3:
        raise ValueError(f"Expected an image of shape (H, W, C), received {image.shape}.")
    grid_shape(*image.shape[:2], patch=patch, stride=stride)
    window = (patch, patch, image.shape[2])
    return np.lib.stride_tricks.sliding_window_view(image, window)[::stride, ::stride, 0]
