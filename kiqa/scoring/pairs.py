"""Images and their references: which belong together, and whether they can be compared.

Public names: `REFERENCE_KEYS`, `check_pair`, `check_references`,
`reference_for`.
"""

import os

from kiqa.io.images import IMAGE_SUFFIXES, LoadedImage
from kiqa.io.outputs import declare_inputs
from kiqa.io.remote import is_url

REFERENCE_KEYS = ("reference", "reference_sha256")  # of a row, after `ROW_KEYS`


def check_pair(image: LoadedImage, reference: LoadedImage) -> None:
    """Refuse pairs that do not show the same image in the same form.

    Args:
        image: The distorted image.
        reference: Its reference.

    Raises:
        ValueError: If their sizes differ, or the modes in which the files
            store them (gray, colour, palette, with or without alpha).
    """
    pair = f"{reference.path or 'the reference'} for {image.path or 'the image'}"
    sizes = [f"{each.width}x{each.height}" for each in (image, reference)]
    if sizes[0] != sizes[1]:
        raise ValueError(
            f"Expected a reference of the image's size, {sizes[0]}. Received: {pair}, {sizes[1]}. "
            "Crop both to the same part; resizing one changes what is compared."
        )
    if image.mode != reference.mode:
        raise ValueError(
            f"Expected a reference of the image's mode, {image.mode}. Received: {pair}, "
            f"{reference.mode}. Save both in the same mode, such as RGB."
        )


def check_references(there: bool, *, needed: bool, model: str) -> None:
    """Refuse references for a model that takes none, and their absence for one that does.

    Args:
        there: Whether there are references.
        needed: Whether the model compares with a reference.
        model: Its name, for the message.

    Raises:
        ValueError: If only one of ``there`` and ``needed`` holds.
    """
    if there == needed:
        return
    kind, wanted = ("full", "a") if needed else ("no", "no")
    raise ValueError(
        f"Expected {wanted} reference for each image: {model} is a {kind}-reference model. "
        f"Received: {'references' if there else 'none'}. {'Add' if needed else 'Leave out'} "
        "--reference, or take another model."
    )


def reference_for(name: str, root: str | os.PathLike) -> str:
    """Find the reference of an image.

    Args:
        name: Path of the image relative to what was asked for, with ``/``.
        root: A reference file, which is that of all images; or a folder with
            one under each image's relative path, or the same path with the
            suffix of another image format where there is just one.

    Returns:
        Its path, declared as an input of the command that is running. Where
        the folder holds none it is the one expected; opening it says that it
        is not there.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If it is a URL.
    """
    path = _reference_at(name, os.fspath(root))
    declare_inputs([path])
    return path


def _reference_at(name, root):
    if os.path.isfile(root):
        return root
    if is_url(root):
        raise ValueError(
            f"Expected a reference image of this machine, or a folder of them. Received: {root}, "
            "a URL. Copy what it holds into a folder."
        )
    if not os.path.isdir(root):
        raise FileNotFoundError(
            f"Expected a reference image, or a folder of them. Received: {root}, not there."
        )
    expected = os.path.join(root, *name.split("/"))
    if os.path.exists(expected):
        return expected
    stem, others = os.path.splitext(expected)[0], []
    if os.path.isdir(os.path.dirname(expected)):
        for entry in sorted(os.listdir(os.path.dirname(expected))):
            path = os.path.join(os.path.dirname(expected), entry)
            known = os.path.splitext(entry)[1].lower() in IMAGE_SUFFIXES
            if known and os.path.splitext(path)[0] == stem:
                others.append(path)
    return others[0] if len(others) == 1 else expected
