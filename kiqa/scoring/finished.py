"""Images that have a row, in arrays: a million of them take a tenth of what their rows would.

Of each row it is known what it is about and where it lies; the rows themselves
stay in their file. Searching is Python's own: NumPy's lets go of the
interpreter each time, and threads that decode take it for longer than it needs.

Public names: `Content`, `Contents`, `Finished`, `Images`, `content_key`,
`content_of`.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable
from operator import itemgetter
from typing import Any

import numpy as np

Content = tuple[str | None, str | None]  # hashes of an image and of its reference


def content_of(row: dict) -> Content:
    """Return what a row is about: the contents of the image and of its reference."""
    return row.get("sha256"), row.get("reference_sha256")


def content_key(content: Content) -> bytes:
    """Return a content as one text; the keys of many are an array."""
    image, reference = content
    return (f"{image} {reference}" if reference else image or "").encode()


class Contents(Container):
    """Contents and the places of their rows; workers of a machine share its arrays.

    Args:
        keys: Of `content_key`.
        places: Of the rows; of several of one content the last one counts.

    Examples:
        >>> contents = [("ab", None), ("ab", "cd")]
        >>> known = Contents(np.array([content_key(each) for each in contents]), np.array([7, 8]))
        >>> ("ab", None) in known, ("ab", "ef") in known, known.place(("ab", "cd"))
        (True, False, 8)
    """

    def __init__(self, keys: np.ndarray, places: np.ndarray) -> None:
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        last = np.ones(len(keys), bool)
        last[:-1] = keys[1:] != keys[:-1]
        self._keys, self._places = keys[last], places[order][last]

    def place(self, content: Content) -> int | None:
        """Return where the row of a content is, or ``None``."""
        key = content_key(content)
        found = bisect_left(self._keys, key)
        if found < len(self._keys) and self._keys[found] == key:
            return int(self._places[found])
        return None

    def __contains__(self, content: Any) -> bool:
        return self.place(content) is not None


class Images(Container):
    """Images by path and content, with the places of their rows.

    Paths are compared by Python's hash of 64 bits, with a secret of the process.

    Args:
        paths: Hashes of the paths.
        keys: Of the contents.
        places: Of the rows; of several the last one counts.
    """

    def __init__(self, paths: np.ndarray, keys: np.ndarray, places: np.ndarray) -> None:
        order = np.argsort(paths, kind="stable")
        self._paths, self._keys, self._places = paths[order], keys[order], places[order]

    def _found(self, path):
        number = hash(path)
        return slice(bisect_left(self._paths, number), bisect_right(self._paths, number))

    def place(self, path: str, content: Content) -> int | None:
        """Return where the row of an image is, or ``None``."""
        found = self._found(path)
        key = content_key(content)
        same = [place for known, place in zip(self._keys[found], self._places[found], strict=True)
                if known == key]  # fmt: skip
        return int(same[-1]) if same else None

    def contents(self, path: str) -> list[Content]:
        """Return the contents that have a row under a path."""
        return [_content(key) for key in self._keys[self._found(path)]]

    def __contains__(self, identity: Any) -> bool:
        path, *content = identity
        return self.place(path, (content[0], content[1])) is not None


class Finished:
    """What a run that goes on needs to know of the rows that are there.

    Args:
        found: Places and rows with `COLUMNS` and those of `key`, oldest first.
        key: Columns and their values that a row must have to count.
        again: Whether images with an error are tried again.

    Attributes:
        COLUMNS: Of a row that are looked at; a row need not be about a reference.
        final: Images whose row stays as it is.
        scored: Contents that have a score.
    """

    COLUMNS = ("path", "sha256", "reference_sha256", "error")
    final: Images
    scored: Contents

    def __init__(self, found: Iterable[tuple[int, dict]], *, key: dict, again: bool) -> None:
        self._again = again
        self._refused: set[int] = set()
        paths, places, scored, keys = array("q"), array("q"), [], []
        values, wanted = itemgetter(*key), tuple(key.values())
        for place, row in found:
            if values(row) != wanted:
                continue
            error = row["error"]
            if error is not None and self._is_tried_again(row):
                self._refused.add(hash((row["path"], error)))
            if row["sha256"] and not (again and error):
                paths.append(hash(row["path"]))
                places.append(place)
                scored.append(error is None)
                keys.append(content_key((row["sha256"], row.get("reference_sha256"))))
        contents, where = np.array(keys, np.bytes_), np.array(places)
        del keys
        self.final = Images(np.array(paths), contents, where)
        fine = np.array(scored, bool)
        self.scored = Contents(contents[fine], where[fine])

    def refused(self, row: dict) -> bool:
        """Say whether a row's error is written already, of an image that is tried each time."""
        return self._is_tried_again(row) and hash((row["path"], row["error"])) in self._refused

    def _is_tried_again(self, row):
        """Whether a later run tries the row's image again if the row has an error."""
        return self._again or not row["sha256"]


def _content(key):
    image, _, reference = key.decode().partition(" ")
    return image or None, reference or None
