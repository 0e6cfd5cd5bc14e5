"""Reader of QGround-100K: masks of distortions, by annotator.

Public names: :func:`qground`.

References:
    C. Chen et al., Q-Ground: Image quality grounding with large multi-modality
    models, ACM Multimedia 2024; https://huggingface.co/datasets/chaofengc/QGround-100K.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from kiqa.data.readers.layouts import data_folder, find_entry, find_images, missing_scores
from kiqa.data.readers.local.answers import AnnotatedImage, masks
from kiqa.data.readers.local.found import json_entries, present

_PAGE = "https://huggingface.co/datasets/chaofengc/QGround-100K"
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")


def qground(root: str | Path) -> list[AnnotatedImage]:
    """Read the masks of QGround-100K, those of people or those of a language model.

    Layout of each of the two parts, ``qground`` and ``qground_gpt4v``:
    ``images/``, ``masks/`` and one or more ``.json`` files, lists of objects with
    ``id`` (the image's name and the annotator's, ``07454_anna``), ``image``
    (``spaq_koniq/07454.jpg``, below ``images/``) and ``ann_list``, objects that
    each name a mask file, below ``masks/``. A mask is black where nothing is
    wrong. The page does not say under which key the file stands, so it is
    whichever text ends as an image file does. Bad is what any mask of an
    annotator marks.

    Args:
        root: The folder of a part, or the one that holds ``qground``.

    Returns:
        The images that are there, each with the answers of its annotators.

    Raises:
        FileNotFoundError: If the annotations, all images or a mask are missing.
        ValueError: If the annotations are not as stated; the entry is named.
    """
    given = data_folder(root, _PAGE, "qground/ with images/, masks/ and the annotations")
    part = find_entry(given, ["qground"]) or given
    files = sorted(part.glob("*.json"))
    if not files:
        missing_scores(part, ["*.json"], _PAGE)
    folder = find_entry(part, ["masks"]) or part / "masks"
    answers: dict[str, dict] = {}
    for where, entry in json_entries(files, ["id", "image", "ann_list"]):
        name = str(entry["image"]).replace("\\", "/")
        named = [_mask(each, where) for each in entry["ann_list"] or ()]
        found = find_images([mask.removeprefix("masks/") for mask in named], folder)
        missing = [mask for mask, file in zip(named, found, strict=True) if file is None]
        if missing:
            raise FileNotFoundError(
                f"Expected the masks of {where} in {folder}. Received: {len(missing)} of "
                f"{len(named)} not there, {missing[0]} first. Unpack the archive again."
            )
        files_of_it = [file for file in found if file is not None]
        who = str(entry["id"]).removeprefix(PurePosixPath(name).stem).strip("_") or "all"
        answers.setdefault(name, {})[who] = partial(masks, files=files_of_it, bright="any-bad")
    return present(answers, folder=find_entry(part, ["images"]) or part, dataset="qground")


def _mask(annotation, where):
    """The one text of an annotation that names an image file."""
    names = [text for text in _texts(annotation) if text.lower().endswith(_SUFFIXES)]
    if len(names) != 1:
        keys = ", ".join(annotation) if isinstance(annotation, dict) else repr(annotation)
        raise ValueError(
            f"Expected annotations that name one mask file each in {where}. Received: {len(names)} "
            f"names in an annotation with {keys}. Use the published files."
        )
    return names[0].replace("\\", "/")


def _texts(value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
