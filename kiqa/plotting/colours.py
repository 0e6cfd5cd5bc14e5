"""The colours of quality maps, for pages that draw them themselves.

Public names: `COLORMAP`, `map_colours`, `css_gradient`.
"""

import numpy as np

COLORMAP = "magma"  # as in kiqa.plotting.plot_overlay


def map_colours() -> np.ndarray:
    """Return 256 colours from the worst to the best, ``uint8`` (256, 3), RGB."""
    from matplotlib import colormaps

    return (colormaps[COLORMAP](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def css_gradient() -> str:
    """Return the same colours as the stops of a gradient in CSS."""
    stops = map_colours()[np.linspace(0, 255, 17).astype(int)]
    return ",".join(f"rgb({red} {green} {blue})" for red, green, blue in stops)
