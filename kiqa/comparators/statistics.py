"""The statistics of many images, kept in a file so that none is computed twice.

Public names: `statistics_of`.
"""

import os
import sys
from collections.abc import Callable, Sequence

import numpy as np

from kiqa.data.records import ScoredImage
from kiqa.io.images import load_image
from kiqa.io.messages import name_file
from kiqa.io.rows import RowFile

_COLUMNS = ("name", "sha256", "statistics")


def statistics_of(
    records: Sequence[ScoredImage],
    measure: Callable[[np.ndarray], np.ndarray],
    *,
    file: str | os.PathLike,
    report: Callable[[str], object],
) -> tuple[list[ScoredImage], np.ndarray]:
    """Measure images, or read what was measured before.

    Args:
        records: The images.
        measure: From ``uint8`` pixels (H, W, 3) to so many numbers for each
            image.
        file: Rows of finished images, JSONL; continued if it is there. An image
            counts as finished by its content.
        report: Told in a sentence of each image that cannot be measured, such as a
            flat one; it is left out.

    Returns:
        The records that were measured, in their order, and their numbers,
        ``float64`` of shape (images, numbers).

    Raises:
        OSError: If the file cannot be read or written.
        ValueError: If no image can be measured.
    """
    from tqdm import tqdm

    rows = RowFile(file, form="jsonl", columns=_COLUMNS, resume=True)
    known = {row["sha256"]: row["statistics"] for row in rows.finished}
    kept, found = [], []
    try:
        for record in tqdm(records, unit="image", disable=not sys.stderr.isatty()):
            try:
                image = _loaded(record.path)
                if image.sha256 not in known:
                    known[image.sha256] = measure(image.pixels).tolist()
                    row = {"name": record.name, "sha256": image.sha256}
                    rows.append(row | {"statistics": known[image.sha256]})
            except ValueError as error:
                report(f"{record.name} is left out: {error}")
                continue
            kept.append(record)
            found.append(known[image.sha256])
    finally:
        rows.close()
    if not kept:
        raise ValueError(
            f"Expected images that can be measured. Received: {len(records)}, of which none can. "
            "Take others."
        )
    return kept, np.array(found, np.float64)


def _loaded(path):
    """An image; one that cannot be read is an error like one that is none."""
    try:
        return load_image(path)
    except OSError as error:
        raise ValueError(name_file(error, path)) from error
