"""Ladders: an image at many bitrates, by VarJPEG and by plain JPEG.

Public names: :class:`ImportanceSource`, :func:`bitrate_ladder`,
:func:`jpeg_ladder`, :func:`write_ladder`.

References:
    Thesis, section 6.3.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kiqa.constants import VARJPEG
from kiqa.io.files import is_of_the_disk, replacing, sha256_of, write_atomically
from kiqa.io.images import MAX_BYTES
from kiqa.io.images.metadata import Metadata
from kiqa.io.images.sources import read_file
from kiqa.io.json_files import read_json
from kiqa.io.map_files import QualityMap
from kiqa.varjpeg.codec import Encoded, coded_jpeg, decode
from kiqa.varjpeg.importance import FixationPoints
from kiqa.varjpeg.jnd.versions import (
    JPEG_CODEC,
    SETTINGS_FILE,
    VARJPEG_CODEC,
    VERSIONS_FILE,
    Version,
    read_versions,
    reference_of,
    write_versions,
)
from kiqa.varjpeg.preparation import Prepared, prepare
from kiqa.varjpeg.search import SizeSearch
from kiqa.varjpeg.segment import SUFFIXES
from kiqa.varjpeg.settings import Settings
from kiqa.varjpeg.source import Source, read_source

_OF_THE_MODEL = ("model", "stride")  # settings


def bitrate_ladder(
    image: str | os.PathLike | bytes | np.ndarray | Source | Prepared,
    n: int = VARJPEG.versions,
    *,
    importance: QualityMap | FixationPoints | np.ndarray | None = None,
    **options: Any,
) -> list[Encoded]:
    """Encode an image at equally spaced bitrates.

    The highest is the source file's, or the ceiling of the codec where that
    is lower (as for arrays and PNG files); the lowest is 2 % of the highest,
    or the floor of the codec where that is higher.

    Args:
        image: As for `kiqa.varjpeg.encode`, or of `prepare`.
        n: Number of versions, at least 2.
        importance: As for `kiqa.varjpeg.encode`.
        **options: Fields of `Settings`.

    Returns:
        ``n`` files in falling bitrate, each the finest found that is not
        larger than its target.

    Raises:
        FileNotFoundError: If there is no such image.
        ValueError: If ``n`` is too small or the image cannot be coded.

    References:
        Thesis, section 6.3.
    """
    _check_number(n)
    prepared = _prepared(image, importance, options)
    search = SizeSearch(prepared)
    floor, ceiling = len(search.floor.data), len(search.ceiling.data)
    highest = max(min(prepared.source.file_bytes or ceiling, ceiling), floor)
    lowest = max(VARJPEG.lowest_bitrate * highest, floor)
    return [search.largest_within(target) for target in np.linspace(highest, lowest, int(n))]


def _check_number(n):
    if isinstance(n, bool) or int(n) != n or n < 2:
        raise ValueError(f"Expected at least 2 versions, received {n!r}.")


def jpeg_ladder(
    image: str | os.PathLike | bytes | np.ndarray | Source | Prepared, **options: Any
) -> list[Encoded]:
    """Encode an image as plain JPEG at every quality.

    Args:
        image: As for `kiqa.varjpeg.encode`, or of `prepare`.
        **options: Fields of `Settings`; only ``subsampling`` and ``huffman``
            matter.

    Returns:
        99 files, of quality 99 down to 1.

    Raises:
        FileNotFoundError: If there is no such image.
        ValueError: If the image cannot be coded.
    """
    lowest, highest = VARJPEG.qualities
    prepared = _prepared(image, None, {**options, "delta": 0})
    return [coded_jpeg(prepared, quality) for quality in range(highest, lowest - 1, -1)]


def _prepared(image, importance, options):
    if isinstance(image, Prepared):
        return image
    return prepare(image, importance, settings=Settings(**options))


@dataclass(frozen=True)
class ImportanceSource:
    """Where the images of a ladder matter, and what says so.

    Attributes:
        of: From an image's name and upright RGB pixels to what `prepare` takes.
        name: What says so, such as a model and its sha256, or an option.
        by_model: Whether a model does; the settings' model and stride do not
            matter otherwise.
        file: From an image's name to the file that says so, ``None`` without.
    """

    of: Callable[[str, np.ndarray], Any] = lambda name, pixels: None
    name: str = ""
    by_model: bool = True
    file: Callable[[str], Path | None] = lambda name: None


def write_ladder(
    images: Iterable[tuple[str, str | Path]],
    folder: str | Path,
    *,
    settings: Settings,
    n: int = VARJPEG.versions,
    importance: ImportanceSource | None = None,
    max_bytes: int = MAX_BYTES,
) -> Iterator[tuple[str, int | Exception]]:
    """Write the ladders of images into a folder, for a study.

    Images whose versions are in the folder's table already are left as they
    are, so that an interrupted call can be repeated.

    Args:
        images: Names (relative paths with ``/``) and files.
        folder: Made when missing; see `kiqa.varjpeg.jnd.versions`.
        settings: How to code; the same for all images of a folder.
        n: Versions by VarJPEG.
        importance: What says where images matter, the same for all images of
            a folder; ``None``: the settings' model.
        max_bytes: As for `read_source`.

    Yields:
        Each name with the number of versions written, 0 where they were
        there, or with the error that its image met.

    Raises:
        ValueError: If the folder holds a ladder of other settings, or of an
            image or importance that has changed since, or ``n`` is too small.
    """
    _check_number(n)
    folder, images = Path(folder), list(images)
    importance = importance or ImportanceSource()
    wanted = {**asdict(settings), "versions": n, "importance": importance.name}
    if not importance.by_model:
        wanted = {name: value for name, value in wanted.items() if name not in _OF_THE_MODEL}
    if (folder / VERSIONS_FILE).is_file():
        rows = read_versions(folder)
        before = read_json(folder / SETTINGS_FILE)
        if before != wanted:
            raise ValueError(
                f"Expected the settings of the ladder in {folder}, {before}, received {wanted}. "
                "Write to another folder."
            )
        _check_unchanged(folder, rows, images, importance, max_bytes)
    else:
        rows = []
        write_atomically(folder / SETTINGS_FILE, json.dumps(wanted, indent=2).encode())
    done = {row.image for row in rows}
    for name, path in images:
        if name in done:
            yield name, 0
            continue
        try:
            added = _write_image(folder, name, path, settings, n, importance, max_bytes)
        except Exception as error:  # also of the map's network: one bad image is never the end
            if is_of_the_disk(error):
                raise
            yield name, error
            continue
        rows += added
        write_versions(folder, rows)
        yield name, len(added)


def _check_unchanged(folder, rows, images, importance, max_bytes):
    """Refuse images that are in the table, and what they matter by, if they are others now."""
    known = {row.image: (row.image_sha256, row.importance_sha256) for row in rows}
    for name, path in images:
        if name not in known:
            continue
        image = hashlib.sha256(read_file(path, max_bytes)).hexdigest()  # of a URL as well
        now = image, _importance_sha256(name, importance)
        files = (path, importance.file(name) or "no file")
        for before, found, file in zip(known[name], now, files, strict=True):
            if before != found:
                raise ValueError(
                    f"Expected the files that {name} in the ladder {folder} is made from, one with "
                    f"sha256 {before[:12] or 'none'}. Received: {file} with "
                    f"{found[:12] or 'none'}. Write to another folder."
                )


def _importance_sha256(name, importance):
    """Hash of the file of an image's importance, empty without one."""
    file = importance.file(name)
    return sha256_of(file) if file else ""


def _write_image(folder, name, path, settings, n, importance, max_bytes):
    source = read_source(path, max_bytes=max_bytes)
    hashes = source.sha256, _importance_sha256(name, importance)
    # A study shows files as they are stored: upright, and all in the colours of one profile.
    icc = source.metadata.icc
    source = source._replace(orientation=1, metadata=Metadata(icc=icc))
    where = importance.of(name, source.rgb())
    prepared = prepare(source, where, settings=settings)
    reference = reference_of(folder, name)
    _write_png(source.upright, reference, icc)
    rows = []
    for codec, ladder in (
        (VARJPEG_CODEC, bitrate_ladder(prepared, n)),
        (JPEG_CODEC, jpeg_ladder(prepared)),
    ):
        for number, encoded in enumerate(ladder):
            suffix = SUFFIXES.get(encoded.form, ".jpg")
            file = view = f"{name}/{codec}/{number:03d}{suffix}"
            write_atomically(folder / file, encoded.data)
            if encoded.form == "thesis":  # no browser shows it
                view = f"{name}/{codec}/{number:03d}.png"
                _write_png(decode(encoded.data, max_bytes=None), folder / view, icc)
            rows.append(_row(name, codec, number, file, view, encoded, source, hashes))
    return rows


def _row(name, codec, number, file, view, encoded, source, hashes):
    return Version(
        image=name,
        codec=codec,
        version=number,
        file=file,
        view=view,
        quality=encoded.quality,
        bytes=len(encoded.data),
        overhead=encoded.overhead,
        bpp=encoded.bpp,
        source_bpp=source.bpp,
        width=source.upright.shape[1],
        height=source.upright.shape[0],
        image_sha256=hashes[0],
        importance_sha256=hashes[1],
    )


def _write_png(pixels, path, icc):
    with replacing(path) as temporary:
        Image.fromarray(np.ascontiguousarray(pixels)).save(temporary, icc_profile=icc or None)
