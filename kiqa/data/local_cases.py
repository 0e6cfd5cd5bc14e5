"""Images with a local ground truth: what people marked, or a rectangle distorted here.

Public names: :class:`Item`, :class:`Case`, :func:`boxed_items`,
:func:`annotated_items`, :func:`synthetic_items`, :func:`sources_of`, :func:`untrained_items`,
:func:`answers_of`, :func:`load_case`.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from kiqa.data.distortions import LEVELS, available_distortions, distort_region
from kiqa.data.excluded import excluding_files
from kiqa.data.folders import images_in
from kiqa.data.local_quality import ImageBoxes, ground_truth, read_boxes
from kiqa.data.readers.local.answers import AnnotatedImage, Answer, good_boxes, truth_of
from kiqa.data.smoothing import blur_map
from kiqa.data.untrained import untrained_files
from kiqa.io.images import load_image
from kiqa.io.outputs import declare_inputs
from kiqa.io.weights import Details


@dataclass(frozen=True)
class Item:
    """One image to compare on, not loaded yet.

    Attributes:
        name: Of the image in the results; maps of others are filed under it.
        path: The file.
        boxes: What people marked, or None.
        answers: What the annotators of a published data set say, by annotator.
        version: Number of the synthetic version, from 1.
    """

    name: str
    path: Path
    boxes: ImageBoxes | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    version: int = 0

    @property
    def annotators(self) -> frozenset[str]:
        """The people, or groups that agreed, who said something of it."""
        return frozenset(self.answers if self.boxes is None else self.boxes.boxes)


@dataclass(frozen=True)
class Case:
    """One image with its ground truth, both arrays.

    Attributes:
        item: What it was made from.
        pixels: RGB ``uint8``, shape (H, W, 3), as the predictors see it.
        truth: ``float32``, shape (H, W), 0..1, higher is better; NaN where nobody
            was asked.
        details: Further columns of its rows.
    """

    item: Item
    pixels: np.ndarray
    truth: np.ndarray
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
    images = read_boxes(boxes)
    items = [Item(image.name, Path(folder, image.name), image) for image in images]
    missing = [image for image, item in zip(images, items, strict=True) if not item.path.is_file()]
    if missing:
        first = missing[0]
        raise FileNotFoundError(
            f"Expected the {len(items)} images of {boxes} in {folder}. Received: {len(missing)} "
            f"of them not there, {first.name} first ({first.source}). Names are relative to "
            "the folder."
        )
    declare_inputs(item.path for item in items)
    return items


def annotated_items(images: Sequence[AnnotatedImage]) -> list[Item]:
    """List the images that a reader of `kiqa.data.readers.local` returned."""
    return [Item(image.name, image.path, answers=image.answers) for image in images]


def synthetic_items(folder: str, *, split: str | None, chosen: str, versions: int) -> list[Item]:
    """List the images to distort, ``versions`` of each image of a folder.

    Args:
        folder: Folder of pristine images.
        split: Split file or name; None takes the folder's, if it has one.
        chosen: Set of the split.
        versions: Distorted versions of each image.

    Returns:
        The items; the second version of ``a.jpg`` is called ``a.jpg.2.png``.

    Raises:
        FileNotFoundError: If images are missing or there are none.
        ValueError: If two have one name.
    """
    paths = images_in(folder, split=split, chosen=chosen)
    if twice := [name for name, count in Counter(p.name for p in paths).items() if count > 1]:
        raise ValueError(
            f"Expected images of different names. Received: {twice[:3]} several times in folders "
            f"of {folder}. Rename some, or give a folder without subfolders."
        )
    return [
        Item(f"{path.name}.{version}.png", path, version=version)
        for path in paths
        for version in range(1, versions + 1)
    ]


def sources_of(names: Iterable[str]) -> dict[str, str] | None:
    """Return what the images of `synthetic_items` are versions of.

    Args:
        names: Of the images.

    Returns:
        The pristine image's name by that of the version; ``None`` where each
        has one of its own.
    """
    sources = {name: name.rsplit(".", 2)[0] for name in names}
    return None if len(set(sources.values())) == len(sources) else sources


def untrained_items(
    items: Sequence[Item],
    models: Sequence[Details],
    *,
    include: bool,
    report: Callable[[str], object],
    exclude: Sequence[str] | None = None,
) -> tuple[list[Item], dict]:
    """Leave out images that a network was trained on, and those that are excluded.

    Args:
        items: The images; an image's versions go together.
        models: As for `kiqa.data.untrained.untrained_files`.
        include: Likewise.
        report: Likewise.
        exclude: What names images to leave out, see `kiqa.data.excluded`.

    Returns:
        The others, and what was met, for a result in JSON.

    Raises:
        FileNotFoundError: As `kiqa.data.excluded.excluding_files`.
        ValueError: Likewise, and as `kiqa.data.untrained.untrained_files`.
    """
    files = list(dict.fromkeys(item.path for item in items))
    files = excluding_files(files, exclude or (), report=report)
    kept = untrained_files(files, models, include=include, report=report)
    left = set(kept.images)
    return [item for item in items if item.path in left], kept.note


def answers_of(item: Item, *, height: int, width: int) -> dict[str, np.ndarray]:
    """Make the map of each annotator of an image.

    Args:
        item: The image; a synthetic one has no annotator.
        height: Of the image, in pixels.
        width: Likewise.

    Returns:
        By annotator ``float32`` of shape (height, width), 0..1, higher is better.

    Raises:
        ValueError: If an answer does not fit the image.
    """
    boxes = item.boxes.boxes if item.boxes is not None else {}
    drawn: dict[str, Answer] = {name: partial(good_boxes, boxes=own) for name, own in boxes.items()}
    return {name: answer(height, width) for name, answer in {**drawn, **item.answers}.items()}


def load_case(item: Item, *, blur: float, seed: int) -> tuple[Item, Case | Exception]:
    """Load an image and make its ground truth.

    The truth of a published data set is the mean of its annotators' maps, blurred
    where it covers the whole image. Without either, one random rectangle is
    distorted, by a kind and level drawn from those of `kiqa.data.distortions` that
    work here; the truth is 1 outside, 0 inside. The
    draws depend on the seed, the file's name and the version only.

    Args:
        item: The image.
        blur: Blur of the ground truth by image width, 0 for none.
        seed: Seed of the distortions.

    Returns:
        The item, and the `Case` or the exception that making it raised.
    """
    try:
        pixels = load_image(item.path).pixels
        if item.boxes is not None:
            answers = item.boxes.boxes
            height, width = pixels.shape[:2]
            truth = ground_truth(
                answers, height=height, width=width, participants=len(answers), blur=blur
            )
            return item, Case(item, pixels, truth)
        if item.answers:
            height, width = pixels.shape[:2]
            truth = truth_of(list(answers_of(item, height=height, width=width).values()))
            whole = not np.isnan(truth).any()
            return item, Case(item, pixels, blur_map(truth, blur=blur) if whole else truth)
        rng = np.random.default_rng([seed, item.version, *os.fsencode(item.path.name)])
        kind = str(rng.choice(available_distortions()))
        level = float(rng.choice(LEVELS[kind]))
        pixels, mask = distort_region(pixels, kind, level, rng=rng)
        truth = blur_map(~mask, blur=blur)
        return item, Case(item, pixels, truth, {"distortion": kind, "level": level})
    except Exception as error:  # told when its turn comes
        return item, error
