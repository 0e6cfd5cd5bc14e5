"""The page on just noticeable differences: a reference beside an image that degrades.

Public names: :func:`write_jnd_study`, :func:`spaced`.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from kiqa.studies.embedding import EmbeddedImage, embed_file
from kiqa.studies.page import StudyPage, Task, with_fitting_names, write_page
from kiqa.varjpeg.jnd.versions import (
    CODECS,
    Version,
    group_versions,
    read_versions,
    reference_of,
)


def write_jnd_study(
    ladder: str | os.PathLike,
    path: str | os.PathLike,
    *,
    codec: str,
    versions: int | None = None,
    part: tuple[int, int] = (1, 1),
    note: str = "",
    report: Callable[[str], object] | None = None,
) -> StudyPage:
    """Write the page with which people find just noticeable differences.

    Each image of a ladder is shown beside its versions of one codec, the best
    first. The answers, ``image,participant,version``, hold the number of the
    first version with a visible difference, as in ``versions.csv``, or
    nothing where even the last one had none.

    Args:
        ladder: Folder that ``kiqa ladder`` made.
        path: Page to write.
        codec: ``"varjpeg"`` or ``"jpeg"``.
        versions: Take this many versions of each image, at least 2, evenly
            spaced with the first and the last; ``None`` takes all. A vote is
            then late by up to the spacing.
        part: Number of this page and number of pages that share the images,
            ``(1, 1)`` for one page with all.
        note: Text for the start screen.
        report: Told of each image whose name would not come back from a CSV
            (bytes that are no UTF-8, a blank at an end), which is then left
            out; ``None`` raises.

    Returns:
        The page.

    Raises:
        FileNotFoundError: If the ladder or one of its files is missing.
        ValueError: If an argument is not as stated, or an image has no
            version of the codec or one of another size.

    References:
        Thesis, section 6.3.
    """
    if codec not in CODECS:
        raise ValueError(f"Expected a codec among {list(CODECS)}, received {codec!r}.")
    if versions is not None and versions < 2:
        raise ValueError(f"Expected at least 2 versions of each image, received {versions}.")
    number, count = part
    if not 1 <= number <= count:
        raise ValueError(f"Expected a part from 1 to {count}, received {number} of {count}.")
    found = _by_image(read_versions(ladder), codec, ladder)
    found = {name: found[name] for name in with_fitting_names(found, report, name=str)}
    names = list(found)[number - 1 :: count]
    if not names:
        raise ValueError(f"Expected at most {len(found)} parts, one for each image, got {count}.")
    task = Task(f"jnd-{codec}", "Just noticeable differences", assets="jnd")
    items = ((name, spaced(found[name], versions)) for name in names)
    return write_page(path, task, _items(Path(ladder), items), note=note)


def spaced(items: Sequence, count: int | None) -> list:
    """Return ``count`` evenly spaced elements, the first and the last among them.

    Args:
        items: Any sequence.
        count: At least 2; ``None``, or more than there are, takes all.
    """
    if count is None or count >= len(items):
        return list(items)
    places = np.round(np.linspace(0, len(items) - 1, count)).astype(int)
    return [items[place] for place in places]


def _by_image(versions: Sequence[Version], codec: str, ladder) -> dict[str, list[Version]]:
    """The versions of each image, best first, images in the order of the table."""
    found = {name: own.get(codec, []) for name, own in group_versions(versions).items()}
    short = [name for name, own in found.items() if len(own) < 2]
    if short:
        raise ValueError(
            f"Expected at least 2 versions in {codec} of every image in {ladder}, received fewer "
            f"of {len(short)} images, {short[0]!r} first. Make them with kiqa ladder."
        )
    return found


def _items(ladder: Path, items) -> Iterator[tuple[dict, list[EmbeddedImage]]]:
    for name, versions in items:
        size = {"width": versions[0].width, "height": versions[0].height}
        files = [reference_of(ladder, name), *(ladder / version.view for version in versions)]
        numbers = [version.version for version in versions]
        embedded = [embed_file(file, **size) for file in files]
        yield {"name": name, **size, "versions": numbers}, embedded
