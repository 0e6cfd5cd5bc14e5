"""What ``kiqa evaluate-maps`` compares: images with a ground truth, and makers of maps."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from kiqa.scoring.quiet import load_quietly

ARRAYS = (".npz", ".npy")


@dataclass(frozen=True)
class Item:
    """One image to compare on, not loaded yet.

    Attributes:
        name: Of the image in the results; maps of others are filed under it.
        path: The file.
        boxes: The `kiqa.data.local_quality.ImageBoxes`, or None.
        version: Number of the synthetic version, from 1.
    """

    name: str
    path: Path
    boxes: object = None
    version: int = 0


@dataclass(frozen=True)
class Case:
    """One image with its ground truth, both arrays.

    Attributes:
        item: What it was made from.
        pixels: RGB ``uint8``, shape (H, W, 3), as the predictors see it.
        truth: ``float32``, shape (H, W), 0..1, higher is better.
        details: Further columns of its rows.
    """

    item: Item
    pixels: object
    truth: object
    details: Mapping = field(default_factory=dict)


def boxed_items(folder: str, boxes: str) -> list[Item]:
    """List the images of a table of boxes.

    Args:
        folder: Folder of the images.
        boxes: The table; see `kiqa.data.local_quality`.

    Returns:
        One item an image of the table.

    Raises:
        ValueError: As `read_boxes`.
        FileNotFoundError: If the table or an image of it is not there.
    """
    from kiqa.data.local_quality import read_boxes

    items = [Item(image.name, Path(folder, image.name), image) for image in read_boxes(boxes)]
    missing = [item for item in items if not item.path.is_file()]
    if missing:
        first = missing[0]
        raise FileNotFoundError(
            f"Expected the {len(items)} images of {boxes} in {folder}. Received: {len(missing)} "
            f"of them not there, {first.name} first ({first.boxes.source}). Names are relative to "
            "the folder."
        )
    return items


def synthetic_items(folder: str, *, split: str | None, chosen: str, versions: int) -> list[Item]:
    """List the pictures to distort, ``versions`` of each photograph of a folder.

    Args:
        folder: Folder of pristine photographs.
        split: Split file or name; None takes the folder's, if it has one.
        chosen: Set of the split.
        versions: Distorted pictures a photograph.

    Returns:
        The items; the second version of ``a.jpg`` is called ``a.jpg.2.png``.

    Raises:
        FileNotFoundError: If photographs are missing or there are none.
    """
    from kiqa.data.folders import photographs_in

    return [
        Item(f"{path.name}.{version}.png", path, version=version)
        for path in photographs_in(folder, split=split, chosen=chosen)
        for version in range(1, versions + 1)
    ]


def load_case(item: Item, *, blur: float, seed: int) -> tuple[Item, Case | Exception]:
    """Load an image and make its ground truth.

    Without boxes one random rectangle is distorted, by a kind and level drawn
    from `kiqa.data.distortions.LEVELS`; the truth is 1 outside, 0 inside. The
    draws depend on the seed, the file's name and the version only.

    Args:
        item: The image.
        blur: Blur of the ground truth by image width, 0 for none.
        seed: Seed of the distortions.

    Returns:
        The item, and the `Case` or the exception that making it raised.
    """
    import numpy as np

    from kiqa.data.distortions import LEVELS, distort_region
    from kiqa.data.local_quality import ground_truth
    from kiqa.data.smoothing import blur_map
    from kiqa.io.images import load_image

    try:
        pixels = load_image(item.path).pixels
        if item.boxes is not None:
            answers = item.boxes.boxes
            height, width = pixels.shape[:2]
            truth = ground_truth(
                answers, height=height, width=width, participants=len(answers), blur=blur
            )
            return item, Case(item, pixels, truth)
        rng = np.random.default_rng([seed, item.version, *item.path.name.encode()])
        kind = str(rng.choice(list(LEVELS)))
        level = float(rng.choice(LEVELS[kind]))
        pixels, mask = distort_region(pixels, kind, level, rng=rng)
        truth = blur_map(~mask, blur=blur)
        return item, Case(item, pixels, truth, {"distortion": kind, "level": level})
    except Exception as error:  # told when its turn comes
        return item, error


def makers(arguments: argparse.Namespace, *, stride: int) -> dict[str, Callable]:
    """Prepare the predictors: functions from a `Case` to a `QualityMap`.

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


def _stored(case: Case, *, folder: Path):
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
