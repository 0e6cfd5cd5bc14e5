"""The page on local quality: boxes round the good areas of images.

Public names: :func:`write_boxes_study`.
"""

import os
from collections.abc import Iterable, Iterator

from kiqa.studies.embedding import EmbeddedImage, embed_image
from kiqa.studies.page import StudyPage, Task, check_name, write_page


def write_boxes_study(
    images: Iterable[tuple[str, str | os.PathLike]],
    path: str | os.PathLike,
    *,
    note: str = "",
) -> StudyPage:
    """Write the page on which people mark the high-quality areas of images.

    The answers are the CSV of `kiqa.data.local_quality.read_boxes`: whole
    pixels of the upright image, right and bottom exclusive, or one row with
    ``none`` 1. A corner on the screen is rounded to the nearest border
    between pixels.

    Args:
        images: For each image its name, relative to the folder of the
            images with ``/``, and its file.
        path: Page to write.
        note: Text for the start screen.

    Returns:
        The page.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If there are no images, a name occurs twice, or an image
            cannot be read (it is named).

    References:
        Thesis, section 5.3.
    """
    images = list(images)
    names = [name for name, _ in images]
    for name in names:
        check_name(name)
    if len(set(names)) < len(names):
        raise ValueError("Expected images with distinct names, received some twice.")
    task = Task("boxes", "Areas of high quality", assets="boxes")
    return write_page(path, task, _items(images), note=note)


def _items(images) -> Iterator[tuple[dict, list[EmbeddedImage]]]:
    for name, file in images:
        embedded = embed_image(file)
        yield {"name": name, "width": embedded.width, "height": embedded.height}, [embedded]
