"""Maps on their own, and the window diagram."""

import numpy as np
import pytest

from kiqa.io.map_files import QualityMap
from kiqa.plotting import (
    plot_map,
    plot_overlay,
    plot_window_diagram,
    plot_windows,
    scale_label,
)


def _map(rows, columns, stride=16):
    values = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns) / 100
    size = (64 + (rows - 1) * stride, 64 + (columns - 1) * stride)
    return QualityMap(values, stride, 31.5, size)


def test_map_is_drawn_on_the_scale_given():
    """The values are not stretched to the map."""
    quality = _map(3, 5)
    ax = plot_map(quality, limits=(0, 2), title="a map", label="unit")
    (drawn,) = ax.images
    assert drawn.get_clim() == (0, 2)
    np.testing.assert_array_equal(drawn.get_array(), quality.values)
    assert ax.figure.axes[1].get_ylabel() == "unit"
    assert len(plot_map(quality, colorbar=False).figure.axes) == 1


def test_windows_lie_where_the_cells_are():
    """First window, its two neighbours one stride off, and the one asked for."""
    pixels = np.zeros((128, 160, 3), np.uint8)
    ax = plot_windows(pixels, stride=16, window=64, shown=(2, 5))
    corners = {
        (*patch.get_xy(), patch.get_width()) for patch in ax.patches if patch.get_fill() == 0
    }
    assert corners == {
        (-0.5, -0.5, 64), (15.5, -0.5, 64), (-0.5, 15.5, 64), (5 * 16 - 0.5, 2 * 16 - 0.5, 64),
    }  # fmt: skip
    assert {"window 64", "stride 16"} <= {text.get_text() for text in ax.texts}


def test_diagram_names_the_sizes():
    """Image and map with their sizes; a map of one row has no neighbour to show."""
    quality = _map(5, 7)
    pixels = np.zeros((*quality.image_size, 3), np.uint8)
    titles = [ax.get_title() for ax in plot_window_diagram(pixels, quality, window=64).axes]
    assert titles[0] == "image, 160 x 128 pixels"
    assert titles[1] == "map, 7 x 5 cells: floor((side - 64) / 16) + 1"
    with pytest.raises(ValueError, match="received 1x7"):
        plot_window_diagram(pixels[:64], _map(1, 7), window=64)


def test_a_map_is_drawn_on_its_own_scale():
    """By itself, with the model, the scale and the better end beside the colours."""
    quality = QualityMap(
        np.full((3, 5), 60, np.float32), 16, 31.5, (96, 128), model="m", scale="0..100 DMOS",
        higher_is_better=False,
    )  # fmt: skip
    assert scale_label(quality) == "m quality (0..100 DMOS, lower is better)"
    pixels = np.zeros((96, 128, 3), np.uint8)
    figure = plot_window_diagram(pixels, quality, window=64)
    assert figure.axes[2].get_ylabel() == scale_label(quality)
    for ax in (plot_map(quality), figure.axes[1], plot_overlay(pixels, quality)):
        *_, drawn = ax.images
        assert drawn.get_clim() == (0, 100)
