"""Which images are the best of a collection.

Public names: `Best`, `parse_best`, `Placed`, `placed`.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from kiqa.reporting.entries import Entry
from kiqa.reporting.groups import best_of_each, group_of_each


@dataclass(frozen=True)
class Best:
    """How many images to choose.

    Attributes:
        amount: A number of images, or per cent of them.
        percent: Which of the two.
    """

    amount: float
    percent: bool = False

    def count(self, total: int) -> int:
        """Return the number of images out of so many; a part of an image counts as one."""
        if self.percent:
            return min(total, math.ceil(round(total * self.amount / 100, 6)))
        return min(total, int(self.amount))


def parse_best(text: str) -> Best:
    """Read a choice such as ``"20"``, ``"20%"`` or ``"20 %"``.

    Raises:
        ValueError: If it is no whole number of at least 1, nor more than 0
            and at most 100 per cent.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", text.strip(), re.ASCII)
    if match is not None:
        amount, percent = float(match[1]), bool(match[2])
        good = 0 < amount <= 100 if percent else amount >= 1 and amount == int(amount)
        if good:
            return Best(amount, percent)
    raise ValueError(f"Expected a number of images such as 20, or 20%. Received: {text!r}.")


@dataclass(frozen=True)
class Placed:
    """Where each image of a collection stands, by its position in it.

    Attributes:
        groups: Number of the group of each; ``None`` for one that is alone.
        best: Positions of the best of the groups.
        chosen: Positions of the images chosen, the best first.
    """

    groups: list[int | None]
    best: set[int]
    chosen: list[int]


def placed(
    entries: Sequence[Entry],
    *,
    higher_is_better: bool,
    scale: tuple[float, float],
    best: Best | None = None,
    keep_alike: bool = False,
) -> Placed:
    """Group images that are alike, and choose the best.

    Args:
        entries: Without errors.
        higher_is_better: Direction of the scores.
        scale: Ends of their range.
        best: How many to choose; ``None`` chooses none.
        keep_alike: Whether several of a group may be chosen.

    Returns:
        The `Placed`. Of a group only the best can be chosen, unless
        ``keep_alike``; there may then be fewer than asked for.
    """
    groups = group_of_each([e.look for e in entries], [e.taken for e in entries])
    scores = [entry.score for entry in entries]
    tops = best_of_each(
        groups, scores, [e.light for e in entries], higher_is_better=higher_is_better, scale=scale
    )
    order = sorted(range(len(entries)), key=lambda at: scores[at], reverse=higher_is_better)
    if not keep_alike:
        order = [at for at in order if groups[at] is None or at in tops]
    count = 0 if best is None else best.count(len(entries))
    return Placed(groups, tops, order[:count])
