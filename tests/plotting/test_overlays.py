"""Maps drawn over their images."""

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.figure import Figure
from PIL import Image

from kiqa.io.map_files import QualityMap
from kiqa.plotting import (
    plot_blend,
    plot_overlay,
    save_figure,
)


def _map(values, image_size, stride=8, **details):
    return QualityMap(np.asarray(values, np.float32), stride, 31.5, image_size, **details)


def _overlay(values=((0.2, 0.9),), size=(64, 72), **options):
    pixels = np.full((*size, 3), 128, np.uint8)
    return plot_overlay(pixels, _map(values, size, model="patchnet"), **options)


def _drawn(ax, size, scale=10):
    """The axes alone, ``scale`` screen pixels for each pixel of the image."""
    figure = ax.figure
    figure.set_layout_engine("none")
    figure.set_size_inches(size[1] * scale / 100, size[0] * scale / 100)
    ax.set_position((0, 0, 1, 1))
    ax.set_axis_off()
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


def _blocks():
    values = np.array([[0.0, 100.0], [100.0, 0.0]], np.float32)
    edges = {"row_edges": np.array([0, 20, 40]), "column_edges": np.array([0, 30, 60])}
    return QualityMap(values, 0, 0.0, (40, 60), "p2p", "", "0..100", True, **edges)


def test_cells_are_drawn_round_their_centres():
    """Each cell covers the 8x8 pixels round its centre, and the border stays gray."""
    figure = Figure(dpi=100)
    figure.set_dpi(100)
    ax = _overlay(((0.2, 0.9),), ax=figure.add_subplot(), colorbar=False, alpha=1.0, cmap="gray")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    picture = _drawn(ax, (64, 72))[..., 0]
    assert picture.shape == (640, 720)
    # Cell (0, 0) lies round pixel 31.5: pixels 28..35; cell (0, 1) on 36..43.
    assert abs(int(picture[320, 325]) - 51) <= 1 and abs(int(picture[320, 395]) - 230) <= 1
    covered = np.abs(picture.astype(int) - picture[0, 0]) > 20
    rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
    np.testing.assert_allclose([rows[0], rows[-1] + 1], [280, 360], atol=1)
    np.testing.assert_allclose([columns[0], columns[-1] + 1], [280, 440], atol=1)


def test_scale_is_fixed_and_labelled():
    """The colours run from 0 to 1 whatever the map holds; the bar names model and direction."""
    ax = _overlay()
    assert ax.images[1].get_clim() == (0, 1)
    bar = ax.figure.axes[1]
    assert bar.get_ylim() == (0, 1)
    assert bar.get_ylabel() == "patchnet quality (0..1, higher is better)"


@pytest.mark.parametrize(
    "values, extend",
    [((0.2, 0.9), "neither"), ((-0.1, 0.9), "min"), ((0.2, 1.1), "max"), ((-1, 2), "both")],
)
def test_values_beyond_the_scale_are_shown_by_arrows(values, extend):
    """A map that leaves the fixed scale gets an arrow at that end of the bar."""
    assert _overlay((values,)).images[1].axes.figure.axes[1]._colorbar.extend == extend


def test_no_colour_bar_on_request():
    """Without the bar the figure has the image's axes only."""
    assert len(_overlay(colorbar=False).figure.axes) == 1


def test_map_of_another_image_is_refused():
    """A map whose image size is not the image's is refused with both sizes."""
    with pytest.raises(ValueError, match=r"\(64, 72\).*received \(72, 64\)"):
        plot_overlay(np.zeros((72, 64, 3), np.uint8), _map([[0, 1]], (64, 72)))


@pytest.mark.parametrize("size", [(64, 4000), (4000, 64), (64, 64)])
def test_long_images_make_files(tmp_path, size):
    """Panoramas and towers give an image of bounded size without a warning."""
    rows, columns = ((side - 64) // 8 + 1 for side in size)
    ax = _overlay(np.full((rows, columns), 0.5), size)
    with Image.open(save_figure(ax, tmp_path / "a.png")) as picture:
        assert max(picture.size) <= 1800


def test_blend_mixes_photograph_and_map():
    """0.8 of the map's colour and 0.2 of the image's, one value per pixel, bilinear."""
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
    """An image of 3200 pixels is averaged by two; the axes keep its pixels."""
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
