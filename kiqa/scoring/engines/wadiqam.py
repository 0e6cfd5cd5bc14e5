"""Scoring with DIQaM and WaDIQaM: pooling over all non-overlapping patches.

Which patches these are is said by ``patch_grid`` in the file: ``ALL_PATCHES``,
or ``NONE_AT_BORDER``, the grid of the PyTorch ports. Their loops stop before a
patch that would end exactly at the right or lower border; that is the grid of
all patches of the image without its last row and column of pixels.

An image that equals its reference gets no special score: it gets what the
network says of it, which for these networks is neither 0 nor the best score
by construction.

References:
    Bosse et al. 2018, section III-C.
"""

from dataclasses import replace

import numpy as np

from kiqa.io.weights import WeightsInfo, load_model
from kiqa.io.weights.details import ALL_PATCHES, NONE_AT_BORDER
from kiqa.maps.wadiqam import PatchPooler
from kiqa.scoring.engines import Engine


def wadiqam_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a network of `kiqa.models.wadiqam`.

    Args:
        info: Of the file.
        stride: Pixels between patches, or ``None``: the patch's side.
        default_stride: Not used: scores are made without overlap.

    Returns:
        The `Engine`; its map is that of the patches' qualities. It needs a
        reference if the network does.

    Raises:
        ValueError: If the file is damaged, holds another network or names
            another grid.
    """
    grid = info.details.patch_grid or ALL_PATCHES
    if grid not in (ALL_PATCHES, NONE_AT_BORDER):
        raise ValueError(
            f"Expected patch_grid {ALL_PATCHES!r} or {NONE_AT_BORDER!r}. Received: {grid!r} in "
            f"{info.path}. Use a newer kiqa, or another model."
        )
    pooler = PatchPooler(load_model(info.path), stride=stride, info=info)
    unseen = int(grid == NONE_AT_BORDER)
    least = pooler.patch + unseen

    def pool(*images):
        height, width = np.shape(images[0])[:2]
        if min(height, width) < least:
            raise ValueError(
                f"Expected an image of at least {least}x{least} pixels for {info.name}. "
                f"Received: {width}x{height}. Use a larger image."
            )
        return pooler.pool(*[image[: -unseen or None, : -unseen or None] for image in images])

    def quality_map(*images):
        return replace(pool(*images).quality, image_size=tuple(images[0].shape[:2]))

    return Engine(
        stride=pooler.stride,
        map_stride=pooler.stride,
        least_side=least,
        map=quality_map,
        score=lambda *images: pool(*images).score(),
        needs_reference=pooler.needs_reference,
        memory=pooler.memory,
    )
