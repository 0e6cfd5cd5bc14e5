"""Networks as rows of cuboids."""

import pytest

from kiqa.plotting.architecture import plot_architecture

STAGES = [
    {"name": "patch", "kind": "other", "shape": (64, 64, 3)},
    {"name": "conv1", "kind": "convolution", "shape": (62, 62, 32)},
    {"name": "quality", "kind": "dense", "shape": (1,)},
]


def test_each_stage_has_its_name_and_shape():
    """From left to right; more channels are wider, smaller sides lower."""
    ax = plot_architecture(STAGES)
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["64 x 64 x 3", "patch", "62 x 62 x 32", "conv1", "1", "quality"]
    boxes = [patch.get_path().get_extents() for patch in ax.patches[::3]]
    assert boxes[0].x1 < boxes[1].x0 < boxes[2].x0
    assert boxes[1].width > boxes[0].width and boxes[1].height < boxes[0].height
    assert boxes[2].height == 1
    ax.figure.canvas.draw()


def test_a_sequence_is_as_high_as_its_values_and_as_wide_as_its_steps():
    """It has no third side."""
    ax = plot_architecture([STAGES[0] | {"shape": (3, 7)}, STAGES[0] | {"shape": (30, 7)}])
    short, long = (patch.get_path().get_extents() for patch in ax.patches[::3])
    assert short.height == long.height == 3 and short.width < long.width


@pytest.mark.parametrize("stages", [[], [STAGES[0] | {"shape": (3, 4, 5, 6)}]])
def test_shapes_are_checked(stages):
    """No stage at all, and a shape of four numbers."""
    with pytest.raises(ValueError, match="rows, columns, channels"):
        plot_architecture(stages)
