"""Who scored an image that a teacher was asked about.

Public names: `with_scorer`.
"""

from dataclasses import replace

from kiqa.data.records import ScoredImage, copy_kind


def with_scorer(record: ScoredImage, teacher: str, *, weight: float) -> ScoredImage:
    """Say in a record of the training part whose score it has.

    Args:
        record: A rated image, or a copy of one.
        teacher: Name or file of the teacher.
        weight: Of its score beside the MOS, 0..1. Degraded copies have its
            score alone.

    Returns:
        The record with ``scored_by``, where the MOS plays no part, or
        ``taught_by``, where both do.
    """
    if weight == 1 or copy_kind(record.name) == "degraded":
        return replace(record, scored_by=teacher, taught_by=None)
    return replace(record, scored_by=None, taught_by=teacher if weight else None)
