"""Reader of ViDA-UGC: boxes round the distortions of 11,534 images.

Public names: :func:`vida_ugc`.

References:
    ViDA-UGC: Detailed image quality analysis via visual distortion assessment
    for UGC images, 2025; https://whycantfindaname.github.io/ViDA-UGC.
"""

from functools import partial
from pathlib import Path

from kiqa.data.readers.layouts import data_folder, find_entry, missing_scores
from kiqa.data.readers.local.answers import AnnotatedImage, bad_boxes
from kiqa.data.readers.local.found import json_entries, present

_PAGE = "https://whycantfindaname.github.io/ViDA-UGC"
_FOLDERS = ("images", "image")
_BOXES = ("distortions", "bboxes")  # of the published metadata, and of the authors' own files
_SCALE = 1000  # of coordinates, whatever the image's size


def vida_ugc(root: str | Path) -> list[AnnotatedImage]:
    """Read the boxes of ViDA-UGC.

    Layout: the metadata, one or more ``*metadata*.json`` (or the only ``.json``
    file there), a list of objects with ``image`` and ``distortions``, each of
    these with ``coordinates``: left, top, right, bottom in thousandths of width
    and height; and the images, in ``images/`` or beside it. The boxes are those
    that the annotators agreed on, so there is one answer an image: bad inside of
    any box, good elsewhere. An image without a box is good everywhere.

    Args:
        root: The folder.

    Returns:
        The images that are there, in the order of the metadata.

    Raises:
        FileNotFoundError: If the metadata or all images are missing.
        ValueError: If the metadata are not as stated; the entry is named.
    """
    folder = data_folder(root, _PAGE, "the metadata in JSON and images/")
    files = sorted(folder.glob("*metadata*.json")) or sorted(folder.glob("*.json"))
    if not files or len(files) > 1 and "metadata" not in files[0].name:
        missing_scores(folder, ["train_metadata.json"], _PAGE)
    answers: dict[str, dict] = {}
    for where, entry in json_entries(files, ["image"]):
        boxes = [_box(part, where) for part in _parts(entry, where)]
        answers.setdefault(str(entry["image"]), {})["all"] = partial(bad_boxes, boxes=boxes)
    return present(answers, folder=find_entry(folder, _FOLDERS) or folder, dataset="vida-ugc")


def _parts(entry, where):
    name = next((name for name in _BOXES if name in entry), None)
    parts = entry.get(name)
    if not isinstance(parts, list):
        raise ValueError(
            f"Expected a list {_BOXES[0]!r} in {where}. Received: an object with "
            f"{', '.join(entry)}. Use the published metadata."
        )
    return parts


def _box(part, where):
    """Left, top, right, bottom as parts of the sides."""
    edges = part.get("coordinates") if isinstance(part, dict) else None
    listed = edges if isinstance(edges, list) else []
    numbers = [edge / _SCALE for edge in listed if isinstance(edge, (int, float))]
    if len(numbers) != 4 or len(listed) != 4:
        raise ValueError(f"Expected coordinates of 4 numbers in {where}. Received: {edges!r}.")
    left, top, right, bottom = numbers
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError(
            f"Expected left < right and top < bottom from 0 to {_SCALE} in {where}. Received: "
            f"{edges!r}. Coordinates are in thousandths of the image's sides."
        )
    return numbers
