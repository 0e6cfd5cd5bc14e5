"""A plain folder of images, with a split file in it or not."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from kiqa.data.excluded import excluding_files
from kiqa.data.splits import read_split
from kiqa.io.outputs import declare_inputs


def images_in(
    folder: str | os.PathLike,
    *,
    chosen: str,
    split: str | os.PathLike | None = None,
    exclude: Sequence[str | os.PathLike] | None = None,
    report: Callable[[str], object] = lambda message: None,
) -> list[Path]:
    """List the images of a folder that a split puts into one set.

    Args:
        folder: Folder that holds the images.
        chosen: The set, such as ``"train"`` or ``"test"``; ``"all"`` takes every one.
        split: Split file or name of a published split. ``None`` takes the
            folder's ``split.csv``; without one, all images of the folder
            are listed.
        exclude: What names images to leave out, see `kiqa.data.excluded`.
        report: Called with a sentence on each of these.

    Returns:
        Paths, sorted by name, declared as inputs of the command that is running.

    Raises:
        FileNotFoundError: If there is no such folder, if images of the
            split are missing, or if none are left.
        ValueError: As `kiqa.data.excluded.excluding_files`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"Expected a folder of images, received {folder}, which is none. "
            "Give the folder that holds the images."
        )
    if split is None and (folder / "split.csv").is_file():
        split = folder / "split.csv"
    if split is None:
        # Loads Pillow and OpenCV, which --help does without.
        from kiqa.io.images.kinds import listed_images

        files = listed_images(folder)
    else:
        sets = read_split(split)
        files = [folder / name for name in sorted(sets) if chosen in ("all", sets[name])]
    missing = [file.name for file in files if not file.is_file()]
    if not files or missing:
        raise FileNotFoundError(
            f"Expected images of set {chosen!r} in {folder}, received {len(files)} names, "
            f"{len(missing)} of them not there {missing[:3]}. Check the folder and its split."
        )
    declare_inputs(files)
    return excluding_files(files, exclude or (), report=report)
