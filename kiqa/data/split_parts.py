"""The parts of the splits that kiqa publishes, and the hash that tells one from a later one.

Public names: `published_parts`, `published_split_sha256`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from pathlib import Path

from kiqa.data.splits import published_splits
from kiqa.data.tables import read_table
from kiqa.io.files import sha256_of


@lru_cache
def published_parts(name: str) -> dict[str, frozenset[str]]:
    """Return the image names of each part of a published split.

    Args:
        name: One of `kiqa.data.splits.published_splits`; other files of that
            name play no part.

    Returns:
        The names by ``"train"``, ``"val"`` and ``"test"``, of those there
        are.

    Raises:
        FileNotFoundError: If there is no such split.
    """
    with _file(name) as path:
        rows = [cells for _, cells in read_table(path, ("image_name", "set"))]
    return {
        part: frozenset(cells["image_name"] for cells in rows if cells["set"] == part)
        for part in dict.fromkeys(cells["set"] for cells in rows)
    }


def published_split_sha256(name: str) -> str:
    """Return the sha256 of the file of a published split.

    Args:
        name: As for `published_parts`.

    Raises:
        FileNotFoundError: As `published_parts`.
    """
    with _file(name) as path:
        return sha256_of(path)


@contextmanager
def _file(name: str) -> Iterator[Path]:
    if name not in published_splits():
        raise FileNotFoundError(
            f"Expected one of the published splits {published_splits()}. Received: {name!r}."
        )
    with resources.as_file(resources.files("kiqa.data") / "published_splits" / f"{name}.csv") as p:
        yield p
