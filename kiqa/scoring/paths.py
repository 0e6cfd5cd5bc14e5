"""Scoring many files: decoding ahead in threads, resuming, and shards.

The network runs in the calling thread; the threads only hash and decode, so
that it never waits for a file. With the engine ``"ray"`` both run on workers
(`kiqa.scoring.cluster`); what is written, and when, is the same.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from kiqa.defects.reasons import REASON_KEYS
from kiqa.io.rows.opened import open_rows
from kiqa.scoring.decoding import decode, with_reasons
from kiqa.scoring.finished import Finished, content_of
from kiqa.scoring.pairs import REFERENCE_KEYS, check_references
from kiqa.scoring.rows import ROW_KEYS, completed_row
from kiqa.scoring.scorer import Scorer


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def usable_workers() -> int:
    """Return the default number of decoding threads: the cores, at most 8."""
    return min(8, usable_cores())


def read_ahead(function: Callable[[Any], Any], items: Iterable, *, workers: int) -> Generator:
    """Yield ``function(item)`` in order, computed a little ahead in threads.

    Args:
        function: What to do with an item.
        items: Anything iterable.
        workers: Number of threads; ``workers + 2`` results at most wait.

    Yields:
        The results, in the order of the items.
    """
    waiting = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="kiqa-decode")
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= workers + 2:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_shard(name: str, shard: tuple[int, int]) -> bool:
    """Say whether a file belongs to a shard.

    The shard follows from the hash of the file's name, not from its position
    in a list: files that come or go meanwhile move no other file.

    Args:
        name: Name of the file relative to what was asked for, with ``/``.
        shard: ``(i, n)`` with ``1 <= i <= n``.

    Returns:
        True for exactly one ``i`` of ``1..n``.
    """
    number, count = shard
    digest = hashlib.sha256(os.fsencode(name)).digest()
    return int.from_bytes(digest[:8], "big") % count == number - 1


def score_paths(
    paths: Sequence[str | os.PathLike],
    scorer: Scorer,
    *,
    output: str | os.PathLike | None = None,
    output_format: str = "jsonl",
    resume: bool = False,
    on_error: str = "record",
    workers: int | None = None,
    references: Sequence[str | os.PathLike] | None = None,
    spreadsheet: bool = False,
    reasons: bool = False,
    engine: str = "threads",
    address: str | None = None,
    gpus_per_worker: float = 0.0,
) -> Iterator[dict]:
    """Score files, decoding ahead in threads; optionally append to a file.

    The rows of ``output`` are appended one by one, each in one write. With
    ``resume`` its rows of the same weights and stride count (the hash of an
    aggregator's file stands for its Patchnet too): a path with the
    same content is left alone, the same content under another path gets a
    row without being computed again, and a last line torn by a kill is cut.

    Args:
        paths: Image files. Anything else becomes a row with ``error``.
        scorer: The scorer; its model is loaded before this returns.
        output: File for the rows, or None.
        output_format: ``"jsonl"``, ``"csv"``, ``"parquet"`` (``output`` is a
            folder of parts; ``pip install 'kiqa[parquet]'``) or ``"table"``
            (cannot be resumed), for ``output``.
        resume: Continue ``output`` if it is there. A scorer with
            ``max_memory`` tries again what was refused.
        on_error: ``"record"`` or ``"stop"`` (raise; no row is written).
        workers: Decoding threads; None is the number of cores, at most 8. Of
            the engine ``"ray"`` the processes with a network each; None is
            one for each core, or for each share of a GPU.
        references: For a full-reference model, the reference of each path.
            Rows then have `kiqa.scoring.pairs.REFERENCE_KEYS` too, and count
            for the same pair of contents.
        spreadsheet: As for `kiqa.io.csv_lines.csv_line`.
        reasons: Rows have `kiqa.defects.reasons.REASON_KEYS`, too.
        engine: ``"threads"`` of this process, or ``"ray"``: workers on this
            machine or a cluster (``pip install 'kiqa[ray]'``), which see the
            paths and the model under the same names. What a worker had that
            ended comes again; rows are the same.
        address: For ``"ray"``: ``"HOST:PORT"`` or ``"auto"``, a cluster that
            is there; None starts one on this machine for as long as the rows
            are read.
        gpus_per_worker: For ``"ray"``: GPUs of each worker, also parts of one.

    Returns:
        An iterator over the rows of all paths, in order, also over those that
        were finished before. It has to be consumed; closing it ends the run.

    Raises:
        ValueError: If an argument is wrong, ``output`` holds something else,
            with ``"stop"`` an image cannot be scored, or a worker is not fit.
        OSError: If ``output`` cannot be written, or no cluster answers;
            finished rows are kept.
        ImportError: If Ray is asked for and not installed.
    """
    if on_error not in ("record", "stop"):
        raise ValueError(f"Expected on_error 'record' or 'stop'. Received: {on_error!r}.")
    check_engine(engine, address, gpus_per_worker)
    if workers is not None and workers < 1:
        raise ValueError(f"Expected at least 1 worker. Received: {workers}.")
    found: Callable[..., Generator[dict]] = _decoded
    if engine == "ray":
        from kiqa.scoring.cluster.rows import worked_out
        from kiqa.scoring.cluster.session import reached

        found = partial(worked_out, address=reached(address), gpus_per_worker=gpus_per_worker)
    check_references(references is not None, needed=scorer.needs_reference, model=scorer.model)
    if references is not None and len(references) != len(paths):
        raise ValueError(
            f"Expected a reference for each of {len(paths)} images. Received: {len(references)}."
        )
    # With a bound of its own a run may take what another refused.
    key = {"weights_sha256": scorer.info.sha256, "stride": scorer.stride}
    keep = partial(Finished, key=key, again=scorer.max_memory is not None)
    rows = None
    if output is not None:
        columns = row_columns(references=references is not None, reasons=reasons)
        rows = open_rows(
            output, form=output_format, columns=columns, resume=resume, spreadsheet=spreadsheet,
            keep=keep, wanted={*key, *Finished.COLUMNS},
        )  # fmt: skip
    old = keep(()) if rows is None else rows.finished
    pairs = list(zip(paths, [None] * len(paths) if references is None else references, strict=True))
    items = found(pairs, scorer, old.final, old.scored, reasons=reasons, workers=workers)
    return _score(items, scorer, rows, old, stop=on_error == "stop")


def check_engine(engine: str, address: str | None, gpus_per_worker: float) -> None:
    """Refuse an engine that is none, and options that do not fit it.

    Args:
        engine: As for `score_paths`.
        address: As for `score_paths`.
        gpus_per_worker: As for `score_paths`.

    Raises:
        ValueError: If they are such.
    """
    if engine not in ("threads", "ray"):
        raise ValueError(f"Expected engine 'threads' or 'ray'. Received: {engine!r}.")
    if engine != "ray" and (address is not None or gpus_per_worker):
        raise ValueError(
            "Expected address and gpus_per_worker for the engine ray only. Received: them with "
            f"{engine}. Add --engine ray (engine='ray' in Python), or leave them out."
        )
    if not 0 <= gpus_per_worker < float("inf"):
        raise ValueError(f"Expected at least 0 GPUs for a worker. Received: {gpus_per_worker!r}.")


def row_columns(*, references: bool = False, reasons: bool = False) -> tuple[str, ...]:
    """Return the columns of rows.

    Args:
        references: Whether images are compared with others.
        reasons: Whether rows say why an image is bad.
    """
    return (*ROW_KEYS, *(REFERENCE_KEYS * references), *(REASON_KEYS * reasons))


def _decoded(pairs, scorer, final, scored, *, reasons, workers):
    """What `decode` finds out of each image, ahead in threads."""
    measure = with_reasons if reasons else dict
    return read_ahead(
        lambda pair: measure(
            decode(pair[0], final, scored, reference=pair[1], max_bytes=scorer.max_bytes)
        ),
        pairs,
        workers=usable_workers() if workers is None else workers,
    )


def _score(items, scorer, rows, old, *, stop):
    try:
        for item in items:
            content = content_of(item)
            fresh = True
            if (place := old.final.place(item["path"], content)) is not None:
                row, fresh = rows.row_at(place), False
            elif item["error"] is None and (place := old.scored.place(content)) is not None:
                row = {**rows.row_at(place), **item}
                row["seconds"] = round(row["seconds"], 4)
            else:
                row = item if "score" in item else completed_row(scorer, item)
                fresh = not old.refused(row)
            if stop and row["error"] is not None:
                raise ValueError(f"Stopped at the first error: {row['error']}")
            if rows is not None and fresh:
                rows.append(row)
            yield row
    finally:
        items.close()
        if rows is not None:
            rows.close()
