"""Where people found an image good: their boxes, and the map made of them.

Each participant draws boxes round the areas of high quality of an image, or
states that there are none. Boxes are kept in one of two forms.

CSV, one row a box, columns in any order and case::

    image_name,participant,left,top,right,bottom,none
    sub/a.jpg,p1,10,20,200,180,0
    sub/a.jpg,p1,150,90,400,300,0
    sub/a.jpg,p2,,,,,1

A participant without a box has one row for that image, coordinates empty and
``none`` 1. JSON, where an empty list means the same::

    {"sub/a.jpg": {"p1": [[10, 20, 200, 180], [150, 90, 400, 300]], "p2": []}}

Coordinates are whole pixels of the upright image. Left and top are the first
column and row inside the box, right and bottom the first ones outside: the
box covers ``pixels[top:bottom, left:right]``, and ``0, 0, width, height`` is
the whole image. Names are paths relative to the folder of the images.

Public names: :class:`Box`, :class:`ImageBoxes`, :func:`read_boxes`,
:func:`vote_map`, :func:`ground_truth`.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kiqa.data.smoothing import BLUR, blur_map
from kiqa.data.tables import read_table, read_text
from kiqa.io.json_files import parse_json

_CORNERS = ("left", "top", "right", "bottom")
_COLUMNS = ("image_name", "participant", *_CORNERS, "none")


class Box(NamedTuple):
    """Corners of a box in pixels, right and bottom exclusive, and its source for messages."""

    left: int
    top: int
    right: int
    bottom: int
    source: str = ""


@dataclass(frozen=True)
class ImageBoxes:
    """The answers on one image.

    Attributes:
        name: Path of the image relative to the folder of the images.
        boxes: Each participant who answered, with the boxes; none for "no
            high-quality area".
        source: Where the image is first named, for messages.
    """

    name: str
    boxes: Mapping[str, Sequence[Box]]
    source: str = ""


def read_boxes(
    path: str | os.PathLike, *, participants: Collection[str] | None = None
) -> list[ImageBoxes]:
    """Read the boxes of a study.

    Args:
        path: ``.json`` file, or CSV; see the head of this module.
        participants: Those who took part; ``None`` takes all that occur.

    Returns:
        One entry an image, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not as stated, a box has no pixel or is
            upside down, a participant has both a box and "none" on one
            image, is unknown, or an image has no participant. The message
            names the line (CSV) or the image (JSON).
    """
    path = Path(path)
    images = _from_json(path) if path.suffix.lower() == ".json" else _from_csv(path)
    for image in images:
        for name, boxes in image.boxes.items():
            if participants is not None and name not in participants:
                source = boxes[0].source if boxes else image.source
                raise ValueError(
                    f"Expected one of the {len(participants)} participants of the study in "
                    f"{source}, received {name!r}. Correct the name or the list."
                )
    return images


def vote_map(
    boxes: Mapping[str, Sequence[Box | Sequence[int]]],
    *,
    height: int,
    width: int,
    participants: int,
) -> np.ndarray:
    """Count for each pixel the share of participants who marked it.

    Args:
        boxes: For each participant the boxes ``(left, top, right, bottom)``,
            right and bottom exclusive. A pixel in several boxes of one
            participant counts once.
        height: Image height in pixels.
        width: Image width in pixels.
        participants: Number of all who answered on this image, those who
            marked nothing included: ``len(image.boxes)`` for `ImageBoxes`.

    Returns:
        ``float32`` of shape ``(height, width)``, 0..1.

    Raises:
        ValueError: If a box has no pixel or lies partly outside the image,
            or there are fewer participants than ``boxes`` holds, or none.

    References:
        Thesis, section 5.3, equation 11.
    """
    if participants < max(1, len(boxes)):
        raise ValueError(
            f"Expected at least one participant, and all {len(boxes)} who have boxes, received "
            f"{participants} participants. Count also those who marked nothing."
        )
    votes = np.zeros((height, width), np.int32)
    for name, own in boxes.items():
        marked = np.zeros((height, width), bool)
        for box in own:
            source = f"a box of participant {name!r}"
            left, top, right, bottom = _checked(box, source)[:4]
            if left < 0 or top < 0 or right > width or bottom > height:
                raise ValueError(
                    f"Expected a box within the image of {width}x{height} pixels, received "
                    f"left {left}, top {top}, right {right}, bottom {bottom} "
                    f"({_source(box, source)}). Coordinates are those of the upright image."
                )
            marked[top:bottom, left:right] = True
        votes += marked
    return (votes / participants).astype(np.float32)


def ground_truth(
    boxes: Mapping[str, Sequence[Box | Sequence[int]]],
    *,
    height: int,
    width: int,
    participants: int,
    blur: float = BLUR,
    mode: str = "reflect",
) -> np.ndarray:
    """Make the human quality map of an image: the votes, blurred.

    Args:
        boxes: As in `vote_map`.
        height: As in `vote_map`.
        width: As in `vote_map`.
        participants: As in `vote_map`.
        blur: Standard deviation of the Gaussian by image width; 0 for none.
        mode: Border rule of the blur; see `kiqa.data.smoothing.blur_map`.

    Returns:
        ``float32`` of shape ``(height, width)``, 0..1, higher is better: an
        absolute scale, not stretched to the image.

    Raises:
        ValueError: As `vote_map` and ``blur_map``.

    References:
        Thesis, section 5.3 and Fig. 10.
    """
    votes = vote_map(boxes, height=height, width=width, participants=participants)
    return blur_map(votes, blur=blur, mode=mode)


def _from_csv(path):
    images, first, without = {}, {}, {}
    for line, cells in read_table(path, _COLUMNS):
        source = f"{path} line {line}"
        name = _name(cells["image_name"], source)
        participant = _text(cells["participant"], "participant", source)
        first.setdefault(name, source)
        own = images.setdefault(name, {}).setdefault(participant, [])
        if without.get((name, participant)) or (cells["none"] == "1" and own):
            raise ValueError(
                f"Expected either boxes or one row with none = 1 of participant {participant!r} "
                f"for image {name}, received both or the row twice ({source}). Remove one."
            )
        corners = [cells[key] for key in _CORNERS]
        if cells["none"] == "1" and not any(corners):
            without[name, participant] = True
        elif cells["none"] in ("", "0") and all(_is_whole(corner) for corner in corners):
            own.append(_box(map(int, corners), source))
        else:
            raise ValueError(
                f"Expected {', '.join(_CORNERS)} in whole pixels, or empty with none = 1, in "
                f"{source}, received {','.join(corners)} with none = {cells['none']!r}."
            )
    return [ImageBoxes(name, boxes, first[name]) for name, boxes in images.items()]


def _from_json(path):
    if not path.is_file():
        raise FileNotFoundError(f"Expected a file of boxes (.json or CSV). Received: {path}.")
    try:
        content = parse_json(read_text(path), pairs=_once)
    except ValueError as error:
        raise ValueError(f"Expected a JSON file of boxes, received {path}: {error}.") from error
    if not isinstance(content, dict) or not content:
        raise ValueError(
            f"Expected image names with participants and their boxes in {path}, received "
            f"{type(content).__name__} with nothing in it that is one."
        )
    images = []
    for name, answers in content.items():
        source = f"{path}, image {name!r}"
        _name(name, source)
        if not isinstance(answers, dict) or not answers:
            raise ValueError(
                f"Expected at least one participant in {source}, received {answers!r}. "
                "Leave out images that nobody judged."
            )
        boxes = {
            _text(participant, "participant", source): _json_boxes(
                own, f"{source}, participant {participant!r}"
            )
            for participant, own in answers.items()
        }
        images.append(ImageBoxes(name, boxes, source))
    return images


def _json_boxes(own, source):
    good = isinstance(own, list) and all(
        isinstance(box, list) and len(box) == 4 and all(type(corner) is int for corner in box)
        for box in own
    )
    if not good:
        raise ValueError(
            f"Expected a list of [{', '.join(_CORNERS)}] in whole pixels in {source}, received "
            f"{own!r}. An empty list means no high-quality area."
        )
    return [_box(box, source) for box in own]


def _once(pairs):
    """The pairs of a JSON object as a dictionary; a name twice is refused."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there more than once")
    return found


def _text(text, column, source):
    if not text.strip():
        raise ValueError(f"Expected a value for {column} in {source}, received none.")
    return text


def _name(text, source):
    parts = _text(text, "image_name", source).replace("\\", "/").split("/")
    if ".." in parts or os.path.isabs(text):
        raise ValueError(
            f"Expected a path relative to the folder of the images in {source}, received {text!r}. "
            "Name the image below that folder."
        )
    return text


def _is_whole(text):
    return text.removeprefix("-").isdecimal()


def _box(corners, source):
    left, top, right, bottom = corners
    return _checked(Box(left, top, right, bottom, source), source)


def _checked(box, source):
    left, top, right, bottom = box[:4]
    if left >= right or top >= bottom:
        raise ValueError(
            f"Expected left < right and top < bottom, received left {left}, top {top}, right "
            f"{right}, bottom {bottom} ({_source(box, source)}). Exchange reversed corners; a box "
            "needs at least one pixel."
        )
    return box


def _source(box, otherwise):
    return getattr(box, "source", "") or otherwise
