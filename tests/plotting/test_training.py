"""Curves of the loss."""

import numpy as np
import pytest

from kiqa.plotting import (
    plot_loss_curves,
)


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
