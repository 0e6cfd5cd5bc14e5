"""Four panels of a JND comparison: what is drawn where."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from kiqa.plotting.jnd import plot_jnd_panels


def row(varjpeg, jpeg, *, mos=None, **values):
    """A row of a table of JNDs."""
    made = {"varjpeg_bpp": varjpeg, "jpeg_bpp": jpeg, "saving_bpp": jpeg - varjpeg,
            "overhead_share": 0.01, "source_bpp": 4.0, "mos": mos}  # fmt: skip
    return made | values


TABLE = [
    row(1.0, 1.5, mos=3.0),
    row(2.0, 1.75, mos=2.0, overhead_share=0.02, source_bpp=6.0),
    row(0.5, 0.5),
    {"varjpeg_bpp": 1.0, "jpeg_bpp": None, "saving_bpp": None, "overhead_share": 0.1,
     "source_bpp": 1.0, "mos": 4.0},
]  # fmt: skip


def points(ax):
    """What is drawn as markers, by label without its count."""
    lines = [line for line in ax.lines if line.get_marker() != "None"]
    return {line.get_label().split(" (")[0]: line.get_xydata().tolist() for line in lines}


def test_points_lie_where_the_table_says():
    """JPEG over VarJPEG, then the difference over overhead, source and MOS."""
    first, overhead, source, mos = plot_jnd_panels(TABLE)
    better, worse = "VarJPEG smaller", "JPEG smaller, or equal"
    assert points(first) == {better: [[1, 1.5]], worse: [[2, 1.75], [0.5, 0.5]]}
    assert points(overhead) == {better: [[1, 0.5]], worse: [[2, -0.25], [1, 0]]}
    assert points(source) == {better: [[4, 0.5]], worse: [[6, -0.25], [4, 0]]}
    assert points(mos) == {better: [[3, 0.5]], worse: [[2, -0.25]]}
    assert mos.get_title() == "(d) MOS, 2 of 3 images"


def test_the_first_panel_has_equal_scales_and_a_diagonal():
    """A saving has the same length on both axes."""
    ax = plot_jnd_panels(TABLE)[0]
    assert ax.get_xlim() == ax.get_ylim() and ax.get_aspect() == 1
    assert list(ax.get_xticks()) == list(ax.get_yticks())
    (diagonal,) = [line for line in ax.lines if line.get_marker() == "None"]
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["VarJPEG smaller (1)", "JPEG smaller, or equal (2)"]


def test_given_axes_are_used():
    """Four axes in any shape; another number is refused."""
    axes = Figure().subplots(1, 4)
    assert list(plot_jnd_panels(TABLE, axes)) == list(axes)
    assert list(plot_jnd_panels(TABLE, axes.reshape(2, 2))) == list(axes)
    with pytest.raises(ValueError, match="received 3"):
        plot_jnd_panels(TABLE, axes[:3])


def test_a_panel_without_values_says_so():
    """No MOS, and no image at all."""
    axes = plot_jnd_panels([row(1.0, 2.0)])
    assert [text.get_text() for text in axes[3].texts] == ["no image with MOS"]
    assert not axes[2].texts
    axes = plot_jnd_panels(TABLE[3:])
    assert axes[0].get_title() == "(a) 0 images" and axes[0].get_legend() is None
    axes[0].figure.draw_without_rendering()
