"""Which annotated images are there, and files of annotations in JSON.

Public names: :func:`present`, :func:`json_entries`.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from kiqa.data.readers.layouts import find_images
from kiqa.data.readers.local.answers import AnnotatedImage, Answer
from kiqa.io.json_files import read_json_list
from kiqa.io.outputs import declare_inputs

_SHOWN = 3  # names listed in a message

_LOG = logging.getLogger(__name__)


def present(
    answers: Mapping[str, Mapping[str, Answer]], *, folder: Path, dataset: str
) -> list[AnnotatedImage]:
    """Keep the images whose files are there; the others are counted in a warning.

    Args:
        answers: By name of an image and annotator.
        folder: Of the images; names are relative to it, in any case.
        dataset: For messages.

    Returns:
        The images, in the order of the names.

    Raises:
        FileNotFoundError: If the folder or all images are missing.
    """
    paths = find_images(list(answers), folder)
    missing = [name for name, path in zip(answers, paths, strict=True) if path is None]
    if len(missing) == len(answers):
        raise FileNotFoundError(
            f"Expected the annotated images of {dataset} in {folder}. Received: none of "
            f"{len(answers)}, {missing[:_SHOWN]} first. Unpack the images there."
        )
    if missing:
        _LOG.warning("%s: %d of %d images are not there: %s", dataset, len(missing), len(answers),
                     ", ".join(missing[:_SHOWN]))  # fmt: skip
    images = [
        AnnotatedImage(name, path, own)
        for (name, own), path in zip(answers.items(), paths, strict=True)
        if path is not None
    ]
    declare_inputs(image.path for image in images)
    return images


def json_entries(files: Sequence[Path], keys: Sequence[str]) -> list[tuple[str, dict]]:
    """Read lists of objects from JSON files.

    Args:
        files: The files.
        keys: What each object must have.

    Returns:
        Each object, after where it stands.

    Raises:
        ValueError: If a file holds something else; it is named.
    """
    declare_inputs(files)
    found = []
    for file in files:
        for number, entry in enumerate(read_json_list(file), 1):
            where = f"{file.name} entry {number}"
            if not isinstance(entry, dict) or not set(keys) <= entry.keys():
                has = ", ".join(entry) if isinstance(entry, dict) else type(entry).__name__
                raise ValueError(
                    f"Expected an object with {', '.join(keys)} in {where}. Received: {has}. Use "
                    "the published file."
                )
            found.append((where, entry))
    return found
