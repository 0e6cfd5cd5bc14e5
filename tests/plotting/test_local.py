"""Images of local ground truth and of AUCs: what is drawn where."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.patches import PathPatch, Rectangle

from kiqa.evaluation.local.summary import box_statistics, summarise
from kiqa.evaluation.roc import roc_auc, roc_curve
from kiqa.plotting import plot_auc_boxes, plot_boxes, plot_local_ground_truth, plot_roc_curves

AUCS = {
    "patchnet": [(None, 0.9, 0.8), (None, 0.8, 0.9), (None, 0.7, 0.6), (None, 0.85, None)],
    "fish": [(None, 0.6, 0.5), (None, 0.7, 0.4), (None, 0.65, 0.5), (None, 0.1, None)],
}


@pytest.fixture
def summary():
    rows = [
        {"image_name": str(image), "predictor": name, "threshold": t, "auc": auc}
        for name, images in AUCS.items()
        for image, aucs in enumerate(images)
        for t, auc in zip((0.0, 0.4, 0.8), aucs, strict=True)
    ]
    return summarise(rows, seed=0, n=10)


def test_given_axes_are_used(ax, summary):
    """Each function draws on the axes given and returns them."""
    values = np.arange(12.0).reshape(3, 4)
    assert plot_boxes(np.zeros((4, 5, 3), np.uint8), {"p1": []}, ax=ax) is ax
    assert plot_local_ground_truth(values / 12, ax=ax) is ax
    assert plot_auc_boxes(summary, ax=ax) is ax
    assert plot_roc_curves({"x": values}, values > 5, ax=ax) is ax


def test_rectangles_lie_on_the_pixels_of_their_boxes(ax):
    """A box of columns 1..3 runs from 0.5 to 3.5; one colour a participant; nobody is left out."""
    boxes = {"p1": [(1, 0, 4, 2), (0, 0, 1, 1)], "p2": [(2, 1, 5, 4, "line 3")], "p3": []}
    plot_boxes(np.zeros((4, 5, 3), np.uint8), boxes, ax=ax)
    drawn = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert drawn[0].get_bbox().extents.tolist() == [0.5, -0.5, 3.5, 1.5]
    colours = [patch.get_edgecolor() for patch in drawn]
    assert colours[0] == colours[1] != colours[2]
    assert ax.get_title() == "3 boxes of 3 participants, 1 without"


def test_ground_truth_is_drawn_on_its_fixed_scale():
    """The colours run from 0 to 1 whatever the map holds, and the bar says so."""
    ax = plot_local_ground_truth(np.full((4, 5), 0.2))
    assert ax.images[0].get_clim() == (0, 1)
    assert "higher is better" in ax.figure.axes[1].get_ylabel()
    assert len(plot_local_ground_truth(np.eye(2), colorbar=False).figure.axes) == 1


def test_boxes_stand_at_their_thresholds(ax, summary):
    """A box for each predictor and threshold with AUCs, side by side, from quartile to quartile."""
    plot_auc_boxes(summary, ax=ax)
    bodies = [patch for patch in ax.patches if isinstance(patch, PathPatch)]
    extents = [body.get_path().get_extents().extents for body in bodies]
    assert len(extents) == 4  # no AUC at threshold 0
    centres = [(left + right) / 2 for left, _, right, _ in extents]
    np.testing.assert_allclose(centres, [0.8, 1.8, 1.2, 2.2])
    expected = box_statistics([0.9, 0.8, 0.7, 0.85])
    np.testing.assert_allclose(extents[0][[1, 3]], [expected["q1"], expected["q3"]])
    labels = [text.get_text() for text in ax.get_xticklabels()]
    assert labels == ["0\nn = 0", "0.4\nn = 4", "0.8\nn = 3"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["patchnet", "fish"]
    assert not [c for c in ax.collections if isinstance(c, PathCollection)]


@pytest.mark.slow
def test_outliers_are_dots(ax, summary):
    """The AUC of 0.1 lies beyond the whisker of FISH and is drawn as a dot."""
    plot_auc_boxes(summary, ax=ax)
    dots = [line.get_ydata() for line in ax.lines if line.get_marker() == "."]
    assert np.concatenate(dots).tolist() == [0.1]


def test_long_curves_are_thinned_but_keep_their_shape(ax):
    """Of 40,000 points 500 at most are drawn, ends included, within 0.01 of the curve's area."""
    rng = np.random.default_rng(0)
    positive = rng.random((200, 200)) < 0.3
    values = rng.random((200, 200)) + 0.5 * positive
    plot_roc_curves({"x": values}, positive, ax=ax)
    false, true = ax.lines[0].get_data()
    assert false.size <= 500
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    full_false, full_true, _ = roc_curve(values, positive)
    assert np.all(np.isin(false, full_false)) and np.all(np.isin(true, full_true))
    area = np.sum(np.diff(false) * (true[1:] + true[:-1]) / 2)
    exact = roc_auc(values, positive)
    assert area == pytest.approx(exact, abs=0.01)
    assert ax.get_legend().get_texts()[0].get_text() == f"x, AUC {exact:.3f}"
