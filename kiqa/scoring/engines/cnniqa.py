"""Scoring with CNNIQA: the mean over all patches that do not overlap."""

from dataclasses import replace

import numpy as np

from kiqa.comparators.learned.cnniqa import LEAST_SIDE, all_patches
from kiqa.constants import CNNIQA
from kiqa.io.map_files import QualityMap
from kiqa.io.weights import WeightsInfo, load_model
from kiqa.maps.network_function import network_function
from kiqa.scoring.engines import Engine, without_map

_BATCH = 64  # patches; larger ones leave the processor's cache


def cnniqa_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a network of `kiqa.models.cnniqa`.

    Args:
        info: Of its file.
        stride: ``None``: patches do not overlap.
        default_stride: Not used.

    Returns:
        The `Engine`; its map is that of the patches' qualities.

    Raises:
        ValueError: If a stride is asked for, or the file holds another network.
    """
    model = load_model(info.path)
    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    if shapes != [(None, CNNIQA.patch, CNNIQA.patch, 1), (None, 1)]:
        raise ValueError(
            f"Expected a network of patches, (n, {CNNIQA.patch}, {CNNIQA.patch}, 1) -> (n, 1). "
            f"Received: inputs and outputs {shapes} in {info.path}. Use a file of python -m "
            "kiqa.train_comparator cnniqa."
        )

    run = network_function(model)

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
