"""Reader of LIVE-FB (FLIVE), the images and patches of PaQ-2-PiQ, as published.

``labels640.csv`` lists the test images, those with a side above 640 pixels;
``labels=640_padded.csv`` the others, with ``is_valid`` for the validation
part. Both have a row per image with its score, the scores of its three
patches, and where these lie. In the second the places are those on the image
padded to 640x640; here all places are on the image itself.

Public names: :func:`live_fb`, :func:`live_fb_patches`,
:func:`live_fb_patch_images`, :func:`pad_picture`.

References:
    Ying et al. 2020; https://github.com/niu-haoran/FLIVE_Database.
"""

import logging
import math
from pathlib import Path

import numpy as np

from kiqa.constants import LIVE_FB, PAQ2PIQ
from kiqa.data.readers.layouts import data_folder, find_entry, missing_scores
from kiqa.data.records import ScoredImage, ScoreRow, build_records
from kiqa.data.tables import read_table

_PAGE = "https://github.com/niu-haoran/FLIVE_Database"
_TEST = ("labels640.csv", "labels>640.csv")
_OTHERS = ("labels=640_padded.csv", "labels<=640_padded.csv")
_EDGES = ("left", "top", "right", "bottom")
_PARTS = ("image", *(f"patch_{number}" for number in range(1, PAQ2PIQ.patches + 1)))
_VALID = {"true": "val", "1": "val", "false": "train", "0": "train"}
_WHITE = 255

_LOG = logging.getLogger(__name__)


def live_fb(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read the images of LIVE-FB: 39,810, MOS 0..100, higher is better.

    Layout: ``database/`` with the folders of images (``blur_dataset``,
    ``voc_emotic_ava``, ``EE371R`` and others), and in it or beside it
    ``labels_image.csv`` (``name,mos``), ``labels640.csv`` (test) and
    ``labels=640_padded.csv`` (train, and val where ``is_valid``). Images
    that neither of the last two names have the set ``None``.

    Args:
        root: Folder ``database`` or the one that holds it.
        require_complete: Insist on all 39,810 images.

    Returns:
        One record per image, in the order of ``labels_image.csv``.

    Raises:
        FileNotFoundError: If ``labels_image.csv`` or the images are
            missing.
        ValueError: If a file lacks its columns, a score is not finite or off
            the scale, a name occurs twice, or ``is_valid`` is no truth value.
    """
    folder, root = _folders(root)
    scores = _scores(folder, root, "labels_image.csv")
    sets = {row["name"]: row["set"] for row in _region_rows(folder, root, scores)}
    return build_records(
        [
            ScoreRow(where, name, mos, set=sets.get(name))
            for name, (where, mos) in scores.items()
        ],
        folder=folder,
        dataset="live-fb",
        mos_range=LIVE_FB.mos_range,
        published=39_810,
        require_complete=require_complete,
    )  # fmt: skip


def live_fb_patch_images(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read the patches of LIVE-FB as images: 119,430, MOS 0..100, higher is better.

    Layout: that of `live_fb` with ``labels_patch.csv`` (``name,mos``) and
    ``patches/<picture>_patch_1.jpg`` and so on. Patches have the set of their
    image, which is also their content.

    Args:
        root: As for `live_fb`.
        require_complete: Insist on all 119,430 patches.

    Returns:
        One record per patch, in the order of ``labels_patch.csv``.

    Raises:
        FileNotFoundError: As `live_fb`, for ``labels_patch.csv``.
        ValueError: As `live_fb`.
    """
    folder, root = _folders(root)
    scores = _scores(folder, root, "labels_patch.csv")
    pictures = {_last(row["name"]): row for row in _region_rows(folder, root, None)}
    rows = []
    for name, (where, mos) in scores.items():
        stem = _last(name).rpartition("_patch_")[0]
        of = pictures.get(stem, {"name": stem or name, "set": None})
        rows.append(ScoreRow(where, name, mos, set=of["set"], content=of["name"]))
    inside = "patches/" in next(iter(scores))
    return build_records(
        rows,
        folder=folder if inside else find_entry(folder, ["patches"]) or folder / "patches",
        dataset="live-fb-patches",
        mos_range=LIVE_FB.mos_range,
        published=119_430,
        require_complete=require_complete,
    )


def live_fb_patches(root: str | Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Read where the patches of each image lie and what people rated them.

    Args:
        root: As for `live_fb`.

    Returns:
        For each image of ``labels640.csv`` and ``labels=640_padded.csv``,
        by the name that `live_fb` gives it: its three patches, ``float32``
        (3, 4), left, top, right, bottom in pixels of the image as it is on
        disk, and their scores 0..100, ``float32`` (3,). In the form of
        `kiqa.training.paq2piq.tasks.read_patch_scores`.

    Raises:
        FileNotFoundError: If none of the two files is there.
        ValueError: If a file lacks its columns, a number is not finite, or a
            patch is not inside of its image; the line is named.
    """
    folder, root = _folders(root)
    known = _scores(folder, root, "labels_image.csv")
    rows = _region_rows(folder, root, known)
    if not rows:
        missing_scores(folder, [_TEST[0], _OTHERS[0]], _PAGE)
    return {row["name"]: _patches_of(row) for row in rows}


def pad_picture(
    pixels: np.ndarray, rois: np.ndarray, *, side: int = PAQ2PIQ.side
) -> tuple[np.ndarray, np.ndarray]:
    """Pad a training image with white to a square and move its rectangles with it.

    Args:
        pixels: RGB ``uint8`` of shape (H, W, 3), no side above ``side``: the
            larger ones are test images and are never padded.
        rois: Of shape (m, 4): left, top, right, bottom in pixels.
        side: Side of the square.

    Returns:
        ``uint8`` of shape (side, side, 3), the image in its middle with
        ``(side - length) // 2`` pixels of white before it, and ``float32`` of
        shape (m, 4).

    Raises:
        ValueError: If the image is larger.

    References:
        Ying et al. 2020, section 4.1.
    """
    height, width = pixels.shape[:2]
    if max(height, width) > side:
        raise ValueError(
            f"Expected an image of at most {side}x{side} pixels. Received: {width}x{height}. "
            "Such images are for the test, as they are."
        )
    top, left = (side - height) // 2, (side - width) // 2
    canvas = np.full((side, side, 3), _WHITE, np.uint8)
    canvas[top : top + height, left : left + width] = pixels
    return canvas, np.asarray(rois, np.float32) + np.array([left, top] * 2, np.float32)


def _folders(root):
    """The folder of the images, and the one given."""
    root = data_folder(root, _PAGE, "database/ with the images, and labels_image.csv")
    return find_entry(root, ["database"]) or root, root


def _file(folder, root, names):
    return find_entry(folder, names) or find_entry(root, names)


def _scores(folder, root, name):
    """Place in the file and score of each image or patch, by name."""
    file = _file(folder, root, [name])
    if file is None:
        missing_scores(folder, [name], _PAGE)
    found = {}
    for line, cells in read_table(file, ("name", "mos")):
        where, key = f"{file.name} line {line}", cells["name"].replace("\\", "/")
        if key in found:
            raise ValueError(
                f"Expected every image once, received {key!r} in {found[key][0]} and {where}. "
                "Remove the repeated row."
            )
        found[key] = where, cells["mos"]
    return found


def _region_rows(folder, root, known):
    """Rows of the two files of regions, with the image's ``name`` and its ``set``.

    The names are those of ``known`` where they, or else their last parts, agree.
    """
    columns = [f"{edge}_{part}" for part in _PARTS for edge in _EDGES]
    columns += ["name_image", *(f"mos_{part}" for part in _PARTS)]
    by_last = {}
    for name in known or ():
        by_last[_last(name)] = None if _last(name) in by_last else name
    rows = []
    for names, valid in ((_TEST, ()), (_OTHERS, ("is_valid",))):
        file = _file(folder, root, names)
        if file is None:
            _LOG.warning("live-fb: no %s in %s", names[0], folder)
            continue
        for line, cells in read_table(file, (*columns, *valid)):
            where, name = f"{file.name} line {line}", cells["name_image"].replace("\\", "/")
            if known is not None and name not in known:
                name = by_last.get(_last(name)) or name
            part = _VALID.get(cells["is_valid"].lower()) if valid else "test"
            if part is None:
                raise ValueError(
                    f"Expected True or False as is_valid in {where}, received "
                    f"{cells['is_valid']!r}. Use the published file."
                )
            rows.append({**cells, "name": name, "set": part, "where": where})
    return rows


def _patches_of(row):
    """Rectangles on the image and scores of one row."""
    try:
        edges = np.array(
            [[float(row[f"{edge}_{part}"]) for edge in _EDGES] for part in _PARTS], np.float32
        )
        scores = np.array([float(row[f"mos_{part}"]) for part in _PARTS[1:]], np.float32)
    except ValueError:
        edges, scores = np.array([[math.nan]]), np.array([math.nan])
    if not (np.isfinite(edges).all() and np.isfinite(scores).all()):
        raise ValueError(
            f"Expected finite edges and scores of {row['name']!r} in {row['where']}, received "
            "others. Correct or remove the row."
        )
    rois = edges[1:] - np.tile(edges[0, :2], 2)
    width, height = edges[0, 2:] - edges[0, :2]
    left, top, right, bottom = rois.T
    good = (left >= 0) & (left < right) & (right <= width)
    good &= (top >= 0) & (top < bottom) & (bottom <= height)
    if not good.all():
        raise ValueError(
            f"Expected patches inside of the {width:g}x{height:g} image {row['name']!r}, "
            f"received {rois[np.argmin(good)].tolist()} (left, top, right, bottom) in "
            f"{row['where']}. Correct or remove the row."
        )
    return rois, scores


def _last(name):
    return name.rpartition("/")[2]
