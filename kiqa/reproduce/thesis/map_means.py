"""The means of maps, for the thesis's Table 2: of a network's, and of FISH's in a file of rows.

Public names: :class:`MeanOfMap`, :func:`fish_rows`.
"""

import os
from collections.abc import Iterator, Sequence

from kiqa.io.images import LoadedImage, Source, load_image
from kiqa.io.messages import name_file
from kiqa.io.rows import RowFile
from kiqa.maps.sliding_fish import fish_map
from kiqa.scoring import Scorer, read_ahead, usable_workers

_COLUMNS = ("path", "sha256", "stride", "score", "error")


class MeanOfMap(Scorer):
    """A scorer whose score of an image is the mean of the image's map."""

    @property
    def stride(self) -> int:
        """Pixels between the cells of the map; of a grid of blocks as `Scorer.stride`."""
        return self.map_stride or super().stride

    def score(
        self, image: Source | LoadedImage, *, reference: Source | LoadedImage | None = None
    ) -> float:
        """Return the mean of `Scorer.map`, on the scale of the model; errors as there."""
        return self.map(image, reference=reference).mean()


def fish_rows(
    paths: Sequence[str | os.PathLike], *, stride: int, output: str | os.PathLike | None = None
) -> Iterator[dict]:
    """Yield the mean of each image's exact FISH map.

    Args:
        paths: Image files.
        stride: Pixels between the map's cells.
        output: File of rows to continue and append to, JSONL. Images of the
            same content and stride are not computed again.

    Yields:
        In the order of the paths ``path``, ``sha256`` (of the file),
        ``stride``, ``score`` (at least 0, higher is sharper) and ``error``,
        None or why there is no score.

    Raises:
        ValueError: If ``output`` holds something else.
        OSError: If it cannot be written; finished rows are kept.
    """
    file = RowFile(output, form="jsonl", columns=_COLUMNS, resume=True) if output else None
    done = {
        row["sha256"]: row
        for row in (file.finished if file else ())
        if row["stride"] == stride and row["error"] is None
    }
    rows = read_ahead(
        lambda path: _fish_row(os.fspath(path), stride, done), paths, workers=usable_workers()
    )
    try:
        for row in rows:
            if file is not None and row["sha256"] not in done:
                file.append(row)
            yield row
    finally:
        rows.close()
        if file is not None:
            file.close()


def _fish_row(path, stride, done):
    row = dict.fromkeys(_COLUMNS) | {"path": path, "stride": stride}
    try:
        image = load_image(path)
        row["sha256"] = image.sha256
        if image.sha256 in done:
            row["score"] = done[image.sha256]["score"]
        else:
            row["score"] = fish_map(image.pixels, stride=stride).mean()
    except (ValueError, OSError) as error:
        row["error"] = name_file(error, path)
    return row
