"""What is said of an image that was scored, or could not be.

A *row* is a dictionary, one an image, with the keys of `ROW_KEYS`; what could
not be scored is a row with ``error``. ``note`` says of a score that it means
nothing, and why.

A row with ``error`` **and** ``sha256`` is a verdict about the content and
final. A row with ``error`` and without ``sha256`` is about circumstances (the
file could not be read, memory ran out); a resumed run tries it again.

Public names: `ROW_KEYS`, `completed_row`.
"""

import time
from typing import TYPE_CHECKING, Any

from kiqa import __version__
from kiqa.io.memory import MemoryLimitError
from kiqa.io.messages import name_file
from kiqa.scoring.domain import scale_note

if TYPE_CHECKING:
    from kiqa.scoring.scorer import Scorer

_PROVENANCE = ("format", "mode", "exif_orientation", "converted", "icc")

ROW_KEYS = (
    "path",
    "sha256",
    "width",
    "height",
    "score",
    "percentile",
    "low",
    "high",
    "scale",
    "higher_is_better",
    "model",
    "weights_sha256",
    "stride",
    "kiqa",
    "seconds",
    "error",
    "note",
    *_PROVENANCE,
)


def completed_row(scorer: "Scorer", item: dict) -> dict:
    """Score an image and complete what is known of it to a row.

    Args:
        scorer: Scores it.
        item: From `kiqa.scoring.decoding.decode`; it loses its images.

    Returns:
        The row; errors of the image are in it.
    """
    start = time.perf_counter()
    image, reference = item.pop("image", None), item.pop("reference_image", None)
    info = scorer.info
    row: dict[str, Any] = dict.fromkeys(ROW_KEYS) | {
        "scale": info.scale,
        "higher_is_better": info.higher_is_better,
        "model": info.name,
        "weights_sha256": info.sha256,
        "stride": scorer.stride,
        "kiqa": __version__,
    }
    row |= item
    if image is not None:
        row |= {"width": image.width, "height": image.height, "sha256": image.sha256}
        row |= {key: image.provenance().get(key) for key in _PROVENANCE}
        try:
            row["score"] = scorer.score(image, reference=reference)
            row |= scorer.beside(row["score"])
            row["note"] = scorer.note(image) or scale_note(row["score"], info.scale, info.name)
        except MemoryLimitError as error:  # another machine, or --memory, may have it
            row |= {"error": name_file(error, row["path"]), "sha256": None}
        except ValueError as error:
            row["error"] = name_file(error, row["path"])
        except Exception as error:  # out of memory and the like: try again on resume
            text = f"{type(error).__name__}: {error}"
            row |= {"error": name_file(text, row["path"]), "sha256": None}
    row["seconds"] = round(row["seconds"] + time.perf_counter() - start, 4)
    return row
