"""What each step of VarJPEG makes of an image, as in the thesis's Fig. 14.

Public names: :class:`Steps`, :func:`steps`.
"""

from dataclasses import dataclass

import numpy as np

from kiqa.io.images.orientation import turned_upright
from kiqa.varjpeg.centroids import impulses
from kiqa.varjpeg.codec import Encoded, decode, inspect_stream
from kiqa.varjpeg.preparation import Prepared
from kiqa.varjpeg.segment import single
from kiqa.varjpeg.spread import blurred


@dataclass(frozen=True, eq=False)
class Steps:
    """Intermediate results, all upright and with one value per pixel.

    Attributes:
        pixels: The image, ``uint8``.
        importance: The padded quality map (or saliency, or mask), ``(H, W)``.
        kept: Pixels above the percentile, ``bool``.
        impulses: The stored centroids, ``uint8``, not 0 where one lies.
        blurred: M, ``float32``, 0..1.
        qualities: q_b of the luminance block of each pixel, ``int64``.
        decoded: The image that the file shows, ``uint8``.
        encoded: The file.
        source_bpp: Bits per pixel of the source file, ``None`` for arrays.
    """

    pixels: np.ndarray
    importance: np.ndarray
    kept: np.ndarray
    impulses: np.ndarray
    blurred: np.ndarray
    qualities: np.ndarray
    decoded: np.ndarray
    encoded: Encoded
    source_bpp: float | None


def steps(prepared: Prepared, encoded: Encoded) -> Steps:
    """Gather the intermediate results of an encoding.

    Args:
        prepared: The prepared image.
        encoded: Of `kiqa.varjpeg.coded` or `SizeSearch`, from ``prepared``.

    Returns:
        What each step made.

    References:
        Thesis, Fig. 14.
    """
    trace, settings, source = prepared.trace, prepared.settings, prepared.source
    height, width = prepared.size
    blocks = inspect_stream(encoded.data).qualities[0]
    qualities = np.repeat(np.repeat(blocks, 8, axis=0), 8, axis=1)[:height, :width]
    spread = blurred(
        trace.codes,
        prepared.size,
        sigma=single(settings.sigma),
        normalisation=settings.normalisation,
    )

    def upright(values):
        return turned_upright(values, source.orientation)

    return Steps(
        pixels=source.upright,
        importance=upright(trace.importance),
        kept=upright(trace.kept),
        impulses=upright(impulses(trace.codes, prepared.size)),
        blurred=upright(spread),
        qualities=upright(qualities),
        decoded=decode(encoded.data, max_bytes=None),
        encoded=encoded,
        source_bpp=source.bpp,
    )
