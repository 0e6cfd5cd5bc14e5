"""Figures saved to files."""

import os

import pytest
from matplotlib.figure import Figure
from PIL import Image

from kiqa.plotting import (
    plot_scatter,
    save_figure,
)


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


def test_a_figure_is_drawn_once_as_matplotlib_saves_it(tmp_path, scores, monkeypatch):
    """The bytes are matplotlib's, which draws it twice; layout and resolution stay the figure's."""
    expected = tmp_path / "expected.png"
    plot_scatter(*scores).figure.savefig(expected, dpi=50, metadata={"Software": "kiqa"})
    figure, drawn = plot_scatter(*scores).figure, []
    engine, resolution = figure.get_layout_engine(), figure.dpi
    draw = Figure.draw
    monkeypatch.setattr(Figure, "draw", lambda *a: drawn.append(1) or draw(*a))
    saved = save_figure(figure, tmp_path / "a.png", dpi=50)
    assert saved.read_bytes() == expected.read_bytes()
    assert len(drawn) == 1
    assert figure.get_layout_engine() is engine and figure.dpi == resolution


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
        file.write(b"\x89PNG")
        raise OSError("No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    with pytest.raises(OSError, match="No space"):
        save_figure(ax, path)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.png"]
