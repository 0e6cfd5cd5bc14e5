"""Scoring with CNNIQA: the mean over all patches that do not overlap."""

from dataclasses import replace

import numpy as np

from kiqa.comparators.learned.cnniqa import LEAST_SIDE, all_patches
from kiqa.constants import CNNIQA
from kiqa.io.map_files import QualityMap
from kiqa.io.weights import WeightsInfo
from kiqa.maps.network_function import network_function
from kiqa.scoring.engines import Engine, score_network, without_map

_BATCH = 64  # patches; larger ones leave the processor's cache


def cnniqa_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a network of `kiqa.models.cnniqa`; its map is that of the patches' qualities.

    Arguments and errors are those of `kiqa.scoring.engines.load_engine`; no stride fits, as
    patches do not overlap.
    """
    shape = (CNNIQA.patch, CNNIQA.patch, 1)
    what = f"a network of patches, (n, {', '.join(map(str, shape))})"
    run = network_function(score_network(info, (None, *shape), what))

    def quality_map(pixels):
        grid = all_patches(pixels)
        patches = grid.reshape(-1, *grid.shape[2:])
        values = [run(patches[at : at + _BATCH]) for at in range(0, len(patches), _BATCH)]
        return QualityMap(
            values=np.concatenate(values).reshape(grid.shape[:2]),
            stride=CNNIQA.patch,
            offset=(CNNIQA.patch - 1) / 2,
            image_size=tuple(pixels.shape[:2]),
            model=info.name,
            weights_sha256=info.sha256,
            scale=info.scale,
            higher_is_better=info.higher_is_better,
        )

    engine = without_map(
        info, stride, least_side=LEAST_SIDE, score=lambda pixels: quality_map(pixels).mean()
    )
    return replace(engine, stride=CNNIQA.patch, map_stride=CNNIQA.patch, map=quality_map)
