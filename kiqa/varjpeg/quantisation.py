"""Quantisation tables of JPEG: one pair for a quality, and one pair for each block.

Public names: :data:`LUMINANCE`, :data:`CHROMINANCE`, :data:`TABLES`,
:func:`quality_tables`, :func:`block_tables`, :func:`round_half_up`.
"""

import numpy as np

from kiqa.constants import VARJPEG

# ITU-T T.81, Annex K, Tables K.1 and K.2.
LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
CHROMINANCE = np.full((8, 8), 99)
CHROMINANCE[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]

_BEST = 100  # all steps are 1; the thesis ends at 99


def quality_tables(quality: int) -> np.ndarray:
    """Scale the tables of T.81 to a quality.

    Args:
        quality: Whole number, 1 (coarsest) to 100 (all steps 1).

    Returns:
        ``uint8`` of shape ``(2, 8, 8)``: steps of luminance, then of
        chrominance, 1..255, vertical frequency first. They are those that
        libjpeg and Pillow write for the same quality.

    Raises:
        ValueError: If the quality is not a whole number in 1..100.

    References:
        RFC 2435, section 4.2; thesis, section 6.1, where 100 is left out.
    """
    if isinstance(quality, bool) or not 1 <= quality <= _BEST or int(quality) != quality:
        raise ValueError(
            f"Expected a JPEG quality as a whole number from 1 to {_BEST}, received {quality!r}."
        )
    quality = int(quality)
    scale = 5000 // quality if quality <= 50 else 200 - 2 * quality
    tables = np.stack([LUMINANCE, CHROMINANCE])
    return np.clip((tables * scale + 50) // 100, 1, 255).astype(np.uint8)


# Every pair of tables by its quality, shape (101, 2, 8, 8); row 0 is row 1.
TABLES = np.stack([quality_tables(max(quality, 1)) for quality in range(_BEST + 1)])
TABLES.flags.writeable = False


def block_tables(qualities: np.ndarray, component: int) -> np.ndarray:
    """Look up the quantisation table of every block.

    Args:
        qualities: Whole qualities 1..99, shape ``(rows, columns)``.
        component: 0 for luminance, otherwise chrominance.

    Returns:
        ``uint8`` of shape ``(rows, columns, 8, 8)``.
    """
    return TABLES[:, min(component, 1)][qualities]


def round_half_up(qualities: np.ndarray) -> np.ndarray:
    """Round real qualities to the whole ones that blocks use.

    Args:
        qualities: Any real numbers, ``float64``.

    Returns:
        ``int64`` of the same shape: the next whole number, halves upwards,
        clipped to 1..99. Halves upwards is ours; the thesis says "round".
    """
    lowest, highest = VARJPEG.qualities
    return np.clip(np.floor(qualities + 0.5), lowest, highest).astype(np.int64)
