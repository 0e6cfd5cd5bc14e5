"""How well annotators of an image agree: what a map of quality could reach.

Each annotator's own map takes the place of a prediction, and the mean of the
others' maps is the truth. Both are treated as `kiqa.evaluation.local.auc`
treats predictions and truth.

Public names: :func:`annotator_rows`.
"""

from collections.abc import Sequence

import numpy as np

from kiqa.data.smoothing import BLUR, blur_map
from kiqa.evaluation.local.auc import THRESHOLDS, auc_rows


def annotator_rows(
    image_name: str,
    answers: Sequence[np.ndarray],
    *,
    predictor: str,
    blur: float = BLUR,
    thresholds: Sequence[float] = THRESHOLDS,
) -> list[dict]:
    """Compare each annotator of an image with the others.

    Args:
        image_name: Name of the image.
        answers: Maps of the annotators, shape ``(H, W)``, 0..1, higher is
            better, finite; at least one.
        predictor: What the rows call them.
        blur: Of all maps, by image width; 0 for none.
        thresholds: Of the others' mean, increasing.

    Returns:
        Rows of `kiqa.evaluation.local.auc.auc_rows`, one a threshold: means over the
        annotators for whom there is an AUC, None where there is one for nobody,
        as in an image with one annotator.

    Raises:
        ValueError: If the maps differ in shape or a value is not finite.
    """
    blurred = [blur_map(answer, blur=blur) for answer in answers]
    total = np.sum(blurred, axis=0, dtype=np.float64)
    rows = [
        auc_rows(
            image_name,
            {predictor: own},
            ((total - own) / max(1, len(blurred) - 1)).astype(np.float32),
            thresholds=thresholds,
        )
        for own in blurred
    ]
    return [_mean(same, several=len(blurred) > 1) for same in zip(*rows, strict=True)]


def _mean(rows, *, several):
    """One row of those of all annotators at one threshold."""
    aucs = [row["auc"] for row in rows if row["auc"] is not None and several]
    positive = float(np.mean([row["positive"] for row in rows]))
    auc = float(np.mean(aucs)) if aucs else None
    return {**rows[0], "positive": positive, "auc": auc}
