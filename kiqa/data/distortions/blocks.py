"""Flat blocks that hide parts of an image: local block-wise distortions.

TID2013 and TID2008 have them as type 15, "local block-wise distortions of
different intensity": squares of 32 pixels a side of one colour each, more of
them and fainter from level to level. Numbers and contrast here are ours, and
so is the grid, which keeps blocks from covering each other.

Not among `kiqa.data.distortions.DISTORTIONS`, from which trainings draw: what
has been trained stays as it is.

Public names: `BLOCK`, `NUMBERS`, `local_blocks`.

References:
    N. Ponomarenko et al., Image database TID2013, Signal Processing: Image
    Communication 30, 2015, Table 2.
"""

import numpy as np

from kiqa.data.distortions.checks import check_pixels, check_rng, to_uint8

BLOCK = 32  # pixels a side
NUMBERS = (2, 4, 8, 16, 32)  # of blocks in an image of about TID2013's 512x384 pixels
_CONTRAST = 96.0  # gray levels between the colour of one block of `NUMBERS[0]` and the mean


def local_blocks(pixels: np.ndarray, level: int, rng: np.random.Generator) -> np.ndarray:
    """Put blocks of one colour each at random places.

    A block's colour is the image's mean colour, moved in a random direction by
    ``96 sqrt(2 / level)`` gray levels: more blocks are fainter, and the energy of
    all is about the same. The blocks lie on a grid of 32 pixels that begins at a
    random pixel, so none covers another and they do not lie on the grid of
    patches that a network cuts.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        level: Number of blocks, at least 1 and at most what the grid holds.
        rng: Source of randomness.

    Returns:
        RGB ``uint8`` of the same shape.

    Raises:
        ValueError: If the pixels, the level or ``rng`` are not as stated, or the
            image has no place for so many blocks.
    """
    check_pixels(pixels)
    check_rng(rng)
    top, left = (int(offset) for offset in rng.integers(0, BLOCK, 2))
    rows, columns = (
        (side - at) // BLOCK for side, at in zip(pixels.shape, (top, left), strict=False)
    )
    places = max(rows, 0) * max(columns, 0)
    if not isinstance(level, (int, np.integer)) or not 1 <= level <= places:
        raise ValueError(
            f"Expected a whole number of blocks of {BLOCK}x{BLOCK} pixels, from 1 to the {places} "
            f"that fit here. Received: {level!r} for an image of {pixels.shape[1]}x"
            f"{pixels.shape[0]} pixels. Use one of {NUMBERS}, or a larger image."
        )
    worse = pixels.copy()
    mean = pixels.mean(axis=(0, 1))
    contrast = _CONTRAST * np.sqrt(NUMBERS[0] / level)
    for place in rng.permutation(places)[:level]:
        row, column = divmod(int(place), columns)
        direction = rng.normal(size=3)
        colour = to_uint8(mean + contrast * direction / np.linalg.norm(direction))
        y, x = top + BLOCK * row, left + BLOCK * column
        worse[y : y + BLOCK, x : x + BLOCK] = colour
    return worse
