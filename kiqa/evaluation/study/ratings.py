"""Ratings of images by people, one row per rating, as they come out of a study.

Public names: :class:`Ratings`, :func:`read_ratings`, :func:`read_values`.
"""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from kiqa.data.tables import read_long, read_table

_REQUIRED = ("subject", "image", "rating")
_OPTIONAL = ("session", "repeat")
_FLAGS = {"": False, "0": False, "1": True, "false": False, "true": True, "no": False, "yes": True}
_SHOWN = 5  # rows listed in a message


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings in any order; all arrays are of shape (n,).

    Attributes:
        subject: Who rated.
        session: In which sitting (task, HIT); names count within a subject.
        image: What was rated.
        rating: ``float64``, higher is better, any scale.
        repeat: ``bool``, whether this is the second showing of an image in a
            session. It tests the subject and counts in no score.

    Raises:
        ValueError: If there is no rating, lengths differ, a name is empty, a
            rating is not finite, an image occurs twice in a session, or a
            repeat has no first showing.
    """

    subject: np.ndarray
    session: np.ndarray
    image: np.ndarray
    rating: np.ndarray
    repeat: np.ndarray

    def __post_init__(self):
        names = {name: np.asarray(getattr(self, name), str) for name in _REQUIRED[:2]}
        names["session"] = np.asarray(self.session, str)
        try:
            names["rating"] = np.asarray(self.rating, np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"Expected ratings that are numbers. Received: {error}.") from error
        names["repeat"] = np.asarray(self.repeat)
        shapes = {name: values.shape for name, values in names.items()}
        if len(set(shapes.values())) != 1 or names["rating"].size == 0 or names["rating"].ndim != 1:
            raise ValueError(
                f"Expected arrays of one shape (n,), n at least 1. Received: {shapes}."
            )
        if names["repeat"].dtype != bool:
            raise ValueError(
                f"Expected repeat as bool. Received: {names['repeat'].dtype}. Use repeat == 1."
            )
        for name, values in names.items():
            object.__setattr__(self, name, values)
        self._check_values()
        self._check_occurrences()

    def __len__(self) -> int:
        return len(self.rating)

    @cached_property
    def subjects(self) -> np.ndarray:
        """Names of the subjects, sorted, shape (s,)."""
        return self._coded["subject"][0]

    @cached_property
    def images(self) -> np.ndarray:
        """Names of the images, sorted, shape (m,)."""
        return self._coded["image"][0]

    @cached_property
    def subject_code(self) -> np.ndarray:
        """Place of each rating's subject in `subjects`, shape (n,)."""
        return self._coded["subject"][1]

    @cached_property
    def image_code(self) -> np.ndarray:
        """Place of each rating's image in `images`, shape (n,)."""
        return self._coded["image"][1]

    @cached_property
    def sessions(self) -> list[tuple[str, str]]:
        """Subject and session of each sitting, sorted."""
        names, _ = self._coded["session"]
        pairs = (divmod(code, len(names)) for code in self._sittings[0].tolist())
        return [(str(self.subjects[who]), str(names[which])) for who, which in pairs]

    @cached_property
    def session_code(self) -> np.ndarray:
        """Place of each rating's sitting in `sessions`, shape (n,)."""
        return self._sittings[1]

    @cached_property
    def _coded(self):
        """Distinct names and the place of each rating's name among them."""
        return {
            name: np.unique(getattr(self, name), return_inverse=True)
            for name in ("subject", "session", "image")
        }

    @cached_property
    def _sittings(self):
        names, code = self._coded["session"]
        return np.unique(self.subject_code * len(names) + code, return_inverse=True)

    def select(self, which: np.ndarray) -> "Ratings":
        """Return some of the ratings.

        Args:
            which: ``bool`` of shape (n,). A repeat goes with its first
                showing.

        Returns:
            The ratings.

        Raises:
            ValueError: If none are left, or a repeat stays alone.
        """
        return Ratings(*(getattr(self, name)[which] for name in
                         ("subject", "session", "image", "rating", "repeat")))  # fmt: skip

    def _check_values(self):
        for name in ("subject", "image"):
            empty = np.flatnonzero(np.char.str_len(getattr(self, name)) == 0)
            if empty.size:
                raise ValueError(
                    f"Expected a {name} for every rating. Received: {empty.size} without, the "
                    f"first is rating {empty[0] + 1}. Name or remove them."
                )
        bad = np.flatnonzero(~np.isfinite(self.rating))
        if bad.size:
            first = bad[0]
            raise ValueError(
                f"Expected finite ratings. Received: {bad.size} that are not, the first "
                f"{self.rating[first]} of {self._listed([first])}. Remove "
                "ratings that were not given."
            )

    def _check_occurrences(self):
        keys = np.stack([self.session_code, self.image_code, self.repeat], axis=1)
        order = np.lexsort(keys.T[::-1])  # session, then image, then showing
        ordered = keys[order]
        twice = np.flatnonzero((ordered[1:] == ordered[:-1]).all(axis=1))
        if twice.size:
            raise ValueError(
                "Expected each image once in a session. Received: "
                f"{twice.size} ratings that occur again: {self._listed(order[twice + 1])}. Remove "
                "duplicates, mark a second showing with repeat 1 (a third is not known), or name "
                "sessions."
            )
        # In this order a repeat follows its first showing.
        first = np.ones((1, 3), keys.dtype) * -1
        before = np.concatenate([first, ordered[:-1]])
        alone = order[(ordered[:, 2] == 1) & (ordered[:, :2] != before[:, :2]).any(axis=1)]
        if alone.size:
            raise ValueError(
                "Expected the first showing of each repeated image in its session. Received: "
                f"{len(alone)} repeats without it: {self._listed(alone)}. Set repeat to 0, or add "
                "the first rating."
            )

    def _listed(self, places: Iterable[int]) -> str:
        return "; ".join(
            f"{str(self.image[at])!r} by {str(self.subject[at])!r}" for at in list(places)[:_SHOWN]
        )


def read_ratings(path: str | os.PathLike, *, scale: tuple[float, float] | None = None) -> Ratings:
    """Read ratings from a table, one row per rating, or wide (`kiqa.data.tables.read_long`).

    Args:
        path: Columns, found whatever their case: ``subject, image, rating``,
            and where there are such ``session`` (else each subject had one)
            and ``repeat`` (1 or yes for the second showing of an image).
            A rating is a number, higher is better. Not every subject has to
            rate every image: leave such rows out.
        scale: Lowest and highest rating that can be given; ``None`` takes any
            finite number.

    Returns:
        The ratings, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a column is missing, a cell is empty or no number of
            the scale, or as `Ratings`; lines are named.
    """
    path = Path(path)
    rows = read_long(path, _REQUIRED, _OPTIONAL)
    low, high = scale if scale is not None else (-math.inf, math.inf)
    values, bad = [], []
    for line, row in rows:
        value = _number(row["rating"])
        flag = _FLAGS.get(row.get("repeat", "").lower())
        empty = [name for name in ("subject", "image") if not row[name]]
        if "session" in row and not row["session"]:
            empty.append("session")
        if empty:
            bad.append(f"line {line}: no {' and no '.join(empty)}")
        elif not (math.isfinite(value) and low <= value <= high):
            bad.append(f"line {line}: rating {row['rating']!r} of {row['image']!r}")
        elif flag is None:
            bad.append(f"line {line}: repeat {row['repeat']!r}")
        values.append((row["subject"], row.get("session", "1"), row["image"], value, bool(flag)))
    if bad:
        wanted = "a finite number" if scale is None else f"a number from {low:g} to {high:g}"
        raise ValueError(
            f"Expected subject, image, {wanted} as rating, and 0 or 1 as repeat in each row of "
            f"{path}. Received: {len(bad)} that are not: {'; '.join(bad[:_SHOWN])}. Correct them; "
            "leave rows of ratings that were not given out."
        )
    columns = list(zip(*values, strict=True))
    try:
        return Ratings(*map(np.array, columns))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def read_values(
    path: str | os.PathLike, name: str, value: str, *, scale: tuple[float, float] | None = None
) -> dict[str, float]:
    """Read one number for each name from a CSV file.

    Args:
        path: The file.
        name: Column of the names, such as ``"image"`` or ``"subject"``.
        value: Column of the numbers, such as ``"mos"`` or ``"acceptance"``.
        scale: Lowest and highest number that may occur.

    Returns:
        The numbers by name, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a column is missing, a name is empty or occurs twice,
            or a number is none of the scale; the line is named.
    """
    low, high = scale if scale is not None else (-math.inf, math.inf)
    found: dict[str, float] = {}
    for line, row in read_table(path, (name, value)):
        number = _number(row[value])
        if not row[name] or row[name] in found:
            raise ValueError(
                f"Expected each {name} once in {path}. Received: {row[name]!r} in line {line}. "
                "Keep one row of each."
            )
        if not (math.isfinite(number) and low <= number <= high):
            raise ValueError(
                f"Expected a finite {value}{'' if scale is None else f' from {low:g} to {high:g}'}"
                f" in each row of {path}. Received: {row[value]!r} in line {line}. Correct it."
            )
        found[row[name]] = number
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
