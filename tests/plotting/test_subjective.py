"""Figures of a rating study: what is drawn, and what is refused."""

import numpy as np
import pytest

from kiqa.plotting import plot_mos_histograms, plot_mos_pairs, plot_patches, plot_picture_sizes


def test_a_dot_for_each_size():
    """Place and area of the dots follow the sizes and their numbers."""
    ax = plot_picture_sizes([(480, 640)] * 8 + [(640, 480)] * 4 + [(100, 100)])
    (dots,) = ax.collections
    assert sorted(map(tuple, dots.get_offsets().tolist())) == [(100, 100), (480, 640), (640, 480)]
    area = dict(zip(map(tuple, dots.get_offsets().tolist()), dots.get_sizes(), strict=True))
    assert area[(640, 480)] == 2 * area[(480, 640)] == 8 * area[(100, 100)]
    assert "13 images, 3 sizes, at most 8 of one" in ax.get_title()
    with pytest.raises(ValueError, match="sizes of images"):
        plot_picture_sizes([])


def test_rectangles_on_the_picture(photo):
    """Each rectangle covers its pixels and has its label."""
    ax = plot_patches(photo, np.array([[10, 20, 40, 60], [0, 0, 5, 5]]), labels=["40 %", "x"])
    box = ax.patches[0]
    assert (box.get_x(), box.get_y(), box.get_width(), box.get_height()) == (9.5, 19.5, 30, 40)
    assert [text.get_text() for text in ax.texts] == ["40 %", "x"]
    with pytest.raises(ValueError, match="1 labels"):
        plot_patches(photo, np.zeros((1, 4)), labels=[])


def test_pairs_on_equal_scales():
    """The title tells number and correlation, both axes have the same ends."""
    first = np.array([10.0, 20, 30, 40])
    ax = plot_mos_pairs(first, first[::-1], names=("one", "two"), title="simulated")
    assert ax.get_title() == "simulated: 4, LCC -1.000"
    assert ax.get_xlim() == ax.get_ylim() and ax.get_xlabel() == "one"


def test_histograms_are_shares():
    """Heights sum to 1 for each data set, values beyond the ends included."""
    axes = plot_mos_histograms({"a": np.array([-3, 50, 50, 101]), "b": np.arange(100)}, bins=10)
    for ax in axes:
        assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1)
    assert axes[0].patches[0].get_height() == axes[0].patches[9].get_height() == 0.25
    assert axes[1].get_title().startswith("b: 100, mean 49.5")
    with pytest.raises(ValueError, match="each data set"):
        plot_mos_histograms({"a": []})
