"""Maps on their own, and the window diagram."""

import numpy as np
import pytest
from matplotlib import colormaps

from kiqa.io.map_files import QualityMap
from kiqa.plotting import plot_blend, plot_map, plot_overlay, plot_window_diagram, plot_windows


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


def _blocks():
    values = np.array([[0.0, 100.0], [100.0, 0.0]], np.float32)
    edges = {"row_edges": np.array([0, 20, 40]), "column_edges": np.array([0, 30, 60])}
    return QualityMap(values, 0, 0.0, (40, 60), "p2p", "", "0..100", True, **edges)


def test_blend_mixes_photograph_and_map():
    """0.8 of the map's colour and 0.2 of the photograph's, one value a pixel, bilinear."""
    pixels = np.full((40, 60, 3), (250, 0, 100), np.uint8)
    ax = plot_blend(pixels, _blocks())
    (drawn,) = ax.images
    colours = colormaps["magma"](_blocks().to_image_size().astype(np.float64) / 100)[..., :3]
    expected = 0.8 * colours + 0.2 * pixels / 255
    np.testing.assert_allclose(drawn.get_array(), expected, atol=0.02)  # 256 colours
    assert drawn.get_extent() == [-0.5, 59.5, 39.5, -0.5]
    assert ax.figure.axes[1].get_ylabel() == "p2p quality (0..100, higher is better)"
    plain = plot_blend(pixels, _blocks(), alpha=0.0, colorbar=False)
    np.testing.assert_allclose(plain.images[0].get_array(), pixels / 255, atol=1e-6)


def test_blend_of_a_large_photograph_is_drawn_smaller():
    """A photograph of 3200 pixels is averaged by two; the axes keep its pixels."""
    edges = {"row_edges": np.array([0, 3201]), "column_edges": np.array([0, 9])}
    quality = QualityMap(np.array([[50.0]], np.float32), 0, 0.0, (3201, 9), **edges)
    ax = plot_blend(np.zeros((3201, 9, 3), np.uint8), quality, limits=(0, 100))
    assert ax.images[0].get_array().shape == (1601, 5, 3)
    assert ax.get_ylim() == (3200.5, -0.5)


def test_overlay_covers_the_blocks():
    """Cells of a grid need not be square."""
    ax = plot_overlay(np.zeros((40, 60, 3), np.uint8), _blocks(), limits=(0, 100))
    assert list(ax.images[1].get_extent()) == [-0.5, 59.5, 39.5, -0.5]


def test_blend_refuses_another_photograph():
    """The sizes are compared."""
    with pytest.raises(ValueError, match=r"\(40, 60\).*received \(40, 61\)"):
        plot_blend(np.zeros((40, 61, 3), np.uint8), _blocks())
