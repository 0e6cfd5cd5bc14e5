"""Images of the gaze and of feature sequences."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from kiqa.maps.gaze import gaze_of
from kiqa.maps.rnn_biqa import FeatureSequence
from kiqa.plotting import plot_feature_sequence, plot_gaze


@pytest.mark.parametrize(("half", "numbers"), [(True, range(1, 3)), (False, range(3, 9))])
def test_gaze_numbers_every_patch_at_its_centre(photo, half, numbers):
    """Outlines at the patches' places, numbers of the whole sequence in their middle."""
    gaze = gaze_of(photo)
    ax = plot_gaze(gaze, half=half)
    assert isinstance(ax, Axes)
    assert [text.get_text() for text in ax.texts] == [str(number) for number in numbers]
    boxes = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    for number, box, text in zip(numbers, boxes, ax.texts, strict=True):
        row, column = gaze.positions[number - 1]
        assert box.get_xy() == (column - 0.5, row - 0.5)
        assert text.get_position() == (column + 111.5, row + 111.5)
    path = ax.lines[0].get_xydata()
    assert path.shape == (len(numbers), 2)
    ax.figure.canvas.draw()


def test_gaze_of_one_patch_is_drawn(photo):
    """A single patch has a number and no path to another one."""
    ax = plot_gaze(gaze_of(photo[:224, :224]), ax=Figure().add_subplot())
    assert [text.get_text() for text in ax.texts] == ["2"]


def test_features_are_rows_in_order():
    """Sorted by mean, divided by their largest; dead features stay zero; a line at the half."""
    values = np.array([[4.0, 0, 1], [2, 0, 2], [8, 0, 0]], np.float32)
    ax = plot_feature_sequence(FeatureSequence(values, 1))
    drawn = ax.images[0].get_array()
    np.testing.assert_allclose(drawn, [[0, 0.5, 0.5], [0, 1, 0.25], [0, 0, 1]])
    assert ax.lines[0].get_ydata()[0] == 1.5
    ax.figure.canvas.draw()
