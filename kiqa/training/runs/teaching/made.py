"""Images that are made of training images, as files.

Two kinds: an image with another *history* (`kiqa.data.distortions.history`),
which people would rate the same, and a *degraded* copy
(`kiqa.data.distortions.copies`), which nobody has rated; among these some that
show nothing at all. Each is a PNG file, drawn from the seed, its kind and its
number, a degraded one also from how many images there are, so that what an
interrupted preparation left is continued with, and several trainings can share
a folder.

Public names: `Made`, `make_histories`, `make_degraded`, `KEY_FILE`.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from kiqa.data.distortions.copies import KINDS, awful, degraded
from kiqa.data.distortions.history import with_history
from kiqa.io.files import contents_sha256, replacing, write_atomically
from kiqa.io.images import load_image
from kiqa.io.json_files import read_json

KEY_FILE = "made.json"

_HISTORY, _DEGRADED = 1, 2  # streams of random numbers
_THREADS = 2
_NOTHING = 25  # one degraded image in so many shows nothing
_SIDE = 384  # of those
_AGAIN = 0.3  # of the degraded copies, how many get another history, too


@dataclass(frozen=True)
class Made:
    """One image that was made.

    Attributes:
        path: Its file.
        source: Place of the image that it was made of; ``None`` for one that shows nothing.
        number: Its number among those of its kind and source, from 1.
    """

    path: Path
    source: int | None
    number: int


def make_histories(
    sources: Sequence[Path], folder: Path, *, count: int, seed: int, progress: bool = False
) -> list[Made]:
    """Make copies of each image with other histories.

    Args:
        sources: Image files, at least 32 pixels a side.
        folder: Where the files are kept; made if missing.
        count: Copies of each image.
        seed: Of what is drawn.
        progress: Show a bar, if standard error is a terminal.

    Returns:
        The copies, those of the first image first.

    Raises:
        ValueError: If an image cannot be read, or the folder holds those of
            other images.
        OSError: If a file cannot be written; what is finished stays.
    """
    _claim(folder, "history", sources, seed)
    tasks = [
        (
            Made(folder / f"history-{index:06}-{number}.png", index, number),
            np.random.default_rng([seed, _HISTORY, index, number]),
        )
        for index in range(len(sources))
        for number in range(1, count + 1)
    ]

    def draw(made, rng):
        return with_history(load_image(sources[made.source]).pixels, rng=rng)

    return _make(tasks, draw, title="histories", progress=progress)


def make_degraded(
    sources: Sequence[Path], folder: Path, *, count: int, seed: int, progress: bool = False
) -> list[Made]:
    """Make degraded copies, each of an image drawn at random.

    Args:
        sources: As for `make_histories`.
        folder: Likewise.
        count: Copies in all.
        seed: Likewise.
        progress: Likewise.

    Returns:
        The copies.

    Raises:
        ValueError: As `make_histories`.
        OSError: Likewise.
    """
    _claim(folder, "degraded", sources, seed)
    numbers, tasks = {}, []
    for place in range(count):
        rng = np.random.default_rng([seed, _DEGRADED, place])
        source = None if place % _NOTHING == _NOTHING - 1 else int(rng.integers(len(sources)))
        numbers[source] = numbers.get(source, 0) + 1
        made = Made(folder / f"degraded-{place:06}.png", source, numbers[source])
        tasks.append((made, rng))

    def draw(made, rng):
        if made.source is None:
            return awful(_SIDE, rng=rng)
        kind = list(KINDS)[int(rng.integers(len(KINDS)))]
        pixels = load_image(sources[made.source]).pixels
        pixels = degraded(pixels, kind, float(rng.random()), rng=rng)
        return with_history(pixels, rng=rng) if rng.random() < _AGAIN else pixels

    return _make(tasks, draw, title="degraded copies", progress=progress)


def _claim(folder, kind, sources, seed):
    """Write down whose copies a folder holds, by name and content, or refuse another's."""
    file = folder / KEY_FILE
    known = read_json(file) if file.is_file() else {}
    asked = {
        "seed": seed,
        "images": [[path.name, path.stat().st_size] for path in sources],
        "sha256": contents_sha256(sources),
    }
    if kind not in known:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(file, json.dumps(known | {kind: asked}).encode("utf-8"))
    elif known[kind] != asked:
        raise ValueError(
            f"Expected {folder} to hold copies of these {len(sources)} images, by name and "
            f"content, seed {seed}. Received: other images or another seed in {KEY_FILE}. Name "
            "another folder with --made."
        )


def _make(
    tasks: Sequence[tuple[Made, np.random.Generator]],
    draw: Callable[[Made, np.random.Generator], np.ndarray],
    *,
    title: str,
    progress: bool,
) -> list[Made]:
    """Write what is not there yet."""
    missing = [task for task in tasks if not task[0].path.is_file()]

    def write(task):
        made, rng = task
        with replacing(made.path) as temporary:
            Image.fromarray(draw(made, rng)).save(temporary, "PNG", compress_level=1)

    bar = tqdm(total=len(missing), desc=title, leave=False, disable=None if progress else True)
    with ThreadPoolExecutor(_THREADS) as workers, bar:
        for _ in workers.map(write, missing):
            bar.update()
    return [made for made, _ in tasks]
