"""What the frozen stages of the body make of every version of every image, on disk.

Fine-tuning then begins behind them and never sees a pixel. A *set* is two files
for a group of images: ``NAME-maps.npy``, the output of stage 4 as float16, and
``NAME-averages.npy``, those of the frozen body's six maps and of their squares:
its judge trains on these alone. A set that is there is not made again, so that
an interrupted preparation continues.

Public names: `prepare`, `open_set`, `plan_copies`, `squared`, `together`, `averages_of`,
`FeatureSet`, `SIDE`, `TOGETHER`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import keras
import numpy as np
from tqdm import tqdm

from kiqa.data.distortions.copies import KINDS, awful, degraded
from kiqa.data.distortions.history import with_history
from kiqa.data.records import ScoredImage
from kiqa.io.files import contents_sha256, replacing, write_atomically
from kiqa.io.images import load_image
from kiqa.io.json_files import read_json
from kiqa.maps.lite import WORKING_AREA
from kiqa.maps.network_function import network_function
from kiqa.models.lite import JUDGES
from kiqa.training.lite.network import stored_stage
from kiqa.training.lite.settings import LiteSettings

SIDE = round(WORKING_AREA**0.5)  # images become squares, so that they make batches
TOGETHER = 8  # images that the body sees at once
_IMAGES_FILE = "images.json"
# Streams of random numbers.
_VERSION, _VALIDATION, _COPY, _WHICH = 1, 2, 3, 4


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Stored features of a set's images.

    Attributes:
        maps: ``float16`` (n, rows, columns, channels), mapped into memory.
        averages: ``float32`` (n, all channels twice): means, then powers.
    """

    maps: np.ndarray
    averages: np.ndarray

    def __len__(self) -> int:
        return len(self.maps)


def squared(pixels: np.ndarray) -> np.ndarray:
    """Return an image as a square of `SIDE` pixels, its aspect lost; scoring keeps it."""
    height, width = pixels.shape[:2]
    kind = cv2.INTER_AREA if height * width >= SIDE * SIDE else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(pixels), (SIDE, SIDE), interpolation=kind)


def plan_copies(
    train: Sequence[ScoredImage], unrated: Sequence[Path], settings: LiteSettings
) -> list[tuple[str, int, str | None, float]]:
    """Say which copies are made: group, index in it, distortion, position.

    Groups are ``"train"``, ``"unrated"`` and ``"awful"``. Without a
    distortion it is the image itself. Unrated images come first, each one's
    own version before its copies.
    """
    rng = np.random.default_rng([settings.seed, _WHICH])
    kinds = list(KINDS)
    rows: list[tuple[str, int, str | None, float]] = []
    for index in range(len(unrated) if settings.unrated_copies else 0):
        rows.append(("unrated", index, None, 0.0))
        for number in range(settings.unrated_copies):
            rows.append(("unrated", index, kinds[number % len(kinds)], float(rng.random())))
    for _ in range(settings.copies):
        kind = kinds[int(rng.integers(len(kinds)))]
        rows.append(("train", int(rng.integers(len(train))), kind, float(rng.random())))
    return rows + [("awful", index, None, 1.0) for index in range(settings.awful)]


def prepare(
    model: keras.Model,
    train: Sequence[ScoredImage],
    validation: Sequence[ScoredImage],
    unrated: Sequence[Path],
    settings: LiteSettings,
    *,
    folder: Path,
    progress: bool = False,
    report: Callable[[str], None] = lambda message: None,
) -> None:
    """Store the features of all sets that are not there yet.

    Args:
        model: The network, its body as at the start.
        train: Images with their MOS.
        validation: Images with their MOS.
        unrated: Files of undistorted images without a MOS.
        settings: Of the run.
        folder: Where the sets are kept.
        progress: Show a bar, if standard error is a terminal.
        report: Called with a line about each set that was made.

    Raises:
        ValueError: If an image cannot be read, or the folder has features of
            files that were others under the same names, or that it does not
            know.
        OSError: If a set cannot be written; those before it are kept.
    """
    seed = settings.seed
    paths = [record.path for record in train], [record.path for record in validation]

    def plain(files):
        return (squared(load_image(path).pixels) for path in files)

    def histories(files, *place):
        for index, path in enumerate(files):
            rng = np.random.default_rng([seed, *place, index])
            yield squared(with_history(load_image(path).pixels, rng=rng))

    def copies():
        files = {"train": paths[0], "unrated": list(unrated)}
        for number, (group, index, kind, position) in enumerate(
            plan_copies(train, unrated, settings)
        ):
            rng = np.random.default_rng([seed, _COPY, number])
            if group == "awful":
                yield awful(SIDE, rng=rng)
                continue
            pixels = load_image(files[group][index]).pixels
            if kind is not None:
                pixels = degraded(pixels, kind, position, rng=rng)
            if rng.random() < 0.3:
                pixels = with_history(pixels, rng=rng)
            yield squared(pixels)

    sets = {"plain": (len(train), lambda: plain(paths[0]))}
    sets["val"] = len(validation), lambda: plain(paths[1])
    sets["val-history"] = len(validation), lambda: histories(paths[1], _VALIDATION)
    if count := len(plan_copies(train, unrated, settings)):
        sets["copies"] = count, copies
    for number in range(1, settings.versions + 1):
        sets[f"history{number}"] = len(train), partial(histories, paths[0], _VERSION, number)
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, [*paths[0], *paths[1], *unrated])
    look = _looker(model, settings.variant)
    for name, (count, images) in sets.items():
        if not _files(folder, name)[1].is_file():
            _store(folder, name, count, images(), look, progress=progress)
            report(f"features of {count} images: {name}")


def open_set(folder: Path, name: str) -> FeatureSet:
    """Open a stored set.

    Raises:
        OSError: If it is not there.
    """
    maps, averages = _files(folder, name)
    return FeatureSet(np.load(maps, mmap_mode="r"), np.load(averages))


def _claim(folder, paths):
    """Write down which images a folder has features of, or refuse others."""
    file, asked = folder / _IMAGES_FILE, {"sha256": contents_sha256(paths)}
    if file.is_file():
        if read_json(file) != asked:
            raise ValueError(
                f"Expected the {len(paths)} images that {folder} has features of. Received: other "
                "content under the same names. Put them back, or use another working folder."
            )
        return
    if stored := sorted(folder.glob(_files(Path(), "*")[1].name)):
        raise ValueError(
            f"Expected {file.name}, which says of which images the features in {folder} are. "
            f"Received: {stored[0].name} without it. Remove the folder, and they are made again, "
            "or use another working folder."
        )
    write_atomically(file, json.dumps(asked).encode("utf-8"))


def _files(folder, name):
    """The averages are written last: where they are, the set is whole."""
    return folder / f"{name}-maps.npy", folder / f"{name}-averages.npy"


def _looker(model, variant):
    """A function from a batch of squares to stage 4 and to the averages."""
    maps = [model.get_layer(f"{name}_mean").input for name in JUDGES[""]]
    outputs = [stored_stage(model, variant), *maps]
    both = network_function(keras.Model(model.inputs[0], outputs), dtype="uint8")

    def look(batch):
        first, *others = both(batch)
        return first, averages_of(others)

    return look


def averages_of(maps: Sequence[np.ndarray]) -> np.ndarray:
    """Return the means of maps, each (n, rows, columns, channels), and then of their squares."""
    means = [np.mean(values, axis=(1, 2)) for values in maps]
    powers = [np.mean(np.square(values), axis=(1, 2)) for values in maps]
    return np.concatenate(means + powers, axis=1)


def together(images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Stack images of one shape, `TOGETHER` of them at a time."""
    waiting = []
    for image in images:
        waiting.append(image)
        if len(waiting) == TOGETHER:
            yield np.stack(waiting)
            waiting = []
    if waiting:
        yield np.stack(waiting)


def _store(folder, name, count, images, look, *, progress):
    maps_file, averages_file = _files(folder, name)
    bar = tqdm(total=count, desc=name, leave=False, disable=None if progress else True)
    averages, done = [], 0
    maps: np.memmap | None = None
    with replacing(maps_file) as temporary, bar:
        for batch in together(images):
            first, numbers = look(batch)
            if maps is None:
                maps = np.lib.format.open_memmap(
                    temporary, "w+", np.float16, (count, *first.shape[1:])
                )
            maps[done : done + len(first)] = first
            averages.append(numbers)
            done += len(first)
            bar.update(len(first))
        if maps is not None:
            maps.flush()
        del maps
    with replacing(averages_file) as temporary, open(temporary, "wb") as file:
        np.save(file, np.concatenate(averages).astype(np.float32))
