"""Votes on patches, and the labels made of them.

A vote answers one question: does the patch look as if it were taken from a
high-quality image? Votes come from a CSV file, an array, a callable, or, as
pseudo-votes, from `kiqa.data.konpatch.pseudo_votes`.

Public names: :class:`PatchSample`, :class:`Votes`, :func:`take_votes`,
:func:`read_votes`, :func:`write_vote_template`, :func:`label_patches`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kiqa.data.konpatch.pseudo_votes import pseudo_votes
from kiqa.data.tables import read_table
from kiqa.io.csv_lines import write_csv_file

LABELS = ("lab", "crowd")

_KEY = ("image", "row", "col")
_COUNTS = ("votes_yes", "votes_total")
_SINGLE = ("participant", "vote")
_SHOWN = 3  # mismatches listed in a message


@dataclass(frozen=True)
class PatchSample:
    """Patches before anybody voted, all arrays in the same order.

    Attributes:
        x: Pixels, RGB ``uint8``, shape ``(N, P, P, 3)``.
        image: File name of each patch's image, shape ``(N,)``.
        row: Row of the top left pixel, ``int32``, shape ``(N,)``.
        col: Column of the top left pixel, ``int32``, shape ``(N,)``.
        mos: Score of the image on 0..1, ``float32``, shape ``(N,)``.
    """

    x: np.ndarray
    image: np.ndarray
    row: np.ndarray
    col: np.ndarray
    mos: np.ndarray

    def keys(self) -> list[tuple[str, int, int]]:
        """Image, row and column of each patch."""
        return list(zip(self.image.tolist(), self.row.tolist(), self.col.tolist(), strict=True))


class Votes(NamedTuple):
    """Yes votes and all votes of each patch, ``int32``, and their source."""

    yes: np.ndarray
    total: np.ndarray
    source: str


def take_votes(
    sample: PatchSample,
    votes: str | Path | np.ndarray | Callable[[PatchSample], np.ndarray],
    *,
    per_patch: int,
    seed: int,
) -> Votes:
    """Get the votes on a sample from any source.

    Args:
        sample: The patches.
        votes: ``"pseudo"``; or the path of a CSV, see `read_votes`; or 0/1
            votes of shape ``(N,)`` or ``(N, n)``, n voters a patch, in the
            order of the sample; or a callable that returns such an array.
        per_patch: Votes a patch; for pseudo-votes only.
        seed: Seed; for pseudo-votes only.

    Returns:
        The votes. The source of a callable's begins with ``pseudo-votes``,
        because a program voted.

    Raises:
        FileNotFoundError: If there is no such CSV.
        ValueError: If the votes do not match the sample.
    """
    if isinstance(votes, str) and votes == "pseudo":
        yes = pseudo_votes(sample.x, sample.mos, votes=per_patch, seed=seed)
        total = np.full(len(yes), per_patch, np.int32)
        return Votes(yes, total, f"pseudo-votes: detail and MOS, {per_patch} a patch, seed {seed}")
    if isinstance(votes, (str, Path)):
        return read_votes(votes, sample)
    if callable(votes):
        name = getattr(votes, "__name__", type(votes).__name__)
        return _from_array(votes(sample), sample, f"pseudo-votes: callable {name}")
    return _from_array(votes, sample, "array: origin not stated")


def read_votes(path: str | Path, sample: PatchSample) -> Votes:
    """Read the votes on a sample from a CSV file.

    The columns, found whatever their case, are ``image, row, col`` and either
    ``votes_yes, votes_total`` (one row per patch) or ``participant, vote`` (one
    row a vote, 0 or 1). Row and column are those of the patch's top left
    pixel. The order of rows is free.

    Args:
        path: The file.
        sample: The patches that were voted on.

    Returns:
        The votes in the order of the sample; source ``human: <file name>``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If columns are missing, a value is not a number as
            stated, a vote occurs twice, or the patches of the file are not
            those of the sample (with the counts and the first mismatches).
    """
    path = Path(path)
    rows = read_table(path, _KEY, _COUNTS + _SINGLE)
    columns = rows[0][1].keys()
    form = next((form for form in (_COUNTS, _SINGLE) if columns >= set(form)), None)
    if form is None:
        raise ValueError(
            f"Expected the columns {list(_KEY)} and either {list(_COUNTS)} or {list(_SINGLE)} in "
            f"{path}, received of these only {list(columns)}."
        )
    yes, total, seen = Counter(), Counter(), set()
    for line, cells in rows:
        key = (cells["image"], *(_whole(cells[name], name, path, line) for name in _KEY[1:]))
        voter = None if form is _COUNTS else cells["participant"]
        if (key, voter) in seen:
            raise ValueError(f"Expected every vote once in {path}, received line {line} again.")
        seen.add((key, voter))
        if form is _COUNTS:
            positive, all_votes = (_whole(cells[name], name, path, line) for name in _COUNTS)
        else:
            positive, all_votes = _whole(cells["vote"], "vote", path, line), 1
        if not (all_votes >= 1 and positive <= all_votes):
            raise ValueError(
                f"Expected a vote of 0 or 1, or votes_yes from 0 to votes_total, in {path} line "
                f"{line}, received {positive} of {all_votes}."
            )
        yes[key] += positive
        total[key] += all_votes
    keys = sample.keys()
    _check_match(path, keys, total)
    return Votes(
        np.array([yes[key] for key in keys], np.int32),
        np.array([total[key] for key in keys], np.int32),
        f"human: {path.name}",
    )


def write_vote_template(sample: PatchSample, path: str | Path) -> Path:
    """Write the patch list as a CSV in which votes can be filled in.

    Args:
        sample: Patches (anything with ``image``, ``row`` and ``col``).
        path: File to write, whole or not at all; its folder is made when
            missing.

    Returns:
        The path. Each patch has one row, ``participant`` and ``vote`` empty;
        repeat the rows for further participants, then see `read_votes`.
    """
    places = zip(sample.image, sample.row, sample.col, strict=True)
    return write_csv_file(path, _KEY + _SINGLE, ((*place, "", "") for place in places))


def label_patches(mos: np.ndarray, yes: np.ndarray, total: np.ndarray, *, label: str) -> np.ndarray:
    """Make labels of votes.

    Args:
        mos: Score of each patch's image on 0..1, shape ``(N,)``.
        yes: Yes votes, shape ``(N,)``.
        total: All votes, at least 1, shape ``(N,)``.
        label: ``"lab"``: S(p) = mos where more than half of the votes are
            yes, else 0. ``"crowd"``: the fraction of yes votes.

    Returns:
        ``float32`` of shape ``(N,)``, 0..1, higher is better.

    Raises:
        ValueError: If the kind of label is unknown.

    References:
        Thesis, section 3.1, formula 3, with one vote a patch; section 9.1
        for the crowd.
    """
    if label == "lab":
        return np.where(2 * yes > total, mos, 0).astype(np.float32)
    if label == "crowd":
        return (yes / total).astype(np.float32)
    raise ValueError(f"Expected a kind of label among {list(LABELS)}, received {label!r}.")


def _from_array(votes: np.ndarray, sample: PatchSample, source: str) -> Votes:
    votes = np.asarray(votes)
    n = len(sample.image)
    if votes.ndim not in (1, 2) or len(votes) != n or votes.size == 0:
        raise ValueError(
            f"Expected votes of shape ({n},) or ({n}, voters) for {n} patches, received shape "
            f"{votes.shape} ({source})."
        )
    wrong = ~np.isin(votes, (0, 1))
    if wrong.any():
        raise ValueError(
            f"Expected votes of 0 or 1, received {wrong.sum()} others, {votes[wrong][0]} first "
            f"({source})."
        )
    votes = votes.reshape(n, -1)
    return Votes(votes.sum(axis=1, dtype=np.int32), np.full(n, votes.shape[1], np.int32), source)


def _whole(text: str, column: str, path: Path, line: int) -> int:
    if not text.isdecimal():
        raise ValueError(
            f"Expected a whole number of 0 or more as {column} in {path} line {line}, received "
            f"{text!r}."
        )
    return int(text)


def _check_match(path: Path, keys: list[tuple], voted: Counter) -> None:
    expected = set(keys)
    without = [key for key in keys if key not in voted]
    foreign = [key for key in voted if key not in expected]
    if without or foreign:
        raise ValueError(
            f"Expected votes on the {len(expected)} patches of this set in {path}, received "
            f"votes on {len(voted)}: {len(without)} patches have no vote (image, row, col: "
            f"{without[:_SHOWN]}), {len(foreign)} votes belong to no patch ({foreign[:_SHOWN]}). "
            "Build with the records and the seed that the votes were taken with."
        )
