"""Scoring many files: decoding ahead in threads, resuming, and shards.

The network runs in the calling thread; the threads only hash and decode, so
that it never waits for a file.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kiqa.defects.reasons import REASON_KEYS
from kiqa.io.rows import RowFile
from kiqa.scoring.decoding import decode, with_reasons
from kiqa.scoring.pairs import REFERENCE_KEYS, check_references
from kiqa.scoring.scorer import ROW_KEYS, Scorer


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
        output_format: ``"jsonl"``, ``"csv"`` or ``"table"`` (cannot be
            resumed), for ``output``.
        resume: Continue ``output`` if it is there. A scorer with
            ``max_memory`` tries again what was refused.
        on_error: ``"record"`` or ``"stop"`` (raise; no row is written).
        workers: Decoding threads; None is the number of cores, at most 8.
        references: For a full-reference model, the reference of each path.
            Rows then have `kiqa.scoring.pairs.REFERENCE_KEYS` too, and count
            for the same pair of contents.
        spreadsheet: As for `kiqa.io.csv_lines.csv_line`.
        reasons: Rows have `kiqa.defects.reasons.REASON_KEYS`, too.

    Returns:
        An iterator over the rows of all paths, in order, also over those that
        were finished before. It has to be consumed; closing it ends the run.

    Raises:
        ValueError: If an argument is wrong, ``output`` holds something else,
            or, with ``"stop"``, an image cannot be scored.
        OSError: If ``output`` cannot be written; finished rows are kept.
    """
    if on_error not in ("record", "stop"):
        raise ValueError(f"Expected on_error 'record' or 'stop'. Received: {on_error!r}.")
    workers = usable_workers() if workers is None else workers
    if workers < 1:
        raise ValueError(f"Expected at least 1 worker. Received: {workers}.")
    check_references(references is not None, needed=scorer.needs_reference, model=scorer.model)
    if references is not None and len(references) != len(paths):
        raise ValueError(
            f"Expected a reference for each of {len(paths)} images. Received: {len(references)}."
        )
    key = {"weights_sha256": scorer.info.sha256, "stride": scorer.stride}
    rows = None
    if output is not None:
        columns = row_columns(references=references is not None, reasons=reasons)
        rows = RowFile(
            output, form=output_format, columns=columns, resume=resume, spreadsheet=spreadsheet
        )
    old = [] if rows is None else rows.finished
    old = [row for row in old if all(row[name] == value for name, value in key.items())]
    pairs = list(zip(paths, [None] * len(paths) if references is None else references, strict=True))
    measure = with_reasons if reasons else dict
    return _score(pairs, scorer, rows, old, measure, stop=on_error == "stop", workers=workers)


def row_columns(*, references: bool = False, reasons: bool = False) -> tuple[str, ...]:
    """Return the columns of rows.

    Args:
        references: Whether images are compared with others.
        reasons: Whether rows say why an image is bad.
    """
    return (*ROW_KEYS, *(REFERENCE_KEYS * references), *(REASON_KEYS * reasons))


def _score(pairs, scorer, rows, old, measure, *, stop, workers):
    # With a bound of its own a run may take what another refused.
    again = scorer.max_memory is not None
    final = {
        (row["path"], *_content(row)): row
        for row in old
        if row["sha256"] and not (again and row["error"])
    }
    scored = {_content(row): row for row in old if row["sha256"] and row["error"] is None}
    errors = [row for row in old if row["error"] is not None]
    refused = {(row["path"], row["error"]) for row in errors if again or not row["sha256"]}
    decoded = read_ahead(
        lambda pair: measure(
            decode(
                pair[0], final.keys(), scored.keys(), reference=pair[1], max_bytes=scorer.max_bytes
            )
        ),
        pairs,
        workers=workers,
    )
    try:
        for item in decoded:
            content = _content(item)
            identity = item["path"], *content
            if identity in final:
                row, fresh = final[identity], False
            elif content in scored and item["error"] is None:
                row, fresh = {**scored[content], **item}, True
                row["seconds"] = round(row["seconds"], 4)
            else:
                row = scorer.row(item)
                final_too = bool(row["sha256"]) and not again
                fresh = (row["path"], row["error"]) not in refused or final_too
            if stop and row["error"] is not None:
                raise ValueError(f"Stopped at the first error: {row['error']}")
            if rows is not None and fresh:
                rows.append(row)
            yield row
    finally:
        decoded.close()
        if rows is not None:
            rows.close()


def _content(row: dict) -> tuple[str | None, str | None]:
    """What a row is about: the contents of the image and of its reference."""
    return row.get("sha256"), row.get("reference_sha256")
