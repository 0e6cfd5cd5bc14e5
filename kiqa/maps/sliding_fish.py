"""The exact FISH map: FISH of every window, without transforming each one.

The transform of a window is a matrix product on either side, ``V X H'``, with
a row of V (or H) for each coefficient of a band; the energy of a band is the
sum of the squared entries. Two facts make the map fast:

- The transform along rows depends on the window's column only, so it is
  shared by all windows above and below.
- Away from the window's border a coefficient does not feel the symmetric
  extension: the row of the matrix is that of its neighbour, shifted. Such
  *inner* coefficients are those of one filter over the whole image, shared by
  all windows that hold them, and their squares are summed by cumulative sums.
  Only the few *border* coefficients are computed for each window, from the
  few pixels next to the border that they see.

With inner (i) and border (b) coefficients on both axes a band's energy is the
sum of four parts: ii once for the image, ib and bi once for each column or
row of windows, bb for each window. The third level has next to no inner
coefficients; all of its eight are computed for each window.

Everything is one operation, `_slide`: the product of a small matrix with the
rows under it, moved down the image. For inner coefficients the matrix holds
the filter a few times, shifted.

References:
    Vu and Chandler 2012 (see `kiqa.maps.fish`); thesis, section 5.4.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from kiqa.constants import PATCHNET
from kiqa.data.patches import grid_shape
from kiqa.io.map_files import QualityMap
from kiqa.maps.fish import LEVEL_WEIGHTS, analyse, as_map, gray_of, level_sum

_MEMORY = 256 * 2**20  # bytes of a tile's arrays; larger maps are computed tile by tile
_ARRAYS = 6  # about as many values are held for each coefficient along the rows

# Multiplications of one product. Small ones stay in the cache, and OpenBLAS
# keeps them on one thread: its threads wait for one another at each product,
# which on a busy machine takes longer than the product.
_PRODUCT = 2**16
_SHIFTS = 4  # copies of a filter in the matrix of inner coefficients


@dataclass(frozen=True, eq=False)
class _Filter:
    """One band of one level along one axis.

    Attributes:
        step: Pixels between neighbouring coefficients, 2, 4 or 8.
        kernel: The weights that all inner coefficients share.
        first: Pixel of the window at which the kernel of the first inner
            coefficient begins.
        inner: Number of inner coefficients.
        border: The others, as (first pixel, matrix) of those at the beginning
            and of those at the end; matrices of shape (count, pixels).
    """

    step: int
    kernel: np.ndarray
    first: int
    inner: int
    border: tuple[tuple[int, np.ndarray], ...]

    @property
    def borders(self) -> int:
        """The number of border coefficients."""
        return sum(len(matrix) for _, matrix in self.border)


def fish_map(
    image: np.ndarray,
    *,
    stride: int = PATCHNET.stride,
    window: int = PATCHNET.patch,
    dtype: type = np.float64,
) -> QualityMap:
    """Return FISH of every window of an image.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), or gray values 0..255 of
            shape (H, W); sides at least the window's.
        stride: Pixels between windows, at least 1.
        window: Side of a window in pixels, a multiple of 8, at least 16.
        dtype: ``numpy.float64`` (equal to `kiqa.maps.fish.fish` of each
            window to 1e-6, before the map's rounding to float32) or
            ``numpy.float32`` (to 1e-3, about twice as fast).

    Returns:
        `QualityMap` with ``values`` of shape ((H - window) // stride + 1,
        (W - window) // stride + 1), at least 0, higher is sharper: the grid
        of Patchnet's map at this stride.

    Raises:
        ValueError: If an argument is not as stated.

    References:
        Thesis, section 5.4: FISH "using the same sliding window approach".
    """
    gray = gray_of(image)
    values = fish_values(gray, stride=stride, window=window, dtype=dtype)
    return as_map(values, stride=stride, window=window, image_size=gray.shape, model="fish")


def fish_values(gray: np.ndarray, *, stride: int, window: int, dtype: type) -> np.ndarray:
    """Compute the values of `fish_map`, ``float64`` of shape (rows, columns).

    Args:
        gray: Gray values of shape (H, W).
        stride: As for `fish_map`.
        window: As for `fish_map`.
        dtype: As for `fish_map`.

    Returns:
        The values, not rounded.

    Raises:
        ValueError: As `fish_map`.
    """
    rows, columns = grid_shape(*gray.shape, patch=window, stride=stride)
    if window % 8 or window < 16:
        raise ValueError(
            f"Expected a window of a multiple of 8 pixels, at least 16. Received: {window}."
        )
    if np.dtype(dtype) not in (np.dtype(np.float64), np.dtype(np.float32)):
        raise ValueError(f"Expected dtype float64 or float32. Received: {np.dtype(dtype)}.")
    tile_rows, tile_columns = _tile(rows, columns, stride, window, np.dtype(dtype).itemsize)
    values = np.empty((rows, columns))
    for top in range(0, rows, tile_rows):
        for left in range(0, columns, tile_columns):
            out = values[top : top + tile_rows, left : left + tile_columns]
            y, x = top * stride, left * stride
            part = gray[
                y : y + (out.shape[0] - 1) * stride + window,
                x : x + (out.shape[1] - 1) * stride + window,
            ]
            out[:] = _tile_values(part.astype(dtype), out.shape, stride, window)
    return values


def _tile(rows, columns, stride, window, itemsize):
    """Rows and columns of windows that keep to the memory budget."""
    parts = [1, 1]
    while True:
        tile = [math.ceil(count / part) for count, part in zip((rows, columns), parts, strict=True)]
        height, width = ((count - 1) * stride + window for count in tile)
        along = 8 * tile[1] + width  # border and inner coefficients of a pixel row
        if _ARRAYS * itemsize * height * along <= _MEMORY or max(tile) == 1:
            return tile
        parts[0 if tile[0] >= tile[1] else 1] += 1


def _tile_values(gray, shape, stride, window):
    """FISH of some windows."""
    rows, columns = shape
    turned = np.ascontiguousarray(gray.T)
    energies = []
    for low, high in _filters(window, gray.dtype.type):
        # Along the rows of the image, then down its columns: LH, HL, HH.
        along = _along_rows(turned, high, columns, stride)
        low_high = _energy(along, low, high, shape, stride)
        high_high = _energy(along, high, high, shape, stride)
        along = _along_rows(turned, low, columns, stride)
        high_low = _energy(along, high, low, shape, stride)
        energies.append((low_high, high_low, high_high))
    return level_sum(energies)


def _along_rows(turned, band, columns, stride):
    """Coefficients along the rows: the inner ones, then each border one of all windows."""
    places = _places(band, columns, stride)
    found = np.empty((turned.shape[1], places + band.borders * columns), turned.dtype)
    for place, chunk, part in _inner(turned, band, columns, stride):
        found[chunk, place] = part.T
    at = places
    for first, matrix in band.border:
        for chunk, part in _slide(matrix, turned[first:], stride, columns):
            size = len(matrix) * columns
            found[chunk, at : at + size] = part.transpose(2, 1, 0).reshape(-1, size)
        at += size
    return found


def _energy(along, vertical, horizontal, shape, stride):
    """Mean squared coefficient of one band for each window."""
    rows, columns = shape
    # Sums of squares over the coefficients of each window, first down ...
    down = np.zeros((rows, along.shape[1]))
    if vertical.inner:
        squares = np.empty((_places(vertical, rows, stride), along.shape[1]), along.dtype)
        for place, chunk, part in _inner(along, vertical, rows, stride):
            np.square(part, out=squares[place, chunk])
        down += _window_sums(squares, vertical, rows, stride)
    for first, matrix in vertical.border:
        for chunk, part in _slide(matrix, along[first:], stride, rows):
            down[:, chunk] += np.einsum("rkc,rkc->rc", part, part)
    # ... then across.
    places = _places(horizontal, columns, stride)
    total = down[:, places:].reshape(rows, horizontal.borders, columns).sum(axis=1)
    if horizontal.inner:
        total += _window_sums(down[:, :places].T, horizontal, columns, stride).T
    count = (vertical.inner + vertical.borders) * (horizontal.inner + horizontal.borders)
    return np.maximum(total, 0) / count


def _places(band, windows, stride):
    """Number of places along an axis at which the inner coefficients of windows lie."""
    if not band.inner:
        return 0
    return ((windows - 1) * stride + (band.inner - 1) * band.step) // _between(band, stride) + 1


def _between(band, stride):
    """Pixels from one such place to the next."""
    return math.gcd(stride, band.step)


def _inner(values, band, windows, stride):
    """Inner coefficients of all windows down the rows, as (places, columns, their values)."""
    between, places = _between(band, stride), _places(band, windows, stride)
    whole = places // _SHIFTS * _SHIFTS
    for at, shifts, count in ((0, _SHIFTS, whole // _SHIFTS), (whole, places - whole, 1)):
        if shifts and count:
            matrix = _shifted(band.kernel, shifts, between)
            below = values[band.first + at * between :]
            for chunk, part in _slide(matrix, below, shifts * between, count):
                place = slice(at, at + shifts * count)
                yield place, chunk, part.reshape(shifts * count, -1)


def _shifted(kernel, shifts, between):
    """The kernel as the rows of a matrix, each further to the right."""
    matrix = np.zeros((shifts, len(kernel) + (shifts - 1) * between), kernel.dtype)
    for row in range(shifts):
        matrix[row, row * between : row * between + len(kernel)] = kernel
    return matrix


def _slide(matrix, values, hop, count):
    """Products of the matrix with ``count`` groups of rows, the next ``hop`` rows below.

    Yields:
        Slice of the columns and their products, (count, rows of the matrix, columns).
    """
    width = max(1, _PRODUCT // matrix.size)
    for left in range(0, values.shape[1], width):
        chunk = slice(left, min(left + width, values.shape[1]))
        groups = np.lib.stride_tricks.sliding_window_view(values[:, chunk], matrix.shape[1], axis=0)
        yield chunk, matrix @ groups[::hop][:count].swapaxes(1, 2)


def _window_sums(squares, band, windows, stride):
    """Sums over the inner coefficients of each window down the rows, in double precision."""
    between = _between(band, stride)
    lag = band.step // between  # places from a window's coefficient to its next
    length = -(-len(squares) // lag)
    sums = np.zeros(((length + 1) * lag, squares.shape[1]))
    sums[lag : lag + len(squares)] = squares
    by_lag = sums.reshape(length + 1, lag, -1)
    np.cumsum(by_lag, axis=0, out=by_lag)
    begin = np.arange(windows) * (stride // between)
    return sums[begin + band.inner * lag] - sums[begin]


@functools.cache
def _filters(window, dtype):
    """Low and high band of each level, as `_Filter`."""
    low, levels = np.eye(window), []
    for level in range(1, len(LEVEL_WEIGHTS) + 1):
        low, high = analyse(low, 0)
        levels.append(tuple(_split(matrix, 2**level, dtype) for matrix in (low, high)))
    return levels


def _split(matrix, step, dtype):
    """Find the rows that are one kernel, shifted by ``step`` from row to row."""
    size, window = matrix.shape
    begin, end = _support(matrix[size // 2 : size // 2 + 1])
    kernel = matrix[size // 2, begin:end]
    inner = []
    for row in range(size):
        at = begin + (row - size // 2) * step
        if at >= 0 and at + len(kernel) <= window:
            expected = np.zeros(window)
            expected[at : at + len(kernel)] = kernel
            if np.abs(matrix[row] - expected).max() < 1e-12:
                inner.append(row)
    if len(inner) < size // 2:  # too few to be worth it: all are border ones
        inner = []
    groups = (matrix[: inner[0]], matrix[inner[-1] + 1 :]) if inner else (matrix,)
    border = []
    for group in filter(len, groups):
        left, right = _support(group)
        border.append((int(left), np.ascontiguousarray(group[:, left:right], dtype)))
    return _Filter(
        step=step,
        kernel=kernel.astype(dtype),
        first=int(begin + (inner[0] - size // 2) * step) if inner else 0,
        inner=len(inner),
        border=tuple(border),
    )


def _support(matrix):
    """First and end of the columns that are not zero."""
    columns = np.flatnonzero(np.abs(matrix).max(axis=0) > 1e-12)
    return columns[0], columns[-1] + 1
