"""Rows of images by workers.

Public name: `worked_out`.
"""

import os
from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

from kiqa.scoring.cluster.jobs import Lost, done_by_workers
from kiqa.scoring.decoding import decode, with_reasons
from kiqa.scoring.finished import Contents, Images
from kiqa.scoring.rows import completed_row
from kiqa.scoring.scorer import Scorer


def worked_out(
    pairs: Sequence[tuple[str | os.PathLike, str | os.PathLike | None]],
    scorer: Scorer,
    final: Images,
    scored: Contents,
    *,
    reasons: bool,
    workers: int | None,
    address: str | None,
    gpus_per_worker: float,
) -> Generator[dict]:
    """Yield what `kiqa.scoring.decoding.decode` finds out of each image, or its whole row.

    Args:
        pairs: Path and reference of each image.
        scorer: The scorer; it has been loaded here.
        final: As for `decode`.
        scored: As for `decode`.
        reasons: Rows have `kiqa.defects.reasons.REASON_KEYS`, too.
        workers: As for `kiqa.scoring.cluster.session.shares`.
        address: As for `kiqa.scoring.cluster.session.joined`.
        gpus_per_worker: As for `kiqa.scoring.cluster.session.shares`.

    Yields:
        In the order of the images: the item of one that is known, else its
        row.

    Raises:
        ImportError: If Ray is not installed.
        ConnectionError: If no Ray answers.
        ValueError: As `kiqa.scoring.cluster.team.spread`.
    """
    items = [
        (os.fspath(path), reference, final.contents(os.fspath(path))) for path, reference in pairs
    ]
    results = done_by_workers(
        scorer,
        partial(_prepare, scored=scored, reasons=reasons),
        _finish,
        items,
        [path for path, *_ in items],
        workers=workers,
        address=address,
        gpus_per_worker=gpus_per_worker,
    )
    for result in results:
        yield _unworked(result, reasons=reasons) if isinstance(result, Lost) else result


def _prepare(scorer: Scorer, item, *, scored: Contents, reasons: bool) -> dict:
    path, reference, known = item
    final = {(path, *content) for content in known}
    found = decode(path, final, scored, reference=reference, max_bytes=scorer.max_bytes)
    return with_reasons(found) if reasons else found


def _finish(scorer: Scorer, item: dict) -> dict:
    """The row of an image that was decoded or cannot be; what is known already as it is."""
    missing = "image" in item or item["error"] is not None
    return completed_row(scorer, item) if missing else item


def _unworked(lost: Lost, *, reasons: bool) -> dict:
    """The item of an image with which several workers ended; without a hash it is tried again."""
    path, reference, _ = lost.item
    item: dict[str, Any] = {"path": path, "sha256": None, "seconds": 0.0}
    item["error"] = lost.told(path)
    if reference is not None:
        item |= {"reference": os.fspath(reference), "reference_sha256": None}
    return with_reasons(item) if reasons else item
