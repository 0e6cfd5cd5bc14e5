"""The figure of VarJPEG's steps."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from kiqa.plotting import plot_steps
from kiqa.varjpeg import Settings, coded, prepare, steps


@pytest.fixture(scope="module")
def shown(photo):
    """The steps of an image whose left edge matters."""
    pixels = photo[:96, :160]
    importance = np.tile(np.arange(160.0)[::-1], (96, 1))
    made = prepare(pixels, importance, settings=Settings())
    return steps(made, coded(made, 30))


def test_the_six_steps_are_drawn(shown):
    """Image, map, kept pixels, centroids, blur, and lines of quality on the decoded image."""
    axes = plot_steps(shown)
    assert axes.shape == (2, 3)
    drawn = [ax.images[0].get_array() for ax in axes.flat]
    for found, expected in zip(
        (drawn[0], drawn[1], drawn[2], drawn[4], drawn[5]),
        (shown.pixels, shown.importance, shown.kept, shown.blurred, shown.decoded),
        strict=True,
    ):
        np.testing.assert_array_equal(found, expected)
    titles = [ax.get_title() for ax in axes.flat]
    assert [title[:4] for title in titles] == [f"({letter}) " for letter in "abcdef"]
    assert titles[0] == "(a) image" and titles[3] == "(d) 8 centroids"
    assert titles[2] == f"(c) pruned: {100 * shown.kept.mean():.1f} % kept"
    assert titles[5].endswith(f"file of {shown.encoded.bpp:.3f} bpp")
    for ax in axes.flat:  # one scale for all
        assert (*ax.get_xlim(), *ax.get_ylim()) == (-0.5, 159.5, 95.5, -0.5)


def test_centroids_lie_where_they_are(shown):
    """Column to the right, row downwards."""
    (line,) = plot_steps(shown)[1, 0].lines
    found = {(int(row), int(column)) for column, row in line.get_xydata()}
    assert found == {tuple(place) for place in np.argwhere(shown.impulses).tolist()}


def test_lines_are_of_block_quality(shown):
    """Between the lowest and the highest, labelled by whole qualities."""
    ax = plot_steps(shown)[1, 2]
    lowest, highest = shown.qualities.min(), shown.qualities.max()
    (lines,) = [each for each in ax.collections if hasattr(each, "levels")]
    assert len(lines.levels) >= 3
    assert lowest < lines.levels.min() and lines.levels.max() < highest
    labels = {int(text.get_text()) for text in ax.texts}
    assert labels and labels <= {int(level + 0.5) for level in lines.levels}


def test_one_quality_has_no_line(photo):
    """It is said below; the source's bitrate is said above, gray is drawn as gray."""
    made = prepare(photo[:64, :64, 0], np.ones((64, 64)), settings=Settings())
    made = prepare(made.source._replace(file_bytes=1024), np.ones((64, 64)), settings=Settings())
    axes = plot_steps(steps(made, coded(made, 40)))
    assert axes[1, 2].get_xlabel() == "quality 40 everywhere" and not axes[1, 2].texts
    assert axes[0, 0].get_title() == "(a) image at 2.000 bpp"
    assert axes[0, 0].images[0].cmap.name == "gray"
    assert axes[1, 0].get_title() == "(d) 0 centroids"


def test_axes_may_be_given(shown):
    """Drawn on and returned; no figure is left open."""
    figure, given = plt.subplots(1, 6)
    try:
        assert plot_steps(shown, axes=given) is given
        assert all(ax.images for ax in given)
    finally:
        plt.close(figure)
    plot_steps(shown)
    assert not plt.get_fignums()
