"""Pictures: what is drawn where, and the files."""

import os

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from kiqa.io.map_files import QualityMap
from kiqa.plotting import (
    plot_label_histograms,
    plot_loss_curves,
    plot_overlay,
    plot_patch_sheet,
    plot_scatter,
    save_figure,
)


def _map(values, image_size, stride=8, **details):
    return QualityMap(np.asarray(values, np.float32), stride, 31.5, image_size, **details)


def _overlay(values=((0.2, 0.9),), size=(64, 72), **options):
    pixels = np.full((*size, 3), 128, np.uint8)
    return plot_overlay(pixels, _map(values, size, model="patchnet"), **options)


def _drawn(ax, size, scale=10):
    """The axes alone, ``scale`` screen pixels for each pixel of the photograph."""
    figure = ax.figure
    figure.set_layout_engine("none")
    figure.set_size_inches(size[1] * scale / 100, size[0] * scale / 100)
    ax.set_position((0, 0, 1, 1))
    ax.set_axis_off()
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


@pytest.fixture
def ax():
    return Figure().add_subplot()


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    mos = rng.random(50)
    return mos + rng.normal(0, 0.1, 50), mos


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
    """Without the bar the figure has the photograph's axes only."""
    assert len(_overlay(colorbar=False).figure.axes) == 1


def test_map_of_another_image_is_refused():
    """A map whose image size is not the photograph's is refused with both sizes."""
    with pytest.raises(ValueError, match=r"\(64, 72\).*received \(72, 64\)"):
        plot_overlay(np.zeros((72, 64, 3), np.uint8), _map([[0, 1]], (64, 72)))


@pytest.mark.parametrize("size", [(64, 4000), (4000, 64), (64, 64)])
def test_long_images_make_files(tmp_path, size):
    """Panoramas and towers give a picture of bounded size without a warning."""
    rows, columns = ((side - 64) // 8 + 1 for side in size)
    ax = _overlay(np.full((rows, columns), 0.5), size)
    with Image.open(save_figure(ax, tmp_path / "a.png")) as picture:
        assert max(picture.size) <= 1800


def test_given_axes_are_used(ax, scores):
    """Each function draws on the axes given and returns them."""
    assert plot_scatter(*scores, ax=ax) is ax
    assert plot_label_histograms({"lab": scores[1]}, ax=ax) is ax
    assert plot_loss_curves([{"loss": [1], "val_loss": [2]}], ax=ax) is ax
    assert plot_patch_sheet(np.zeros((1, 8, 8, 3), np.uint8), ax=ax) is ax
    assert _overlay(ax=ax) is ax


def test_best_epoch_is_marked(ax):
    """The dot stands at the least validation loss, epochs counted from 1."""
    plot_loss_curves([{"loss": [3, 2, 1, 0.5], "val_loss": [3, 1.5, 2, 2.5]}], ax=ax)
    dots = [line for line in ax.lines if line.get_marker() == "o" and len(line.get_xdata())]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in dots] == [(2, 1.5)]


def test_instances_share_a_colour_and_have_a_legend(ax):
    """Five instances: training and validation of each in one colour, five entries."""
    plot_loss_curves([{"loss": [2, 1], "val_loss": [2, 1 + i]} for i in range(5)], ax=ax)
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2]
    assert [line.get_color() for line in lines[::2]] == [line.get_color() for line in lines[1::2]]
    assert len({line.get_color() for line in lines}) == 5
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert [f"instance {i}" for i in range(1, 6)] == texts[:5]


def test_diverged_instance_is_drawn_without_a_dot(ax):
    """An instance whose validation loss is NaN throughout has no best epoch."""
    plot_loss_curves([{"loss": [1, np.nan], "val_loss": [np.nan, np.nan]}], ax=ax)
    assert not [line for line in ax.lines if line.get_marker() == "o" and len(line.get_xdata())]


@pytest.mark.parametrize("histories", [[], [{"loss": [1]}]], ids=["none", "no validation"])
def test_missing_curves_are_refused(histories):
    """No history, or one without validation loss, is refused."""
    with pytest.raises(ValueError, match="histor"):
        plot_loss_curves(histories)


def test_histogram_bars_are_shares(ax):
    """Bars of each rule sum to one, and 3 of 4 labels at 0 make a bar of 0.75 there."""
    plot_label_histograms({"lab": [0, 0, 0, 0.6], "crowd": [0.1, 0.2]}, ax=ax)
    heights = [[bar.get_height() for bar in group] for group in ax.containers]
    np.testing.assert_allclose([sum(h) for h in heights], [1, 1])
    assert heights[0][0] == 0.75 and heights[0][12] == 0.25
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "lab (4 patches)",
        "crowd (2 patches)",
    ]


@pytest.mark.parametrize("labels", [{}, {"lab": []}, {"lab": [0.5, 60]}, {"lab": [np.nan]}])
def test_labels_off_the_scale_are_refused(labels):
    """No labels, and labels outside 0-1, are refused."""
    with pytest.raises(ValueError, match="labels in 0-1"):
        plot_label_histograms(labels)


def test_sheet_shows_patches_unchanged_in_reading_order(ax):
    """Every patch appears pixel for pixel, the second row below the first, with its label."""
    patches = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
    plot_patch_sheet(patches, np.arange(5) / 10, columns=3, ax=ax)
    sheet = np.asarray(ax.images[0].get_array())
    corners = {}
    for i, patch in enumerate(patches):
        windows = np.lib.stride_tricks.sliding_window_view(sheet, (16, 16, 3))[..., 0, :, :, :]
        (found,) = np.argwhere((windows == patch).all(axis=(2, 3, 4)))
        corners[i] = tuple(found)
    assert list(corners) == sorted(corners, key=corners.get)
    assert corners[3][1] == corners[0][1] and corners[3][0] > corners[2][0]
    assert [text.get_text() for text in ax.texts] == ["0.00", "0.10", "0.20", "0.30", "0.40"]


@pytest.mark.parametrize("n, labels", [(0, None), (2, [0.5])])
def test_sheet_without_patches_or_labels_is_refused(n, labels):
    """No patch, or not a label for each, is refused."""
    with pytest.raises(ValueError, match=f"received {n} patches"):
        plot_patch_sheet(np.zeros((n, 8, 8, 3), np.uint8), labels)


def test_scatter_draws_points_and_the_fitted_curve(ax, scores):
    """All images are points; the curve rises over the range of predictions."""
    plot_scatter(*scores, logistic=5, ax=ax)
    points, curve = ax.lines
    np.testing.assert_array_equal(points.get_xydata(), np.column_stack(scores))
    assert curve.get_xdata()[[0, -1]].tolist() == [scores[0].min(), scores[0].max()]
    assert np.all(np.diff(curve.get_ydata()) > 0)
    assert "50 images: SROCC 0.9" in ax.get_title() and "5 parameters" in ax.get_title()


@pytest.mark.parametrize("suffix", ["png", "PNG", "pdf"])
def test_equal_figures_are_equal_files(tmp_path, scores, suffix):
    """Two runs give equal bytes: no date, no version, no random name inside."""
    files = [save_figure(plot_scatter(*scores), tmp_path / f"{i}.{suffix}") for i in range(2)]
    first, second = (file.read_bytes() for file in files)
    assert first == second and b"atplotlib version" not in first


def test_png_has_the_stated_resolution(tmp_path, ax):
    """A figure of 6.4 x 4.8 inches at 50 dots an inch has 320 x 240 pixels."""
    with Image.open(save_figure(ax.figure, tmp_path / "a.png", dpi=50)) as picture:
        assert picture.size == (320, 240)


def test_other_suffixes_are_refused(tmp_path, ax):
    """A suffix we do not write is refused and nothing appears."""
    with pytest.raises(ValueError, match=r"\.png or \.pdf, received .*a\.jpg"):
        save_figure(ax, tmp_path / "a.jpg")
    assert os.listdir(tmp_path) == []


def test_failed_saving_keeps_the_old_picture(tmp_path, ax, monkeypatch):
    """A full disk while drawing leaves the old file and no other."""
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def full(self, file, **options):
        with open(file, "wb") as half:
            half.write(b"\x89PNG")
        raise OSError("No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    with pytest.raises(OSError, match="No space"):
        save_figure(ax, path)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.png"]
