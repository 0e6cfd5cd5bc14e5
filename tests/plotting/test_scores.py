"""Predicted against subjective scores."""

import numpy as np

from kiqa.plotting import (
    plot_scatter,
)


def test_scatter_draws_points_and_the_fitted_curve(ax, scores):
    """All images are points; the curve rises over the range of predictions."""
    plot_scatter(*scores, logistic=5, ax=ax)
    points, curve = ax.lines
    np.testing.assert_array_equal(points.get_xydata(), np.column_stack(scores))
    assert curve.get_xdata()[[0, -1]].tolist() == [scores[0].min(), scores[0].max()]
    assert np.all(np.diff(curve.get_ydata()) > 0)
    assert "50 images: SROCC 0.9" in ax.get_title() and "5 parameters" in ax.get_title()
