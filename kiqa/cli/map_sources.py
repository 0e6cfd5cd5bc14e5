"""The makers of maps that ``kiqa evaluate-maps`` compares."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from kiqa.scoring.quiet import load_quietly

ARRAYS = (".npz", ".npy")


def makers(arguments: argparse.Namespace, *, stride: int) -> dict[str, Callable]:
    """Prepare the predictors: functions from a `kiqa.data.local_cases.Case` to a `QualityMap`.

    Args:
        arguments: With ``map``, names of maps made here, and ``maps``,
            ``NAME=DIR`` of maps made before.
        stride: Pixels between the cells of maps made here.

    Returns:
        The functions by name.

    Raises:
        ValueError: If a name occurs twice, a ``NAME=DIR`` is none, or a
            model cannot be loaded.
        FileNotFoundError: If a folder or a model is not there.
    """
    found = {}
    for text in arguments.maps:
        name, _, folder = text.partition("=")
        if not name or not folder:
            raise ValueError(f"Expected --maps NAME=DIR. Received: {text!r}.")
        if not Path(folder).is_dir():
            raise FileNotFoundError(f"Expected a folder of maps. Received: {folder}, not there.")
        _add(found, name, partial(_stored, folder=Path(folder)))
    for name in arguments.map:
        _add(found, Path(name).name.removesuffix(".h5"), _maker(name, stride))
    return found


def _add(found, name, function):
    if name in found:
        raise ValueError(f"Expected predictors of different names. Received: {name!r} twice.")
    found[name] = function


def _maker(name, stride):
    if name == "gray":
        from kiqa.maps.gray import gray_map

        return lambda case: gray_map(case.pixels, stride=stride)
    if name == "fish":
        from kiqa.maps.sliding_fish import fish_map

        return lambda case: fish_map(case.pixels, stride=stride)
    if name == "fish-blocks":
        from kiqa.maps.fish import fish_block_map

        return lambda case: fish_block_map(case.pixels, stride=stride)
    from kiqa.scoring import Scorer

    scorer = Scorer(name, default_stride=stride)
    load_quietly(scorer)
    return lambda case: scorer.map(case.pixels)


def _stored(case, *, folder: Path):
    """The map that another program, or ``kiqa map --npz``, wrote for this image."""
    import numpy as np

    from kiqa.io.map_files import QualityMap

    paths = [folder / f"{case.item.name}{suffix}" for suffix in ARRAYS]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise FileNotFoundError(
            f"Expected a map of {case.item.name} at {paths[0]} or {paths[1].name}. "
            "Received: no such file."
        )
    if path.suffix == ".npz":
        return QualityMap.load(path)
    size = case.pixels.shape[:2]
    try:
        values = np.load(path, allow_pickle=False)
        shape = np.shape(values)
        values = np.asarray(values, np.float32)
    except (ValueError, TypeError, OSError, EOFError) as error:
        raise ValueError(f"Expected an array of numbers in {path}. Received: {error}.") from error
    if shape != size:
        raise ValueError(
            f"Expected one value a pixel, shape {size} (height, width), in {path}. Received: shape "
            f"{shape}. Save coarser maps as kiqa.io.map_files.QualityMap."
        )
    return QualityMap(values, 1, 0.0, size)
