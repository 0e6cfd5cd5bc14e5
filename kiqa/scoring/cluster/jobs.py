"""A function of many images, by workers of a Ray.

Public names: `Lost`, `done_by_workers`.
"""

import os
from collections.abc import Callable, Generator, Sequence
from typing import Any

from kiqa.scoring.cluster.session import joined, shares
from kiqa.scoring.cluster.team import Lost, spread
from kiqa.scoring.cluster.worker import Job
from kiqa.scoring.scorer import Scorer

__all__ = ["Lost", "done_by_workers"]


def done_by_workers(
    scorer: Scorer,
    prepare: Callable[[Scorer, Any], Any],
    finish: Callable[[Scorer, Any], Any],
    items: Sequence[Any],
    paths: Sequence[str],
    *,
    most: int = 16,
    workers: int | None,
    address: str | None,
    gpus_per_worker: float,
) -> Generator[Any]:
    """Yield the result of each item, in order.

    Args:
        scorer: The scorer; it has been loaded here.
        prepare: As of `kiqa.scoring.cluster.worker.Job`.
        finish: As of `Job`.
        items: What is done; small, and pickled.
        paths: Of their images. The first that is there must be there for
            workers, too.
        most: As of `Job`.
        workers: As for `kiqa.scoring.cluster.session.shares`.
        address: As for `kiqa.scoring.cluster.session.joined`.
        gpus_per_worker: As for `kiqa.scoring.cluster.session.shares`.

    Yields:
        The results, or `Lost` for an item with which several workers ended.

    Raises:
        ImportError: If Ray is not installed.
        ConnectionError: If no Ray answers.
        ValueError: As `kiqa.scoring.cluster.team.spread`.
    """
    if not items:
        return
    with joined(address, workers=workers):
        share = shares(workers, gpus_per_worker, local=address is None)
        there = next(filter(os.path.lexists, paths), None)
        job = Job(scorer, prepare, finish, os.getcwd(), there, share.cpus, most)
        yield from spread(job, items, share)
