"""What a report knows of one image, and how it is found out.

Images are decoded, measured and shrunk in threads; the network runs in the
calling one. Rows of ``kiqa score`` are believed, and what they lack is added.

Public names: `Entry`, `Thumbnail`, `entries_of`.
"""

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from PIL import Image

from kiqa.defects.reasons import MEASURES, REASON_KEYS
from kiqa.io.images import LoadedImage
from kiqa.io.images.taken import taken_at
from kiqa.io.map_files import QualityMap
from kiqa.io.scales import limits
from kiqa.reporting.groups import light_of, look_of
from kiqa.scoring import Scorer, read_ahead, usable_workers
from kiqa.scoring.decoding import decode, with_reasons
from kiqa.scoring.rows import completed_row

_QUALITY = 75  # of WebP
_SEEN = 128  # longest side in pixels of what hash and light are of, whatever the thumbnails have
_CELLS = 64  # most a side of a map; larger ones are averaged


@dataclass(frozen=True)
class Thumbnail:
    """A small image, encoded, and what is known of it.

    Attributes:
        data: WebP; ``None`` if none was asked for.
        look: Perceptual hash, of `kiqa.reporting.groups.look_of`.
        light: Of `kiqa.reporting.groups.light_of`.
    """

    data: bytes | None
    look: int | None
    light: float


@dataclass(frozen=True)
class Entry:
    """An image of a report.

    Attributes:
        name: What it is called.
        row: The row of ``kiqa score``, with the keys of
            `kiqa.defects.reasons.REASON_KEYS`; its ``error`` says why
            there is nothing else.
        thumbnail: ``None`` with an error, or if none was asked for.
        look: Perceptual hash.
        light: How bright it is, in stops.
        taken: When, in seconds; ``None`` if the file does not say.
        quality_map: ``None`` if none was asked for, or made.
    """

    name: str
    row: Mapping[str, Any]
    thumbnail: bytes | None = None
    look: int | None = None
    light: float = 0.0
    taken: float | None = None
    quality_map: dict[str, Any] | None = None

    @property
    def score(self) -> float:
        """Of an entry without an error."""
        return self.row["score"]

    @property
    def defects(self) -> tuple[str, ...]:
        """What is wrong with the image."""
        return tuple(self.row.get("defects") or ())


def entries_of(
    inputs: Sequence[tuple[str, str]],
    scorer: Scorer,
    *,
    rows: Mapping[str, Mapping[str, Any]] | None = None,
    maps: bool = True,
    side: int | None = 384,
) -> Iterator[Entry]:
    """Find out about images.

    Args:
        inputs: Path and name of each.
        scorer: Makes scores, where ``rows`` has none, and maps.
        rows: By path, rows of ``kiqa score`` that need no scoring.
        maps: Whether each image gets its quality map.
        side: Longest side of the thumbnails in pixels; ``None`` makes none.

    Yields:
        An `Entry` for each input, in order; one bad file is an entry with an
        error.
    """
    rows = rows or {}
    load = partial(_load, rows=rows, side=side, max_bytes=scorer.max_bytes)
    with closing(read_ahead(load, inputs, workers=usable_workers())) as loaded:
        for (path, name), (item, small, taken) in zip(inputs, loaded, strict=True):
            image = item.get("image")
            known = rows.get(path)
            row = completed_row(scorer, item) if known is None else {**known, **_measured(item)}
            row["error"] = item["error"] or row["error"]
            if row["error"] is None and row["sha256"] != item.get("sha256", row["sha256"]):
                row["error"] = f"{path}: changed since it was scored. Score it again."
            if row["error"] is not None or small is None:
                yield Entry(name, {**dict.fromkeys(REASON_KEYS), **row})
                continue
            yield Entry(
                name,
                row,
                thumbnail=small.data,
                look=small.look,
                light=small.light,
                taken=taken,
                quality_map=_map(scorer, image) if maps else None,
            )


def _measured(item):
    return {key: item[key] for key in REASON_KEYS if key in item}


def _load(pair, *, rows, side, max_bytes):
    """Decoded item of a row, thumbnail and time of one image; runs in a thread."""
    path, _ = pair
    row = rows.get(path)
    if row is not None and row["error"] is not None:
        return {"path": path, "error": row["error"], "seconds": 0.0}, None, None
    item = decode(path, max_bytes=max_bytes)
    if row is None or any(row.get(measure.name) is None for measure in MEASURES):
        item = with_reasons(item)
    image = item.get("image")
    if image is None:
        return item, None, None
    return item, _thumbnail(image.pixels, side), taken_at(path)


def _thumbnail(pixels: np.ndarray, side: int | None) -> Thumbnail:
    seen = _shrunk(pixels, _SEEN)
    return Thumbnail(
        None if side is None else _encoded(_shrunk(pixels, side)), look_of(seen), light_of(seen)
    )


def _shrunk(pixels: np.ndarray, side: int) -> Image.Image:
    small = Image.fromarray(pixels)
    small.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=2)
    return small


def _encoded(small: Image.Image) -> bytes:
    stream = io.BytesIO()
    small.save(stream, "WEBP", quality=_QUALITY, method=2)
    return stream.getvalue()


def _map(scorer: Scorer, image: LoadedImage) -> dict[str, Any] | None:
    """The map as the page takes it: one byte a cell, and its place in per cent of the image."""
    try:
        found: QualityMap = scorer.map(image)
        low, high = limits(found.scale)
    except Exception:  # too small for it, without a scale, or too large for TensorFlow
        return None
    rows, columns = (min(cells, _CELLS) for cells in found.values.shape)
    values = cv2.resize(found.values, (columns, rows), interpolation=cv2.INTER_AREA)
    codes = np.clip((values - low) / (high - low), 0, 1) * 255
    (top, bottom), (left, right) = ((edges[0], edges[-1]) for edges in found.edges())
    width, height = image.width / 100, image.height / 100
    return {
        "model": found.model,
        "ends": [low, high],
        "rows": rows,
        "columns": columns,
        "place": [
            round(part, 3)
            for part in (
                left / width, top / height, (right - left) / width, (bottom - top) / height
            )
        ],
        "values": base64.b64encode(codes.round().astype(np.uint8).tobytes()).decode("ascii"),
    }  # fmt: skip
