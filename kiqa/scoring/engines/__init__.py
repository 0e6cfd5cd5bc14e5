"""Ways to score an image, by the mode that a weights file names.

An `Engine` is a loaded network with two functions of an image's pixels. A new
kind of model is one module with a function ``(info, *, stride, default_stride)
-> Engine`` and one line in `ENGINES`. Comparators without weights
(`kiqa.comparators.FORMULAS`) are one mode, whose name `describe` knows.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

import numpy as np

from kiqa.comparators import FITTED, FORMULAS
from kiqa.io.map_files import QualityMap
from kiqa.io.memory import check_memory
from kiqa.io.weights import (
    Details,
    WeightsError,
    WeightsInfo,
    list_models,
    load_model,
    read_info,
)
from kiqa.startup import check_backend

if TYPE_CHECKING:
    import keras

ENGINES = {
    "patch": "kiqa.scoring.engines.patchnet:patch_engine",
    "aggregator": "kiqa.scoring.engines.aggregator:aggregator_engine",
    "brisque": "kiqa.scoring.engines.brisque:brisque_engine",
    "cnniqa": "kiqa.scoring.engines.cnniqa:cnniqa_engine",
    "cornia": "kiqa.scoring.engines.cornia:cornia_engine",
    "deepbiq": "kiqa.scoring.engines.heads:head_engine",
    "formula": "kiqa.scoring.engines.formula:formula_engine",
    "koncept512": "kiqa.scoring.engines.heads:head_engine",
    "lite": "kiqa.scoring.engines.lite:lite_engine",
    "nima": "kiqa.scoring.engines.heads:head_engine",
    "niqe": "kiqa.scoring.engines.niqe:niqe_engine",
    "paq2piq-bm": "kiqa.scoring.engines.paq2piq:paq2piq_engine",
    "paq2piq-fm": "kiqa.scoring.engines.paq2piq:paq2piq_engine",
    "paq2piq-rm": "kiqa.scoring.engines.paq2piq:paq2piq_engine",
    "rnn-biqa": "kiqa.scoring.engines.rnn_biqa:rnn_engine",
    "wadiqam-fr": "kiqa.scoring.engines.wadiqam:wadiqam_engine",
    "wadiqam-nr": "kiqa.scoring.engines.wadiqam:wadiqam_engine",
}
_ON_ANY_BACKEND = (
    "brisque",
    "cnniqa",
    "cornia",
    "deepbiq",
    "koncept512",
    "nima",
    "niqe",
    "rnn-biqa",
)  # the others make functions of TensorFlow
_WITHOUT_KERAS = ("formula",)
_WITHOUT_MAP = (
    "brisque",
    "cornia",
    "deepbiq",
    "koncept512",
    "nima",
    "niqe",
    "paq2piq-bm",
    "rnn-biqa",
)
_ROOT = Path(__file__).parents[3]

_BLIND_BYTES = 64  # a pixel, of what `without_map` serves; benchmarks/memory.py measured 51


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
        map_sha256: Hash of the file that makes the maps, where that is not the
            model's own.
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
    map_sha256: str = ""


def describe(model: str | os.PathLike) -> WeightsInfo:
    """Say what a model is, by its name or its file.

    Args:
        model: Name of a shipped model or of a comparator without weights, or
            path of a published ``.h5`` file.

    Returns:
        What is known of it. Of a comparator without weights, ``path`` is the
        module that computes it and ``sha256`` the hash of its name and version.

    Raises:
        FileNotFoundError: If a path was given and no file is there.
        WeightsError: If the name is not known, or the file is damaged. Of a
            comparator whose weights are not there, the message says which
            command makes them.
    """
    name = os.fspath(model)
    if name in FORMULAS:
        return _formula_info(name)
    try:
        return read_info(model)
    except WeightsError as error:
        if name in list_models() or Path(name).name != name or name.endswith(".h5"):
            raise
        if name in FITTED:
            raise WeightsError(
                f"Expected the weights of {name!r}. Received: none of that name (put {name}.h5 "
                f"into a folder that $KIQA_WEIGHTS names). {FITTED[name].remedy()}"
            ) from error
        raise WeightsError(f"{error} Without weights there are {sorted(FORMULAS)}.") from error


def makes_maps(info: WeightsInfo) -> bool:
    """Say whether a model has quality maps, without loading it; see `Engine`."""
    if info.details.mode == "formula":
        return FORMULAS[info.name].map is not None
    return info.details.mode not in _WITHOUT_MAP


def _formula_info(name):
    formula = FORMULAS[name]
    module = formula.function.split(":")[0].replace(".", "/")
    details = Details(
        name=name,
        version=formula.version,
        scale=formula.scale,
        higher_is_better=formula.higher_is_better,
        mode="formula",
        trained_on=(),
    )
    digest = hashlib.sha256(f"{name} {formula.version}".encode()).hexdigest()
    return WeightsInfo(_ROOT / f"{module}.py", digest, details)


def score_network(info: WeightsInfo, inputs: tuple[int | None, ...], what: str) -> "keras.Model":
    """Load a network that gives a score.

    Args:
        info: Of its file.
        inputs: Shape of its input.
        what: What it is, for the message.

    Returns:
        The network.

    Raises:
        ValueError: If its input or its output, which is ``(n, 1)``, has another shape.
    """
    model = load_model(info.path)
    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    if shapes != [inputs, (None, 1)]:
        raise ValueError(
            f"Expected {what} -> (n, 1). Received: inputs and outputs {shapes} in {info.path}. Use "
            f"a file of python -m kiqa.train_comparator {info.details.mode}."
        )
    return model


def score_of(model: "keras.Model", features: np.ndarray) -> float:
    """Return the score that a network of `score_network` gives to one image's features."""
    from keras import ops

    batch = features[None].astype("float32")
    return float(ops.convert_to_numpy(model(batch, training=False))[0, 0])


def without_map(
    info: WeightsInfo, stride: int | None, *, least_side: int, score: Callable[..., float]
) -> Engine:
    """Return the engine of a model that rates whole images only.

    Args:
        info: Of the model.
        stride: What was asked for.
        least_side: As in `Engine`.
        score: As in `Engine`.

    Returns:
        The engine; its stride is 1: every pixel is looked at.

    Raises:
        ValueError: If a stride was asked for.
    """
    if stride is not None:
        raise ValueError(
            f"Expected no stride: {info.name} rates whole images only. Received: {stride}. "
            "Leave the stride out."
        )
    return Engine(
        stride=1,
        map_stride=1,
        least_side=least_side,
        map=None,
        score=score,
        memory=lambda height, width: _BLIND_BYTES * height * width + 2**26,
    )


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
    if mode not in _WITHOUT_KERAS:
        check_backend(others=mode in _ON_ANY_BACKEND)
    build = resolve_name(ENGINES[mode])
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

        return run

    functions = {key: getattr(engine, key) for key in ("map", "score", "map_grid")}
    return replace(engine, **{key: guarded(each) for key, each in functions.items() if each})
