"""The table of a ladder: compressed versions of images from high to low bitrate.

A ladder is a folder that holds for each image its source image and its
versions by each codec, with one table of them all::

    LADDER/versions.csv
    LADDER/settings.json
    LADDER/<image>/reference.png
    LADDER/<image>/varjpeg/000.jpg ...
    LADDER/<image>/jpeg/000.jpg ...

The versions of an image by one codec are numbered from 0, the highest
bitrate, without a gap.

Public names: :data:`CODECS`, :data:`VARJPEG_CODEC`, :data:`JPEG_CODEC`,
:data:`VERSIONS_FILE`, :data:`SETTINGS_FILE`, :data:`REFERENCE_FILE`,
:class:`Version`, :func:`read_versions`, :func:`write_versions`,
:func:`group_versions`, :func:`reference_of`, :func:`ladder_files`.
"""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

from kiqa.data.tables import read_table
from kiqa.io.csv_lines import write_csv_file
from kiqa.io.text import unescaped

VARJPEG_CODEC = "varjpeg"
JPEG_CODEC = "jpeg"
CODECS = (VARJPEG_CODEC, JPEG_CODEC)
VERSIONS_FILE = "versions.csv"
SETTINGS_FILE = "settings.json"
REFERENCE_FILE = "reference.png"

_BPP_TOLERANCE = 1e-3  # bits per pixel, relative: a table rounded to four digits passes


@dataclass(frozen=True)
class Version:
    """One compressed version of an image, a row of the table.

    Attributes:
        image: Path of the source as the ladder was given it, with its
            suffix and ``/`` between the parts.
        codec: One of `CODECS`.
        version: Number of the version, 0 for the highest bitrate.
        file: The compressed file, relative to the ladder.
        view: What a browser can show of it, relative to the ladder; often
            ``file`` itself.
        quality: The global quality, real for VarJPEG, whole for JPEG.
        bytes: Size of the whole file.
        overhead: Bytes of it that are VarJPEG's own; 0 for plain JPEG.
        bpp: Bits per pixel of the file, ``8 * bytes / (width * height)``.
        source_bpp: Bits per pixel of the source file.
        width: Image width in pixels.
        height: Image height in pixels.
        image_sha256: Of the source file.
        importance_sha256: Of the file that says where the image matters;
            empty where there is none.
    """

    image: str
    codec: str
    version: int
    file: str
    view: str
    quality: float
    bytes: int
    overhead: int
    bpp: float
    source_bpp: float
    width: int
    height: int
    image_sha256: str
    importance_sha256: str


_COLUMNS = tuple(field.name for field in fields(Version))
_WHOLE = tuple(field.name for field in fields(Version) if field.type is int)
_REAL = tuple(field.name for field in fields(Version) if field.type is float)
_PATHS = ("image", "file", "view")


def read_versions(folder: str | os.PathLike) -> list[Version]:
    """Read the table of a ladder.

    Args:
        folder: The ladder.

    Returns:
        Its versions in the order of the file. Whether the files they name
        exist is not looked up.

    Raises:
        FileNotFoundError: If there is no table.
        ValueError: If a column is missing, a value is not as `Version`
            states, or the versions of an image by a codec are not numbered
            0, 1, 2 ... without a gap. The message names the line.
    """
    path = Path(folder) / VERSIONS_FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a ladder with its table {VERSIONS_FILE} at {folder}, found none. "
            "Make one: kiqa ladder PATH... --output LADDER."
        )
    versions = []
    for line, cells in read_table(path, _COLUMNS):
        source = f"{path} line {line}"
        values: dict[str, Any] = {name: unescaped(cell) for name, cell in cells.items()}
        values |= {name: _whole(cells[name], name, source) for name in _WHOLE}
        values |= {name: _real(cells[name], name, source) for name in _REAL}
        versions.append(_checked(Version(**values), source))
    _check_numbers(versions, str(path))
    return versions


def write_versions(folder: str | Path, versions: Iterable[Version]) -> Path:
    """Write the table of a ladder, whole or not at all.

    Args:
        folder: The ladder; made when missing.
        versions: At least one; written in the order given.

    Returns:
        Path of the table. Reading it gives equal versions.

    Raises:
        ValueError: If there is none, or as `read_versions`.
    """
    path = Path(folder) / VERSIONS_FILE
    versions = list(versions)
    if not versions:
        raise ValueError(f"Expected at least one version to write to {path}, received none.")
    for entry in versions:
        _checked(entry, f"version {entry.version} of {entry.image} by {entry.codec}")
    _check_numbers(versions, str(path))
    rows = ([_cell(getattr(entry, name)) for name in _COLUMNS] for entry in versions)
    return write_csv_file(path, _COLUMNS, rows)


def group_versions(versions: Iterable[Version]) -> dict[str, dict[str, list[Version]]]:
    """Group versions by image and codec.

    Args:
        versions: As `read_versions` returns them.

    Returns:
        For each image, in the order of first appearance, for each codec it
        has, its versions from the highest bitrate (0) on.
    """
    groups: dict[str, dict[str, list[Version]]] = {}
    for entry in versions:
        groups.setdefault(entry.image, {}).setdefault(entry.codec, []).append(entry)
    for codecs in groups.values():
        for entries in codecs.values():
            entries.sort(key=lambda entry: entry.version)
    return groups


def reference_of(folder: str | Path, image: str) -> Path:
    """Return where a ladder keeps the source of an image.

    Args:
        folder: The ladder.
        image: Name of the image, see `Version`.

    Returns:
        The path, whether it exists or not.

    Raises:
        ValueError: If the name leads out of the ladder.
    """
    return Path(folder, _inside(image, "image", "the ladder"), REFERENCE_FILE)


def ladder_files(folder: str | Path, versions: Iterable[Version]) -> list[Path]:
    """List the files of a ladder, which is all that a study of it reads.

    Args:
        folder: The ladder.
        versions: As `read_versions` returns them.

    Returns:
        Table, settings, references, files and what shows them, whether they
        exist or not.
    """
    versions = list(versions)
    named = {name for entry in versions for name in (entry.file, entry.view)}
    references = {reference_of(folder, entry.image) for entry in versions}
    own = {Path(folder, name) for name in (VERSIONS_FILE, SETTINGS_FILE, *named)}
    return sorted(own | references)


def _checked(entry: Version, source: str) -> Version:
    for name in _PATHS:
        _inside(getattr(entry, name), name, source)
    if entry.codec not in CODECS:
        raise ValueError(
            f"Expected one of {', '.join(CODECS)} as codec in {source}, received {entry.codec!r}."
        )
    if entry.version < 0 or entry.width < 1 or entry.height < 1 or entry.bytes < 1:
        raise ValueError(
            f"Expected a version of 0 or more and bytes, width and height of at least 1 in "
            f"{source}, received version {entry.version}, {entry.bytes} bytes, "
            f"{entry.width}x{entry.height}."
        )
    if not 0 <= entry.overhead <= (entry.bytes if entry.codec == VARJPEG_CODEC else 0):
        raise ValueError(
            f"Expected an overhead from 0 to the file's {entry.bytes} bytes, 0 for plain JPEG, "
            f"in {source}, received {entry.overhead} ({entry.codec})."
        )
    bpp = 8 * entry.bytes / (entry.width * entry.height)
    if not math.isclose(entry.bpp, bpp, rel_tol=_BPP_TOLERANCE):
        raise ValueError(
            f"Expected bpp = 8 * bytes / (width * height) = {bpp:.6g} in {source}, received "
            f"{entry.bpp!r}. Write the table again."
        )
    if not (math.isfinite(entry.source_bpp) and entry.source_bpp > 0):
        raise ValueError(
            f"Expected a source_bpp above 0 in {source}, received {entry.source_bpp!r}."
        )
    if not math.isfinite(entry.quality):
        raise ValueError(f"Expected a finite quality in {source}, received {entry.quality!r}.")
    return entry


def _check_numbers(versions: list[Version], source: str) -> None:
    for image, codecs in group_versions(versions).items():
        for codec, entries in codecs.items():
            numbers = [entry.version for entry in entries]
            wrong = next((i for i, number in enumerate(numbers) if number != i), None)
            if wrong is not None:
                raise ValueError(
                    f"Expected the versions of {image} by {codec} in {source} to be numbered from "
                    f"0 without a gap, each once, received {numbers[wrong]} where {wrong} belongs."
                )


def _inside(text: str, column: str, source: str) -> str:
    """The path if it is relative and stays below the ladder."""
    path = PurePosixPath(text)
    if not text or "\\" in text or path.is_absolute() or {"..", "."} & set(text.split("/")):
        raise ValueError(
            f"Expected a relative path with / between its parts as {column} in {source}, received "
            f"{text!r}."
        )
    return text


def _whole(text: str, column: str, source: str) -> int:
    if not text.isdecimal():
        raise ValueError(
            f"Expected a whole number of 0 or more as {column} in {source}, received {text!r}."
        )
    return int(text)


def _real(text: str, column: str, source: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"Expected a number as {column} in {source}, received {text!r}.") from None


def _cell(value: str | float) -> str:
    """The text of a value that reads back as it is; whole numbers without a point."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) else repr(float(value))
