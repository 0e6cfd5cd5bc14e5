"""From patches to a labelled set: votes are taken, and labels made of them.

Public names: :func:`voted`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from kiqa.constants import KONPATCH
from kiqa.data.konpatch.file import KonPatch
from kiqa.data.konpatch.votes import PatchSample, label_patches, take_votes


def voted(
    sample: PatchSample,
    votes: str | Path | np.ndarray | Callable[[PatchSample], np.ndarray],
    *,
    label: str,
    votes_per_patch: int | None,
    dataset: str,
    seed: int,
    note: str = "",
    version: np.ndarray | None = None,
) -> KonPatch:
    """Take votes on patches and label them.

    Args:
        sample: The patches.
        votes: Source of the votes, as for `build_konpatch`.
        label: ``"lab"`` or ``"crowd"``.
        votes_per_patch: Pseudo-votes per patch; ``None`` takes the thesis's
            numbers, 1 for lab and 10 for crowd.
        dataset: Where the images are from.
        seed: Seed of pseudo-votes.
        note: Added to what is said of the votes' source.
        version: Distorted version that each patch is of.

    Returns:
        The set, in the order of the sample.

    Raises:
        FileNotFoundError: If a file of votes is missing.
        ValueError: If the votes do not match the patches.
    """
    if votes_per_patch is None:
        votes_per_patch = KONPATCH.lab_votes if label == "lab" else KONPATCH.crowd_votes
    ballot = take_votes(sample, votes, per_patch=votes_per_patch, seed=seed)
    return KonPatch(
        x=sample.x,
        y=label_patches(sample.mos, ballot.yes, ballot.total, label=label),
        image=sample.image,
        row=sample.row,
        col=sample.col,
        mos=sample.mos,
        votes_yes=ballot.yes,
        votes_total=ballot.total,
        votes_source=ballot.source + note,
        label=label,
        dataset=dataset,
        seed=seed,
        version=version,
    )
