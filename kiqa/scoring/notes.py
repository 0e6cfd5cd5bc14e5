"""What a row says beside a score that may mean nothing.

Public names: `note_of`.
"""

import re

import numpy as np

_SCALE = re.compile(r"(-?[\d.]+?)\.\.(-?[\d.]+)")


def note_of(pixels: np.ndarray, score: float, *, scale: str) -> str | None:
    """Say why a score should not be relied on.

    Two things can be told without knowing the model: an image of one colour
    shows nothing that could be good or bad, and a score beyond the ends of its
    scale was extrapolated. Other images that no data set holds, such as pure
    noise, are not recognised: the model's card says what it makes of them.

    Args:
        pixels: The image, (H, W, 3).
        score: What the model makes of it.
        scale: The model's scale, such as ``"0..1"``; of another form it is
            not looked at.

    Returns:
        One line, or ``None`` where there is nothing to say.
    """
    found = []
    if (pixels == pixels[:1, :1]).all():
        found.append("a single colour, which shows nothing to judge")
    ends = _SCALE.fullmatch(scale)
    if ends and not float(ends[1]) <= score <= float(ends[2]):
        found.append(f"a score outside the scale {scale}, which the model extrapolated")
    return "; ".join(found) or None
