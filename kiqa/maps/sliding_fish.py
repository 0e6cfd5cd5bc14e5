"""The exact FISH map: FISH of every window, without transforming each one.

The transform of a window of 64x64 pixels is a matrix product on either side,
``V X H'``, with a row of V (or H) for each coefficient of a band; the energy
of a band is the sum of the squared entries. Two facts make the map fast:

- The transform along rows depends on the window's column only, so it is
  shared by all windows above and below.
- Away from the window's border a coefficient does not feel the symmetric
  extension: the row of the matrix is that of its neighbour, shifted. Such
  *inner* coefficients are those of one filter over the whole image, shared by
  all windows that hold them, and their squares are summed by cumulative sums.
  Only the few *border* coefficients are computed for each window.

With inner (i) and border (b) coefficients on both axes a band's energy is the
sum of four parts: ii once for the image, ib and bi once for each column or
row of windows, bb for each window. The third level has almost no inner
coefficients; there the same parts cost a matrix product of 8 rows.

References:
    Vu and Chandler 2012 (see `kiqa.maps.fish`); thesis, section 5.4.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from kiqa.constants import PATCHNET
from kiqa.io.map_files import QualityMap
from kiqa.maps.fish import LEVEL_WEIGHTS, analyse, as_map, gray_of, level_sum, window_grid

_BAND_BYTES = 128 * 2**20  # of one intermediate array; larger images go in bands of rows


@dataclass(frozen=True, eq=False)
class _Filter:
    """One band of one level along one axis, as rows of a matrix.

    Attributes:
        step: Pixels between neighbouring coefficients, 2, 4 or 8.
        kernel: The row that all inner coefficients share, without zeros
            around it; empty if there are none.
        first: Pixel of the window at which the kernel of the first inner
            coefficient begins.
        inner: Number of inner coefficients.
        border: Rows of the others, of shape (count, window).
    """

    step: int
    kernel: np.ndarray
    first: int
    inner: int
    border: np.ndarray

    @property
    def count(self) -> int:
        return self.inner + len(self.border)


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
            ``numpy.float32`` (to 1e-3, twice as fast).

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
    rows, columns = window_grid(gray.shape, stride=stride, window=window)
    if window % 8 or window < 16:
        raise ValueError(
            f"Expected a window of a multiple of 8 pixels, at least 16. Received: {window}."
        )
    if np.dtype(dtype) not in (np.dtype(np.float64), np.dtype(np.float32)):
        raise ValueError(f"Expected dtype float64 or float32. Received: {np.dtype(dtype)}.")
    gray = gray[: (rows - 1) * stride + window, : (columns - 1) * stride + window]
    # A band of window rows needs about 2 * window values for each of its pixel
    # rows and window columns.
    row_bytes = 2 * window * columns * np.dtype(dtype).itemsize
    band = max(1, (_BAND_BYTES // row_bytes - window) // stride + 1)
    parts = [
        _band_values(
            gray[top * stride : (min(top + band, rows) - 1) * stride + window].astype(dtype),
            rows=min(band, rows - top),
            columns=columns,
            stride=stride,
            window=window,
        )
        for top in range(0, rows, band)
    ]
    return np.concatenate(parts)


def _band_values(gray, *, rows, columns, stride, window):
    """FISH of some rows of windows."""
    energies = []
    for low, high in _filters(window, gray.dtype.type):
        # Along the rows of the image, for both bands ...
        along = {
            band: _along_rows(gray, band_filter, columns, stride)
            for band, band_filter in (("low", low), ("high", high))
        }
        # ... then down its columns: LH, HL, HH.
        energies.append(
            [
                _energy(*along[horizontal], vertical, across, rows, stride)
                for vertical, horizontal, across in (
                    (low, "high", high),
                    (high, "low", low),
                    (high, "high", high),
                )
            ]
        )
    return level_sum(energies)


def _along_rows(gray, band, columns, stride):
    """Inner coefficients of the whole rows, and border ones of each window column."""
    inner = _convolved(gray.T, band, columns, stride).T
    windows = np.lib.stride_tricks.sliding_window_view(gray, band.border.shape[1], axis=1)
    border = windows[:, ::stride][:, :columns] @ band.border.T
    return inner, border.reshape(len(gray), -1)


def _energy(inner, border, vertical, horizontal, rows, stride):
    """Mean squared coefficient of one band for each window."""
    columns = border.shape[1] // len(horizontal.border)
    total = np.zeros((rows, columns))
    for values, is_inner in ((inner, True), (border, False)):
        # Sums over the coefficients of each window, first across, then down.
        def across(squares, is_inner=is_inner):
            if is_inner:
                return _window_sums(squares.T, horizontal, columns, stride).T
            return squares.reshape(len(squares), columns, -1).sum(axis=2)

        if not values.size:
            continue
        if vertical.inner:
            squares = _convolved(values, vertical, rows, stride) ** 2
            total += _window_sums(across(squares), vertical, rows, stride)
        window = vertical.border.shape[1]
        for row in range(rows):
            part = vertical.border @ values[row * stride : row * stride + window]
            total[row] += across((part**2).sum(axis=0)[None])[0]
    return np.maximum(total, 0) / (vertical.count * horizontal.count)


def _grid_step(band, stride):
    """Pixels between the places at which some window has an inner coefficient."""
    return math.gcd(stride, band.step)


def _convolved(values, band, windows, stride):
    """Inner coefficients of all windows along the first axis, once each."""
    if not band.inner:
        return values[:0]
    step = _grid_step(band, stride)
    last = (windows - 1) * stride + band.first + (band.inner - 1) * band.step
    stop = last + 1
    return sum(
        weight * values[band.first + shift : stop + shift : step]
        for shift, weight in enumerate(band.kernel)
    )


def _window_sums(squares, band, windows, stride):
    """Sums over the inner coefficients of each window along the first axis."""
    step = _grid_step(band, stride)
    lag = band.step // step  # places between a window's neighbouring coefficients
    length = -(-len(squares) // lag)
    padded = np.zeros(((length + 1) * lag, *squares.shape[1:]))
    padded[lag : lag + len(squares)] = squares
    sums = padded.reshape(length + 1, lag, -1).cumsum(axis=0).reshape(padded.shape)
    begin = np.arange(windows) * (stride // step)
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
    middle = len(matrix) // 2
    support = np.flatnonzero(np.abs(matrix[middle]) > 1e-12)
    begin, end = support[0], support[-1] + 1
    kernel = matrix[middle, begin:end]
    inner = []
    for row in range(len(matrix)):
        at = begin + (row - middle) * step
        if at < 0 or at + len(kernel) > matrix.shape[1]:
            continue
        expected = np.zeros(matrix.shape[1])
        expected[at : at + len(kernel)] = kernel
        if np.abs(matrix[row] - expected).max() < 1e-12:
            inner.append(row)
    if len(inner) < len(matrix) // 4:  # too few to be worth it: all are border ones
        inner = []
    first = begin + (inner[0] - middle) * step if inner else 0
    border = np.delete(matrix, inner, axis=0)
    return _Filter(
        step=step,
        kernel=kernel.astype(dtype),
        first=int(first),
        inner=len(inner),
        border=np.ascontiguousarray(border, dtype),
    )
