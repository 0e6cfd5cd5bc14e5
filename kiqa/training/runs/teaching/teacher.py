"""A scorer that teaches: its scores of images, kept in a file.

Public names: `Teacher`.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kiqa.data.records import ScoredImage
from kiqa.scoring import Scorer, score_paths
from kiqa.training.runs.teaching.seen import refuse_seen

_SCALES = {"0..1": 1.0, "0..100": 100.0}


class Teacher:
    """A scorer whose scores are learned.

    Args:
        model: Its name or file: a model without reference whose scale is
            0..1 or 0..100, higher is better.
        folder: Where its scores are kept, so that they are computed once;
            made if missing.
        test: Images that it must not have seen.
        report: As for `kiqa.training.runs.teaching.seen.refuse_seen`.

    Raises:
        ValueError: If it has another scale or direction, or was trained on an
            image of ``test``.
        FileNotFoundError: If there is no such model.
    """

    def __init__(
        self,
        model: str | os.PathLike,
        folder: str | os.PathLike,
        *,
        test: Sequence[ScoredImage],
        report: Callable[[str], object],
    ):
        self._scorer = Scorer(model)
        info = self._scorer.info
        if info.scale not in _SCALES or not info.higher_is_better or self._scorer.needs_reference:
            raise ValueError(
                "Expected a teacher without reference, 0..1 or 0..100, higher is better. Received: "
                f"{info.name}, {info.scale}. Use lite."
            )
        refuse_seen(info, test, report=report)
        self._file = Path(folder) / f"scores-{info.name}-{info.sha256[:12]}.jsonl"

    def scores(self, paths: Sequence[Path]) -> np.ndarray:
        """Score images, or read what it said of them before.

        Args:
            paths: Image files.

        Returns:
            Scores, clipped to 0..1, higher is better, ``float64`` of shape
            (n,).

        Raises:
            ValueError: If an image cannot be scored.
            OSError: If the file of scores cannot be written.
        """
        self._file.parent.mkdir(parents=True, exist_ok=True)
        rows = score_paths(
            list(paths), self._scorer, output=self._file, resume=True, on_error="stop"
        )
        scores = np.array([row["score"] for row in rows]) / _SCALES[self._scorer.info.scale]
        return np.clip(scores, 0, 1)
