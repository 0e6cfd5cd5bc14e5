"""Scoring with a comparator that has no weights.

Nothing is loaded but the function. A row names in ``weights_sha256`` the hash of
the comparator's name and version (`kiqa.scoring.engines.describe`), so that
resumed runs tell comparators and their versions apart.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from kiqa.comparators import FORMULAS
from kiqa.comparators.luminance import check_side
from kiqa.io.map_files import QualityMap
from kiqa.io.weights import WeightsInfo
from kiqa.scoring.engines import Engine


def formula_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Prepare a comparator of `kiqa.comparators.FORMULAS`.

    Args:
        info: From `kiqa.scoring.engines.describe`.
        stride: Of the map, or ``None`` for its own.
        default_stride: Not used: a map's own stride is the one of its paper.

    Returns:
        The `Engine`. Scores look at every pixel, whatever the stride.

    Raises:
        ValueError: If a stride is asked for and there is no map.
    """
    formula = FORMULAS[info.name]
    function, make_map = formula.resolve(), formula.resolve_map()
    if stride is not None and make_map is None:
        raise ValueError(
            f"Expected no stride: {info.name} rates whole images only. Received: {stride}. "
            "Leave the stride out."
        )

    def score(*images):
        check_side(images[0], formula.least_side, name=info.name)
        return float(function(*images))

    return Engine(
        stride=1,
        map_stride=formula.map_stride if stride is None else stride,
        least_side=formula.least_side,
        map=None if make_map is None else partial(_quality_map, make_map, info, stride),
        score=score,
        needs_reference=formula.needs_reference,
        memory=_memory,
    )


def _memory(height, width):
    """Bytes beside the images; SSIM took most, 128 a pixel (tracemalloc, 1024x768).

    FSIM takes more a pixel, of small images.
    """
    return 256 * height * width + 2**27


def _quality_map(
    make_map: Callable[..., QualityMap], info: WeightsInfo, stride: int | None, *images: np.ndarray
) -> QualityMap:
    """A comparator's map, with its name and hash."""
    return replace(make_map(*images, stride=stride), model=info.name, weights_sha256=info.sha256)
