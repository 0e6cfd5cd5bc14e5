"""What ``kiqa evaluate-maps`` compares: the images with their truth, and the makers of maps."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kiqa.io.messages import shortened
from kiqa.io.outputs import named
from kiqa.startup import load_quietly

if TYPE_CHECKING:
    from kiqa.data.local_cases import Item
    from kiqa.io.map_files import QualityMap
    from kiqa.io.weights import Details

ARRAYS = (".npz", ".npy")


def compared_items(arguments: argparse.Namespace) -> list["Item"]:
    """List the images to compare on.

    Args:
        arguments: With ``images``, one of ``boxes``, ``annotations`` and
            ``synthetic``, their options, and ``agreement``.

    Returns:
        The images with whatever their truth is made of.

    Raises:
        ValueError: If the truth is not as stated, or no image has the several
            annotators that ``agreement`` is about, or groups of them that share
            nobody.
        FileNotFoundError: If images or truth are not there.
    """
    from kiqa.data.local_cases import annotated_items, boxed_items, synthetic_items

    if arguments.synthetic:
        items = synthetic_items(
            arguments.images, split=arguments.split, chosen=arguments.set,
            versions=arguments.versions,
        )  # fmt: skip
    elif arguments.boxes:
        items = boxed_items(arguments.images, arguments.boxes)
    else:
        from kiqa.data.readers.local import ANNOTATIONS, OF_TWO_MEANINGS

        read = ANNOTATIONS[arguments.annotations]
        told = {"bright": arguments.bright} if arguments.annotations in OF_TWO_MEANINGS else {}
        items = annotated_items(read(arguments.images, **told))
    if arguments.agreement:
        _check_annotators([item for item in items if len(item.annotators) > 1])
    return items


def _check_annotators(items):
    """Refuse no images, and images whose annotators fall into groups that share nobody."""
    if not items:
        raise ValueError(
            "Expected images with several annotators for --agreement. Received: none. Leave it "
            "out, or use boxes of several participants or qground."
        )
    groups: list[tuple[frozenset[str], str]] = []  # annotators, first image
    for item in items:
        joined = [group for group in groups if group[0] & item.annotators]
        first = joined[0][1] if joined else item.name
        merged = item.annotators.union(*(group[0] for group in joined)), first
        at = groups.index(joined[0]) if joined else len(groups)
        groups[at : at + 1] = [merged]
        groups = [group for group in groups if group not in joined[1:]]
    if len(groups) > 1:
        (one, image), (other, elsewhere) = groups[:2]
        raise ValueError(
            "Expected the same annotators on all images, or some in common, for --agreement. "
            f"Received: {_names(one)} on {image}, {_names(other)} on {elsewhere}. Compare each "
            "group's images by themselves."
        )


def _names(annotators):
    return shortened(", ".join(sorted(annotators)))


def makers(
    arguments: argparse.Namespace, *, stride: int
) -> tuple[dict[str, Callable], list["Details"]]:
    """Prepare the predictors: functions from a `kiqa.data.local_cases.Case` to a `QualityMap`.

    Args:
        arguments: With ``map``, names of maps made here, and ``maps``,
            ``NAME=DIR`` of maps made before.
        stride: Pixels between the cells of maps made here.

    Returns:
        The functions by name, and the descriptions of the models among them.

    Raises:
        ValueError: If a name occurs twice, a ``NAME=DIR`` is none, or a
            model cannot be loaded.
        FileNotFoundError: If a folder or a model is not there.
    """
    found, networks = {}, []
    for text in arguments.maps:
        name, _, folder = text.partition("=")
        if not name or not folder:
            raise ValueError(f"Expected --maps NAME=DIR. Received: {text!r}.")
        if not Path(folder).is_dir():
            raise FileNotFoundError(f"Expected a folder of maps. Received: {folder}, not there.")
        _add(found, name, partial(_stored, folder=Path(folder)))
    for name in arguments.map:
        function, details = _maker(name, stride)
        _add(found, Path(name).name.removesuffix(".h5"), function)
        networks += details
    return found, networks


def _add(found, name, function):
    if name in found:
        raise ValueError(f"Expected predictors of different names. Received: {name!r} twice.")
    found[name] = function


def _maker(name, stride):
    """The function, and the description of its network if it has one."""
    if name == "gray":
        from kiqa.maps.gray import gray_map

        return lambda case: gray_map(case.pixels, stride=stride), []
    if name == "fish":
        from kiqa.maps.sliding_fish import fish_map

        return lambda case: fish_map(case.pixels, stride=stride), []
    if name == "fish-blocks":
        from kiqa.maps.fish import fish_block_map

        return lambda case: fish_block_map(case.pixels, stride=stride), []
    from kiqa.scoring import Scorer

    scorer = Scorer(name, default_stride=stride)
    scorer.check_maps()
    load_quietly(scorer)
    return lambda case: scorer.map(case.pixels), [scorer.info.details]


def _stored(case, *, folder: Path):
    return stored_map(folder, case.item.name, case.pixels.shape[:2])


def stored_paths(folder: Path, name: str) -> list[Path]:
    """List where the map of an image may be; arguments as of `stored_map`."""
    return [named(folder, name, suffix) for suffix in ARRAYS] if folder.is_dir() else [folder]


def stored_map(folder: Path, name: str, size: tuple[int, int]) -> "QualityMap":
    """Read the map that another program, or ``kiqa map --npz``, wrote for an image.

    Args:
        folder: Holds ``name`` with ``.npz`` or ``.npy`` after it; or the file.
        name: Of the image, with its suffix.
        size: Height and width of the image.

    Returns:
        The `QualityMap`; one of stride 1 from an array.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds no map, or an array of another size.
    """
    import numpy as np

    from kiqa.io.arrays import read_npy
    from kiqa.io.map_files import QualityMap

    paths = stored_paths(folder, name)
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        places = " or ".join([str(paths[0]), *(other.name for other in paths[1:])])
        raise FileNotFoundError(f"Expected a map of {name} at {places}. Received: no such file.")
    if path.suffix == ".npz":
        return QualityMap.load(path)
    values = read_npy(path)
    shape = values.shape
    if values.dtype.kind not in "fiub":
        raise ValueError(f"Expected an array of numbers in {path}. Received: {values.dtype}.")
    if shape != tuple(size):
        raise ValueError(
            f"Expected one value per pixel, shape {tuple(size)} (height, width), in {path}. "
            f"Received: shape {shape}. Save coarser maps as kiqa.io.map_files.QualityMap."
        )
    return QualityMap(values.astype(np.float32), 1, 0.0, (size[0], size[1]))
