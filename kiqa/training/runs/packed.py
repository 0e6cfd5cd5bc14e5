"""Decoded images in one file on disk, so that no epoch decodes them again.

``pixels.bin`` holds the images' bytes one after the other, any sizes;
``index.json`` says where each lies and which files it is from. The file is
mapped into memory: crops read what they need, and the system keeps what fits.

Public names: `pack_images`, `PackedImages`.
"""

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from kiqa.io.files import replacing, write_atomically
from kiqa.io.images import load_image
from kiqa.io.json_files import read_json
from kiqa.io.outputs import lock_output
from kiqa.training.runs.images import check_sides

PIXELS, INDEX = "pixels.bin", "index.json"
_THREADS = 4


@dataclass(frozen=True, eq=False)
class PackedImages:
    """Images in memory or mapped into it.

    Attributes:
        content: ``uint8``, the pixels of all images one after the other.
        starts: Where each begins in ``content``.
        sizes: ``(height, width)`` of each.
    """

    content: np.ndarray
    starts: np.ndarray
    sizes: list[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.sizes)

    def pixels(self, index: int) -> np.ndarray:
        """Return an image, ``uint8`` of shape (H, W, 3), RGB, read only."""
        height, width = self.sizes[index]
        begin = self.starts[index]
        return self.content[begin : begin + height * width * 3].reshape(height, width, 3)

    def part(self, which: slice) -> "PackedImages":
        """Return some of the images."""
        return PackedImages(self.content, self.starts[which], self.sizes[which])


def pack_images(
    paths: Sequence[str | os.PathLike],
    folder: str | os.PathLike,
    *,
    smallest: int,
    progress: bool = False,
) -> PackedImages:
    """Decode images into one file, unless that has been done.

    Args:
        paths: Files of the images.
        folder: Folder of the two files, made if missing. What is there is
            used if it is of the same files, by path, size and time of change.
        smallest: Pixels that either side of an image must have.
        progress: Show a bar, if standard error is a terminal.

    Returns:
        The images, in the order of the paths.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If one cannot be read or is too small, or the folder holds
            files of these names that are not of this function.
        OSError: If the disk is full; nothing is left behind.
    """
    folder, paths = Path(folder), [Path(path) for path in paths]
    stamps = [[str(path), *_stamp(path)] for path in paths]
    with lock_output(folder, wait=True):  # runs that share it do not mix their files
        return _packed(paths, folder, stamps, smallest=smallest, progress=progress)


def _packed(paths, folder, stamps, *, smallest, progress):
    """What is there, if it is of these files, or else new."""
    index = folder / INDEX
    known = _own_index(folder)
    if known is not None:
        if known["files"] == stamps:
            for path, size in zip(paths, known["sizes"], strict=True):
                check_sides(path, size, smallest)
            return _opened(folder, known["sizes"])
        _write_index(index, [], [])  # of no images, until the new ones are there

    def read(path):
        pixels = load_image(path).pixels
        check_sides(path, pixels.shape, smallest)
        return pixels

    sizes = []
    with (
        replacing(folder / PIXELS) as temporary,
        open(temporary, "wb") as file,
        ThreadPoolExecutor(_THREADS) as workers,
    ):
        parts = (paths[at : at + 64] for at in range(0, len(paths), 64))  # few wait in memory
        bar = tqdm(
            total=len(paths), desc="packing", leave=False, disable=None if progress else True
        )
        with bar:
            for part in parts:
                for pixels in workers.map(read, part):
                    file.write(np.ascontiguousarray(pixels).data)
                    sizes.append(list(pixels.shape[:2]))
                    bar.update()
    _write_index(index, stamps, sizes)
    return _opened(folder, sizes)


def _own_index(folder):
    """The index of what was packed into a folder, or ``None``; an error if others' files lie there.

    They are no inputs of the run, so nothing else keeps them from being replaced.
    """
    index = folder / INDEX
    if index.is_file():
        known = read_json(index)
        if known.keys() == {"files", "sizes"}:
            return known
        found = f"{index} with {sorted(known)[:5]}, which is another program's"
    elif (folder / PIXELS).exists():
        found = f"{folder / PIXELS} without {INDEX}"
    else:
        return None
    raise ValueError(
        f"Expected a folder without files that packed images would replace. Received: {found}. "
        "Name another folder."
    )


def _write_index(index, stamps, sizes):
    write_atomically(index, json.dumps({"files": stamps, "sizes": sizes}).encode("utf-8"))


def _opened(folder, sizes):
    """The images of a folder, not read yet."""
    content = np.memmap(folder / PIXELS, np.uint8, "r")
    ends = np.cumsum([height * width * 3 for height, width in sizes], dtype=np.int64)
    if len(content) != ends[-1]:
        raise ValueError(
            f"Expected {ends[-1]} bytes in {folder / PIXELS}. Received: {len(content)}. Delete "
            f"{folder}; it is made again."
        )
    starts = np.concatenate([[0], ends[:-1]])
    return PackedImages(content, starts, [tuple(size) for size in sizes])


def _stamp(path):
    if not path.is_file():
        raise FileNotFoundError(f"Expected an image. Received: {path}, not there.")
    found = path.stat()
    return found.st_size, found.st_mtime_ns
