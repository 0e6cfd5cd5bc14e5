"""What all functions that draw have in common."""

import numpy as np

from kiqa.io.map_files import QualityMap
from kiqa.plotting import (
    plot_label_histograms,
    plot_loss_curves,
    plot_overlay,
    plot_patch_sheet,
    plot_scatter,
)


def test_given_axes_are_used(ax, scores):
    """Each function draws on the axes given and returns them."""
    assert plot_scatter(*scores, ax=ax) is ax
    assert plot_label_histograms({"lab": scores[1]}, ax=ax) is ax
    assert plot_loss_curves([{"loss": [1], "val_loss": [2]}], ax=ax) is ax
    assert plot_patch_sheet(np.zeros((1, 8, 8, 3), np.uint8), ax=ax) is ax
    quality_map = QualityMap(np.full((1, 2), 0.5, np.float32), 8, 31.5, (64, 72))
    assert plot_overlay(np.zeros((64, 72, 3), np.uint8), quality_map, ax=ax) is ax
