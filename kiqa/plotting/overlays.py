"""A quality map laid over its image, or blended with it.

Public names: :func:`plot_overlay`, :func:`plot_blend`.
"""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from PIL import Image

from kiqa.constants import PAQ2PIQ
from kiqa.io.map_files import QualityMap
from kiqa.io.scales import limits as scale_limits
from kiqa.plotting.figures import axes_or_new
from kiqa.plotting.maps import scale_label

_DRAWN = 1500  # larger images are averaged down about to this many pixels a side
_HALF_CONTRAST: dict[str, Any] = {"vmin": -128, "vmax": 383, "interpolation": "bilinear"}
_MID_GRAY = np.array([0.5, 0.5, 0.5, 1.0])


def plot_overlay(
    pixels: np.ndarray,
    quality_map: QualityMap,
    *,
    ax: Axes | None = None,
    alpha: float = 0.6,
    colorbar: bool = True,
    limits: tuple[float, float] | None = None,
    cmap: str = "magma",
) -> Axes:
    """Lay a quality map over its image.

    The image is drawn gray and at half contrast, so that colour means
    quality only. Each cell covers the ``stride`` x ``stride`` pixels round
    its centre; the border, where no window has its centre, stays uncovered.
    The colour scale is fixed, never stretched to the map, so two images
    compare.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        quality_map: Map of that image.
        ax: Axes to draw on.
        alpha: Opacity of the map, 0-1.
        colorbar: Whether to add the labelled scale beside the axes, in the
            colours of the map over mid-gray.
        limits: Values at the two ends of the colour scale; ``None`` takes the
            ends of the map's own scale.
        cmap: Name of a matplotlib colour map.

    Returns:
        The axes, in pixel coordinates of the image.

    Raises:
        ValueError: If the map was made from an image of another size.
    """
    size = _checked_size(pixels, quality_map)
    height, width = size
    ax = axes_or_new(ax, _figure_size(size))
    step = max(1, max(size) // _DRAWN)
    gray = Image.fromarray(pixels).convert("L").reduce(step)
    shown = (-0.5, gray.width * step - 0.5, gray.height * step - 0.5, -0.5)
    ax.imshow(gray, cmap="gray", extent=shown, **_HALF_CONTRAST)
    (top, bottom), (left, right) = (edges[[0, -1]] - 0.5 for edges in quality_map.edges())
    norm = Normalize(*(scale_limits(quality_map.scale) if limits is None else limits))
    ax.imshow(
        quality_map.values,
        cmap=cmap,
        norm=norm,
        alpha=alpha,
        interpolation="auto",  # sharp cells; averages where cells are smaller than dots
        extent=(left, right, bottom, top),
    )
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), xticks=[], yticks=[])
    if colorbar:
        _add_colorbar(ax, quality_map, norm=norm, alpha=alpha, cmap=cmap)
    return ax


def plot_blend(
    pixels: np.ndarray,
    quality_map: QualityMap,
    *,
    ax: Axes | None = None,
    alpha: float = PAQ2PIQ.overlay,
    colorbar: bool = True,
    limits: tuple[float, float] | None = None,
    cmap: str = "magma",
) -> Axes:
    """Blend a quality map with its image, as PaQ-2-PiQ shows its maps.

    The map is interpolated (bilinear) to one value per pixel, coloured, and
    mixed with the image in colour. The colour scale is fixed.

    Args:
        pixels: As for `plot_overlay`.
        quality_map: As for `plot_overlay`.
        ax: As for `plot_overlay`.
        alpha: Part of the map in the mixture, 0-1.
        colorbar: As for `plot_overlay`.
        limits: As for `plot_overlay`.
        cmap: As for `plot_overlay`.

    Returns:
        The axes, in pixel coordinates of the image.

    Raises:
        ValueError: If the map was made from an image of another size.

    References:
        Ying et al. 2020, section 4.3 and Fig. 10.
    """
    height, width = size = _checked_size(pixels, quality_map)
    ax = axes_or_new(ax, _figure_size(size))
    norm = Normalize(*(scale_limits(quality_map.scale) if limits is None else limits))
    step = max(1, max(size) // _DRAWN)
    image = np.asarray(Image.fromarray(pixels).reduce(step), np.float32) / 255
    middle = [np.minimum(np.arange(n) * step + step // 2, side - 1)
              for n, side in zip(image.shape, size, strict=False)]  # fmt: skip
    values = quality_map.to_image_size()[np.ix_(*middle)]
    colours = colormaps[cmap](norm(values))[..., :3]
    rows, columns = (n * step - 0.5 for n in values.shape)
    ax.imshow(alpha * colours + (1 - alpha) * image, extent=(-0.5, columns, rows, -0.5))
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), xticks=[], yticks=[])
    if colorbar:
        _add_colorbar(ax, quality_map, norm=norm, alpha=alpha, cmap=cmap)
    return ax


def _checked_size(pixels, quality_map):
    """Height and width of the image, which are those of the map."""
    size = tuple(pixels.shape[:2])
    if size != tuple(quality_map.image_size):
        raise ValueError(
            f"Expected the image of the map, {quality_map.image_size} (height, width), "
            f"received {size}. Read it with kiqa.load_image, which turns it upright."
        )
    return size


def _figure_size(size):
    return 7.2, min(max(6.2 * size[0] / size[1], 2.0), 12.0)


def _add_colorbar(ax, quality_map, *, norm, alpha, cmap):
    seen = ListedColormap(alpha * colormaps[cmap](np.arange(256)) + (1 - alpha) * _MID_GRAY)
    limits = norm.vmin, norm.vmax
    bar = ax.figure.colorbar(
        ScalarMappable(norm, seen), ax=ax, extend=_extend(quality_map.values, limits), pad=0.02
    )
    bar.set_label(scale_label(quality_map))


def _extend(values, limits):
    below, above = np.min(values) < limits[0], np.max(values) > limits[1]
    return ("neither", "min", "max", "both")[int(below) + 2 * int(above)]
