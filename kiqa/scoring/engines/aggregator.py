"""Scoring with the aggregator: a network on the stack of an image's maps.

The file of an aggregator names the Patchnet whose maps it was trained on, its
companion, and nothing else will do: the hash of the aggregator's file
therefore stands for both networks, and rows of results need no second one.

The map is the aggregator's spatial quality map before its global pooling. It
is coarse: cells are 32 cells of the stack apart, 128 pixels at stride 4.

References:
    Thesis, section 5.4.
"""

import numpy as np

from kiqa.io.map_files import QualityMap
from kiqa.io.weights import WeightsInfo, find_companion, load_model
from kiqa.maps.dense import patch_size
from kiqa.maps.network_function import network_function
from kiqa.maps.stack import FISH_FORMS, MAPS, StackMaker
from kiqa.models.aggregator import LEAST_CELLS, spatial_grid, spatial_model
from kiqa.scoring.engines import Engine

_BYTES = 200  # the network for a cell of the stack, measured


def aggregator_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load an aggregator and the Patchnet that it was trained with.

    Args:
        info: Of the aggregator's file. Its details hold ``maps`` (fish, gray,
            patchnet), ``stride``, ``fish`` (sliding or blocks) and the
            companion ``patchnet``.
        stride: ``None`` or the file's own.
        default_stride: Not used; the file fixes the stride.

    Returns:
        The `Engine`.

    Raises:
        ValueError: If a detail is missing or wrong, another stride is asked
            for, or the Patchnet is not found (`find_companion`).
        FileNotFoundError: If ``$KIQA_WEIGHTS`` is no folder.
    """
    own, fish = _details(info)
    if stride not in (None, own):
        raise ValueError(
            f"Expected stride {own}, at which {info.name} was trained. Received: {stride}. "
            "Leave the stride out, or use --model patchnet, which takes any."
        )
    patch_info = find_companion(info, "patchnet")
    patch_model = load_model(patch_info.path)
    patch = patch_size(patch_model)
    stacks = StackMaker(patch_model, stride=own, fish=fish, info=patch_info)
    model = load_model(info.path)
    run = _function(model, info)
    cells, offset = spatial_grid(model)
    least = patch + (LEAST_CELLS - 1) * own

    def both(pixels):
        height, width = np.shape(pixels)[:2]
        if min(height, width) < least:
            raise ValueError(
                f"Expected an image of at least {least}x{least} pixels: {info.name} needs "
                f"{LEAST_CELLS} map cells a side. Received: {width}x{height}. Use a larger image, "
                f"or --model {patch_info.name}, which takes {patch}x{patch} pixels."
            )
        values, score = run(stacks.stack(pixels)[None])
        return values[0, ..., 0], float(score[0, 0])

    def quality_map(pixels):
        return QualityMap(
            values=both(pixels)[0],
            stride=cells * own,
            offset=(patch - 1) / 2 + offset * own,
            image_size=tuple(pixels.shape[:2]),
            model=info.name,
            weights_sha256=info.sha256,
            scale=info.scale,
            higher_is_better=info.higher_is_better,
        )

    return Engine(
        stride=own,
        map_stride=cells * own,
        least_side=least,
        map=quality_map,
        score=lambda pixels: both(pixels)[1],
        memory=lambda height, width: (
            stacks.memory(height, width) + _BYTES * (height // own) * (width // own)
        ),
    )


def _details(info):
    """Stride and kind of FISH of an aggregator's file, checked."""
    details = info.details
    if details.maps != MAPS or details.stride is None or details.fish not in FISH_FORMS:
        raise ValueError(
            f"Expected an aggregator's file to say maps {list(MAPS)}, stride, and fish (one of "
            f"{FISH_FORMS}). Received: maps {details.maps}, stride {details.stride}, fish "
            f"{details.fish!r} in {info.path}. Export it again with these details."
        )
    return details.stride, details.fish


def _function(model, info):
    """The network as one compiled function: spatial quality map and score of stacks."""
    import keras

    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    if shapes != [(None, None, None, 3), (None, 1)]:
        raise ValueError(
            "Expected an aggregator, (n, rows, columns, 3) -> (n, 1). Received: inputs and "
            f"outputs {shapes} in {info.path}. Use a file of an aggregator."
        )
    outputs = [spatial_model(model).output, model.outputs[0]]
    return network_function(keras.Model(model.inputs[0], outputs))
