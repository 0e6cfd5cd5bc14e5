"""A scorer that teaches: its scores of images, kept in a file.

Public names: `Teacher`, `refuse_seen`.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kiqa.data.records import ScoredImage
from kiqa.data.untrained import untrained
from kiqa.io.weights import WeightsInfo
from kiqa.scoring import Scorer, score_paths

_SCALES = {"0..1": 1.0, "0..100": 100.0}


class Teacher:
    """A scorer whose scores are learned.

    Args:
        model: Its name or file: a model without reference whose scale is
            0..1 or 0..100, higher is better.
        folder: Where its scores are kept, so that they are computed once;
            made if missing.
        test: Images that it must not have seen.

    Raises:
        ValueError: If it has another scale or direction, or was trained on an
            image of ``test``.
        FileNotFoundError: If there is no such model.
    """

    def __init__(
        self, model: str | os.PathLike, folder: str | os.PathLike, *, test: Sequence[ScoredImage]
    ):
        self._scorer = Scorer(model)
        info = self._scorer.info
        if info.scale not in _SCALES or not info.higher_is_better or self._scorer.needs_reference:
            raise ValueError(
                "Expected a teacher without reference, 0..1 or 0..100, higher is better. Received: "
                f"{info.name}, {info.scale}. Use lite."
            )
        refuse_seen(info, test)
        self._file = Path(folder) / f"scores-{info.name}-{info.sha256[:12]}.jsonl"

    def scores(self, paths: Sequence[Path]) -> np.ndarray:
        """Score images, or read what it said of them before.

        Args:
            paths: Image files.

        Returns:
            Scores in 0..1, higher is better, ``float64`` of shape (n,).

        Raises:
            ValueError: If an image cannot be scored.
            OSError: If the file of scores cannot be written.
        """
        self._file.parent.mkdir(parents=True, exist_ok=True)
        rows = score_paths(
            list(paths), self._scorer, output=self._file, resume=True, on_error="stop"
        )
        return np.array([row["score"] for row in rows]) / _SCALES[self._scorer.info.scale]


def refuse_seen(info: WeightsInfo, test: Sequence[ScoredImage]) -> None:
    """Refuse a teacher that has seen images of the test part.

    Args:
        info: Of its file.
        test: Images that it must not have been trained on.

    Raises:
        ValueError: If it was.
    """
    met = untrained(test, [info.details], include=True, report=lambda text: None).met
    if met:
        raise ValueError(
            "Expected a teacher that was not trained on images of the test part. Received: "
            f"{info.name}, which was on {met} of {len(test)}. Use another one, or another split."
        )
