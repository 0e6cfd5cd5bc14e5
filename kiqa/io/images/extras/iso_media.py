"""Boxes of ISO base media files, such as HEIC and Canon's CR3 (ISO/IEC 14496-12).

Used by `kiqa.io.images` only.
"""

from collections.abc import Iterator

_MOST_BOXES = 10_000


def boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Go through the boxes of a part of a file.

    Args:
        data: The file.
        start: Of the first box.
        end: Of the part.

    Yields:
        Kind, and where the content begins and should end, which may lie
        beyond the part. Stops behind such a box, at one without a size, and
        after ten thousand.
    """
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        size, kind, head = (
            int.from_bytes(data[start : start + 4], "big"),
            data[start + 4 : start + 8],
            8,
        )
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        elif size == 0:
            size = end - start
        if size < head:
            return
        yield bytes(kind), start + head, start + size
        start += size


def is_cut(data: bytes) -> bool:
    """Say whether the last box of a file should be longer than the file."""
    return any(end > len(data) for _, _, end in boxes(data, 0, len(data)))
