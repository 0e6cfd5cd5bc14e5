"""Histograms of labels and sheets of patches."""

import numpy as np
import pytest

from kiqa.plotting import (
    plot_label_histograms,
    plot_patch_sheet,
)


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
