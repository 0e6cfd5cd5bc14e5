"""How much of an image's quality a distortion leaves: pseudo-scores."""

import numpy as np

# From barely visible to severe. Ours; nobody has rated it.
HIGHEST_KEPT, LOWEST_KEPT = 0.7, 0.05


def quality_kept(level: float, *, mild: float, severe: float) -> float:
    """Return the part of its quality that a distorted image keeps.

    Args:
        level: Level of the distortion.
        mild: Level at which (and below which) it is barely visible.
        severe: Level at which (and above which) it is severe; may be the
            smaller number, as with JPEG's quality.

    Returns:
        `HIGHEST_KEPT` falling to `LOWEST_KEPT`, linear in the level's
        logarithm.
    """
    badness = float(np.clip(np.log(level / mild) / np.log(severe / mild), 0, 1))
    return HIGHEST_KEPT + (LOWEST_KEPT - HIGHEST_KEPT) * badness
