"""The colours of maps on pages."""

import numpy as np
from matplotlib import colormaps

from kiqa.plotting.colours import COLORMAP, css_gradient, map_colours


def test_colours_are_those_of_the_figures():
    """256 of them, from the worst to the best; the gradient has the same ends."""
    colours = map_colours()
    assert (colours.shape, colours.dtype) == ((256, 3), np.uint8)
    assert np.abs(colours / 255 - colormaps[COLORMAP](np.arange(256))[:, :3]).max() < 0.002
    stops = css_gradient().split("),")
    assert len(stops) == 17
    assert stops[0] == "rgb({} {} {}".format(*colours[0])
    assert stops[-1] == "rgb({} {} {})".format(*colours[-1])
