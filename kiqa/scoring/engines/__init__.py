"""Ways to score an image, by the mode that a weights file names.

An `Engine` is a loaded network with two functions of an image's pixels. A new
kind of model is one module with a function ``(info, *, stride, default_stride)
-> Engine`` and one line in `ENGINES`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from importlib import import_module

import numpy as np

from kiqa.io.map_files import QualityMap
from kiqa.io.memory import check_memory
from kiqa.io.weights import WeightsInfo
from kiqa.startup import check_backend

ENGINES = {
    "patch": "kiqa.scoring.engines.patchnet:patch_engine",
    "aggregator": "kiqa.scoring.engines.aggregator:aggregator_engine",
    "lite": "kiqa.scoring.engines.lite:lite_engine",
    "paq2piq-bm": "kiqa.scoring.engines.paq2piq:paq2piq_engine",
    "paq2piq-fm": "kiqa.scoring.engines.paq2piq:paq2piq_engine",
    "paq2piq-rm": "kiqa.scoring.engines.paq2piq:paq2piq_engine",
    "rnn-biqa": "kiqa.scoring.engines.rnn_biqa:rnn_engine",
    "wadiqam-fr": "kiqa.scoring.engines.wadiqam:wadiqam_engine",
    "wadiqam-nr": "kiqa.scoring.engines.wadiqam:wadiqam_engine",
}
_ON_ANY_BACKEND = ("rnn-biqa",)  # the others make functions of TensorFlow


@dataclass(frozen=True)
class Engine:
    """One model, ready to score.

    Attributes:
        stride: Pixels between the places that the network looks at; in every
            row.
        map_stride: Pixels between the cells of a map from ``map``; 0 where
            its cells are blocks, as many for each image.
        least_side: Least width and height of an image in pixels.
        map: From ``uint8`` pixels (H, W, 3) to a `QualityMap`; raises
            ValueError for what is too small. ``None`` for models without
            maps.
        score: From the same pixels to the score.
        needs_reference: Whether ``map`` and ``score`` take the pixels of the
            undistorted image, of the same shape, as a second argument.
        map_grid: From pixels and ``(rows, columns)`` to the map of so many
            blocks; ``None`` for models whose maps have a stride.
        beside: From a score to what a row says of it: ``percentile``,
            ``low`` and ``high``. ``None`` for models that do not.
        memory: From height and width in pixels to the bytes that ``score``
            and ``map`` take at their peak beside the pixels, estimated.
            `load_engine` lets no function begin that would pass the bound.
    """

    stride: int
    map_stride: int
    least_side: int
    map: Callable[..., QualityMap] | None
    score: Callable[..., float]
    needs_reference: bool = False
    map_grid: Callable[..., QualityMap] | None = None
    beside: Callable[[float], dict[str, float]] | None = None
    memory: Callable[[int, int], int] | None = None


def load_engine(info: WeightsInfo, *, stride: int | None, default_stride: int) -> Engine:
    """Load a model in the way that its file names as ``mode``.

    Args:
        info: Of the file. Without a mode it is a patch network.
        stride: Pixels between places, ``None`` where the caller leaves it
            open.
        default_stride: Stride that is then used, unless the model fixes one.

    Returns:
        The `Engine`.

    Raises:
        ValueError: If the mode is unknown, or the model does not do what the
            mode says or at this stride.
        OSError: If a file is missing or cannot be read.
    """
    mode = info.details.mode
    if mode not in ENGINES:
        raise ValueError(
            f"Expected a model whose mode is one of {sorted(ENGINES)}. Received: {mode!r} in "
            f"{info.path}. Use a newer kiqa, or another model."
        )
    check_backend(others=mode in _ON_ANY_BACKEND)
    module, function = ENGINES[mode].split(":")
    build = getattr(import_module(module), function)
    return _bounded(build(info, stride=stride, default_stride=default_stride), info.name)


def _bounded(engine, name):
    """The engine, refusing images that would take more memory than `check_memory` lets."""

    def guarded(function):
        @wraps(function)
        def run(pixels, *more, **options):
            height, width = np.shape(pixels)[:2]
            held = sum(each.nbytes for each in (pixels, *more))
            check_memory(
                held + engine.memory(height, width), f"{width}x{height} pixels with {name}"
            )
            return function(pixels, *more, **options)

        return None if function is None else run

    functions = {key: getattr(engine, key) for key in ("map", "score", "map_grid")}
    return replace(engine, **{key: guarded(each) for key, each in functions.items() if each})
